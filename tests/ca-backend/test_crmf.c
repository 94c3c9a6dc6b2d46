/* Requests of RFC 4211. Bouncy Castle made them: MakeCrmf.java. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>

#include <openssl/x509v3.h>

#include "formats/crmf.h"

#include "ca-backend/fixture_file.h"

#define FIXTURE_MAX (32 * 1024)

static size_t
read_fixture(const char *name, unsigned char out[FIXTURE_MAX])
{
	return fixture_read("crmf", name, out, FIXTURE_MAX);
}

/* Parse and check: what a front door does. */
static int
judge(const unsigned char *p, size_t len, struct gh_error *err)
{
	struct ca_pkcs10 *csr;
	int rc = ca_crmf_parse(p, len, &csr, err);

	if (rc != 0)
		assert_null(csr);
	else
		rc = ca_pkcs10_check(csr, err);
	ca_pkcs10_free(csr);
	return rc;
}

static struct ca_pkcs10 *
parse_good(const char *name)
{
	unsigned char p[FIXTURE_MAX];
	size_t len = read_fixture(name, p);
	struct ca_pkcs10 *csr;
	struct gh_error err;

	if (ca_crmf_parse(p, len, &csr, &err) != 0)
		fail_msg("%s: %s", name, err.detail);
	assert_int_equal(ca_pkcs10_check(csr, &err), 0);
	return csr;
}

static int
verdict_of(const char *name)
{
	return strncmp(name, "good-", 5) == 0      ? 0
	    : strncmp(name, "csr-", 4) == 0        ? GH_E_CSR
	    : strncmp(name, "weak-", 5) == 0       ? GH_E_CSR_WEAK
	    : strncmp(name, "signature-", 10) == 0 ? GH_E_CSR_SIGNATURE
						   : -1000;
}

static void
crmf__bouncy_castle(void **state)
{
	unsigned char p[FIXTURE_MAX];
	struct gh_error err = {0};
	DIR *d = opendir(fixture_folder("crmf"));
	struct dirent *e;
	int n = 0, rc;

	(void)state;
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (strstr(e->d_name, ".crmf") == NULL)
			continue;
		rc = judge(p, read_fixture(e->d_name, p), &err);
		if (rc != verdict_of(e->d_name))
			fail_msg("%s: %d %s", e->d_name, rc, err.detail);
		n++;
	}
	closedir(d);
	assert_int_equal(n, 24);
}

static void
crmf__refusals_say_why(void **state)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
	    {"csr-two.crmf", "more than one request"},
	    {"csr-none.crmf", "not CertReqMessages"},
	    {"csr-no-subject.crmf", "needs subject"},
	    {"csr-serial.crmf", "serialNumber or signingAlg"},
	    {"csr-unknown-control.crmf", "a control that is not of RFC 4211, 6"},
	    {"csr-archive-twice.crmf", "pkiArchiveOptions twice"},
	    {"csr-no-controls.crmf", "not CertReqMessages"},
	    {"csr-popo-input.crmf", "poposkInput"},
	    {"signature-none.crmf", "must be a signature"},
	    {"signature-ra.crmf", "must be a signature"},
	    {"signature-encipherment.crmf", "must be a signature"},
	    {"signature-challenge.crmf", "must be a signature"},
	    {"signature-other-key.crmf", "does not match the public key (RFC 4211, 4.1)"},
	    {"signature-other-subject.crmf", "does not match the public key (RFC 4211, 4.1)"},
	    {"weak-sha1.crmf", "SHA-256 or stronger"},
	};
	unsigned char p[FIXTURE_MAX];
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_not_equal(judge(p, read_fixture(rows[i].name, p), &err), 0);
		if (strstr(err.message, rows[i].text) == NULL)
			fail_msg("%s: %s", rows[i].name, err.message);
	}
}

/* --- what comes out --------------------------------------------------------------------------- */

static void
crmf__is_as_a_pkcs10(void **state)
{
	struct ca_pkcs10 *csr = parse_good("good-extensions.crmf");
	char *subject = X509_NAME_oneline(X509_REQ_get_subject_name(csr->req), NULL, 0);
	GENERAL_NAMES *san = X509V3_get_d2i(csr->extensions, NID_subject_alt_name, NULL, NULL);

	(void)state;
	assert_string_equal(subject, "/CN=alice/O=Corp");
	assert_int_equal(csr->key_type, CA_KEY_EC);
	assert_string_equal(csr->curve, "P-256");
	assert_int_equal(sk_X509_EXTENSION_num(csr->extensions), 2);
	assert_int_equal(sk_GENERAL_NAME_num(san), 1);
	assert_int_equal(csr->archive_options.len, 0);
	GENERAL_NAMES_free(san);
	OPENSSL_free(subject);
	ca_pkcs10_free(csr);
	csr = parse_good("good-empty-subject.crmf");
	assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(csr->req)), 0);
	assert_null(csr->extensions);
	ca_pkcs10_free(csr);
}

