/* For which key of a client its private key is encrypted: none of another client, none whose time
 * is over or whose use forbids it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509v3.h>

#include "catalog/catalog_seal.h"
#include "encoding.h"
#include "est/est_recipient.h"
#include "hex.h"
#include "key_alg.h"
#include "store/catalog/est_key_row.h"
#include "store/request/request_client.h"
#include "store/status/revocation.h"
#include "timestamp.h"

static unsigned char secret[32] = {7};
static gh_json *rows;
static struct store_own_cert known; /* what the store says of any certificate */
static struct gh_error err;

/* ---- stand-ins ---- */

int
store_load_est_keys(struct store *s, gh_json **out, struct gh_error *e)
{
	(void)s;
	(void)e;
	*out = gh_json_ref(rows);
	return 0;
}

static struct store_client_request issued;

int
store_list_client_requests(struct store *s, const struct requester *who, const char *label,
    struct store_client_requests *out, struct gh_error *e)
{
	(void)s;
	(void)e;
	assert_string_equal(label, "meters");
	*out = (struct store_client_requests){.request = &issued,
	    .n = strcmp(who->name, "alice") == 0 && issued.der != NULL};
	return 0;
}

void
store_client_requests_clear(struct store_client_requests *l)
{
	memset(l, 0, sizeof(*l));
}

int
store_recognize(struct store *s, const unsigned char *der, size_t len, struct store_own_cert *out,
    struct gh_error *e)
{
	(void)s;
	(void)e;
	assert_true(der != NULL && len > 0);
	*out = known;
	return 0;
}

/* ---- keys ---- */

static X509 *
make_cert(const char *alg, const char *usage, bool has_ski, long from, long to)
{
	EVP_PKEY *key = strcmp(alg, "RSA-1024") == 0 ? EVP_RSA_gen(1024) : gh_key_make(alg);
	X509 *x = X509_new();
	X509V3_CTX ctx;

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), from);
	X509_gmtime_adj(X509_getm_notAfter(x), to);
	X509_set_pubkey(x, key);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	for (int i = 0; i < 2; i++) {
		const char *value = i == 0 ? usage : has_ski ? "hash" : NULL;
		X509_EXTENSION *e;

		if (value == NULL)
			continue;
		e = X509V3_EXT_conf_nid(NULL, &ctx,
		    i == 0 ? NID_key_usage : NID_subject_key_identifier, value);
		assert_int_equal(X509_add_ext(x, e, -1), 1);
		X509_EXTENSION_free(e);
	}
	assert_true(X509_sign(x, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256()) > 0);
	EVP_PKEY_free(key);
	return x;
}

static void
add_row(const char *audience, const void *id, size_t id_len, const char *sealed, const char *cert,
    int64_t expires)
{
	gh_json *row = gh_json_new_object();
	char hex[2 * DECRYPT_KEY_ID_MAX + 1];

	assert_int_equal(gh_json_set_string(row, "audience", audience), 0);
	assert_int_equal(gh_json_set_string(row, "identifier", gh_hex_upper(id, id_len, hex)), 0);
	assert_int_equal(gh_json_set_string(row, "secret_sealed", sealed), 0);
	assert_int_equal(gh_json_set_string(row, "cert", cert), 0);
	assert_int_equal(gh_json_set(row, "expires",
			     expires != 0 ? gh_json_new_int(expires) : gh_json_new_string(NULL)),
	    0);
	assert_int_equal(gh_json_append(rows, row), 0);
}

static void
add_kek(const char *audience, const char *id, const void *kek, size_t n, int64_t expires)
{
	char *sealed;

	assert_int_equal(catalog_seal_as(SEAL_LABEL_EST_KEY, secret, kek, n, &sealed, &err), 0);
	add_row(audience, id, strlen(id), sealed, NULL, expires);
	free(sealed);
}

static void
add_cert(const char *audience, X509 *x)
{
	unsigned char own[EST_KEY_ID_SIZE], *der = NULL;
	int n = i2d_X509(x, &der);
	char *text = gh_base64_encode(der, (size_t)n, GH_BASE64_ONE_LINE);
	struct gh_der id;

	est_recipient_id(x, own, &id);
	add_row(audience, id.p, id.len, NULL, text, 0);
	free(text);
	OPENSSL_free(der);
}

