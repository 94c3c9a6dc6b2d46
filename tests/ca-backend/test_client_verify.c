/* Client certificates against trust anchors of a label. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "formats/client_verify.h"

#define NOW 1800000000
#define DAY 86400

static EVP_PKEY *key[4];
static struct gh_error err;

/* ---- certificates ---- */

struct wish {
	const char *subject;
	int key;
	const char *issuer;
	int issuer_key;
	bool is_ca;
	const char *eku;  /* NULL: none */
	const char *ku;   /* NULL: none */
	int64_t from, to; /* days from NOW; 0, 0: valid */
	bool is_sha1;
};

#define CERT(s, k, i, j) \
	{ \
		.subject = (s), .key = (k), .issuer = (i), .issuer_key = (j) \
	}

static void
add_ext(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void
set_name(X509_NAME *name, const char *cn)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
			     (const unsigned char *)cn, -1, -1, 0),
	    1);
}

static X509 *
make(const struct wish *w)
{
	X509 *x = X509_new();
	bool is_now = w->from == 0 && w->to == 0;

	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 1), 1);
	set_name(X509_get_subject_name(x), w->subject);
	set_name(X509_get_issuer_name(x), w->issuer);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), NOW + DAY * (is_now ? -1 : w->from)));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), NOW + DAY * (is_now ? 1 : w->to)));
	assert_int_equal(X509_set_pubkey(x, key[w->key]), 1);
	if (w->is_ca) {
		add_ext(x, NID_basic_constraints, "critical,CA:TRUE");
		add_ext(x, NID_key_usage, "critical,keyCertSign,cRLSign");
	}
	if (w->ku != NULL)
		add_ext(x, NID_key_usage, w->ku);
	if (w->eku != NULL)
		add_ext(x, NID_ext_key_usage, w->eku);
	assert_true(X509_sign(x, key[w->issuer_key], w->is_sha1 ? EVP_sha1() : EVP_sha256()) > 0);
	return x;
}

static const struct wish root = {"Maker", 0, "Maker", 0, .is_ca = true};
static const struct wish rogue = {"Maker", 1, "Maker", 1, .is_ca = true};
static const struct wish sub = {"Factory", 2, "Maker", 0, .is_ca = true};

static const struct wish not_a_ca = CERT("leaf", 2, "Maker", 0);

/* Does leaf, sent with between (NULL: alone), chain to one of these anchors? Which: 0, 1; -1: none.
 */
static int
verify(const struct wish *leaf, const struct wish *between, const struct wish *a,
    const struct wish *b)
{
	STACK_OF(X509) *anchors = sk_X509_new_null();
	struct client_certs c = {0};
	X509 *found;
	int which = -1;

	c.leaf = make(leaf);
	c.rest = sk_X509_new_null();
	if (between != NULL)
		sk_X509_push(c.rest, make(between));
	if (a != NULL)
		sk_X509_push(anchors, make(a));
	if (b != NULL)
		sk_X509_push(anchors, make(b));
	found = client_certs_verify(&c, anchors, NOW, &err);
	for (int i = 0; i < sk_X509_num(anchors); i++)
		if (found != NULL && sk_X509_value(anchors, i) == found)
			which = i;
	sk_X509_pop_free(anchors, X509_free);
	client_certs_clear(&c);
	return which;
}

/* ---- tests ---- */

static const struct {
	const char *why;
	struct wish leaf;
	const struct wish *between;
	bool ok;
} leaves[] = {
    {"by the anchor", CERT("device", 3, "Maker", 0), NULL, true},
    {"for TLS clients", {"device", 3, "Maker", 0, .eku = "clientAuth"}, NULL, true},
    {"behind an intermediate", CERT("device", 3, "Factory", 2), &sub, true},
    {"the intermediate is missing", CERT("device", 3, "Factory", 2), NULL, false},
    {"signed by another key", CERT("device", 3, "Maker", 1), NULL, false},
    {"an intermediate of another", CERT("device", 3, "Factory", 1), &sub, false},
    {"signed by itself", CERT("device", 3, "device", 3), NULL, false},
    {"for servers", {"device", 3, "Maker", 0, .eku = "serverAuth"}, NULL, false},
    {"expired", {"device", 3, "Maker", 0, .from = -2, .to = -1}, NULL, false},
    {"not yet valid", {"device", 3, "Maker", 0, .from = 1, .to = 2}, NULL, false},
    {"SHA-1", {"device", 3, "Maker", 0, .is_sha1 = true}, NULL, false},
    {"a leaf that signs", CERT("device", 3, "leaf", 2), &not_a_ca, false},
};

static void
verify__accepts_and_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		int which = verify(&leaves[i].leaf, leaves[i].between, &root, NULL);

		if (which != (leaves[i].ok ? 0 : -1))
			fail_msg("%s: %s", leaves[i].why, err.detail);
	}
}

/* E-034: two with one name are told apart by key, in either order. */
static void
E034__two_manufacturers_of_one_name(void **state)
{
	static const struct wish of_root = CERT("device", 3, "Maker", 0);
	static const struct wish of_rogue = CERT("device", 3, "Maker", 1);

	(void)state;
	assert_int_equal(verify(&of_root, NULL, &root, &rogue), 0);
	assert_int_equal(verify(&of_root, NULL, &rogue, &root), 1);
	assert_int_equal(verify(&of_rogue, NULL, &root, &rogue), 1);
	assert_int_equal(verify(&of_rogue, NULL, &root, NULL), -1);
}

