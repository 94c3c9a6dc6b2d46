/* What the JSON of real clients may look like, and what it may not. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"
#include "json_write.h"

static gh_json *
lenient(const char *text)
{
	gh_json *v;

	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_LENIENT, &v, NULL), 0);
	return v;
}

static void
json__takes_raw_control_characters_in_strings(void **state)
{
	gh_json *v = lenient("{\n\t\"a\" : \"x\ny\r\n\tz\" }");

	(void)state;
	assert_string_equal(gh_json_string(gh_json_get(v, "a")), "x\ny\r\n\tz");
	gh_json_free(v);
	assert_int_equal(gh_json_parse("\"a\nb\"", 5, GH_JSON_STRICT, &v, NULL), GH_E_BAD_JSON);
	assert_null(v);
}

static void
json__keeps_escapes(void **state)
{
	gh_json *v = lenient("{\"a\":\"q\\\"\\\\\\u0027\\r\\n\",\"b\":\"\\\\\"}");

	(void)state;
	assert_string_equal(gh_json_string(gh_json_get(v, "a")), "q\"\\'\r\n");
	assert_string_equal(gh_json_string(gh_json_get(v, "b")), "\\");
	gh_json_free(v);
}

static void
json__reads_latin1_when_it_is_not_utf8(void **state)
{
	gh_json *v = lenient("{\"a\":\"J\xFCrgen\"}");

	(void)state;
	assert_string_equal(gh_json_string(gh_json_get(v, "a")), "J\xC3\xBCrgen");
	gh_json_free(v);
	v = lenient("\xEF\xBB\xBF{\"a\":\"J\xC3\xBCrgen\"}");
	assert_string_equal(gh_json_string(gh_json_get(v, "a")), "J\xC3\xBCrgen");
	gh_json_free(v);
}

static void
json__refuses_malformed_text(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {{"", 0}, {"{", 1}, {"{}x", 3}, {"{\"a\":1,\"a\":2}", 13},
	    {"{\"a\":\"\\u0000\"}", 14}, {"{\"a\":\"x\0y\"}", 11}, {"{\"a\":1,}", 8}, {"\x01{}", 3},
	    {"{\"a\\\n\":1}", 9}};
	gh_json *v;
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(gh_json_parse(bad[i].text, bad[i].len, GH_JSON_LENIENT, &v, &err),
		    GH_E_BAD_JSON);
		assert_null(v);
		assert_non_null(strstr(err.message, bad[i].len == 0 ? "empty" : "line"));
		assert_null(strstr(err.message, "JSON_")); /* a name of the library */
	}
}

static void
json__finds_members_in_any_case_and_trimmed(void **state)
{
	gh_json *v = lenient("{\"timeSTAMP\":1,\"Metadata \":2}"), *m;

	(void)state;
	assert_int_equal(gh_json_find(v, "Timestamp", &m, NULL), 0);
	assert_non_null(m);
	assert_int_equal(gh_json_find(v, "Metadata", &m, NULL), 0);
	assert_non_null(m);
	assert_int_equal(gh_json_find(v, "Meta", &m, NULL), 0);
	assert_null(m);
	gh_json_free(v);
}

static void
json__refuses_a_member_twice_in_two_cases(void **state)
{
	gh_json *v = lenient("{\"Timestamp\":1,\"timestamp\":2}"), *m;

	(void)state;
	assert_int_equal(gh_json_find(v, "Timestamp", &m, NULL), GH_E_BAD_JSON);
	assert_null(m);
	gh_json_free(v);
}

static void
json__reads_integers_also_from_strings(void **state)
{
	gh_json *v = lenient("[1,\"2\",\"-3\",\"\",\"-\",\"1x\",1.5,\"1234567890123456789\",null]");
	int64_t n;

	(void)state;
	assert_true(gh_json_int(gh_json_at(v, 0), &n) && n == 1);
	assert_true(gh_json_int(gh_json_at(v, 1), &n) && n == 2);
	assert_true(gh_json_int(gh_json_at(v, 2), &n) && n == -3);
	for (size_t i = 3; i < gh_json_size(v); i++)
		assert_false(gh_json_int(gh_json_at(v, i), &n));
	gh_json_free(v);
}

static void
json__prints_one_line_with_plain_slashes(void **state)
{
	gh_json *v = gh_json_new_object();
	char *text;

	(void)state;
	assert_int_equal(gh_json_set_string(v, "Certificates", "a/b+c\r\n"), 0);
	assert_int_equal(gh_json_set_int(v, "CMSID", 5), 0);
	text = gh_json_print(v, false);
	assert_string_equal(text, "{\"Certificates\":\"a/b+c\\r\\n\",\"CMSID\":5}");
	free(text);
	gh_json_free(v);
}

/* Written at once or as a tree: the same text. */
static void
json__strings_are_written_as_printed(void **state)
{
	static const char *const bad[] = {"a\xff", "\xc3", "\xed\xa0\x80", "x\xe2\x82"};
	char text[] = "a?b/\xc3\xa4\xf0\x9f\x98\x80";
	struct gh_buf b;

	(void)state;
	for (int c = 1; c < 0x80; c++) {
		gh_json *v;
		char *printed;

		text[1] = (char)c;
		v = gh_json_new_string(text);
		printed = gh_json_print(v, false);
		gh_buf_init(&b, 100);
		gh_json_put_string(&b, text);
		assert_int_equal(gh_buf_check(&b, NULL), 0);
		assert_string_equal((char *)b.data, printed);
		gh_buf_free(&b);
		free(printed);
		gh_json_free(v);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		gh_buf_init(&b, 100);
		gh_json_put_string(&b, bad[i]);
		assert_int_equal(gh_buf_check(&b, NULL), GH_E_NOMEM);
		gh_buf_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json__takes_raw_control_characters_in_strings),
	    cmocka_unit_test(json__keeps_escapes),
	    cmocka_unit_test(json__reads_latin1_when_it_is_not_utf8),
	    cmocka_unit_test(json__refuses_malformed_text),
	    cmocka_unit_test(json__finds_members_in_any_case_and_trimmed),
	    cmocka_unit_test(json__refuses_a_member_twice_in_two_cases),
	    cmocka_unit_test(json__reads_integers_also_from_strings),
	    cmocka_unit_test(json__prints_one_line_with_plain_slashes),
	    cmocka_unit_test(json__strings_are_written_as_printed),
	};

	return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
