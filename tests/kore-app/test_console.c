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

#define NOW 1796042096 /* 2026-11-30T12:34:56Z */

static struct gh_error err;

static const struct {
	const char *value[CONSOLE_FILTERS]; /* template, ca, state, expires, requester */
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

	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct rest_param p[CONSOLE_FILTERS];
		struct cert_node *node = NULL;
		char *query = NULL;

		for (size_t k = 0; k < CONSOLE_FILTERS; k++)
			p[k] = (struct rest_param){console_filter_names[k],
			    (char *)filters[i].value[k]};
		assert_int_equal(console_filter_write(p, &query, &err), 0);
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
	assert_string_equal(err.message, "m");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(filter__writes_queries),
	    cmocka_unit_test(state__for_people),
	    cmocka_unit_test(ask__as_the_api_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
