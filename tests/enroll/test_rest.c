/* JSON in and out of the REST API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rest/rest_list.h"
#include "rest/rest_members.h"
#include "rest/rest_wrapped.h"

static struct gh_http_request http;
static const struct call call = {.http = &http};

static int
body(const char *type, const char *text, gh_json **out, struct gh_error *err)
{
	static struct gh_http_field field;

	field = (struct gh_http_field){"content-type", type};
	http = (struct gh_http_request){.field = &field, .fields = 1};
	http.body = (unsigned char *)text;
	http.body_len = strlen(text);
	return rest_body(&call, out, err);
}

static void
body__objects_only(void **state)
{
	struct gh_error err;
	gh_json *o;

	(void)state;
	assert_int_equal(body("application/json; charset=utf-8", "{\"a\":1}", &o, &err), 0);
	assert_int_equal(gh_json_size(o), 1);
	gh_json_free(o);
	assert_int_equal(body(NULL, "", &o, &err), 0);
	assert_int_equal(gh_json_size(o), 0);
	gh_json_free(o);
	assert_int_equal(body("application/json", "[]", &o, &err), GH_E_BAD_JSON);
	assert_null(o);
	assert_int_equal(body("application/json", "{\"a\":1,\"a\":2}", &o, &err), GH_E_BAD_JSON);
}

static const char *
header(const struct gh_http_reply *rep, const char *name)
{
	for (size_t i = 0; i < rep->headers; i++)
		if (strcmp(rep->header[i].name, name) == 0)
			return rep->header[i].value;
	return NULL;
}

static void
error__names_code_request_and_more(void **state)
{
	struct gh_http_reply rep = {0};
	struct gh_error err;
	gh_json *more = gh_json_new_object();

	(void)state;
	assert_int_equal(gh_json_set_string(more, "locked_until", "2030-01-01T00:00:00Z"), 0);
	(void)gh_fail(&err, GH_E_LOCKED, "private");
	rest_error(&err, "r9", more, &rep);
	assert_int_equal(rep.status, 423);
	assert_non_null(strstr((char *)rep.body, "\"code\":\"locked\""));
	assert_non_null(strstr((char *)rep.body, "\"request_id\":\"r9\""));
	assert_non_null(strstr((char *)rep.body, "\"locked_until\":\"2030-01-01T00:00:00Z\""));
	assert_null(strstr((char *)rep.body, "private"));
	assert_string_equal(rep.cause, "private");
	gh_http_reply_clear(&rep);
}

static void
error__asks_to_come_again(void **state)
{
	struct gh_http_reply rep = {0};
	struct gh_error err;

	(void)state;
	(void)gh_fail(&err, GH_E_CA_PASSWORD, "x");
	rest_error(&err, NULL, NULL, &rep);
	assert_int_equal(rep.status, 401);
	assert_null(header(&rep, "WWW-Authenticate"));
	gh_http_reply_clear(&rep);
	(void)gh_fail(&err, GH_E_DB_DOWN, "x");
	rest_error(&err, NULL, NULL, &rep);
	assert_int_equal(rep.status, 503);
	assert_non_null(header(&rep, "Retry-After"));
	gh_http_reply_clear(&rep);
}

static void
fields__all_at_once(void **state)
{
	struct rest_fields f = {0};
	struct gh_error err;
	gh_json *o, *errors;

	(void)state;
	assert_int_equal(
	    body("application/json",
		"{\"short\":\"seven77\",\"umlauts\":\"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\","
		"\"number\":8,\"empty\":\"\"}",
		&o, &err),
	    0);
	assert_non_null(rest_text(&f, o, "umlauts", 8, 8, true));
	assert_int_equal(rest_fields_check(&f, &err), 0);
	assert_null(rest_text(&f, o, "optional", 8, 255, false));
	assert_int_equal(rest_fields_check(&f, &err), 0);
	assert_null(rest_text(&f, o, "short", 8, 255, true));
	assert_null(rest_text(&f, o, "number", 1, 255, true));
	assert_null(rest_text(&f, o, "missing", 1, 255, true));
	assert_null(rest_text(&f, o, "empty", 1, 255, true));
	assert_null(rest_text(&f, o, "umlauts", 1, 7, true));
	rest_field_wrong(&f, "short", "second");
	rest_field_wrong(&f, "cut", "There is no field %.2s.",
	    "a\xc3\xa4\xc3\xa4"); /* is not UTF-8 */
	assert_int_equal(rest_fields_check(&f, &err), GH_E_VALIDATION);
	assert_string_equal(err.message, "short: The field short must be at least 8 characters.");
	assert_string_equal(err.detail, "the body is not valid");
	gh_json_free(o);
	o = rest_fields_take(&f);
	errors = gh_json_get(o, "errors");
	assert_int_equal(gh_json_size(errors), 6);
	assert_int_equal(gh_json_size(gh_json_get(errors, "short")), 2);
	assert_int_equal(rest_fields_check(&f, &err), 0);
	gh_json_free(o);
	rest_fields_clear(&f);
}

