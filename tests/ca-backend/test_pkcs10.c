/* PKCS#10: armour, parser, check. The requests come from mkfixtures.py. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "encoding.h"
#include "formats/pkcs10.h"
#include "formats/roca.h"

#include "ca-backend/fixture_file.h"

#define FIXTURE_MAX (256 * 1024)

static unsigned char *
read_fixture(const char *folder, const char *name, size_t *len)
{
	unsigned char *data = malloc(FIXTURE_MAX);
	char path[512];

	assert_non_null(data);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	*len = fixture_read("pkcs10", path, data, FIXTURE_MAX);
	return data;
}

/* Parse and check: what a front door does. */
static int
judge(const unsigned char *der, size_t len, struct gh_error *err)
{
	struct ca_pkcs10 *csr;
	int rc = ca_pkcs10_parse(der, len, &csr, err);

	if (rc != 0) {
		assert_null(csr);
		assert_int_equal(rc, GH_E_CSR);
	} else {
		rc = ca_pkcs10_check(csr, err);
	}
	ca_pkcs10_free(csr);
	return rc;
}

static struct ca_pkcs10 *
parse_good(const char *name)
{
	struct ca_pkcs10 *csr;
	struct gh_error err;
	size_t len;
	unsigned char *der = read_fixture("good", name, &len);

	if (ca_pkcs10_parse(der, len, &csr, &err) != 0)
		fail_msg("%s: %s", name, err.detail);
	assert_int_equal(csr->der_len, len);
	assert_memory_equal(csr->der, der, len);
	free(der);
	return csr;
}

/* The verdict that a file name of bad/ begins with. */
static int
verdict_of(const char *name)
{
	if (strncmp(name, "csr-", 4) == 0)
		return GH_E_CSR;
	if (strncmp(name, "weak-", 5) == 0)
		return GH_E_CSR_WEAK;
	assert_int_equal(strncmp(name, "signature-", 10), 0);
	return GH_E_CSR_SIGNATURE;
}

static unsigned
judge_folder(const char *folder, bool is_good)
{
	char path[5000];
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", fixture_folder("pkcs10"), folder);
	assert_non_null(dir = opendir(path));
	while ((entry = readdir(dir)) != NULL) {
		struct gh_error err = {0};
		unsigned char *der;
		size_t len;
		int rc, expected;

		if (entry->d_name[0] == '.')
			continue;
		der = read_fixture(folder, entry->d_name, &len);
		expected = is_good ? 0 : verdict_of(entry->d_name);
		rc = judge(der, len, &err);
		if (rc != expected)
			fail_msg("%s: got %d, expected %d: %s", entry->d_name, rc, expected,
			    err.detail);
		if (rc != 0)
			assert_true(err.code == rc && strncmp(err.message, "CSR: ", 5) == 0);
		free(der);
		n++;
	}
	closedir(dir);
	return n;
}

static void
pkcs10__accepts_good_requests(void **state)
{
	(void)state;
	assert_in_range(judge_folder("good", true), 15, 1000);
}

static void
pkcs10__refuses_bad_requests(void **state)
{
	(void)state;
	assert_in_range(judge_folder("bad", false), 45, 1000);
}

static void
pkcs10__refuses_every_truncation(void **state)
{
	struct gh_error err;
	size_t len, i;
	unsigned char *der = read_fixture("good", "windows.der", &len);

	(void)state;
	for (i = 0; i < len; i++)
		assert_int_equal(judge(der, i, &err), GH_E_CSR);
	free(der);
}

/* Whatever byte is changed: never the same request with another content. */
static void
pkcs10__refuses_every_changed_byte(void **state)
{
	struct gh_error err;
	size_t len, i;
	unsigned char *der = read_fixture("good", "extensions.der", &len);

	(void)state;
	for (i = 0; i < len; i++) {
		der[i] ^= 0x21;
		assert_int_not_equal(judge(der, len, &err), 0);
		der[i] ^= 0x21;
	}
	assert_int_equal(judge(der, len, &err), 0);
	free(der);
}

/* --- what the parser finds -------------------------------------------------------------------- */

static void
check_key(const char *name, enum ca_key_type type, int bits, const char *curve)
{
	struct ca_pkcs10 *csr = parse_good(name);
	unsigned char *spki = NULL;

	assert_int_equal(csr->key_type, type);
	assert_int_equal(csr->key_bits, bits);
	assert_string_equal(csr->curve, curve);
	assert_int_equal(i2d_PUBKEY(csr->key, &spki), csr->spki_len);
	assert_memory_equal(spki, csr->spki, csr->spki_len);
	OPENSSL_free(spki);
	ca_pkcs10_free(csr);
}

