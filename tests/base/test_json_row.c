/* Members of a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json_row.h"
#include "log.h"

static gh_json *row;
static struct gh_error err;

static int
parse(void **state)
{
	static const char text[] =
	    "{\"name\":\"corp\",\"empty\":\"\",\"n\":1,\"list\":[\"a\",\"b\"],"
	    "\"none\":[],\"null\":null,\"mixed\":[\"a\",1],\"der\":\"AQI=\"}";

	(void)state;
	return gh_json_parse(text, strlen(text), GH_JSON_STRICT, &row, &err);
}

static int
drop(void **state)
{
	(void)state;
	gh_json_free(row);
	return 0;
}

static void
json_row__texts_are_copied_or_named(void **state)
{
	static const char *const wrong[] = {"empty", "n", "absent", "list"};
	char *text = NULL;

	(void)state;
	assert_int_equal(gh_json_row_text(row, "name", &text, &err), 0);
	assert_string_equal(text, "corp");
	free(text);
	text = NULL;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(gh_json_row_text(row, wrong[i], &text, &err), GH_E_DB);
		assert_non_null(strstr(err.detail, wrong[i]));
		assert_null(text);
	}
}

static void
json_row__lists_end_with_null(void **state)
{
	static const char *const empty[] = {"none", "null", "absent"};
	char **list;

	(void)state;
	assert_int_equal(gh_json_row_texts(row, "list", false, &list, &err), 0);
	assert_string_equal(list[0], "a");
	assert_string_equal(list[1], "b");
	assert_null(list[2]);
	gh_json_row_texts_free(list);
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		assert_int_equal(gh_json_row_texts(row, empty[i], false, &list, &err), 0);
		assert_null(list);
		assert_int_equal(gh_json_row_texts(row, empty[i], true, &list, &err), 0);
		assert_null(list[0]);
		gh_json_row_texts_free(list);
	}
	assert_int_equal(gh_json_row_texts(row, "mixed", false, &list, &err), GH_E_DB);
	assert_null(list);
	assert_int_equal(gh_json_row_texts(row, "name", false, &list, &err), GH_E_DB);
}

static void
json_row__a_list_is_bounded(void **state)
{
	gh_json *long_row = gh_json_new_object(), *list = gh_json_new_array();
	char **out;

	(void)state;
	for (int i = 0; i <= GH_JSON_LIST_MAX; i++)
		assert_int_equal(gh_json_append(list, gh_json_new_string("a")), 0);
	assert_int_equal(gh_json_set(long_row, "list", list), 0);
	assert_int_equal(gh_json_row_texts(long_row, "list", false, &out, &err), GH_E_DB);
	assert_null(out);
	gh_json_free(long_row);
}

static void
json_row__base64_is_bytes(void **state)
{
	unsigned char *p = NULL;
	gh_json *star;
	size_t len = 0;

	(void)state;
	assert_int_equal(gh_json_row_base64(gh_json_get(row, "der"), "der", &p, &len, &err), 0);
	assert_int_equal(len, 2);
	assert_memory_equal(p, "\1\2", 2);
	free(p);
	assert_int_equal(gh_json_row_base64(gh_json_get(row, "n"), "n", &p, &len, &err), GH_E_DB);
	star = gh_json_new_string("*");
	assert_int_equal(gh_json_row_base64(star, "x", &p, &len, &err), GH_E_DB);
	gh_json_free(star);
}

static int log_lines;

static void
count_line(enum gh_log_level level, const char *line)
{
	assert_int_equal(level, GH_LOG_ERROR);
	assert_non_null(strstr(line, "\"name\":\"corp\""));
	log_lines++;
}

static void
json_row__one_bad_row_does_not_stop_the_others(void **state)
{
	const struct gh_error bad = {.code = GH_E_DB}, no_memory = {.code = GH_E_NOMEM};

	(void)state;
	gh_log_init("test", GH_LOG_DEBUG, count_line);
	assert_int_equal(gh_json_row_leave_out("ca", row, &bad, &err), 0);
	assert_int_equal(log_lines, 1);
	assert_int_equal(gh_json_row_leave_out("ca", row, &no_memory, &err), GH_E_NOMEM);
	assert_int_equal(log_lines, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_row__texts_are_copied_or_named),
	    cmocka_unit_test(json_row__lists_end_with_null),
	    cmocka_unit_test(json_row__a_list_is_bounded),
	    cmocka_unit_test(json_row__base64_is_bytes),
	    cmocka_unit_test(json_row__one_bad_row_does_not_stop_the_others),
	};

	return cmocka_run_group_tests(tests, parse, drop);
}
