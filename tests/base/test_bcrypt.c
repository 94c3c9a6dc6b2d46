/* bcrypt of short and of long texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bcrypt.h"

static void
bcrypt__takes_its_own_hash_only(void **state)
{
	char hash[GH_BCRYPT_SIZE], again[GH_BCRYPT_SIZE];
	struct gh_error err;

	(void)state;
	assert_int_equal(gh_bcrypt_hash("correct horse", hash, &err), 0);
	assert_int_equal(gh_bcrypt_hash("correct horse", again, &err), 0);
	assert_memory_equal(hash, "$2b$12$", 7);
	assert_string_not_equal(hash, again); /* salted */
	assert_true(gh_bcrypt_is_right("correct horse", hash));
	assert_false(gh_bcrypt_is_right("correct horsf", hash));
	assert_false(gh_bcrypt_is_right("", hash));
}

static void
bcrypt__refuses_what_it_would_cut(void **state)
{
	char text[GH_BCRYPT_MAX + 2], hash[GH_BCRYPT_SIZE];
	struct gh_error err;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[GH_BCRYPT_MAX + 1] = '\0';
	assert_int_equal(gh_bcrypt_hash(text, hash, &err), GH_E_INTERNAL);
	assert_string_equal(hash, "");
	text[GH_BCRYPT_MAX] = '\0';
	assert_int_equal(gh_bcrypt_hash(text, hash, &err), 0);
	assert_true(gh_bcrypt_is_right(text, hash));
	text[GH_BCRYPT_MAX] = 'a';
	assert_false(gh_bcrypt_is_right(text, hash));
}

static void
bcrypt__long_texts_count_to_their_end(void **state)
{
	char text[1021], hash[GH_BCRYPT_SIZE];
	struct gh_error err;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(gh_bcrypt_hash_long(text, hash, &err), 0);
	assert_true(gh_bcrypt_is_right_long(text, hash));
	text[sizeof(text) - 2] = 'b';
	assert_false(gh_bcrypt_is_right_long(text, hash));
	/* printf 12345678 | openssl dgst -sha256 -binary | base64 */
	assert_int_equal(gh_bcrypt_hash_long("12345678", hash, &err), 0);
	assert_true(gh_bcrypt_is_right("73l8gRjwLftklgfdXT+MdiMEjJwGPVMsyVxe16iYpk8=", hash));
	assert_false(gh_bcrypt_is_right("12345678", hash));
}

static void
bcrypt__no_hash_and_foreign_hashes_are_no(void **state)
{
	(void)state;
	assert_false(gh_bcrypt_is_right("x", NULL));
	assert_false(gh_bcrypt_is_right_long("x", NULL));
	assert_false(gh_bcrypt_is_right("x", ""));
	assert_false(gh_bcrypt_is_right("x", "$6$salt$hash"));
	assert_false(gh_bcrypt_is_right("x", "$2b$12$tooshort"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bcrypt__takes_its_own_hash_only),
	    cmocka_unit_test(bcrypt__refuses_what_it_would_cut),
	    cmocka_unit_test(bcrypt__long_texts_count_to_their_end),
	    cmocka_unit_test(bcrypt__no_hash_and_foreign_hashes_are_no),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
