/* What the client believes of an answer. Certificates are made here, so that each lie is its own
 * fixture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include "calendar.h"
#include "encoding.h"

#include "client/client_answer.h"

static EVP_PKEY *key_root, *key_ca, *key_leaf, *key_other;
static X509 *root, *ca, *leaf, *other_root;

static X509 *
make_cert(const char *subject, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
    const char *constraints)
{
	static long serial = 0x1234;
	X509 *cert = X509_new();
	X509_NAME *name = X509_NAME_new();
	X509_EXTENSION *ext;

	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1,
	    -1, 0);
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_set_subject_name(cert, name);
	X509_set_issuer_name(cert, issuer != NULL ? X509_get_subject_name(issuer) : name);
	X509_gmtime_adj(X509_getm_notBefore(cert), -GH_DAY_SECONDS);
	X509_gmtime_adj(X509_getm_notAfter(cert), GH_DAY_SECONDS);
	X509_set_pubkey(cert, key);
	ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, constraints);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	X509_NAME_free(name);
	assert_true(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
	return cert;
}

static int
setup(void **state)
{
	(void)state;
	key_root = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	key_ca = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	key_leaf = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	key_other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	root = make_cert("Root", key_root, NULL, key_root, "critical,CA:TRUE");
	ca = make_cert("Issuing", key_ca, root, key_root, "critical,CA:TRUE,pathlen:0");
	leaf = make_cert("alice", key_leaf, ca, key_ca, "CA:FALSE");
	other_root = make_cert("Other", key_other, NULL, key_other, "critical,CA:TRUE");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	X509_free(root);
	X509_free(ca);
	X509_free(leaf);
	X509_free(other_root);
	EVP_PKEY_free(key_root);
	EVP_PKEY_free(key_ca);
	EVP_PKEY_free(key_leaf);
	EVP_PKEY_free(key_other);
	return 0;
}

/* PKCS#7 with these certificates, base64 with line ends as the gateway sends it. */
static char *
pkcs7_base64(X509 *const *certs)
{
	PKCS7 *p7 = PKCS7_new();
	unsigned char *der = NULL;
	char *text;
	int n;

	PKCS7_set_type(p7, NID_pkcs7_signed);
	PKCS7_content_new(p7, NID_pkcs7_data);
	PKCS7_set_detached(p7, 1);
	for (size_t i = 0; certs[i] != NULL; i++)
		PKCS7_add_certificate(p7, certs[i]);
	n = i2d_PKCS7(p7, &der);
	assert_true(n > 0);
	text = gh_base64_encode(der, (size_t)n, GH_BASE64_ONE_LINE);
	OPENSSL_free(der);
	PKCS7_free(p7);
	return text;
}

static char *
cert_base64(X509 *cert)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);
	char *text = gh_base64_encode(der, (size_t)n, GH_BASE64_ONE_LINE);

	OPENSSL_free(der);
	return text;
}

/* Parse the answer "Issued" with these certificates and further members. */
static void
issued(char *certificates, const char *members, struct client_answer *a)
{
	struct gh_error err;
	char *text;

	assert_true(asprintf(&text,
			"{\"CMSID\":7,\"CMSRequestId\":9,\"RequestDisposition\":\"Issued\","
			"\"DispositionMessage\":\"\",%s\"Certificates\":\"%s\"}",
			members, certificates) > 0);
	assert_int_equal(client_answer_parse(200, text, strlen(text), a, &err), 0);
	assert_int_equal(a->disposition, CLIENT_ISSUED);
	free(text);
	free(certificates);
}

static void
client_answer__accepts_ours(void **state)
{
	X509 *const certs[] = {leaf, ca, root, NULL};
	struct client_answer a;
	struct gh_error err;
	enum client_trust trust;

	(void)state;
	issued(pkcs7_base64(certs), "", &a);
	assert_int_equal(a.chain.n, 3);
	assert_int_equal(a.request_id, 9);
	assert_int_equal(a.certificate_id, 7);
	assert_int_equal(client_answer_check(&a, key_leaf, NULL, &trust, &err), 0);
	assert_int_equal(trust, CLIENT_TRUST_CHAIN);
	client_answer_clear(&a);
}

static void
client_answer__refuses_another_key(void **state)
{
	X509 *const certs[] = {leaf, ca, root, NULL};
	struct client_answer a;
	struct gh_error err;
	enum client_trust trust;

	(void)state;
	issued(pkcs7_base64(certs), "", &a);
	assert_int_equal(client_answer_check(&a, key_other, NULL, &trust, &err), GH_E_FORBIDDEN);
	assert_non_null(strstr(err.message, "another key"));
	client_answer_clear(&a);
}

static void
client_answer__refuses_a_broken_chain(void **state)
{
	X509 *forged = make_cert("Issuing", key_other, root, key_root, "critical,CA:TRUE");
	X509 *const no_issuer[] = {leaf, root, NULL},
		    *const wrong_key[] = {leaf, forged, root, NULL};
	X509 *const *const bad[] = {no_issuer, wrong_key};
	struct client_answer a;
	struct gh_error err;
	enum client_trust trust;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		issued(pkcs7_base64(bad[i]), "", &a);
		assert_int_equal(client_answer_check(&a, key_leaf, NULL, &trust, &err),
		    GH_E_FORBIDDEN);
		assert_non_null(strstr(err.message, "chain"));
		client_answer_clear(&a);
	}
	X509_free(forged);
}

