/* Names and encodings of public keys, beside what OpenSSL makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509.h>

#include "key_alg.h"

static bool
read_alg(EVP_PKEY *key, enum gh_key_alg *alg, enum gh_curve *curve)
{
	unsigned char *spki = NULL;
	int n = i2d_PUBKEY(key, &spki);
	struct gh_der in = {spki, (size_t)n}, body, whole;
	bool ok;

	assert_true(n > 0 && gh_der_take(&in, GH_DER_SEQUENCE, &body) &&
	    gh_der_take_whole(&body, GH_DER_SEQUENCE, &whole));
	ok = gh_key_alg_read(&whole, alg, curve);
	OPENSSL_free(spki);
	return ok;
}

static void
every_name_makes_such_a_key(void **state)
{
	static const struct {
		const char *name;
		int bits;
		enum gh_key_alg alg;
		enum gh_curve curve;
	} rows[] = {
	    {"P-256", 256, GH_KEY_EC, GH_P256},
	    {"P-384", 384, GH_KEY_EC, GH_P384},
	    {"RSA-2048", 2048, GH_KEY_RSA, GH_CURVES},
	    {"RSA-3072", 3072, GH_KEY_RSA, GH_CURVES},
	    {"Ed25519", 256, GH_KEY_ED25519, GH_CURVES},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EVP_PKEY *key = gh_key_make(rows[i].name);
		enum gh_key_alg alg;
		enum gh_curve curve;

		assert_true(gh_key_is_name(rows[i].name));
		assert_non_null(key);
		if (rows[i].alg != GH_KEY_ED25519)
			assert_int_equal(EVP_PKEY_get_bits(key), rows[i].bits);
		assert_true(read_alg(key, &alg, &curve));
		assert_int_equal(alg, rows[i].alg);
		assert_int_equal(curve, rows[i].curve);
		assert_string_equal(gh_key_name_like(key), rows[i].name);
		EVP_PKEY_free(key);
	}
	assert_true(gh_key_is_name("RSA-4096"));
}

/* What people are told is what is made. */
static void
all_names_are_told(void **state)
{
	char names[] = GH_KEY_NAMES, *rest = NULL;
	int n = 0;

	(void)state;
	for (char *name = strtok_r(names, ", ", &rest); name != NULL;
	     name = strtok_r(NULL, ", ", &rest))
		if (strcmp(name, "or") != 0) {
			assert_true(gh_key_is_name(name));
			n++;
		}
	assert_int_equal(n, 6);
}

static void
other_names_make_none(void **state)
{
	static const char *const bad[] = {"", "P-521", "p-256", "RSA", "RSA-1024", "RSA-2048 ",
	    "ED25519", "prime256v1"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(gh_key_is_name(bad[i]));
		assert_null(gh_key_make(bad[i]));
	}
	assert_null(gh_key_name_like(NULL));
}

static void
every_curve_is_that_of_openssl(void **state)
{
	static const char *const openssl[GH_CURVES] = {"prime256v1", "secp384r1", "secp521r1"};

	(void)state;
	for (int i = 0; i < GH_CURVES; i++) {
		const char *name = gh_curve_name((enum gh_curve)i);
		EVP_PKEY *key = EVP_EC_gen(name);
		enum gh_key_alg alg;
		enum gh_curve curve;

		assert_non_null(key);
		assert_int_equal(EVP_PKEY_get_bits(key), gh_curve_bits((enum gh_curve)i));
		assert_int_equal(OBJ_txt2nid(openssl[i]), gh_curve_nid((enum gh_curve)i));
		assert_true(gh_curve_of_key(key, &curve));
		assert_int_equal(curve, i);
		assert_true(read_alg(key, &alg, &curve));
		assert_int_equal(alg, GH_KEY_EC);
		assert_int_equal(curve, i);
		assert_true(gh_curve_find(name, &curve));
		assert_int_equal(curve, i);
		assert_true(gh_curve_find(openssl[i], &curve));
		assert_int_equal(curve, i);
		EVP_PKEY_free(key);
	}
}

static void
other_curves_and_keys_are_refused(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("secp256k1"), *x = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	enum gh_key_alg alg;
	enum gh_curve curve;

	(void)state;
	assert_false(gh_curve_find("secp256k1", &curve));
	assert_false(gh_curve_find("", &curve));
	assert_false(gh_curve_of_key(key, &curve));
	assert_false(read_alg(key, &alg, &curve));
	assert_false(gh_curve_of_key(x, &curve));
	assert_false(read_alg(x, &alg, &curve));
	assert_null(gh_key_name_like(x));
	EVP_PKEY_free(key);
	EVP_PKEY_free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_name_makes_such_a_key),
	    cmocka_unit_test(all_names_are_told),
	    cmocka_unit_test(other_names_make_none),
	    cmocka_unit_test(every_curve_is_that_of_openssl),
	    cmocka_unit_test(other_curves_and_keys_are_refused),
	};

	return cmocka_run_group_tests_name("base/key_alg", tests, NULL, NULL);
}