static void
query__decodes_and_refuses(void **state)
{
	struct gh_error err;
	char *v;

	(void)state;
	memset(&http, 0, sizeof(http));
	http.query = (char *)"a=1&issuer=CN%3Dx%2c+O=%C3%A4&b=&bad=%4&nul=%00&a2=3";
	assert_int_equal(rest_query(&call, "issuer", &v, &err), 0);
	assert_string_equal(v, "CN=x, O=\xc3\xa4");
	free(v);
	assert_int_equal(rest_query(&call, "b", &v, &err), 0);
	assert_string_equal(v, "");
	free(v);
	assert_int_equal(rest_query(&call, "c", &v, &err), 0);
	assert_null(v);
	assert_int_equal(rest_query(&call, "bad", &v, &err), GH_E_BAD_REQUEST);
	assert_null(v);
	assert_int_equal(rest_query(&call, "nul", &v, &err), GH_E_BAD_REQUEST);
	http.query = (char *)"a=1&a=2";
	assert_int_equal(rest_query(&call, "a", &v, &err), GH_E_BAD_REQUEST);
	assert_null(v);
	http.query = (char *)"a=%ff";
	assert_int_equal(rest_query(&call, "a", &v, &err), GH_E_BAD_REQUEST);
}

static void
query__names_what_nobody_knows(void **state)
{
	static const char *const known[] = {"after", "limit", NULL};
	struct rest_fields f = {0};
	struct gh_error err;
	gh_json *o;

	(void)state;
	memset(&http, 0, sizeof(http));
	http.query = (char *)"after=1&&limit=2";
	rest_query_only(&call, known, &f);
	assert_int_equal(rest_fields_check(&f, &err), 0);
	http.query = (char
		*)"afte=1&limit&\xff\xff=2&a-name-that-is-much-longer-than-any-of-ours-ever-was=3";
	rest_query_only(&call, known, &f);
	assert_int_equal(rest_fields_check(&f, &err), GH_E_VALIDATION);
	o = rest_fields_take(&f);
	assert_int_equal(gh_json_size(gh_json_get(o, "errors")), 3);
	assert_non_null(gh_json_get(gh_json_get(o, "errors"), "afte"));
	assert_non_null(gh_json_get(gh_json_get(o, "errors"), "??"));
	gh_json_free(o);
}

/* ---- members that are no texts ---- */

/* Does errors tell of this field? */
static bool
is_told(struct rest_fields *f, const char *name)
{
	return gh_json_get(f->errors, name) != NULL;
}

static gh_json *
parsed(const char *text)
{
	struct gh_error err;
	gh_json *o;

	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &o, &err), 0);
	return o;
}

static void
member__octets_are_strict_base64(void **state)
{
	static const char *const wrong[] = {"", "QUJD RA==", "QUJDRA",
	    "QUJDRA=", "QUJDR\\nA==", "QUJDRB==", "QUJDRA==QUJD", "QUJ_RA==", "=", "\u00e4"};
	struct rest_octets keep = {0};
	struct rest_fields f = {0};
	struct gh_error err;
	struct gh_der out;
	gh_json *o = parsed("{\"a\":{\"b\":\"QUJDRA==\"},\"n\":7,\"nothing\":null}");

	(void)state;
	rest_base64(&f, o, "a.b", 4, 4, true, &keep, &out);
	assert_int_equal(out.len, 4);
	assert_memory_equal(out.p, "ABCD", 4);
	rest_base64(&f, o, "nothing", 1, 4, false, &keep, &out);
	rest_base64(&f, o, "a.c", 1, 4, false, &keep, &out);
	assert_int_equal(rest_fields_check(&f, &err), 0);
	rest_base64(&f, o, "a.b", 5, 8, true, &keep, &out);
	assert_null(out.p);
	rest_base64(&f, o, "n", 1, 4, true, &keep, &out);
	rest_base64(&f, o, "n.b", 1, 4, true, &keep, &out);
	assert_true(is_told(&f, "a.b") && is_told(&f, "n") && is_told(&f, "n.b"));
	rest_fields_clear(&f);
	gh_json_free(o);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[80];

		snprintf(text, sizeof(text), "{\"v\":\"%s\"}", wrong[i]);
		o = parsed(text);
		rest_base64(&f, o, "v", 1, 64, true, &keep, &out);
		if (!is_told(&f, "v") || out.p != NULL)
			fail_msg("%s is taken", wrong[i]);
		rest_fields_clear(&f);
		gh_json_free(o);
	}
	rest_octets_clear(&keep);
}

