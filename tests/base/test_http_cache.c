/* Dates, tags and conditional requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http_cache.h"

static void
date__all_three_forms(void **state)
{
	char text[GH_HTTP_DATE_SIZE];
	int64_t t;

	(void)state;
	assert_string_equal(gh_http_date(784111777, text), "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_true(gh_http_date_parse(text, &t) && t == 784111777);
	assert_true(gh_http_date_parse("Sunday, 06-Nov-94 08:49:37 GMT", &t) && t == 784111777);
	assert_true(gh_http_date_parse("Sun Nov  6 08:49:37 1994", &t) && t == 784111777);
}

static void
date__refuses_others(void **state)
{
	static const char *const bad[] = {"", "x", "Sun, 06 Nov 1994 08:49:37 CET",
	    "Sun, 06 Nov 1994 08:49:37 GMT x", "Sun, 36 Nov 1994 08:49:37 GMT",
	    "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 -8:49:37 GMT",
	    "Sun, 06 Nov 1994 08:61:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT"};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(gh_http_date_parse(bad[i], &t));
}

static void
tag__lists_weak_ones_and_star(void **state)
{
	(void)state;
	assert_true(gh_http_has_tag("\"a\"", "\"a\""));
	assert_true(gh_http_has_tag("\"b\", W/\"a\"", "\"a\""));
	assert_true(gh_http_has_tag(" * ", "\"a\""));
	assert_false(gh_http_has_tag("\"ab\"", "\"a\""));
	assert_false(gh_http_has_tag("\"b,\\\"a\\\"", "\"a\""));
	assert_false(gh_http_has_tag("a", "\"a\""));
	assert_false(gh_http_has_tag("", "\"a\""));
}

static void
tag__of_a_change_is_strong(void **state)
{
	(void)state;
	assert_true(gh_http_matches("\"v1\"", "\"v1\""));
	assert_true(gh_http_matches("\"v9\", \"v1\"", "\"v1\""));
	assert_true(gh_http_matches(" * ", "\"v1\""));
	assert_false(gh_http_matches("W/\"v1\"", "\"v1\""));
	assert_false(gh_http_matches("\"v11\"", "\"v1\""));
	assert_false(gh_http_matches("v1", "\"v1\""));
	assert_false(gh_http_matches("", "\"v1\""));
}

static void
content__has_a_tag_and_is_not_sent_again(void **state)
{
	struct gh_http_field field[] = {{"if-none-match", "\"other\""}};
	struct gh_http_request http = {.field = field, .fields = 1};
	struct gh_http_reply rep = {0};
	char tag[GH_HTTP_TAG_SIZE];

	(void)state;
	gh_http_reply_text(&rep, 200, "text/plain", strdup("content"));
	gh_http_cache_content(&http, &rep, "no-cache");
	assert_int_equal(rep.status, 200);
	assert_int_equal(rep.body_len, 7);
	gh_http_reply_clear(&rep);
	gh_http_content_tag("content", 7, tag);
	field[0].value = tag;
	gh_http_reply_text(&rep, 200, "text/plain", strdup("content"));
	gh_http_cache_content(&http, &rep, "no-cache");
	assert_int_equal(rep.status, 304);
	assert_int_equal(rep.body_len, 0);
	assert_int_equal(rep.headers, 2);
	gh_http_reply_clear(&rep);
	gh_http_reply_text(&rep, 500, "text/plain", strdup("content"));
	gh_http_cache_content(&http, &rep, "no-cache");
	assert_int_equal(rep.status, 500);
	assert_int_equal(rep.headers, 0);
	gh_http_reply_clear(&rep);
}

static void
condition__tag_comes_before_date(void **state)
{
	struct gh_http_field field[] = {{"if-none-match", NULL}, {"if-modified-since", NULL}};
	struct gh_http_request http = {.field = field, .fields = 2};

	(void)state;
	assert_false(gh_http_is_not_modified(&http, "\"a\"", 784111777));
	field[1].value = "Sun, 06 Nov 1994 08:49:37 GMT";
	assert_true(gh_http_is_not_modified(&http, "\"a\"", 784111777));
	assert_false(gh_http_is_not_modified(&http, "\"a\"", 784111778));
	field[0].value = "\"b\"";
	assert_false(gh_http_is_not_modified(&http, "\"a\"", 784111777));
}

static void
headers__never_a_negative_age(void **state)
{
	struct gh_http_reply rep = {0};

	(void)state;
	gh_http_cache_headers(&rep, "\"a\"", 0, 100, 40);
	assert_string_equal(rep.header[3].value, "public, max-age=60");
	gh_http_reply_clear(&rep);
	gh_http_cache_headers(&rep, "\"a\"", 0, 100, 140);
	assert_string_equal(rep.header[3].value, "public, max-age=0");
	gh_http_reply_clear(&rep);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(date__all_three_forms),
	    cmocka_unit_test(date__refuses_others),
	    cmocka_unit_test(tag__lists_weak_ones_and_star),
	    cmocka_unit_test(tag__of_a_change_is_strong),
	    cmocka_unit_test(content__has_a_tag_and_is_not_sent_again),
	    cmocka_unit_test(condition__tag_comes_before_date),
	    cmocka_unit_test(headers__never_a_negative_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