/* What is recorded is DER, is read again, and asks for the same. */
static void
crmf__recorded_and_read_again(void **state)
{
	static const char *const names[] = {"good-ber.crmf", "good-rsa.crmf", "good-archive.crmf",
	    "good-extensions.crmf"};
	struct ca_pkcs10 *csr, *again;
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		csr = parse_good(names[i]);
		assert_true(gh_der_is_strict(csr->der, csr->der_len));
		assert_int_equal(ca_request_parse(csr->der, csr->der_len, &again, &err), 0);
		assert_int_equal(again->der_len, csr->der_len);
		assert_memory_equal(again->der, csr->der, csr->der_len);
		assert_int_equal(again->cert_request.len, csr->cert_request.len);
		assert_int_equal(again->archive_options.len > 0,
		    strstr(names[i], "archive") != NULL);
		assert_int_equal(ca_pkcs10_check(again, &err), 0);
		ca_pkcs10_free(again);
		ca_pkcs10_free(csr);
	}
}

/* What was recorded says raVerified, and is taken from nobody else. */
static void
crmf__recorded_without_its_key(void **state)
{
	struct ca_pkcs10 *csr = parse_good("good-archive.crmf"), *keyless, *again;
	struct gh_error err;

	(void)state;
	assert_int_equal(ca_pkcs10_check(csr, &err), 0);
	assert_int_equal(ca_crmf_without_key(csr, &keyless, &err), 0);
	assert_true(keyless->is_verified && keyless->archive_options.len == 0);
	assert_true(keyless->der_len + csr->archive_options.len < csr->der_len);
	assert_int_equal(keyless->spki_len, csr->spki_len);
	assert_memory_equal(keyless->spki, csr->spki, csr->spki_len);
	assert_int_equal(X509_NAME_cmp(X509_REQ_get_subject_name(keyless->req),
			     X509_REQ_get_subject_name(csr->req)),
	    0);
	assert_int_equal(ca_pkcs10_check(keyless, &err), 0);
	/* as it is read from the database */
	assert_int_equal(ca_request_parse(keyless->der, keyless->der_len, &again, &err), 0);
	assert_true(again->is_verified);
	assert_int_equal(ca_pkcs10_check(again, &err), 0);
	ca_pkcs10_free(again);
	/* as anybody could send it */
	assert_int_equal(ca_crmf_parse(keyless->der, keyless->der_len, &again, &err),
	    GH_E_CSR_SIGNATURE);
	assert_non_null(strstr(err.message, "must be a signature"));
	ca_pkcs10_free(keyless);
	ca_pkcs10_free(csr);
}

static void
crmf__beside_pkcs10(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	struct ca_pkcs10 *csr;
	struct gh_error err;
	int n;

	(void)state;
	X509_REQ_set_pubkey(req, key);
	assert_int_not_equal(X509_REQ_sign(req, key, EVP_sha256()), 0);
	n = i2d_X509_REQ(req, &der);
	assert_int_equal(ca_request_parse(der, (size_t)n, &csr, &err), 0);
	assert_int_equal(csr->cert_request.len, 0);
	assert_int_equal(ca_pkcs10_check(csr, &err), 0);
	ca_pkcs10_free(csr);
	assert_int_equal(ca_crmf_parse(der, (size_t)n, &csr, &err), GH_E_CSR);
	assert_int_equal(ca_request_parse(NULL, 0, &csr, &err), GH_E_CSR);
	OPENSSL_free(der);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}

/* --- damaged ---------------------------------------------------------------------------------- */

static void
damage(const char *name)
{
	unsigned char p[FIXTURE_MAX], *part;
	size_t len = read_fixture(name, p);
	struct gh_error err;

	for (size_t n = 0; n < len; n++) {
		part = malloc(n + (n == 0)); /* so that a read past the end shows */
		assert_non_null(part);
		memcpy(part, p, n);
		assert_int_equal(judge(part, n, &err), GH_E_CSR);
		free(part);
	}
	p[len] = 0;
	assert_int_equal(judge(p, len + 1, &err), GH_E_CSR);
	for (size_t i = 0; i < len; i++) {
		p[i] ^= (unsigned char)(1u << i % 8);
		if (judge(p, len, &err) == 0)
			fail_msg("%s: octet %zu altered", name, i);
		p[i] ^= (unsigned char)(1u << i % 8);
	}
}

static void
crmf__truncated_or_altered(void **state)
{
	(void)state;
	damage("good-plain.crmf");
	damage("good-extensions.crmf");
	damage("good-ignored.crmf");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(crmf__bouncy_castle),
	    cmocka_unit_test(crmf__refusals_say_why),
	    cmocka_unit_test(crmf__is_as_a_pkcs10),
	    cmocka_unit_test(crmf__recorded_and_read_again),
	    cmocka_unit_test(crmf__recorded_without_its_key),
	    cmocka_unit_test(crmf__beside_pkcs10),
	    cmocka_unit_test(crmf__truncated_or_altered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
