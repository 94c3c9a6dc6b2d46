/* The certificates of TLS clients, with full handshakes and with resumed ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "http/client_chain.h"

static SSL_CTX *server, *client;
static SSL_SESSION *session; /* that the client was given last */
static EVP_PKEY *key;        /* of all */
static X509 *leaf, *issuer;  /* of the client */

/* ---- certificates ---- */

static X509 *
make_cert(const char *name, size_t padding)
{
	X509 *x = X509_new();

	assert_non_null(x);
	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
			     (const unsigned char *)name, -1, -1, 0),
	    1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), -60));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
	assert_int_equal(X509_set_pubkey(x, key), 1);
	if (padding > 0) {
		char *text = malloc(padding + 1);
		X509_EXTENSION *e;

		assert_non_null(text);
		memset(text, 'x', padding);
		text[padding] = '\0';
		assert_non_null(e = X509V3_EXT_conf_nid(NULL, NULL, NID_netscape_comment, text));
		assert_int_equal(X509_add_ext(x, e, -1), 1);
		X509_EXTENSION_free(e);
		free(text);
	}
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

/* ---- two ends in memory ---- */

static int
keep_session(SSL *ssl, SSL_SESSION *s)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = s;
	return 1;
}

/* As kore_tls.c: whatever it is, the handshake goes on. */
static int
on_verify(X509_STORE_CTX *ctx, void *arg)
{
	(void)arg;
	X509_STORE_CTX_set_error(ctx, X509_V_ERR_UNSPECIFIED);
	return 1;
}

static int
set_up(void **state)
{
	X509 *own;

	(void)state;
	assert_non_null(key = EVP_EC_gen("P-256"));
	assert_non_null(server = SSL_CTX_new(TLS_server_method()));
	assert_non_null(client = SSL_CTX_new(TLS_client_method()));
	own = make_cert("gateway", 0);
	leaf = make_cert("device", 0);
	issuer = make_cert("manufacturer", 0);
	assert_int_equal(SSL_CTX_use_certificate(server, own), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(server, key), 1);
	X509_free(own);
	SSL_CTX_set_verify(server, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(server, on_verify, NULL);
	SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF);
	assert_int_equal(SSL_CTX_set_session_id_context(server, (const unsigned char *)"x", 1), 1);
	assert_int_equal(client_chain_keep(server, NULL), 0);
	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(client, keep_session);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	SSL_SESSION_free(session);
	X509_free(leaf);
	X509_free(issuer);
	EVP_PKEY_free(key);
	session = NULL;
	return 0;
}

/* The client sends leaf, when it is not NULL, and n times what is behind it. */
static void
send_certs(X509 *behind, int n)
{
	assert_int_equal(SSL_CTX_use_certificate(client, leaf), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(client, key), 1);
	for (int i = 0; i < n; i++)
		assert_int_equal(SSL_CTX_add1_chain_cert(client, behind), 1);
}

/* One connection; is it resumed, and is the chain what was sent, n certificates? */
static void
connect_once(int version, bool resumes, int n)
{
	SSL *s = SSL_new(server), *c = SSL_new(client);
	int accepted = 0, connected = 0, found = 0;
	const unsigned char *p;
	unsigned char *chain;
	BIO *a, *b;
	size_t len;
	char byte;

	assert_int_equal(BIO_new_bio_pair(&a, 1 << 18, &b, 1 << 18), 1);
	SSL_set_bio(s, a, a);
	SSL_set_bio(c, b, b);
	assert_int_equal(SSL_set_max_proto_version(c, version), 1);
	if (session != NULL)
		assert_int_equal(SSL_set_session(c, session), 1);
	for (int i = 0; i < 10 && (accepted != 1 || connected != 1); i++) {
		if (connected != 1)
			connected = SSL_connect(c);
		if (accepted != 1)
			accepted = SSL_accept(s);
	}
	assert_int_equal(accepted, 1);
	assert_int_equal(SSL_write(s, "x", 1), 1);
	assert_int_equal(SSL_read(c, &byte, 1), 1); /* takes in the tickets of TLS 1.3 */
	assert_int_equal(SSL_session_reused(s), resumes);
	p = chain = client_chain_read(s, &len);
	assert_true((chain != NULL) == (n > 0));
	for (; p != NULL && p < chain + len; found++) {
		X509 *x = d2i_X509(NULL, &p, (long)(chain + len - p));

		assert_non_null(x);
		assert_int_equal(X509_cmp(x, found == 0 ? leaf : issuer), 0);
		X509_free(x);
	}
	assert_int_equal(found, n);
	free(chain);
	SSL_shutdown(c);
	SSL_free(s);
	SSL_free(c);
}

static void
connect_thrice(bool resumes, int n)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

	for (size_t i = 0; i < 2; i++) {
		connect_once(versions[i], false, n);
		connect_once(versions[i], resumes, n);
		connect_once(versions[i], resumes, n); /* by the ticket of a resumed one */
		SSL_SESSION_free(session);
		session = NULL;
	}
}

/* ---- tests ---- */

static void
chain__none_was_sent(void **state)
{
	(void)state;
	connect_thrice(true, 0);
}

static void
chain__leaf_alone(void **state)
{
	(void)state;
	send_certs(NULL, 0);
	connect_thrice(true, 1);
}

static void
chain__comes_back_with_a_ticket(void **state)
{
	(void)state;
	send_certs(issuer, 2);
	connect_thrice(true, 3);
}

/* Then the client shows it again. */
static void
chain__too_long_for_a_ticket(void **state)
{
	(void)state;
	X509_free(issuer);
	issuer = make_cert("manufacturer", CLIENT_CHAIN_TICKET_MAX);
	send_certs(issuer, 1);
	connect_thrice(false, 2);
}

static void
chain__too_long_at_all(void **state)
{
	(void)state;
	X509_free(issuer);
	issuer = make_cert("manufacturer", CLIENT_CHAIN_MAX / 2);
	send_certs(issuer, 2);
	connect_thrice(false, 0);
}

/* A ticket under another key, as behind a change of it. */
static void
chain__ticket_that_cannot_be_read(void **state)
{
	unsigned char other[80] = {1};

	(void)state;
	send_certs(issuer, 1);
	connect_once(TLS1_3_VERSION, false, 2);
	assert_int_equal(SSL_CTX_set_tlsext_ticket_keys(server, other, sizeof(other)), 1);
	connect_once(TLS1_3_VERSION, false, 2);
	connect_once(TLS1_3_VERSION, true, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(chain__none_was_sent),
	    TEST(chain__leaf_alone),
	    TEST(chain__comes_back_with_a_ticket),
	    TEST(chain__too_long_for_a_ticket),
	    TEST(chain__too_long_at_all),
	    TEST(chain__ticket_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