/* ---- calls ---- */

static struct requester alice = {.kind = REQUESTER_EST_USER, .name = "alice"};

static int
find_for(const struct requester *who, X509 *shown, enum decrypt_kind kind, const void *id,
    size_t len, struct est_recipient *out)
{
	struct gh_http_request http = {.method = GH_HTTP_POST};
	const struct call call = {.http = &http, .requester = who};
	struct worker_env env = {.store = NULL};
	struct decrypt_wish w = {.kind = kind,
	    .id = {id, len},
	    .caps = {.has_cbc = {true, true, true}, .has_wrap = {true, true, true}}};
	int rc, n = shown != NULL ? i2d_X509(shown, &http.client_chain) : 0;

	http.client_chain_len = (size_t)n;
	env.server_secret = secret;
	memset(&err, 0, sizeof(err));
	rc = est_recipient_find(&env, &call, "meters", &w, out, &err);
	OPENSSL_free(http.client_chain);
	return rc;
}

static int
find_cert(X509 *x, struct est_recipient *out)
{
	unsigned char own[EST_KEY_ID_SIZE];
	struct gh_der id;

	est_recipient_id(x, own, &id);
	return find_for(&alice, NULL, DECRYPT_ASYMMETRIC, id.p, id.len, out);
}

static int
set_up(void **state)
{
	(void)state;
	rows = gh_json_new_array();
	memset(&known, 0, sizeof(known));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	gh_json_free(rows);
	rows = NULL;
	return 0;
}

/* ---- symmetric ---- */

static void
test_E106_kek_of_its_client(void **state)
{
	static const struct requester bob = {.kind = REQUESTER_EST_USER, .name = "bob"},
				      other = {.kind = REQUESTER_DEVICE, .name = "alice"};
	struct est_recipient r;

	(void)state;
	add_kek("est-user:alice", "k", "0123456789abcdef", 16, 0);
	assert_int_equal(find_for(&alice, NULL, DECRYPT_SYMMETRIC, "k", 1, &r), 0);
	assert_int_equal(r.kek_len, 16);
	assert_memory_equal(r.kek, "0123456789abcdef", 16);
	assert_string_equal(r.choice.content_alg, "AES-256-CBC");
	est_recipient_clear(&r);
	/* not as an asymmetric one, not by part of its identifier, and nobody else's */
	assert_int_equal(find_for(&alice, NULL, DECRYPT_ASYMMETRIC, "k", 1, &r), GH_E_BAD_REQUEST);
	assert_int_equal(find_for(&alice, NULL, DECRYPT_SYMMETRIC, "kk", 2, &r), GH_E_BAD_REQUEST);
	assert_int_equal(find_for(&bob, NULL, DECRYPT_SYMMETRIC, "k", 1, &r), GH_E_BAD_REQUEST);
	assert_int_equal(find_for(&other, NULL, DECRYPT_SYMMETRIC, "k", 1, &r), GH_E_BAD_REQUEST);
	assert_null(r.kek);
	/* nothing is asked for */
	assert_int_equal(find_for(&bob, NULL, DECRYPT_NONE, NULL, 0, &r), 0);
	assert_null(r.kek);
}

static void
test_E106_two_clients_of_one_identifier(void **state)
{
	struct est_recipient r;

	(void)state;
	add_kek("est-user:bob", "k", "bbbbbbbbbbbbbbbb", 16, 0);
	add_kek("est-user:alice", "k", "aaaaaaaaaaaaaaaa", 16, 0);
	assert_int_equal(find_for(&alice, NULL, DECRYPT_SYMMETRIC, "k", 1, &r), 0);
	assert_memory_equal(r.kek, "aaaaaaaaaaaaaaaa", 16);
	est_recipient_clear(&r);
}

static void
test_E106_kek_whose_time_is_over(void **state)
{
	struct est_recipient r;

	(void)state;
	add_kek("est-user:alice", "old", "0123456789abcdef", 16, gh_now() - 1);
	add_kek("est-user:alice", "new", "0123456789abcdef", 16, gh_now() + 60);
	assert_int_equal(find_for(&alice, NULL, DECRYPT_SYMMETRIC, "old", 3, &r), GH_E_BAD_REQUEST);
	assert_int_equal(find_for(&alice, NULL, DECRYPT_SYMMETRIC, "new", 3, &r), 0);
	est_recipient_clear(&r);
}

