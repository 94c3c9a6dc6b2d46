/* Facts of TLS connections, held against what their client finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "http/tls_facts.h"

static SSL_CTX *server, *client;
static SSL_SESSION *session; /* that the client was given last */

/* ---- two ends in memory ---- */

static int
keep_session(SSL *ssl, SSL_SESSION *s)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = s;
	return 1;
}

static void
use_certificate(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	assert_non_null(key);
	assert_non_null(cert);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -60));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(server = SSL_CTX_new(TLS_server_method()));
	assert_non_null(client = SSL_CTX_new(TLS_client_method()));
	use_certificate(server);
	SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF); /* tickets, as the gateway */
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
	session = NULL;
	return 0;
}

struct ends {
	SSL *server, *client;
	struct gh_tls facts; /* that the server reads */
};

static void
connect_ends(struct ends *e, int version, bool resumes)
{
	struct gh_tls own; /* that the client reads */
	BIO *a, *b;
	char byte;
	int accepted = 0, connected = 0;

	assert_non_null(e->server = SSL_new(server));
	assert_non_null(e->client = SSL_new(client));
	assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
	SSL_set_bio(e->server, a, a);
	SSL_set_bio(e->client, b, b);
	assert_int_equal(SSL_set_max_proto_version(e->client, version), 1);
	if (resumes)
		assert_int_equal(SSL_set_session(e->client, session), 1);
	for (int i = 0; i < 10 && (accepted != 1 || connected != 1); i++) {
		if (connected != 1)
			connected = SSL_connect(e->client);
		if (accepted != 1)
			accepted = SSL_accept(e->server);
	}
	assert_int_equal(accepted, 1);
	assert_int_equal(connected, 1);
	tls_facts_read(e->server, &e->facts);
	tls_facts_read(e->client, &own);
	assert_int_equal(own.binding_len, e->facts.binding_len);
	assert_memory_equal(own.binding, e->facts.binding, own.binding_len);
	/* takes in the tickets of TLS 1.3 */
	assert_int_equal(SSL_write(e->server, "x", 1), 1);
	assert_int_equal(SSL_read(e->client, &byte, 1), 1);
	assert_int_equal(SSL_session_reused(e->client), resumes);
	assert_int_equal(e->facts.is_resumed, resumes);
	assert_true(e->facts.bits == 128 || e->facts.bits == 256);
	assert_string_equal(e->facts.protocol, version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
}

static void
free_ends(struct ends *e)
{
	SSL_shutdown(e->client);
	SSL_free(e->server);
	SSL_free(e->client);
}

static void
assert_binding(const struct gh_tls *t, const unsigned char *expected, size_t n)
{
	assert_int_equal(t->binding_len, n);
	assert_memory_equal(t->binding, expected, n);
}

/* ---- tests ---- */

/* As Python's get_channel_binding("tls-unique") on the side of the client. */
static void
unique__of_a_full_handshake_is_the_clients(void **state)
{
	unsigned char finished[64];
	struct ends e;

	(void)state;
	connect_ends(&e, TLS1_2_VERSION, false);
	assert_int_equal(SSL_get_finished(e.client, finished, sizeof(finished)), 12);
	assert_binding(&e.facts, finished, 12);
	free_ends(&e);
}

static void
unique__of_a_resumed_one_is_the_servers(void **state)
{
	unsigned char finished[64];
	struct ends e;

	(void)state;
	connect_ends(&e, TLS1_2_VERSION, false);
	free_ends(&e);
	connect_ends(&e, TLS1_2_VERSION, true);
	assert_int_equal(SSL_get_peer_finished(e.client, finished, sizeof(finished)), 12);
	assert_binding(&e.facts, finished, 12);
	free_ends(&e);
}

/* Full: the Finished covers the certificate. Resumed: somebody in between may have the same. */
static void
unique__without_extended_master_secret(void **state)
{
	struct ends e;

	(void)state;
	SSL_CTX_set_options(client, SSL_OP_NO_EXTENDED_MASTER_SECRET);
	connect_ends(&e, TLS1_2_VERSION, false);
	assert_int_equal(e.facts.binding_len, 12);
	free_ends(&e);
	connect_ends(&e, TLS1_2_VERSION, true);
	assert_int_equal(e.facts.binding_len, 0);
	free_ends(&e);
}

static void
exporter__is_the_clients(void **state)
{
	unsigned char expected[2][32];
	struct ends e;

	(void)state;
	for (int resumed = 0; resumed < 2; resumed++) {
		connect_ends(&e, TLS1_3_VERSION, resumed);
		assert_int_equal(SSL_export_keying_material(e.client, expected[resumed], 32,
				     "EXPORTER-Channel-Binding", 24, (unsigned char *)"", 0, 1),
		    1);
		assert_binding(&e.facts, expected[resumed], 32);
		free_ends(&e);
	}
	assert_memory_not_equal(expected[0], expected[1], 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(unique__of_a_full_handshake_is_the_clients, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(unique__of_a_resumed_one_is_the_servers, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(unique__without_extended_master_secret, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(exporter__is_the_clients, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
