/* MACs over rows: equal content has one encoding, different content never the same one. */
/* valgrind: what it makes is hashed, signed or encrypted */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"
#include "store/grant/row_seal.h"

static const unsigned char key[GH_KEY_SIZE] = "0123456789abcdef0123456789abcde";

static void
mac(const char *table, int64_t id, const char *json, unsigned char out[ROW_SEAL_SIZE])
{
	gh_json *v;

	assert_int_equal(gh_json_parse(json, strlen(json), GH_JSON_STRICT, &v, NULL), 0);
	assert_int_equal(row_seal_row(key, table, id, v, out, NULL), 0);
	gh_json_free(v);
}

static void
row__spelling_does_not_count(void **state)
{
	static const char *const same[][2] = {
	    {"{\"a\":1,\"b\":[2]}", " { \"b\" : [ 2 ] , \"a\" : 1 } "},
	    {"1e3", "1000.0"},
	    {"-2.50", "-2.5"},
	    {"-0.0", "0.0"},
	    {"\"\\u00fc\"", "\"\xc3\xbc\""},
	    {"0.1", "0.10"},
	};
	unsigned char a[ROW_SEAL_SIZE], b[ROW_SEAL_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		mac("t", 1, same[i][0], a);
		mac("t", 1, same[i][1], b);
		assert_memory_equal(a, b, ROW_SEAL_SIZE);
	}
}

static void
row__every_difference_counts(void **state)
{
	static const char *const different[] = {
	    "null",
	    "true",
	    "false",
	    "0",
	    "1",
	    "-1",
	    "1.5",
	    "\"\"",
	    "\"1\"",
	    "\"null\"",
	    "[]",
	    "[[]]",
	    "{}",
	    "[1]",
	    "[1,2]",
	    "[12]",
	    "[\"a\",\"b\"]",
	    "[\"ab\"]",
	    "[\"a\",\"b\",\"\"]",
	    "{\"a\":\"b\"}",
	    "{\"b\":\"a\"}",
	    "{\"a\":null}",
	    "{\"a\":\"\"}",
	    "{\"ab\":\"\"}",
	    "[\"a\",[\"b\"]]",
	    "[[\"a\"],\"b\"]",
	    "9007199254740993",
	    "9007199254740992",
	    /* no integers for who reads them */
	    "1.0",
	    "0.0",
	    "-1.0",
	};
	enum { N = sizeof(different) / sizeof(different[0]) };
	unsigned char macs[N + 3][ROW_SEAL_SIZE];

	(void)state;
	for (size_t i = 0; i < N; i++)
		mac("t", 1, different[i], macs[i]);
	mac("t", 2, "1", macs[N]);      /* another key */
	mac("tt", 1, "1", macs[N + 1]); /* another table */
	mac("", 1, "1", macs[N + 2]);
	for (size_t i = 0; i < N + 3; i++)
		for (size_t j = 0; j < i; j++)
			if (memcmp(macs[i], macs[j], ROW_SEAL_SIZE) == 0)
				fail_msg("%zu and %zu have one MAC", i, j);
}

/* Stored: a version that changes what a MAC is made over must seal anew. The value is HMAC-SHA256,
 * made apart from this code: printf '\0\0\0\3row\1\0\0\0\1t\0\0\0\0\0\0\0\1n' | openssl mac -digest
 * SHA256 -macopt hexkey:... HMAC */
static void
row__value_stays(void **state)
{
	unsigned char got[ROW_SEAL_SIZE];
	char *hex;

	(void)state;
	mac("t", 1, "null", got);
	assert_non_null(hex = gh_hex_encode(got, sizeof(got)));
	assert_string_equal(hex,
	    "B0CE3B13413748683D2076396DBCA02550809C87F4C8C11233B5F182174DDFD2");
	free(hex);
}

static void
row__depth_is_bounded(void **state)
{
	char deep[401];
	unsigned char out[ROW_SEAL_SIZE];
	gh_json *v;

	(void)state;
	memset(deep, '[', 200);
	memset(deep + 200, ']', 200);
	deep[400] = '\0';
	assert_int_equal(gh_json_parse(deep, 400, GH_JSON_STRICT, &v, NULL), 0);
	assert_int_not_equal(row_seal_row(key, "t", 1, v, out, NULL), 0);
	gh_json_free(v);
}

static void
table__order_and_number_of_rows_count(void **state)
{
	struct row_seal rows[2] = {{.key = 1, .mac = {1}}, {.key = 2, .mac = {2}}};
	unsigned char none[ROW_SEAL_SIZE], one[ROW_SEAL_SIZE], two[ROW_SEAL_SIZE],
	    swapped[ROW_SEAL_SIZE];

	(void)state;
	assert_int_equal(row_seal_table(key, "t", rows, 0, none, NULL), 0);
	assert_int_equal(row_seal_table(key, "t", rows, 1, one, NULL), 0);
	assert_int_equal(row_seal_table(key, "t", rows, 2, two, NULL), 0);
	rows[0].key = 2;
	rows[1].key = 1;
	assert_int_equal(row_seal_table(key, "t", rows, 2, swapped, NULL), 0);
	assert_memory_not_equal(none, one, ROW_SEAL_SIZE);
	assert_memory_not_equal(one, two, ROW_SEAL_SIZE);
	assert_memory_not_equal(two, swapped, ROW_SEAL_SIZE);
}

static void
head__revision_and_tables_count(void **state)
{
	static const char *const names[] = {"a", "b"}, *const other[] = {"a", "c"};
	const unsigned char macs[2][ROW_SEAL_SIZE] = {{1}, {2}};
	unsigned char h1[ROW_SEAL_SIZE], h2[ROW_SEAL_SIZE], h3[ROW_SEAL_SIZE], h4[ROW_SEAL_SIZE];

	(void)state;
	assert_int_equal(row_seal_head(key, 1, names, macs, 2, h1, NULL), 0);
	assert_int_equal(row_seal_head(key, 2, names, macs, 2, h2, NULL), 0);
	assert_int_equal(row_seal_head(key, 1, other, macs, 2, h3, NULL), 0);
	assert_int_equal(row_seal_head(key, 1, names, macs, 1, h4, NULL), 0);
	assert_memory_not_equal(h1, h2, ROW_SEAL_SIZE);
	assert_memory_not_equal(h1, h3, ROW_SEAL_SIZE);
	assert_memory_not_equal(h1, h4, ROW_SEAL_SIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(row__spelling_does_not_count),
	    cmocka_unit_test(row__every_difference_counts),
	    cmocka_unit_test(row__value_stays),
	    cmocka_unit_test(row__depth_is_bounded),
	    cmocka_unit_test(table__order_and_number_of_rows_count),
	    cmocka_unit_test(head__revision_and_tables_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