static void
anchor__need_not_be_a_root(void **state)
{
	static const struct wish leaf = CERT("device", 3, "Factory", 2);

	(void)state;
	assert_int_equal(verify(&leaf, NULL, &sub, NULL), 0);
	assert_int_equal(verify(&leaf, NULL, NULL, NULL), -1);
	/* what the client sends is never an anchor */
	assert_int_equal(verify(&leaf, &sub, &rogue, NULL), -1);
}

static void
parse__takes_what_was_sent(void **state)
{
	unsigned char *der = NULL, all[16384];
	struct client_certs c;
	X509 *x = make(&root);
	size_t n;
	int len;

	(void)state;
	assert_true((len = i2d_X509(x, &der)) > 0);
	n = (size_t)len;
	for (size_t i = 0; i < 10; i++)
		memcpy(all + i * n, der, n);
	assert_int_equal(client_certs_parse(all, n, &c, &err), 0);
	assert_int_equal(sk_X509_num(c.rest), 0);
	client_certs_clear(&c);
	assert_int_equal(client_certs_parse(all, n * CLIENT_VERIFY_CERTS, &c, &err), 0);
	assert_int_equal(sk_X509_num(c.rest), CLIENT_VERIFY_CERTS - 1);
	client_certs_clear(&c);
	assert_int_equal(client_certs_parse(all, n * 9, &c, &err), GH_E_AUTH_FAILED);
	assert_int_equal(client_certs_parse(all, n + 1, &c, &err), GH_E_AUTH_FAILED);
	assert_int_equal(client_certs_parse(all, n - 1, &c, &err), GH_E_AUTH_FAILED);
	assert_int_equal(client_certs_parse(all, 0, &c, &err), GH_E_AUTH_FAILED);
	assert_int_equal(client_certs_parse(NULL, 0, &c, &err), GH_E_AUTH_FAILED);
	assert_null(c.leaf);
	OPENSSL_free(der);
	X509_free(x);
}

/* The rule for messages: as in TLS, with digitalSignature, or of a registration authority. */
static const struct {
	struct wish leaf;
	bool may_sign, is_login; /* in a message, in TLS */
} signers[] = {
    {{"device", 3, "Maker", 0, .ku = NULL}, true, true},
    {{"device", 3, "Maker", 0, .ku = "digitalSignature", .eku = "clientAuth"}, true, true},
    {{"device", 3, "Maker", 0, .eku = "serverAuth,clientAuth"}, true, true},
    {{"device", 3, "Maker", 0, .eku = "cmcRA"}, true, false},
    {{"device", 3, "Maker", 0, .eku = "serverAuth"}, false, false},
    {{"device", 3, "Maker", 0, .eku = "codeSigning"}, false, false},
    {{"device", 3, "Maker", 0, .eku = "emailProtection"}, false, false},
    {{"device", 3, "Maker", 0, .eku = "OCSPSigning"}, false, false},
    {{"device", 3, "Maker", 0, .eku = "cmcCA"}, false, false},
    {{"device", 3, "Maker", 0, .eku = "timeStamping"}, false, false},
    {{"device", 3, "Maker", 0, .eku = "anyExtendedKeyUsage"}, false, false},
    {{"device", 3, "Maker", 0, .ku = "keyEncipherment"}, false, false},
    {{"device", 3, "Maker", 0, .ku = "nonRepudiation", .eku = "clientAuth"}, false, false},
    {{"device", 3, "Maker", 0, .ku = "keyAgreement", .eku = "clientAuth"}, false, true},
    {{"device", 3, "Maker", 0, .ku = "keyEncipherment", .eku = "cmcRA"}, false, false},
    {{"Maker", 0, "Maker", 0, .is_ca = true}, false, false},
};

static void
C034__which_usages_may_sign(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++) {
		const struct wish *w = &signers[i].leaf;
		X509 *x = make(w);

		if (client_cert_may_sign(x) != signers[i].may_sign)
			fail_msg("%zu: %s %s", i, w->ku, w->eku);
		X509_free(x);
		if (!w->is_ca)
			assert_int_equal(verify(w, NULL, &root, NULL),
			    signers[i].is_login ? 0 : -1);
	}
}

/* What cannot be read says nothing of what it may. */
static void
C034__malformed_usages_may_nothing(void **state)
{
	static const unsigned char junk[] = {0x30, 0x03, 0x02, 0x01};
	static const int nids[] = {NID_key_usage, NID_ext_key_usage, NID_basic_constraints};

	(void)state;
	for (size_t i = 0; i < sizeof(nids) / sizeof(nids[0]); i++) {
		X509 *x = make(&(struct wish)CERT("device", 3, "Maker", 0));
		ASN1_OCTET_STRING *os = ASN1_OCTET_STRING_new();
		X509_EXTENSION *e;

		assert_int_equal(ASN1_OCTET_STRING_set(os, junk, sizeof(junk)), 1);
		e = X509_EXTENSION_create_by_NID(NULL, nids[i], 0, os);
		assert_int_equal(X509_add_ext(x, e, -1), 1);
		assert_true(X509_sign(x, key[0], EVP_sha256()) > 0);
		assert_false(client_cert_may_sign(x));
		X509_EXTENSION_free(e);
		ASN1_OCTET_STRING_free(os);
		X509_free(x);
	}
}

static int
set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_non_null(key[i] = EVP_EC_gen("P-256"));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		EVP_PKEY_free(key[i]);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verify__accepts_and_refuses),
	    cmocka_unit_test(E034__two_manufacturers_of_one_name),
	    cmocka_unit_test(anchor__need_not_be_a_root),
	    cmocka_unit_test(parse__takes_what_was_sent),
	    cmocka_unit_test(C034__which_usages_may_sign),
	    cmocka_unit_test(C034__malformed_usages_may_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
