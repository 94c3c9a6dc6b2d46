/* Lists of the console: what of an address the API is asked, and what a page shows of the answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/console_list.h"

static struct gh_error err;
static const char *answer; /* of the API */
static char *question;     /* what it was asked; NULL: nothing */

static void
api(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	(void)env;
	assert_int_equal(call->http->method, GH_HTTP_GET);
	free(question);
	question = strdup(call->http->query);
	gh_http_reply_text(rep, 200, "application/json", strdup(answer));
}

static int
row(const struct worker_env *env, const struct call *call, gh_json *entry)
{
	(void)env;
	(void)call;
	return gh_json_set_string(entry, "shown", gh_json_string(gh_json_get(entry, "name")));
}

static int
more(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *why)
{
	(void)env;
	(void)call;
	(void)data;
	return gh_refuse(why, GH_E_FORBIDDEN, "no");
}

static const struct console_choice states[] = {{"", "any"}, {"on", "on"}, {NULL, NULL}};
static const struct console_list_filter filters[] = {{"name", NULL}, {"state", states},
    {NULL, NULL}};

/* The page of a list that was asked by an address; NULL: refused. */
static gh_json *
page_of(const struct console_list *l, enum gh_http_method method, const char *query)
{
	char *copy = strdup(query);
	struct gh_http_request req = {.method = method, .query = copy};
	struct call call = {.http = &req};
	gh_json *data = gh_json_new_object();

	free(question);
	question = NULL;
	gh_error_clear(&err);
	if (console_list_put(l, NULL, &call, data, &err) != 0) {
		gh_json_free(data);
		data = NULL;
	}
	free(copy);
	return data;
}

static const char *
text_of(const gh_json *o, const char *name)
{
	return gh_json_string(gh_json_get(o, name));
}

static void
list__goes_on_with_its_filters(void **state)
{
	const struct console_list l = {.path = "/x",
	    .api = api,
	    .query = "limit=2",
	    .cursor = "after",
	    .filters = filters,
	    .row = row};
	gh_json *data;

	(void)state;
	answer = "{\"entries\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"next\":7}";
	data = page_of(&l, GH_HTTP_GET, "name=a%26b&state=on&after=4&lang=de");
	assert_non_null(data);
	assert_string_equal(question, "limit=2&name=%61%26%62&state=%6F%6E&after=%34");
	assert_string_equal(text_of(data, "next"), "/x?after=%37&name=%61%26%62&state=%6F%6E");
	assert_null(gh_json_get(data, "previous"));
	assert_string_equal(text_of(gh_json_get(data, "values"), "name"), "a&b");
	assert_true(
	    gh_json_bool(gh_json_get(gh_json_at(gh_json_get(gh_json_get(data, "options"), "state"),
					 1),
			     "is_selected"),
		false));
	assert_true(gh_json_bool(gh_json_get(data, "has_rows"), false));
	assert_string_equal(text_of(gh_json_at(gh_json_get(data, "entries"), 1), "shown"), "b");
	gh_json_free(data);
}

/* Fields that a form has sent empty are not asked; a null is the end. */
static void
list__without_rows(void **state)
{
	const struct console_list l = {.path = "/x",
	    .api = api,
	    .cursor = "after",
	    .filters = filters,
	    .row = row};
	gh_json *data;

	(void)state;
	answer = "{\"entries\":[],\"next\":null}";
	data = page_of(&l, GH_HTTP_GET, "name=&state=");
	assert_non_null(data);
	assert_string_equal(question, "");
	assert_false(gh_json_bool(gh_json_get(data, "has_rows"), true));
	assert_null(gh_json_get(data, "next"));
	gh_json_free(data);
}

static void
list__both_ways_by_cursors_of_text(void **state)
{
	const struct console_list l = {.path = "/x", .api = api, .cursor = "page"};
	gh_json *data;

	(void)state;
	answer = "{\"entries\":[],\"next\":\"n\",\"previous\":\"p\"}";
	data = page_of(&l, GH_HTTP_GET, "page=q");
	assert_non_null(data);
	assert_string_equal(question, "page=%71");
	assert_string_equal(text_of(data, "next"), "/x?page=%6E");
	assert_string_equal(text_of(data, "previous"), "/x?page=%70");
	assert_null(gh_json_get(data, "values"));
	gh_json_free(data);
}

static void
list__refuses_what_it_does_not_know(void **state)
{
	const struct console_list l = {.path = "/x", .api = api, .cursor = "after"};

	(void)state;
	answer = "{\"entries\":[]}";
	assert_null(page_of(&l, GH_HTTP_GET, "name=a"));
	assert_int_equal(err.code, GH_E_VALIDATION);
	assert_null(question);
	assert_null(page_of(&l, GH_HTTP_GET, "after=1&after=2"));
	assert_int_equal(err.code, GH_E_VALIDATION);
	assert_null(question);
}

/* After a form that was refused it stands as in the beginning. */
static void
list__under_a_form_that_was_sent(void **state)
{
	const struct console_list l = {.path = "/x",
	    .api = api,
	    .query = "limit=2",
	    .cursor = "after"};
	gh_json *data;

	(void)state;
	answer = "{\"entries\":[]}";
	data = page_of(&l, GH_HTTP_POST, "after=4");
	assert_non_null(data);
	assert_string_equal(question, "limit=2");
	gh_json_free(data);
}

static void
list__what_else_is_on_the_page_may_fail(void **state)
{
	const struct console_list l = {.path = "/x", .api = api, .more = more};

	(void)state;
	answer = "{\"entries\":[]}";
	assert_null(page_of(&l, GH_HTTP_GET, "not=read"));
	assert_int_equal(err.code, GH_E_FORBIDDEN);
}

static int
teardown(void **state)
{
	(void)state;
	free(question);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(list__goes_on_with_its_filters),
	    cmocka_unit_test(list__without_rows),
	    cmocka_unit_test(list__both_ways_by_cursors_of_text),
	    cmocka_unit_test(list__refuses_what_it_does_not_know),
	    cmocka_unit_test(list__under_a_form_that_was_sent),
	    cmocka_unit_test(list__what_else_is_on_the_page_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
