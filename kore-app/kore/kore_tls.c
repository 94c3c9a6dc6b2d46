/*
 * TLS of the workers.
 *
 * Debian's Kore hands the private key to a keymgr process through RSA_METHOD and EC_KEY_METHOD,
 * which OpenSSL 3 ignores on keys of its providers: no handshake succeeds, and with an RSA key the
 * keymgr crashes and takes the server down. So Kore is configured with "tls no", which leaves the
 * keymgr out, and kore_step.c speaks TLS with an SSL_CTX of our own. A worker that cannot make one
 * ends; nothing is ever served in plain text.
 *
 * A new certificate is a new SSL_CTX: connections keep the one they began with, and go on
 * undisturbed.
 *
 * Client certificates are asked for but not demanded. The chain is checked in the handshake, when
 * the intermediate certificates are at hand, and the result stays with the session, also in
 * tickets; a certificate that fails counts as none, but for who verifies the chain himself
 * (http/client_chain.h).
 */
#include <kore/kore.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "http/client_chain.h"
#include "log.h"
#include "pem.h"

#include "kore_app.h"

/* TLS 1.2: forward secrecy and authenticated encryption only. */
#define TLS12_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK"
#define GROUPS "X25519:P-256:P-384"
#define SESSION_SECONDS 3600
#define CLIENT_CHAIN_DEPTH 5
#define SESSION_CONTEXT "gatehouse"

static uint64_t generation_in_use;
static SSL_CTX *in_use;

/* Labels of EST have trust anchors of their own, which the handshake does not know: then each
 * certificate is asked for, and its chain verified when the label is known. */
static bool asks_any;
static int64_t asked_generation; /* of the catalog */

/* ---- callbacks of OpenSSL ---- */

/* Check the chain, remember the result, let the handshake go on: RFC 8446 4.4.2.4 leaves that to
 * the server. */
static int
on_verify(X509_STORE_CTX *ctx, void *arg)
{
	(void)arg;
	if (X509_verify_cert(ctx) != 1 && X509_STORE_CTX_get_error(ctx) == X509_V_OK)
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_UNSPECIFIED);
	return 1;
}

/* ---- making a context ---- */

static const char *
openssl_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return reason != NULL ? reason : "no reason given";
}

static int
use_pair(SSL_CTX *ctx, const struct tls_pair *pair)
{
	BIO *keys = BIO_new_mem_buf(pair->key, -1);
	EVP_PKEY *key = keys != NULL ? PEM_read_bio_PrivateKey(keys, NULL, NULL, NULL) : NULL;
	STACK_OF(X509) *chain = NULL;
	X509 *leaf = NULL;
	int ok = 0;

	if (key != NULL && gh_pem_read_certs(pair->chain, strlen(pair->chain), &chain, NULL) == 0) {
		leaf = sk_X509_shift(chain);
		ok = SSL_CTX_use_cert_and_key(ctx, leaf, key, chain, 1);
	}
	sk_X509_pop_free(chain, X509_free);
	EVP_PKEY_free(key);
	X509_free(leaf);
	BIO_free(keys);
	return ok == 1 ? 0 : -1;
}

static int
add_client_ca(SSL_CTX *ctx, X509 *ca)
{
	if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca) != 1)
		return -1;
	return SSL_CTX_add_client_CA(ctx, ca) == 1 ? 0 : -1;
}

static int
use_client_ca(SSL_CTX *ctx, const char *pem)
{
	STACK_OF(X509) *cas = NULL;
	int rc = gh_pem_read_certs(pem, strlen(pem), &cas, NULL) == 0 ? 0 : -1;

	for (int i = 0; rc == 0 && i < sk_X509_num(cas); i++)
		rc = add_client_ca(ctx, sk_X509_value(cas, i));
	if (rc == 0)
		rc = client_chain_keep(ctx, NULL);
	if (rc == 0) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_verify_depth(ctx, CLIENT_CHAIN_DEPTH);
		SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
		rc = SSL_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT) == 1 ? 0 : -1;
	}
	sk_X509_pop_free(cas, X509_free);
	return rc;
}

/* Whoever asks for certificates of certain CAs is sent no others by many clients. */
static int
ask_for_any(SSL_CTX *ctx)
{
	SSL_CTX_set_client_CA_list(ctx, sk_X509_NAME_new_null());
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
	return client_chain_keep(ctx, NULL);
}