static void
pkcs10__describes_keys(void **state)
{
	(void)state;
	check_key("rsa2048.der", CA_KEY_RSA, 2048, "");
	check_key("rsa3072.der", CA_KEY_RSA, 3072, "");
	check_key("p256.der", CA_KEY_EC, 256, "P-256");
	check_key("p384.der", CA_KEY_EC, 384, "P-384");
	check_key("p521.der", CA_KEY_EC, 521, "P-521");
	check_key("ed25519.der", CA_KEY_ED25519, 256, "");
	assert_string_equal(ca_key_type_name(CA_KEY_RSA), "RSA");
	assert_string_equal(ca_key_type_name(CA_KEY_EC), "EC");
	assert_string_equal(ca_key_type_name(CA_KEY_ED25519), "Ed25519");
	assert_string_equal(ca_key_type_name(CA_KEY_OTHER), "other");
}

static void
check_extensions(const char *name, int expected)
{
	struct ca_pkcs10 *csr = parse_good(name);

	if (expected == 0)
		assert_null(csr->extensions);
	else
		assert_int_equal(sk_X509_EXTENSION_num(csr->extensions), expected);
	ca_pkcs10_free(csr);
}

static void
pkcs10__finds_extensions_of_both_forms(void **state)
{
	(void)state;
	check_extensions("extensions.der", 2);
	check_extensions("extensions-ms.der", 2);
	check_extensions("empty-extensions.der", 0);
	check_extensions("p256.der", 0);
}

static void
check_template(const char *name, const char *template_name)
{
	struct ca_pkcs10 *csr = parse_good(name);

	assert_non_null(csr->ms_template);
	assert_string_equal(csr->ms_template, template_name);
	assert_null(csr->ms_template_oid);
	ca_pkcs10_free(csr);
}

static void
pkcs10__reads_template_names(void **state)
{
	struct ca_pkcs10 *csr = parse_good("p256.der");

	(void)state;
	assert_null(csr->ms_template);
	ca_pkcs10_free(csr);
	check_template("windows.der", "User");
	check_template("template-utf8.der", "T\xc3\xbcr");
}

static void
pkcs10__reads_template_oids(void **state)
{
	struct ca_pkcs10 *csr = parse_good("template-v2.der");

	(void)state;
	assert_string_equal(csr->ms_template_oid, "1.3.6.1.4.1.311.21.8.1.2");
	assert_int_equal(csr->ms_template_major, 100);
	assert_int_equal(csr->ms_template_minor, 4294967295u);
	ca_pkcs10_free(csr);
	csr = parse_good("template-v2-bare.der");
	assert_string_equal(csr->ms_template_oid, "1.2.3.4");
	assert_int_equal(csr->ms_template_major, 0);
	assert_int_equal(csr->ms_template_minor, 0);
	ca_pkcs10_free(csr);
}

/* --- armour ----------------------------------------------------------------------------------- */

static const unsigned char bytes[] = {0x30, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
    17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49};
#define TEXT_1 "MAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define TEXT_2 "GBkaGxwdHh8gISIjJCUmJygpKissLS4v"
#define TEXT_3 "MDE="
#define LABEL "CERTIFICATE REQUEST-----"

static void
check_armour(const char *text, bool is_good)
{
	unsigned char *der;
	struct gh_error err;
	size_t len;
	int rc = ca_pkcs10_unarmour(text, &der, &len, &err);

	if (!is_good) {
		assert_int_equal(rc, GH_E_CSR);
		assert_null(der);
		return;
	}
	if (rc != 0)
		fail_msg("%s: %s", text, err.detail);
	assert_int_equal(len, sizeof(bytes));
	assert_memory_equal(der, bytes, len);
	free(der);
}

static void
unarmour__takes_every_armour_of_the_notes(void **state)
{
	(void)state;
	check_armour(TEXT_1 TEXT_2 TEXT_3, true);
	check_armour(TEXT_1 "\n" TEXT_2 "\n" TEXT_3 "\n", true);
	check_armour(TEXT_1 "\r\n" TEXT_2 "\r\n" TEXT_3 "\r\n", true);
	check_armour("-----BEGIN " LABEL "\n" TEXT_1 TEXT_2 "\n" TEXT_3 "\n-----END " LABEL "\n",
	    true);
	check_armour("-----BEGIN NEW " LABEL "\r\n" TEXT_1 TEXT_2 "\r\n" TEXT_3
		     "\r\n-----END NEW " LABEL "\r\n",
	    true);
	check_armour("-----BEGIN " LABEL " " TEXT_1 TEXT_2 " " TEXT_3 " -----END " LABEL, true);
	check_armour(" \t\r\n  -----BEGIN NEW " LABEL "\n" TEXT_1 TEXT_2 TEXT_3
		     "\n-----END NEW " LABEL "  \n\n",
	    true);
	check_armour("-----BEGIN " LABEL TEXT_1 TEXT_2 TEXT_3 "-----END " LABEL, true);
}

