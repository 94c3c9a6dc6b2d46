/* Base64 and the spellings of secrets. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encoding.h"
#include "hex.h"

static void
expect_decoded(const char *text, const char *want, size_t n)
{
	unsigned char *p;
	size_t len;

	assert_int_equal(gh_base64_decode(text, strlen(text), &p, &len, NULL), 0);
	assert_int_equal(len, n);
	assert_memory_equal(p, want, n);
	free(p);
}

static void
base64__decodes_rfc4648_vectors(void **state)
{
	(void)state;
	expect_decoded("", "", 0);
	expect_decoded("Zg==", "f", 1);
	expect_decoded("Zm8=", "fo", 2);
	expect_decoded("Zm9v", "foo", 3);
	expect_decoded("Zm9vYmFy", "foobar", 6);
}

static void
base64__tolerates_space_and_missing_padding(void **state)
{
	(void)state;
	expect_decoded(" Zm9v\r\nYmE", "fooba", 5);
	expect_decoded("Zg", "f", 1);
	expect_decoded("Zg = =\n", "f", 1);
}

static void
base64__refuses_garbage(void **state)
{
	static const char *const bad[] = {"Z", "Zg=", "Zg===", "Zm9v=", "Zh==", "Zm9=", "Zm9v-",
	    "Zm9v_", "=Zg=", "Zg==Zg==", "Zm9vZ"};
	unsigned char *p;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(gh_base64_decode(bad[i], strlen(bad[i]), &p, &len, NULL),
		    GH_E_BAD_REQUEST);
		assert_null(p);
	}
	assert_int_equal(gh_base64_decode("Zg\0=", 4, &p, &len, NULL), GH_E_BAD_REQUEST);
}

static void
base64__breaks_lines_at_64(void **state)
{
	unsigned char in[96];
	char *out;

	(void)state;
	memset(in, 0, sizeof(in));
	out = gh_base64_encode(in, 96, GH_BASE64_CRLF_64);
	assert_int_equal(strlen(out), 132);
	assert_memory_equal(out + 64, "\r\n", 2);
	assert_memory_equal(out + 130, "\r\n", 2);
	free(out);
	out = gh_base64_encode(in, 49, GH_BASE64_CRLF_64);
	assert_memory_equal(out + 66, "AA==\r\n", 7);
	free(out);
	out = gh_base64_encode("", 0, GH_BASE64_CRLF_64);
	assert_string_equal(out, "");
	free(out);
}

static void
base64__round_trips_every_length(void **state)
{
	unsigned char in[200];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 37);
	for (size_t n = 0; n <= sizeof(in); n++) {
		char *text =
		    gh_base64_encode(in, n, n % 2 ? GH_BASE64_CRLF_64 : GH_BASE64_ONE_LINE);
		unsigned char *p;
		size_t len;

		assert_true(strlen(text) < GH_BASE64_SIZE(n));
		assert_int_equal(gh_base64_decode(text, strlen(text), &p, &len, NULL), 0);
		assert_int_equal(len, n);
		assert_memory_equal(p, in, n);
		free(p);
		free(text);
	}
}

static void
secret__knows_three_spellings(void **state)
{
	static const char *const same[] = {"hex:6b6579", "base64:a2V5", "text:key", "key"};
	unsigned char *p;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(gh_secret_decode(same[i], &p, &n, NULL), 0);
		assert_int_equal(n, 3);
		assert_memory_equal(p, "key", 3);
		free(p);
	}
	assert_int_equal(gh_secret_decode("hex:xyz", &p, &n, NULL), GH_E_BAD_REQUEST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(base64__decodes_rfc4648_vectors),
	    cmocka_unit_test(base64__tolerates_space_and_missing_padding),
	    cmocka_unit_test(base64__refuses_garbage),
	    cmocka_unit_test(base64__breaks_lines_at_64),
	    cmocka_unit_test(base64__round_trips_every_length),
	    cmocka_unit_test(secret__knows_three_spellings),
	};

	return cmocka_run_group_tests_name("base/encoding", tests, NULL, NULL);
}