static int
set_protocol(SSL_CTX *ctx, const struct tls_pair *pair)
{
	unsigned char ticket_key[TLS_PAIR_TICKET_KEY_SIZE];
	int ok;

	memcpy(ticket_key, pair->ticket_key, sizeof(ticket_key));
	ok = SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, TLS12_CIPHERS) == 1 &&
	    SSL_CTX_set1_groups_list(ctx, GROUPS) == 1 &&
	    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)SESSION_CONTEXT,
		sizeof(SESSION_CONTEXT) - 1) == 1 &&
	    /* all workers resume each other's sessions */
	    SSL_CTX_set_tlsext_ticket_keys(ctx, ticket_key, sizeof(ticket_key)) == 1 &&
	    SSL_CTX_set_num_tickets(ctx, 1) == 1;
	OPENSSL_cleanse(ticket_key, sizeof(ticket_key));
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ctx, SESSION_SECONDS);
	/* IGNORE_UNEXPECTED_EOF: a client that just closes is no error; bodies say how long they
	 * are. CLEANSE_PLAINTEXT: OpenSSL keeps no copy of what may be a password */
	SSL_CTX_set_options(ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
		SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
		SSL_MODE_RELEASE_BUFFERS);
	return ok ? 0 : -1;
}

static SSL_CTX *
make_context(const struct tls_pair *pair)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int rc = ctx != NULL ? set_protocol(ctx, pair) : -1;

	if (rc == 0)
		rc = use_pair(ctx, pair);
	if (rc == 0 && pair->client_ca[0] != '\0')
		rc = use_client_ca(ctx, pair->client_ca);
	if (rc == 0 && asks_any)
		rc = ask_for_any(ctx);
	if (rc == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* ---- start and reload ---- */

static int
load(SSL_CTX **out, struct gh_error *err)
{
	struct tls_pair pair;
	int rc = tls_view_read(app_state.tls, &pair, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	*out = make_context(&pair);
	/* also after a failure: the same pair would fail again */
	generation_in_use = pair.generation;
	tls_pair_clear(&pair);
	if (*out == NULL)
		return gh_fail(err, GH_E_CONF, "certificate not usable for TLS: %s",
		    openssl_reason());
	return 0;
}

int
app_tls_start(struct gh_error *err)
{
	return load(&in_use, err);
}

SSL_CTX *
app_tls_context(void)
{
	return in_use;
}

/* Does a label of EST that is in use take client certificates? True: that has changed. */
static bool
look_at_labels(void)
{
	struct catalog *c = app_state.catalog != NULL ? catalog_watch_get(app_state.catalog) : NULL;
	bool before = asks_any;

	if (c != NULL && c->generation != asked_generation) {
		asked_generation = c->generation;
		asks_any = false;
		for (size_t i = 0; i < c->est_labels.n; i++)
			asks_any |= c->est_labels.label[i].is_enabled &&
			    c->est_labels.label[i].auth != EST_AUTH_HTTP;
	}
	if (c != NULL)
		catalog_free(c);
	return asks_any != before;
}

void
app_tls_refresh(void)
{
	struct gh_error err = {0};
	SSL_CTX *fresh;
	bool is_about_labels = look_at_labels();

	if (!is_about_labels && tls_view_generation(app_state.tls) == generation_in_use)
		return;
	if (load(&fresh, &err) != 0) {
		if (err.code != GH_E_BUSY)
			gh_log_kv(GH_LOG_ERROR, "the old certificate stays in use", "cause",
			    err.detail, NULL);
		return;
	}
	SSL_CTX_free(in_use);
	in_use = fresh;
	gh_log(GH_LOG_INFO,
	    is_about_labels ? "labels of EST change whether client certificates are asked for"
			    : "new certificate in use");
}

unsigned char *
app_tls_client_cert(SSL *ssl, size_t *len)
{
	X509 *cert = ssl != NULL ? SSL_get0_peer_certificate(ssl) : NULL;
	unsigned char *der = NULL, *copy;
	int n;

	*len = 0;
	if (cert == NULL || SSL_get_verify_result(ssl) != X509_V_OK)
		return NULL;
	/* the connection, or the session it resumed, may be older than the end of the
	 * certificate */
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0)
		return NULL;
	n = i2d_X509(cert, &der);
	if (n <= 0)
		return NULL;
	copy = malloc((size_t)n);
	if (copy != NULL) {
		memcpy(copy, der, (size_t)n);
		*len = (size_t)n;
	}
	OPENSSL_free(der);
	return copy;
}