/* ---- passwords ---- */

static void
test_X074_password_of_its_client(void **state)
{
	static const struct requester bob = {.kind = REQUESTER_EST_USER, .name = "bob"};
	struct est_recipient r;

	(void)state;
	add_kek("est-user:alice", "k", "0123456789abcdef", 16, 0);
	assert_int_equal(find_for(&alice, NULL, DECRYPT_PASSWORD, NULL, 0, &r),
	    GH_E_NOT_ACCEPTABLE);
	add_kek("est-user:alice", "", "correct horse battery", 21, 0);
	assert_int_equal(find_for(&alice, NULL, DECRYPT_PASSWORD, NULL, 0, &r), 0);
	assert_int_equal(r.kek_len, 21);
	assert_memory_equal(r.kek, "correct horse battery", 21);
	est_recipient_clear(&r);
	assert_int_equal(find_for(&bob, NULL, DECRYPT_PASSWORD, NULL, 0, &r), GH_E_NOT_ACCEPTABLE);
	/* and it is no key */
	assert_int_equal(find_for(&alice, NULL, DECRYPT_SYMMETRIC, NULL, 0, &r), GH_E_BAD_REQUEST);
	assert_null(r.kek);
}

/* ---- asymmetric ---- */

static void
test_E107_certificates(void **state)
{
	static const struct {
		const char *alg, *usage;
		bool has_ski;
		long from, to;
		const char *refusal; /* NULL: taken */
	} cases[] = {
	    {"RSA-2048", NULL, true, -60, 60, NULL},
	    {"RSA-2048", "keyEncipherment", true, -60, 60, NULL},
	    {"RSA-2048", "keyEncipherment", false, -60, 60, NULL},
	    {"P-256", "keyAgreement", true, -60, 60, NULL},
	    {"RSA-1024", NULL, true, -60, 60, "less than 2048 bits"},
	    {"RSA-2048", "digitalSignature", true, -60, 60, "no keyEncipherment"},
	    {"RSA-2048", "keyAgreement", true, -60, 60, "no keyEncipherment"},
	    {"P-256", "digitalSignature,keyEncipherment", true, -60, 60, "no keyAgreement"},
	    {"P-256", NULL, true, -60, -1, "not valid now"},
	    {"P-256", NULL, true, 60, 120, "not valid now"},
	    {"Ed25519", NULL, true, -60, 60, "its kind of key"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		X509 *x = make_cert(cases[i].alg, cases[i].usage, cases[i].has_ski, cases[i].from,
		    cases[i].to);
		struct est_recipient r;
		int rc;

		add_cert("est-user:alice", x);
		rc = find_cert(x, &r);
		if ((rc == 0) != (cases[i].refusal == NULL))
			fail_msg("case %zu: %s", i, err.message);
		if (rc != 0)
			assert_non_null(strstr(err.message, cases[i].refusal));
		else
			assert_true(r.cert_len > 0);
		est_recipient_clear(&r);
		X509_free(x);
	}
}

static void
test_E107_revoked(void **state)
{
	X509 *x = make_cert("P-256", NULL, true, -60, 60);
	struct est_recipient r;

	(void)state;
	add_cert("est-user:alice", x);
	known.is_ours = true;
	assert_int_equal(find_cert(x, &r), 0);
	est_recipient_clear(&r);
	known.is_revoked = true;
	assert_int_equal(find_cert(x, &r), GH_E_BAD_REQUEST);
	known.is_revoked = false;
	known.is_issuer_revoked = true;
	assert_int_equal(find_cert(x, &r), GH_E_BAD_REQUEST);
	X509_free(x);
}

static void
test_E107_what_the_connection_shows(void **state)
{
	X509 *x = make_cert("P-256", NULL, true, -60, 60),
	     *other = make_cert("P-256", NULL, true, -60, 60),
	     *signing = make_cert("P-256", "digitalSignature", true, -60, 60);
	struct requester device = {.kind = REQUESTER_DEVICE, .via_client_cert = true};
	struct est_recipient r;
	struct gh_der id, of_signing;

	(void)state;
	est_recipient_id(x, NULL, &id);
	est_recipient_id(signing, NULL, &of_signing);
	assert_int_equal(find_for(&device, x, DECRYPT_ASYMMETRIC, id.p, id.len, &r), 0);
	est_recipient_clear(&r);
	assert_int_equal(find_for(&device, other, DECRYPT_ASYMMETRIC, id.p, id.len, &r),
	    GH_E_BAD_REQUEST);
	assert_int_equal(find_for(&device, x, DECRYPT_SYMMETRIC, id.p, id.len, &r),
	    GH_E_BAD_REQUEST);
	assert_int_equal(find_for(&device, signing, DECRYPT_ASYMMETRIC, of_signing.p,
			     of_signing.len, &r),
	    GH_E_BAD_REQUEST);
	/* shown, but it is not what let him in */
	device.via_client_cert = false;
	assert_int_equal(find_for(&device, x, DECRYPT_ASYMMETRIC, id.p, id.len, &r),
	    GH_E_BAD_REQUEST);
	X509_free(x);
	X509_free(other);
	X509_free(signing);
}

/* By the key itself: a certificate that only says to have the identifier does not count. */
static void
test_E107_what_the_client_got(void **state)
{
	static const struct requester bob = {.kind = REQUESTER_EST_USER, .name = "bob"};
	X509 *x = make_cert("P-256", NULL, true, -60, 60);
	X509 *forged = make_cert("P-256", NULL, false, -60, 60);
	ASN1_OCTET_STRING *says = ASN1_OCTET_STRING_new();
	unsigned char id[EST_KEY_ID_SIZE];
	struct est_recipient r;
	unsigned n;

	(void)state;
	assert_int_equal(X509_pubkey_digest(x, EVP_sha1(), id, &n), 1);
	issued.der_len = (size_t)i2d_X509(x, &issued.der);
	issued.polled.is_good = true;
	assert_int_equal(find_for(&alice, NULL, DECRYPT_ASYMMETRIC, id, n, &r), 0);
	assert_int_equal(r.cert_len, issued.der_len);
	est_recipient_clear(&r);
	assert_int_equal(find_for(&bob, NULL, DECRYPT_ASYMMETRIC, id, n, &r), GH_E_BAD_REQUEST);
	assert_int_equal(find_for(&alice, NULL, DECRYPT_SYMMETRIC, id, n, &r), GH_E_BAD_REQUEST);
	known.is_ours = known.is_issuer_revoked = true;
	assert_int_equal(find_for(&alice, NULL, DECRYPT_ASYMMETRIC, id, n, &r), GH_E_BAD_REQUEST);
	known.is_issuer_revoked = false;
	issued.polled.is_good = false;
	assert_int_equal(find_for(&alice, NULL, DECRYPT_ASYMMETRIC, id, n, &r), GH_E_BAD_REQUEST);
	OPENSSL_free(issued.der);
	issued.der = NULL;
	assert_int_equal(ASN1_OCTET_STRING_set(says, id, (int)n), 1);
	assert_int_equal(X509_add1_ext_i2d(forged, NID_subject_key_identifier, says, 0,
			     X509V3_ADD_DEFAULT),
	    1);
	assert_true(X509_get0_subject_key_id(forged) != NULL);
	issued.der_len = (size_t)i2d_X509(forged, &issued.der);
	issued.polled.is_good = true;
	assert_int_equal(find_for(&alice, NULL, DECRYPT_ASYMMETRIC, id, n, &r), GH_E_BAD_REQUEST);
	ASN1_OCTET_STRING_free(says);
	X509_free(forged);
	X509_free(x);
	OPENSSL_free(issued.der);
	memset(&issued, 0, sizeof(issued));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_E106_kek_of_its_client),
	    TEST(test_E106_two_clients_of_one_identifier),
	    TEST(test_E106_kek_whose_time_is_over),
	    TEST(test_X074_password_of_its_client),
	    TEST(test_E107_certificates),
	    TEST(test_E107_revoked),
	    TEST(test_E107_what_the_connection_shows),
	    TEST(test_E107_what_the_client_got),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
