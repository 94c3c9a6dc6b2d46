/* Digests and HMACs against published values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "digest.h"
#include "hex.h"

static void
expect_hex(enum gh_hash hash, const unsigned char *got, const char *want)
{
	char *hex = gh_hex_encode(got, gh_digest_size(hash));

	assert_non_null(hex);
	assert_string_equal(hex, want);
	free(hex);
}

/* FIPS 180-4, the examples of one block and of nothing */
static void
digest__gives_published_values(void **state)
{
	unsigned char out[GH_DIGEST_MAX];

	(void)state;
	assert_true(gh_digest(GH_SHA1, "abc", 3, out));
	expect_hex(GH_SHA1, out, "A9993E364706816ABA3E25717850C26C9CD0D89D");
	assert_true(gh_digest(GH_SHA256, "abc", 3, out));
	expect_hex(GH_SHA256, out,
	    "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
	assert_true(gh_digest(GH_SHA512, "abc", 3, out));
	expect_hex(GH_SHA512, out,
	    "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A"
	    "2192992A274FC1A836BA3C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F");
	assert_true(gh_digest(GH_SHA1, NULL, 0, out));
	expect_hex(GH_SHA1, out, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709");
}

/* RFC 2202, 3, and RFC 4231, 4.3: key "Jefe" */
static void
hmac__gives_published_values(void **state)
{
	static const char text[] = "what do ya want for nothing?";
	unsigned char out[GH_DIGEST_MAX];

	(void)state;
	assert_true(gh_hmac(GH_SHA1, "Jefe", 4, text, strlen(text), out));
	expect_hex(GH_SHA1, out, "EFFCDF6AE5EB2FA2D27416D5F184DF9C259A7C79");
	assert_true(gh_hmac(GH_SHA256, "Jefe", 4, text, strlen(text), out));
	expect_hex(GH_SHA256, out,
	    "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843");
	assert_true(gh_hmac(GH_SHA512, "Jefe", 4, text, strlen(text), out));
	expect_hex(GH_SHA512, out,
	    "164B7A7BFCF819E2E395FBE73B56E0A387BD64222E831FD610270CD7EA250554"
	    "9758BF75C05A994A6D034F65F8F0E6FDCAEAB1A34D4A6B4B636E070A38BCE737");
}

/* One key must leave nothing for the next: the context is copied from one that has none. */
static void
hmac__keeps_no_key(void **state)
{
	unsigned char one[GH_DIGEST_MAX], two[GH_DIGEST_MAX];

	(void)state;
	assert_true(gh_hmac(GH_SHA256, "Jefe", 4, NULL, 0, one));
	assert_true(gh_hmac(GH_SHA256, NULL, 0, NULL, 0, two));
	expect_hex(GH_SHA256, two,
	    "B613679A0814D9EC772F95D778C35FC5FF1697C493715653C6C712144292C5AD");
	assert_memory_not_equal(one, two, 32);
}

static void
hash__has_one_name(void **state)
{
	static const char *const names[] = {"SHA1", "SHA256", "SHA512"};
	static const char *const bad[] = {"", "SHA", "SHA-256", "SHA384", "md5", "SHA2566"};
	enum gh_hash h = GH_HASHES;

	(void)state;
	for (size_t i = 0; i < GH_HASHES; i++) {
		assert_true(gh_hash_find(names[i], &h));
		assert_int_equal(h, i);
		assert_string_equal(gh_hash_name(h), names[i]);
	}
	assert_true(gh_hash_find("sha256", &h));
	assert_int_equal(h, GH_SHA256);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(gh_hash_find(bad[i], &h));
	assert_int_equal(h, GH_SHA256);
}

/* RFC 5869, 2, with HMAC of Python's library: no salt, info is the label. */
static void
derive_key__gives_a_known_value(void **state)
{
	unsigned char secret[GH_KEY_SIZE], out[GH_KEY_SIZE], other[GH_KEY_SIZE];
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (unsigned char)i;
	assert_int_equal(gh_derive_key(secret, "gatehouse audit key 1", out, &err), 0);
	expect_hex(GH_SHA256, out,
	    "0A59153F5A99995E9B410FA18DA3AD670EB3B20D1F8D7A6593695403F7942603");
	assert_int_equal(gh_derive_key(secret, "gatehouse audit key 2", other, &err), 0);
	assert_memory_not_equal(out, other, sizeof(out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(digest__gives_published_values),
	    cmocka_unit_test(hmac__gives_published_values),
	    cmocka_unit_test(hmac__keeps_no_key),
	    cmocka_unit_test(derive_key__gives_a_known_value),
	    cmocka_unit_test(hash__has_one_name),
	};

	return cmocka_run_group_tests_name("base/digest", tests, NULL, NULL);
}
