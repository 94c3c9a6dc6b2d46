/* Times in ASN.1, beside OpenSSL's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/asn1.h>

#include "asn1_time.h"

#define YEAR_1950 (-631152000)
#define YEAR_2050 2524608000
#define YEAR_0 (-62167219200)
#define YEAR_10000 253402300800

static void
expect_written(int64_t t, const char *want, const char *want_general)
{
	for (int general = 0; general < 2; general++) {
		const char *text = general ? want_general : want;
		struct gh_asn1_time at;
		int64_t again;
		struct gh_der in;

		assert_true(
		    general ? gh_asn1_time_encode_general(t, &at) : gh_asn1_time_encode(t, &at));
		assert_int_equal(at.len, strlen(text));
		assert_memory_equal(at.bytes, text, at.len);
		in = (struct gh_der){at.bytes, at.len};
		if (!general && t < YEAR_1950) /* RFC 5280 has no such certificates */
			continue;
		assert_true(general ? gh_asn1_time_take_general(&in, &again)
				    : gh_asn1_time_take(&in, &again));
		assert_int_equal(in.len, 0);
		assert_int_equal(again, t);
	}
}

static void
written_as_rfc5280_says(void **state)
{
	struct gh_asn1_time at;

	(void)state;
	expect_written(0,
	    "\x17\x0d"
	    "700101000000Z",
	    "\x18\x0f"
	    "19700101000000Z");
	expect_written(1704164645,
	    "\x17\x0d"
	    "240102030405Z",
	    "\x18\x0f"
	    "20240102030405Z");
	expect_written(YEAR_1950,
	    "\x17\x0d"
	    "500101000000Z",
	    "\x18\x0f"
	    "19500101000000Z");
	expect_written(YEAR_1950 - 1,
	    "\x18\x0f"
	    "19491231235959Z",
	    "\x18\x0f"
	    "19491231235959Z");
	expect_written(YEAR_2050 - 1,
	    "\x17\x0d"
	    "491231235959Z",
	    "\x18\x0f"
	    "20491231235959Z");
	expect_written(YEAR_2050,
	    "\x18\x0f"
	    "20500101000000Z",
	    "\x18\x0f"
	    "20500101000000Z");
	expect_written(YEAR_10000 - 1,
	    "\x18\x0f"
	    "99991231235959Z",
	    "\x18\x0f"
	    "99991231235959Z");
	assert_false(gh_asn1_time_encode(YEAR_10000, &at));
	assert_int_equal(at.len, 0);
	assert_false(gh_asn1_time_encode_general(YEAR_0 - 1, &at));
}

static void
other_forms_are_refused(void **state)
{
	static const struct {
		const char *der;
		bool general;
	} bad[] = {
	    {"\x17\x0b"
	     "2401020304Z",
		false}, /* no seconds */
	    {"\x17\x11"
	     "240102030405+0100",
		false}, /* an offset */
	    {"\x17\x0c"
	     "240102030405",
		false}, /* no Z */
	    {"\x17\x0d"
	     "240230030405Z",
		false}, /* 30 February */
	    {"\x17\x0d"
	     "240102240405Z",
		false}, /* 24 o'clock */
	    {"\x17\x0d"
	     "240102030460Z",
		false}, /* a leap second */
	    {"\x17\x0d"
	     "24010203040 Z",
		false}, /* a blank */
	    {"\x18\x0f"
	     "20240102030405Z",
		false}, /* must be UTCTime */
	    {"\x18\x11"
	     "20500102030405.5Z",
		false}, /* a fraction */
	    {"\x17\x0d"
	     "240102030405Z",
		true}, /* must be GeneralizedTime */
	    {"\x18\x0f"
	     "20240230030405Z",
		true}, /* 30 February */
	    {"\x18\x0f"
	     "20240102030405z",
		true}, /* no Z */
	    {"\x04\x0d"
	     "240102030405Z",
		false}, /* no time */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct gh_der in = {(const unsigned char *)bad[i].der, strlen(bad[i].der)};
		int64_t t = 1;

		assert_false(bad[i].general ? gh_asn1_time_take_general(&in, &t)
					    : gh_asn1_time_take(&in, &t));
		assert_int_equal(t, 0);
	}
}

static void
a_decoded_time_is_the_same_moment(void **state)
{
	static const int64_t at[] = {YEAR_1950, -1, 0, 1704164645, YEAR_2050 - 1, YEAR_2050,
	    YEAR_10000 - 1};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		ASN1_TIME *a = ASN1_TIME_set(NULL, at[i]);

		assert_non_null(a);
		assert_true(gh_asn1_time_get(a, &t));
		assert_int_equal(t, at[i]);
		ASN1_TIME_free(a);
	}
}

static void
what_is_no_time_is_refused(void **state)
{
	ASN1_TIME *a = ASN1_TIME_new();
	int64_t t = 1;

	(void)state;
	assert_false(gh_asn1_time_get(NULL, &t)); /* not the present */
	assert_int_equal(t, 0);
	assert_int_equal(ASN1_STRING_set(a, "240230030405Z", -1), 1);
	a->type = V_ASN1_UTCTIME;
	t = 1;
	assert_false(gh_asn1_time_get(a, &t));
	assert_int_equal(t, 0);
	ASN1_TIME_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(written_as_rfc5280_says),
	    cmocka_unit_test(other_forms_are_refused),
	    cmocka_unit_test(a_decoded_time_is_the_same_moment),
	    cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests_name("base/asn1_time", tests, NULL, NULL);
}