static void
member__numbers_words_and_what_nobody_knows(void **state)
{
	static const char *const words[] = {"one", "two", NULL}, *const known[] = {"w", NULL};
	struct rest_fields f = {0};
	gh_json *o = parsed("{\"w\":\"two\",\"x\":\"three\",\"id\":3,\"text\":\"3\",\"zero\":0,"
			    "\"o\":{\"w\":1,\"\u00fc\":2},\"list\":[]}");

	(void)state;
	assert_int_equal(rest_word(&f, o, "w", words, true), 1);
	assert_int_equal(rest_id(&f, o, "id", true), 3);
	assert_int_equal(rest_id(&f, o, "none", false), 0);
	rest_only(&f, o, "none", known);
	assert_null(f.errors);
	assert_int_equal(rest_word(&f, o, "x", words, true), -1);
	assert_string_equal(gh_json_string(gh_json_at(gh_json_get(f.errors, "x"), 0)),
	    "The field x must be one or two.");
	assert_int_equal(rest_id(&f, o, "text", true), 0);
	assert_int_equal(rest_id(&f, o, "zero", true), 0);
	assert_int_equal(rest_id(&f, o, "none", true), 0);
	rest_only(&f, o, "o", known);
	rest_only(&f, o, "list", known);
	assert_int_equal(gh_json_size(f.errors), 6);
	assert_true(is_told(&f, "o.\xc3\xbc") && is_told(&f, "list") && is_told(&f, "none"));
	rest_fields_clear(&f);
	gh_json_free(o);
}

#define ID "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00FF"

static void
member__wrapped_secret(void **state)
{
	struct rest_fields f = {0};
	struct rest_wrapped w;
	gh_json *o =
	    parsed("{\"transport_key\":\"" ID "\",\"session_key\":{\"algorithm\":\"RSA-OAEP-256\","
		   "\"value\":\"QUJD\"},\"secret\":{\"algorithm\":\"AES-256-GCM\",\"iv\":\"QUFB\","
		   "\"value\":\"QUJDRA==\"}}");

	(void)state;
	rest_wrapped_read(&f, o, "secret", &w);
	assert_null(f.errors);
	assert_int_equal(w.wrapping.transport_id[31], 0xff);
	assert_true(gh_der_equals(&w.wrapping.key_alg, "RSA-OAEP-256", 12));
	assert_true(gh_der_equals(&w.wrapping.payload_alg, "AES-256-GCM", 11));
	assert_true(gh_der_equals(&w.wrapping.wrapped_key, "ABC", 3));
	assert_int_equal(w.wrapping.ephemeral.len, 0);
	assert_true(gh_der_equals(&w.iv, "AAA", 3) && gh_der_equals(&w.cipher, "ABCD", 4));
	rest_wrapped_clear(&w);
	rest_wrapped_read(&f, o, NULL, &w);
	assert_true(gh_json_size(f.errors) == 1 && is_told(&f, "algorithm"));
	rest_wrapped_clear(&w);
	rest_fields_clear(&f);
	gh_json_free(o);
	o = parsed(
	    "{\"transport_key\":\"00\",\"session_key\":{\"algorithm\":\"\",\"extra\":1},\"secret\":4}");
	rest_wrapped_read(&f, o, "secret", &w);
	assert_true(is_told(&f, "transport_key") && is_told(&f, "session_key.algorithm") &&
	    is_told(&f, "session_key.extra") && is_told(&f, "session_key.value") &&
	    is_told(&f, "secret") && is_told(&f, "secret.value"));
	rest_wrapped_clear(&w);
	rest_fields_clear(&f);
	gh_json_free(o);
}

/* ---- parameters of lists ---- */