static void
unarmour__refuses_the_rest(void **state)
{
	(void)state;
	check_armour("", false);
	check_armour(" \r\n", false);
	check_armour("-", false);
	check_armour("not base64!", false);
	check_armour("-----BEGIN " LABEL "\n-----END " LABEL, false);
	check_armour("-----BEGIN " LABEL "\n" TEXT_1, false);
	check_armour(TEXT_1 "\n-----END " LABEL, false);
	check_armour("-----BEGIN " LABEL "\n" TEXT_1 "\n-----END NEW " LABEL, false);
	check_armour("-----BEGIN CERTIFICATE-----\n" TEXT_1 "\n-----END CERTIFICATE-----", false);
	check_armour("-----BEGIN " LABEL "\n" TEXT_1 "\n-----END " LABEL " x", false);
	check_armour("-----BEGIN " LABEL "\nProc-Type: 4\n\n" TEXT_1 "\n-----END " LABEL, false);
	check_armour("-----BEGIN " LABEL "\n" TEXT_1 "\n-----END " LABEL "\n-----BEGIN " LABEL
		     "\n" TEXT_1 "\n-----END " LABEL,
	    false);
}

static void
unarmour__bounds_its_input(void **state)
{
	size_t n = 3 * CA_PKCS10_DER_MAX;
	char *text = malloc(n + 1);

	(void)state;
	assert_non_null(text);
	memset(text, 'A', n);
	text[n] = '\0';
	check_armour(text, false);
	free(text);
}

/* --- ROCA ------------------------------------------------------------------------------------- */

static void
roca__leaves_random_numbers_alone(void **state)
{
	BIGNUM *n = BN_new();
	int i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		assert_int_equal(BN_rand(n, 2048, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD), 1);
		assert_false(roca_has_fingerprint(n));
	}
	BN_free(n);
}

/* 1 is 65537^0, and so are all powers: the fingerprint is a statement about residues only. */
static void
roca__knows_powers_of_the_generator(void **state)
{
	BIGNUM *n = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *generator = BN_new();

	(void)state;
	assert_int_equal(BN_set_word(generator, 65537), 1);
	assert_int_equal(BN_one(n), 1);
	while (BN_num_bits(n) < 2048) {
		assert_true(roca_has_fingerprint(n));
		assert_int_equal(BN_mul(n, n, generator, ctx), 1);
	}
	assert_int_equal(BN_add_word(n, 2), 1);
	assert_false(roca_has_fingerprint(n));
	BN_free(n);
	BN_free(generator);
	BN_CTX_free(ctx);
}

static void
roca__finds_small_factors(void **state)
{
	static const unsigned long factors[] = {2, 3, 5, 97, 163, 167};
	BIGNUM *n = BN_new();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
		assert_int_equal(BN_set_word(n, 1000003 * factors[i]), 1);
		assert_true(roca_has_small_factor(n));
	}
	assert_int_equal(BN_set_word(n, 1000003UL * 173), 1);
	assert_false(roca_has_small_factor(n));
	BN_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pkcs10__accepts_good_requests),
	    cmocka_unit_test(pkcs10__refuses_bad_requests),
	    cmocka_unit_test(pkcs10__refuses_every_truncation),
	    cmocka_unit_test(pkcs10__refuses_every_changed_byte),
	    cmocka_unit_test(pkcs10__describes_keys),
	    cmocka_unit_test(pkcs10__finds_extensions_of_both_forms),
	    cmocka_unit_test(pkcs10__reads_template_names),
	    cmocka_unit_test(pkcs10__reads_template_oids),
	    cmocka_unit_test(unarmour__takes_every_armour_of_the_notes),
	    cmocka_unit_test(unarmour__refuses_the_rest),
	    cmocka_unit_test(unarmour__bounds_its_input),
	    cmocka_unit_test(roca__leaves_random_numbers_alone),
	    cmocka_unit_test(roca__knows_powers_of_the_generator),
	    cmocka_unit_test(roca__finds_small_factors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
