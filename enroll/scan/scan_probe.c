/* One endpoint. See scan_probe.h. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "scan_link.h"
#include "scan_probe.h"
#include "scan_start.h"

#define CERTS_BYTES_MAX (256 * 1024) /* of one Certificate message */
#define STEP 4096                    /* bytes read at a time */
/* Whatever an old appliance still speaks: nothing is sent to it. */
#define CIPHERS "ALL:@SECLEVEL=0"
#define AUTH_LEVEL 2 /* of the judgement: that of Debian's clients */

X509_STORE *
scan_trust(void)
{
	X509_STORE *store = X509_STORE_new();

	if (store != NULL)
		(void)X509_STORE_set_default_paths(store); /* there may be none */
	ERR_clear_error();
	return store;
}

void
scan_trust_add(X509_STORE *store, const unsigned char *der, size_t len)
{
	X509 *root = d2i_X509(NULL, &der, (long)len);

	if (root != NULL)
		(void)X509_STORE_add_cert(store, root);
	X509_free(root);
	ERR_clear_error();
}

/* ---- certificates ---- */

static void
keep(X509 *cert, struct scan_result *out)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);
	struct gh_error err;

	if (n > 0 && cert_chain_add(&out->chain, der, (size_t)n, &err) != 0)
		out->more++;
	OPENSSL_free(der);
}

/* All that was sent is kept, and judged; the handshake goes on whatever the judgement is. */
static int
take_certs(X509_STORE_CTX *ctx, void *arg)
{
	struct scan_result *out = arg;
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(ctx);
	X509 *leaf = X509_STORE_CTX_get0_cert(ctx);

	if (leaf == NULL || out->chain.n > 0)
		return 1;
	keep(leaf, out);
	for (int i = 0; i < sk_X509_num(sent); i++)
		if (X509_cmp(sk_X509_value(sent, i), leaf) != 0)
			keep(sk_X509_value(sent, i), out);
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), AUTH_LEVEL);
	snprintf(out->verify, sizeof(out->verify), "%s",
	    X509_verify_cert(ctx) == 1
		? "ok"
		: X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	ERR_clear_error();
	return 1;
}

/* ---- TLS ---- */

static SSL_CTX *
make_context(X509_STORE *trust, struct scan_result *out)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL || SSL_CTX_set_cipher_list(ctx, CIPHERS) != 1 ||
	    SSL_CTX_set_min_proto_version(ctx, 0) != 1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_max_cert_list(ctx, CERTS_BYTES_MAX);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, take_certs, out);
	SSL_CTX_set1_cert_store(ctx, trust);
	return ctx;
}

static bool
expect_name(SSL *ssl, const struct scan_target *t)
{
	unsigned char address[16];
	const char *name = t->sni[0] != '\0' ? t->sni : t->host;

	if (t->sni[0] != '\0' && SSL_set_tlsext_host_name(ssl, t->sni) != 1)
		return false;
	if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	return SSL_set1_host(ssl, name) == 1;
}

static SSL *
make_tls(SSL_CTX *ctx, const struct scan_target *t)
{
	SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	if (ssl == NULL || in == NULL || out == NULL || !expect_name(ssl, t)) {
		SSL_free(ssl);
		BIO_free(in);
		BIO_free(out);
		return NULL;
	}
	SSL_set_bio(ssl, in, out);
	SSL_set_connect_state(ssl);
	return ssl;
}

static bool
send_all(struct scan_link *l, BIO *from)
{
	char *p;
	long n = BIO_get_mem_data(from, &p);
	bool ok = n <= 0 || scan_link_write(l, p, (size_t)n);

	(void)BIO_reset(from);
	return ok;
}

static void
note_tls_error(struct scan_link *l)
{
	unsigned long code = ERR_peek_error();
	const char *text = code != 0 ? ERR_reason_error_string(code) : NULL;

	snprintf(l->why, sizeof(l->why), "TLS: %s", text != NULL ? text : "it is none");
}

/* Through memory, so that each byte is counted. It is over when the certificates are there. */
static void
shake_hands(struct scan_link *l, SSL *ssl, const struct scan_result *out)
{
	unsigned char step[STEP];
	size_t n;

	for (;;) {
		int rc = SSL_do_handshake(ssl), code = SSL_get_error(ssl, rc);

		if (out->chain.n > 0)
			return;
		if (!send_all(l, SSL_get_wbio(ssl)))
			return;
		if (rc == 1) {
			snprintf(l->why, sizeof(l->why), "TLS: it sends no certificate");
			return;
		}
		if (code != SSL_ERROR_WANT_READ) {
			note_tls_error(l);
			return;
		}
		if ((n = scan_link_read(l, step, sizeof(step))) == 0)
			return;
		if (BIO_write(SSL_get_rbio(ssl), step, (int)n) != (int)n) {
			snprintf(l->why, sizeof(l->why), "out of memory");
			return;
		}
	}
}

void
scan_result_clear(struct scan_result *r)
{
	cert_chain_clear(&r->chain);
	memset(r, 0, sizeof(*r));
}

void
scan_probe(const struct scan_target *t, X509_STORE *trust, int timeout, struct scan_result *out)
{
	struct scan_link l;
	SSL_CTX *ctx = NULL;
	SSL *ssl = NULL;

	memset(out, 0, sizeof(*out));
	ERR_clear_error();
	if (scan_link_open(&l, t->host, t->port, timeout) && scan_start(&l, t->start)) {
		ctx = make_context(trust, out);
		if ((ssl = make_tls(ctx, t)) != NULL)
			shake_hands(&l, ssl, out);
		else
			snprintf(l.why, sizeof(l.why), "out of memory");
	}
	if (out->chain.n == 0)
		snprintf(out->error, sizeof(out->error), "%s",
		    l.why[0] != '\0' ? l.why : "no certificate");
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	scan_link_close(&l);
	ERR_clear_error();
}
