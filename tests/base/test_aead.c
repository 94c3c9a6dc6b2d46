/* AES-256-GCM beside a published answer, and what must not open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aead.h"
#include "hex.h"

static const unsigned char key[GH_KEY_SIZE] = {1, 2, 3};
static const struct gh_der aad = {(const unsigned char *)"label", 5};
static const struct gh_der nothing = {(const unsigned char *)"", 0};

static int
open_with(const unsigned char k[GH_KEY_SIZE], const struct gh_der *a, const struct gh_der *message,
    struct gh_buf *out)
{
	struct gh_error err;

	gh_buf_init(out, 1000);
	return gh_aead_open(k, a, message, out, &err);
}

/* The Galois/Counter Mode of Operation (McGrew, Viega), test cases 13 and 14: key, nonce and text
 * are zeros. The second row has no text. */
static void
opens_published_messages(void **state)
{
	static const struct {
		const char *message;
		size_t len;
	} rows[] = {
	    {"000000000000000000000000cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
		16},
	    {"000000000000000000000000530f8afbc74536b9a963b4f1c4cb738b", 0},
	};
	static const unsigned char zeros[GH_KEY_SIZE] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gh_der message;
		struct gh_buf out;
		unsigned char *p;

		assert_int_equal(gh_hex_decode(rows[i].message, strlen(rows[i].message), &p,
				     &message.len, NULL),
		    0);
		message.p = p;
		assert_int_equal(open_with(zeros, &nothing, &message, &out), 0);
		assert_int_equal(out.len, rows[i].len);
		assert_memory_equal(out.data, zeros, out.len);
		gh_buf_free(&out);
		free(p);
	}
}

static void
opens_what_it_sealed_and_nothing_else(void **state)
{
	static const unsigned char other[GH_KEY_SIZE] = {1, 2, 4};
	static const struct gh_der other_aad = {(const unsigned char *)"lebal", 5};
	struct gh_der plain = {(const unsigned char *)"what is sealed", 14}, message;
	struct gh_buf sealed, again, out;
	struct gh_error err;

	(void)state;
	gh_buf_init(&sealed, 1000);
	gh_buf_init(&again, 1000);
	assert_int_equal(gh_aead_seal(key, &aad, &plain, &sealed, &err), 0);
	assert_int_equal(gh_aead_seal(key, &aad, &plain, &again, &err), 0);
	assert_int_equal(sealed.len, plain.len + GH_AEAD_OVERHEAD);
	assert_memory_not_equal(sealed.data, again.data, 12); /* another nonce each time */
	message = (struct gh_der){sealed.data, sealed.len};
	assert_int_equal(open_with(key, &aad, &message, &out), 0);
	assert_string_equal((char *)out.data, "what is sealed");
	gh_buf_free(&out);
	assert_int_equal(open_with(other, &aad, &message, &out), GH_E_BAD_REQUEST);
	assert_int_equal(out.len, 0);
	assert_int_equal(open_with(key, &other_aad, &message, &out), GH_E_BAD_REQUEST);
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.data[i] ^= 1;
		assert_int_equal(open_with(key, &aad, &message, &out), GH_E_BAD_REQUEST);
		assert_int_equal(out.len, 0);
		sealed.data[i] ^= 1;
	}
	for (message.len = 0; message.len < sealed.len; message.len++)
		assert_int_equal(open_with(key, &aad, &message, &out), GH_E_BAD_REQUEST);
	gh_buf_free(&sealed);
	gh_buf_free(&again);
}

static void
lengths_have_a_bound(void **state)
{
	struct gh_der huge = {key, 1024 * 1024 + 1};
	struct gh_error err;
	struct gh_buf out;

	(void)state;
	gh_buf_init(&out, SIZE_MAX / 2);
	assert_int_equal(gh_aead_seal(key, &aad, &huge, &out, &err), GH_E_INTERNAL);
	assert_int_equal(gh_aead_open(key, &aad, &huge, &out, &err), GH_E_BAD_REQUEST);
	assert_int_equal(out.len, 0);
	gh_buf_init(&out, 10); /* no room */
	assert_int_equal(gh_aead_seal(key, &aad, &nothing, &out, &err), GH_E_NOMEM);
	gh_buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(opens_published_messages),
	    cmocka_unit_test(opens_what_it_sealed_and_nothing_else),
	    cmocka_unit_test(lengths_have_a_bound),
	};

	return cmocka_run_group_tests_name("base/aead", tests, NULL, NULL);
}