static void
client_answer__root_must_be_the_given_one(void **state)
{
	X509 *const certs[] = {leaf, ca, root, NULL};
	STACK_OF(X509) *roots = sk_X509_new_null();
	struct client_answer a;
	struct gh_error err;
	enum client_trust trust;

	(void)state;
	issued(pkcs7_base64(certs), "", &a);
	sk_X509_push(roots, other_root);
	assert_int_equal(client_answer_check(&a, key_leaf, roots, &trust, &err), GH_E_FORBIDDEN);
	sk_X509_push(roots, root);
	assert_int_equal(client_answer_check(&a, key_leaf, roots, &trust, &err), 0);
	assert_int_equal(trust, CLIENT_TRUST_ROOT);
	sk_X509_free(roots);
	client_answer_clear(&a);
}

static void
client_answer__takes_a_single_certificate(void **state)
{
	struct client_answer a;
	struct gh_error err;
	enum client_trust trust;
	STACK_OF(X509) *roots = sk_X509_new_null();

	(void)state;
	issued(cert_base64(leaf), "", &a);
	assert_int_equal(a.chain.n, 1);
	assert_int_equal(client_answer_check(&a, key_leaf, NULL, &trust, &err), 0);
	assert_int_equal(trust, CLIENT_TRUST_NONE);
	sk_X509_push(roots, ca);
	assert_int_equal(client_answer_check(&a, key_leaf, roots, &trust, &err), 0);
	assert_int_equal(trust, CLIENT_TRUST_ROOT);
	sk_X509_pop(roots);
	sk_X509_push(roots, other_root);
	assert_int_equal(client_answer_check(&a, key_leaf, roots, &trust, &err), GH_E_FORBIDDEN);
	sk_X509_free(roots);
	client_answer_clear(&a);
}

static void
client_answer__numbers_must_match(void **state)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf), NULL);
	char *serial = BN_bn2hex(bn), good[128];
	struct client_answer a;
	struct gh_error err;
	enum client_trust trust;

	(void)state;
	snprintf(good, sizeof(good), "\"SerialNumber\":\"%s\",", serial);
	issued(cert_base64(leaf), good, &a);
	assert_int_equal(client_answer_check(&a, key_leaf, NULL, &trust, &err), 0);
	client_answer_clear(&a);
	issued(cert_base64(leaf), "\"SerialNumber\":\"FFFF\",", &a);
	assert_int_equal(client_answer_check(&a, key_leaf, NULL, &trust, &err), GH_E_FORBIDDEN);
	client_answer_clear(&a);
	issued(cert_base64(leaf), "\"SerialNumber\":\"12x\",", &a);
	assert_int_equal(client_answer_check(&a, key_leaf, NULL, &trust, &err), GH_E_FORBIDDEN);
	client_answer_clear(&a);
	issued(cert_base64(leaf), "\"Thumbprint\":\"0000000000000000000000000000000000000000\",",
	    &a);
	assert_int_equal(client_answer_check(&a, key_leaf, NULL, &trust, &err), GH_E_FORBIDDEN);
	client_answer_clear(&a);
	OPENSSL_free(serial);
	BN_free(bn);
}

static void
client_answer__reads_dispositions(void **state)
{
	static const struct {
		long status;
		const char *text;
		enum client_disposition disposition;
		const char *message;
	} rows[] = {
	    {200, "{\"RequestDisposition\":\"Pending\",\"CMSRequestId\":5,\"Certificates\":\"\"}",
		CLIENT_PENDING, ""},
	    {403, "{\"RequestDisposition\":\"Denied\",\"DispositionMessage\":\"no mail\"}",
		CLIENT_DENIED, "no mail"},
	    {200, "{\"requestdisposition\":\"denied\"}", CLIENT_DENIED, ""},
	    {403, "{\"Message\":\"wrong \\u001b[31m key\"}", CLIENT_FAILED, "wrong  [31m key"},
	    {500, "{\"RequestDisposition\":\"Issued\"}", CLIENT_FAILED, ""},
	    {500, "{\"RequestDisposition\":\"Pending\"}", CLIENT_FAILED, ""},
	    {400, "{}", CLIENT_FAILED, ""},
	};
	struct client_answer a;
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(client_answer_parse(rows[i].status, rows[i].text,
				     strlen(rows[i].text), &a, &err),
		    0);
		assert_int_equal(a.disposition, rows[i].disposition);
		assert_string_equal(a.message, rows[i].message);
		client_answer_clear(&a);
	}
}

static void
client_answer__refuses_what_is_no_answer(void **state)
{
	static const char *const bad[] = {"", "<html>", "[]", "null",
	    "{\"RequestDisposition\":\"Issued\"}",
	    "{\"RequestDisposition\":\"Issued\",\"Certificates\":\"\"}",
	    "{\"RequestDisposition\":\"Issued\",\"Certificates\":\"AAAA\"}",
	    "{\"RequestDisposition\":\"Issued\",\"Certificates\":\"%%%\"}",
	    "{\"RequestDisposition\":\"Issued\",\"Certificates\":7}"};
	struct client_answer a;
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(client_answer_parse(200, bad[i], strlen(bad[i]), &a, &err),
		    GH_E_BAD_JSON);
		assert_int_equal(a.chain.n, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(client_answer__accepts_ours),
	    cmocka_unit_test(client_answer__refuses_another_key),
	    cmocka_unit_test(client_answer__refuses_a_broken_chain),
	    cmocka_unit_test(client_answer__root_must_be_the_given_one),
	    cmocka_unit_test(client_answer__takes_a_single_certificate),
	    cmocka_unit_test(client_answer__numbers_must_match),
	    cmocka_unit_test(client_answer__reads_dispositions),
	    cmocka_unit_test(client_answer__refuses_what_is_no_answer),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