static void
params__all_wrong_ones_at_once(void **state)
{
	static const char *const words[] = {"a", "b", NULL};
	struct rest_param p[] = {{"after", NULL}, {"limit", NULL}, {"state", NULL}, {"from", NULL},
	    {"owner", NULL}};
	const size_t n = sizeof(p) / sizeof(p[0]);
	struct rest_fields f = {0};
	struct gh_error err;

	(void)state;
	memset(&http, 0, sizeof(http));
	http.query = (char *)"after=7&state=b&from=2026-01-02T03:04:05Z&owner=alice%20b";
	assert_int_equal(rest_params_read(&call, p, n, &f, &err), 0);
	assert_int_equal(rest_param_number(&f, &p[0], 0, INT64_MAX, 0), 7);
	assert_int_equal(rest_param_number(&f, &p[1], 1, 10, 5), 5);
	assert_string_equal(rest_param_word(&f, &p[2], words), "b");
	assert_int_equal(rest_param_time(&f, &p[3]), 1767323045);
	assert_string_equal(rest_param_text(&f, &p[4]), "alice b");
	assert_null(f.errors);
	rest_params_clear(p, n);
	http.query = (char *)"after=-1&limit=11&limit=11&state=c&from=soon&owner=&other=1";
	assert_int_equal(rest_params_read(&call, p, n, &f, &err), 0);
	(void)rest_param_number(&f, &p[0], 0, INT64_MAX, 0);
	assert_null(rest_param_word(&f, &p[2], words));
	assert_int_equal(rest_param_time(&f, &p[3]), 0);
	assert_null(rest_param_text(&f, &p[4]));
	assert_int_equal(gh_json_size(f.errors), 6);
	assert_true(is_told(&f, "limit") && is_told(&f, "other") && is_told(&f, "from"));
	rest_fields_clear(&f);
	rest_params_clear(p, n);
}

/* A list that says what it was asked. */
struct asked {
	struct rest_paging paging;
	char owner[16];
	bool is_failing;
};

static void
read_asked(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	struct asked *a = filter;
	const char *owner = rest_param_text(f, &p[REST_PAGE_PARAMS_N]);

	a->paging = rest_param_paging(f, p);
	snprintf(a->owner, sizeof(a->owner), "%s", owner != NULL ? owner : "");
}

static int
page_asked(struct worker_env *env, const struct call *c, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	const struct asked *a = filter;

	assert_null(env);
	assert_ptr_equal(c, &call);
	if (a->is_failing)
		return gh_fail(err, GH_E_DB_DOWN, "away");
	*entries = gh_json_new_array();
	*next = a->paging.after_id + a->paging.limit;
	return 0;
}

static const char *const asked_names[] = {REST_PAGE_PARAMS, "owner", NULL};
static const struct rest_list asked_list = {asked_names, read_asked, page_asked};

static int
list_status(const char *query, struct asked *a)
{
	struct gh_http_reply rep = {0};
	int status;

	memset(&http, 0, sizeof(http));
	http.query = (char *)query;
	rest_list_reply(&asked_list, NULL, &call, a, &rep);
	status = rep.status;
	gh_http_reply_clear(&rep);
	return status;
}

static void
list__page_order_and_filter(void **state)
{
	struct asked a = {0};

	(void)state;
	assert_int_equal(list_status(NULL, &a), 200);
	assert_true(a.paging.after_id == 0 && a.paging.limit == REST_LIMIT_DEFAULT &&
	    !a.paging.newest_first);
	assert_int_equal(list_status("order=newest&after=7&limit=20&owner=bob", &a), 200);
	assert_true(a.paging.after_id == 7 && a.paging.limit == 20 && a.paging.newest_first);
	assert_string_equal(a.owner, "bob");
	assert_int_equal(list_status("order=sideways", &a), 422);
	assert_int_equal(list_status("other=1", &a), 422);
	assert_int_equal(list_status("limit=1001", &a), 422);
	a.is_failing = true;
	assert_int_equal(list_status(NULL, &a), 503);
}

static void
params__time_or_day(void **state)
{
	struct rest_param p = {"from", (char *)"2026-01-02"};
	struct rest_fields f = {0};

	(void)state;
	assert_int_equal(rest_param_time(&f, &p), 1767312000);
	p.value = (char *)"2026-01-02T03:04:05Z";
	assert_int_equal(rest_param_time(&f, &p), 1767323045);
	p.value = (char *)"2026-02-30";
	assert_int_equal(rest_param_time(&f, &p), 0);
	assert_int_equal(gh_json_size(f.errors), 1);
	rest_fields_clear(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(body__objects_only),
	    cmocka_unit_test(error__names_code_request_and_more),
	    cmocka_unit_test(error__asks_to_come_again),
	    cmocka_unit_test(fields__all_at_once),
	    cmocka_unit_test(query__decodes_and_refuses),
	    cmocka_unit_test(query__names_what_nobody_knows),
	    cmocka_unit_test(member__octets_are_strict_base64),
	    cmocka_unit_test(member__numbers_words_and_what_nobody_knows),
	    cmocka_unit_test(member__wrapped_secret),
	    cmocka_unit_test(params__all_wrong_ones_at_once),
	    cmocka_unit_test(params__time_or_day),
	    cmocka_unit_test(list__page_order_and_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
