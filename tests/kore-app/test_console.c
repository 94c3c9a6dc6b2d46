/* The console: queries that filters write, states for people, and questions to the API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inventory/query_parse.h"

#include "console/console_ask.h"
#include "console/console_filter.h"
#include "console/console_page.h"
#include "console/console_tree.h"

#define NOW 1796042096 /* 2026-11-30T12:34:56Z */

static struct gh_error err;

static const struct {
	const char *value[CONSOLE_FILTERS]; /* template, ca, state, expires, requester, key_type,
				      size_from, size_to */
	const char *query;
} filters[] = {
    {{NULL}, ""},
    {{"User"}, "Template -eq \"User\""},
    {{"a\"b"}, "Template -eq \"a\"\"b\""},
    {{"\" OR Id -gt \"0"}, "Template -eq \"\"\" OR Id -gt \"\"0\""},
    {{NULL, "issuing", "active"}, "CA -eq \"issuing\" AND State -eq \"active\""},
    {{NULL, NULL, NULL, "30"}, "NotAfter -ge \"%TODAY%\" AND NotAfter -le \"%TODAY+30%\""},
    {{NULL, NULL, NULL, "31"}, ""}, /* the form does not have it */
    {{NULL, NULL, NULL, "7%\" OR"}, ""},
    {{NULL, NULL, NULL, NULL, "CORP\\alice"}, "Requester -eq \"CORP\\alice\""},
};

/* Each is a query, too, and has as many tests as filters were set. */
static void
filter__writes_queries(void **state)
{
	const struct query_env env = {.me = "x", .now = NOW};
	const struct catalog no_fields = {.generation = 1};

	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct rest_param p[CONSOLE_FILTERS];
		struct cert_node *node = NULL;
		char *query = NULL;

		for (size_t k = 0; k < CONSOLE_FILTERS; k++)
			p[k] = (struct rest_param){console_filter_names[k],
			    (char *)filters[i].value[k]};
		assert_int_equal(console_filter_write(p, NULL, &no_fields, &query, &err), 0);
		assert_string_equal(query, filters[i].query);
		if (*query != '\0')
			assert_int_equal(query_parse(query, &env, &node, &err), 0);
		cert_node_free(node);
		free(query);
	}
}

static void
state__for_people(void **state)
{
	(void)state;
	assert_string_equal(console_state("valid", "2026-11-30T12:34:57Z", NOW), "active");
	assert_string_equal(console_state("valid", "2026-11-30T12:34:56Z", NOW), "expired");
	assert_string_equal(console_state("hold", "2020-01-01T00:00:00Z", NOW), "hold");
	assert_string_equal(console_state("revoked", "2020-01-01T00:00:00Z", NOW), "revoked");
	assert_string_equal(console_state("valid", NULL, NOW), "active");
}

/* What a handler finds in the call. */
static void
asked(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	(void)env;
	assert_int_equal(call->http->method, GH_HTTP_PUT);
	assert_string_equal(call->http->query, "a=%25%26");
	assert_string_equal(gh_http_header(call->http, "if-match"), "\"v1\"");
	assert_string_equal(gh_http_header(call->http, "content-type"), "application/json");
	assert_null(gh_http_header(call->http, "cookie"));
	assert_int_equal(call->http->body_len, strlen("{\"b\":1}"));
	assert_memory_equal(call->http->body, "{\"b\":1}", call->http->body_len);
	gh_http_reply_text(rep, 200, "application/json", strdup("{\"c\":2}"));
}

static void
refused(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error why;

	(void)env;
	(void)call;
	(void)gh_refuse(&why, GH_E_VALIDATION, "wrong");
	gh_http_reply_cause(rep, &why);
	gh_http_reply_text(rep, 422, "application/json",
	    strdup("{\"code\":\"validation\",\"message\":\"m\",\"errors\":{\"q\":[\"t\"]}}"));
}

static void
silent(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	(void)env;
	(void)call;
	rep->status = 200;
}

static void
ask__as_the_api_is_asked(void **state)
{
	struct gh_http_field cookie[] = {{"cookie", "x"}, {"if-match", "*"}};
	struct gh_http_request req = {.method = GH_HTTP_POST, .field = cookie, .fields = 2};
	struct call call = {.http = &req};
	struct console_ask what = {.handler = asked, .method = GH_HTTP_PUT, .if_match = "\"v1\""};
	gh_json *body = gh_json_new_object(), *answer;
	struct gh_buf query;
	int64_t n;

	(void)state;
	gh_buf_init(&query, 100);
	console_query_put(&query, "none", NULL);
	console_query_put(&query, "empty", "");
	console_query_put(&query, "a", "%&");
	assert_int_equal(gh_json_set_int(body, "b", 1), 0);
	what.query = (char *)query.data;
	what.body = body;
	assert_int_equal(console_ask(NULL, &call, &what, &answer, &err), 0);
	assert_true(gh_json_int(gh_json_get(answer, "c"), &n) && n == 2);
	gh_json_free(answer);
	what.handler = refused;
	assert_int_equal(console_ask(NULL, &call, &what, &answer, &err), GH_E_VALIDATION);
	assert_string_equal(err.message, "q: t");
	assert_string_equal(gh_json_string(
				gh_json_get(gh_json_at(gh_json_get(answer, "q"), 0), "message")),
	    "t");
	gh_json_free(answer);
	what.handler = silent;
	assert_int_equal(console_ask(NULL, &call, &what, &answer, &err), GH_E_INTERNAL);
	assert_null(answer);
	gh_json_free(body);
	gh_buf_free(&query);
}

/* Names in the order of the tree, with their levels. */
static void
check_tree(const char *json, const char *expected)
{
	gh_json *from, *tree;
	char text[200] = "";

	assert_int_equal(gh_json_parse(json, strlen(json), GH_JSON_STRICT, &from, &err), 0);
	assert_non_null(tree = console_tree(from));
	assert_int_equal(gh_json_size(tree), gh_json_size(from));
	for (size_t i = 0; i < gh_json_size(tree); i++) {
		const gh_json *ca = gh_json_at(tree, i);
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s%c ",
		    gh_json_string(gh_json_get(ca, "name")),
		    gh_json_string(gh_json_get(ca, "level"))[5]);
	}
	assert_string_equal(text, expected);
	gh_json_free(tree);
	gh_json_free(from);
}

/* Whatever the parents say, each CA is there once. */
static void
tree__each_below_its_parent(void **state)
{
	(void)state;
	check_tree("[]", "");
	check_tree("[{\"name\":\"i\",\"parent\":\"R\"},{\"name\":\"r\",\"parent\":null},"
		   "{\"name\":\"j\",\"parent\":\"i\"},{\"name\":\"k\",\"parent\":\"r\"}]",
	    "r0 i1 j2 k1 ");
	check_tree("[{\"name\":\"a\",\"parent\":\"gone\"},{\"name\":\"s\",\"parent\":\"s\"}]",
	    "a0 s0 ");
	check_tree("[{\"name\":\"a\",\"parent\":\"b\"},{\"name\":\"b\",\"parent\":\"a\"}]",
	    "a0 b1 ");
	check_tree("[{\"name\":\"a\",\"parent\":null},{\"name\":\"b\",\"parent\":\"a\"},"
		   "{\"name\":\"c\",\"parent\":\"b\"},{\"name\":\"d\",\"parent\":\"c\"},"
		   "{\"name\":\"e\",\"parent\":\"d\"},{\"name\":\"f\",\"parent\":\"e\"},"
		   "{\"name\":\"g\",\"parent\":\"f\"}]",
	    "a0 b1 c2 d3 e4 f5 g5 ");
}

static void
check_list(gh_json *list, const char *expected)
{
	char *text = gh_json_print(list, false);

	assert_string_equal(text, expected);
	free(text);
	gh_json_free(list);
}

static void
texts__of_any_value(void **state)
{
	static const char json[] = "[\"a\",7,true,{\"type\":\"RSA\",\"min_bits\":3072},[1]]";
	gh_json *v;

	(void)state;
	assert_int_equal(gh_json_parse(json, strlen(json), GH_JSON_STRICT, &v, &err), 0);
	check_list(console_texts(v), "[\"a\",\"7\",\"true\",\"RSA 3072\",\"[1]\"]");
	check_list(console_texts(gh_json_at(v, 0)), "[\"a\"]");
	check_list(console_lines(NULL), "[]");
	check_list(console_lines(" a \r\n\r\n\tb c\n \n"), "[\"a\",\"b c\"]");
	gh_json_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(filter__writes_queries),
	    cmocka_unit_test(state__for_people),
	    cmocka_unit_test(ask__as_the_api_is_asked),
	    cmocka_unit_test(tree__each_below_its_parent),
	    cmocka_unit_test(texts__of_any_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
