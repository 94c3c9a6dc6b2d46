/* What route_dispatch does before a handler, with rows of our own, and how it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kore-app/route_case.h"

static void
dispatch__open_route(void **state)
{
	const struct route r = {.need = AUTH_ANYBODY,
	    .body_max = 4,
	    .handler = answer,
	    .on_loop = true};
	struct gh_http_request req = {.address = "192.0.2.1", .body_len = 4};
	struct gh_http_reply rep;
	struct route_trace trace;

	(void)state;
	dispatch(&r, &req, &rep, &trace);
	assert_int_equal(calls, 1);
	assert_int_equal(rep.status, 200);
	assert_int_equal(rep.body_len, 3);
	assert_string_equal(trace.requester, "");
	gh_http_reply_clear(&rep);

	req.body_len = 5;
	dispatch(&r, &req, &rep, &trace);
	assert_int_equal(calls, 0);
	assert_int_equal(rep.status, 413);
	assert_string_equal(trace.code, "too_large");
	gh_http_reply_clear(&rep);
}

static void
dispatch__local_route(void **state)
{
	static const struct {
		const char *address;
		bool is_public;
		int status;
	} row[] = {
	    {"127.0.0.1", false, 200},
	    {"127.9.9.9", false, 200},
	    {"::1", false, 200},
	    {"192.0.2.1", false, 403},
	    {"1270.0.0.1", false, 403},
	    {"::2", false, 403},
	    {"", false, 403},
	    {"192.0.2.1", true, 200},
	};
	const struct route r = {.need = AUTH_LOCAL, .handler = answer, .on_loop = true};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct gh_http_request req = {0};
		struct gh_http_reply rep;
		struct route_trace trace;

		strcpy(req.address, row[i].address);
		conf.gateway.metrics_public = row[i].is_public;
		dispatch(&r, &req, &rep, &trace);
		assert_int_equal(rep.status, row[i].status);
		assert_int_equal(calls, row[i].status == 200);
		gh_http_reply_clear(&rep);
	}
	conf.gateway.metrics_public = false;
}

/* A row that was forgotten half-way lets nobody in. */
static void
dispatch__row_that_says_nothing(void **state)
{
	const struct route r = {.name = "new", .handler = answer, .on_loop = true};
	struct gh_http_request req = {.address = "127.0.0.1"};
	struct gh_http_reply rep;
	struct route_trace trace;

	(void)state;
	dispatch(&r, &req, &rep, &trace);
	assert_int_equal(calls, 0);
	assert_int_equal(rep.status, 500);
	gh_http_reply_clear(&rep);
}

/* The second of those that it gets leaves. */
static void
answer_batch(struct worker_env *env, struct call_item *items, size_t n)
{
	assert_ptr_equal(env->conf, &conf);
	for (size_t i = 0; i < n; i++) {
		assert_non_null(items[i].event);
		items[i].leaves = i == 1;
		if (i != 1)
			answer(env, &items[i].call, items[i].rep);
	}
}

/* Each member is checked for itself: those that may not come, or come too late, do not, and take no
 * other with them. */
static void
dispatch__batch(void **state)
{
	static const struct route_batch batch = {.run = answer_batch, .max = 6, .at_once = 1};
	const struct route open = {.need = AUTH_ANYBODY,
	    .handler = answer,
	    .batch = &batch,
	    .body_max = 4,
	    .without_catalog = true,
	    .plain = true};
	const struct route tls_only = {.need = AUTH_ANYBODY,
	    .handler = answer,
	    .batch = &batch,
	    .without_catalog = true};
	const struct route closed = {.need = AUTH_APP, .handler = answer, .batch = &batch};
	const struct {
		const struct route *route;
		size_t body_len;
		int status;
		bool leaves;
		int64_t deadline_us;
	} row[] = {
	    {&closed, 0, 503, false, 0}, /* no catalog to find an application in */
	    {&open, 4, 200, false, INT64_MAX},
	    {&open, 5, 413, false, 0},
	    {&open, 0, 503, false, 1},
	    {&open, 0, 0, true, 0},
	    {&tls_only, 0, 403, false, 0},
	};
	struct worker_env env = {.conf = &conf};
	struct gh_http_request req[6] = {0};
	struct route_match match[6] = {0};
	struct gh_http_reply rep[6] = {0};
	struct route_trace trace[6] = {0};
	struct route_item items[6];

	(void)state;
	calls = 0;
	for (size_t i = 0; i < 6; i++) {
		match[i].route = row[i].route;
		match[i].version = 2;
		req[i].deadline_us = row[i].deadline_us;
		req[i].body_len = row[i].body_len;
		req[i].is_plain = row[i].route != &closed;
		items[i] = (struct route_item){&match[i], &req[i], &rep[i], &trace[i], true};
	}
	route_dispatch_batch(&env, NULL, &batch, items, 6);
	assert_int_equal(calls, 1);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(rep[i].status, row[i].status);
		assert_int_equal(items[i].leaves, row[i].leaves);
		assert_int_equal(trace[i].code != NULL, row[i].status >= 400);
		gh_http_reply_clear(&rep[i]);
	}
}

static void
dispatch__no_catalog_yet(void **state)
{
	const struct route r = {.need = AUTH_APP, .handler = answer};
	struct gh_http_request req = {.address = "127.0.0.1"};
	struct gh_http_reply rep;
	struct route_trace trace;

	(void)state;
	dispatch(&r, &req, &rep, &trace);
	assert_int_equal(calls, 0);
	assert_int_equal(rep.status, 503);
	assert_non_null(header(&rep, "Retry-After"));
	assert_string_equal(trace.code, "not_loaded");
	assert_string_not_equal(trace.cause, "");
	gh_http_reply_clear(&rep);
}

static void
refuse__allow_and_retry(void **state)
{
	struct gh_http_reply rep = {0};
	struct route_trace trace = {0};
	struct gh_error err;

	(void)state;
	(void)gh_fail(&err, GH_E_METHOD, "x");
	route_refuse(&conf, &err, &(struct route_match){.allowed = GH_HTTP_GET | GH_HTTP_POST},
	    &(struct gh_http_request){0}, &rep, &trace);
	assert_int_equal(rep.status, 405);
	assert_string_equal(header(&rep, "Allow"), "GET, POST");
	assert_null(header(&rep, "Retry-After"));
	gh_http_reply_clear(&rep);

	(void)gh_fail(&err, GH_E_BUSY, "private");
	route_refuse(&conf, &err, &(struct route_match){0}, &(struct gh_http_request){0}, &rep,
	    &trace);
	assert_int_equal(rep.status, 503);
	assert_null(header(&rep, "Allow"));
	assert_non_null(header(&rep, "Retry-After"));
	assert_string_equal(trace.cause, "private");
	assert_null(strstr((const char *)rep.body, "private"));
	gh_http_reply_clear(&rep);
}

static void
refuse__form_of_the_family(void **state)
{
	struct gh_http_request rest = {.path = (char *)"/pki/nothing", .request_id = "r1"};
	struct gh_http_request ce = {.path = (char *)"/CertEnroll/9"};
	struct gh_http_reply rep = {0};
	struct route_trace trace = {0};
	struct gh_error err;

	(void)state;
	(void)gh_fail(&err, GH_E_NOT_FOUND, "x");
	route_refuse(&conf, &err, &(struct route_match){0}, &rest, &rep, &trace);
	assert_non_null(strstr((const char *)rep.body, "\"code\":\"not_found\""));
	assert_non_null(strstr((const char *)rep.body, "\"request_id\":\"r1\""));
	gh_http_reply_clear(&rep);
	route_refuse(&conf, &err, &(struct route_match){0}, &ce, &rep, &trace);
	assert_non_null(strstr((const char *)rep.body, "\"Message\":"));
	gh_http_reply_clear(&rep);
}

/* Who did not say who he is, is told how to: by routing and authentication alone. The password of a
 * CA is not the caller's. */
static void
refuse__challenge_of_the_family(void **state)
{
	static const char *const path[] = {"/pki/audit", "/CMSApi/CertEnroll/3/Pkcs10", "/x"};
	struct route_trace trace = {0};
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct gh_http_request req = {.path = (char *)(uintptr_t)path[i]};
		struct gh_http_reply rep = {0};
		struct route_match m;

		(void)!route_find(&conf, GH_HTTP_GET, path[i], &m, &err);
		(void)gh_fail(&err, GH_E_AUTH_REQUIRED, "x");
		route_refuse(&conf, &err, &m, &req, &rep, &trace);
		assert_int_equal(rep.status, 401);
		assert_string_equal(header(&rep, "WWW-Authenticate"),
		    "Basic realm=\"Gatehouse\", charset=\"UTF-8\"");
		gh_http_reply_clear(&rep);
		(void)gh_fail(&err, GH_E_FORBIDDEN, "x");
		route_refuse(&conf, &err, &m, &req, &rep, &trace);
		assert_null(header(&rep, "WWW-Authenticate"));
		gh_http_reply_clear(&rep);
	}
}

/* A wrong method is answered in the form of the rows that have the path; a wrong path in that of
 * its first segment. */
static void
refuse__form_where_no_row_fits(void **state)
{
	static const struct {
		const char *path;
		int code;
		bool is_rest;
	} rows[] = {
	    {"/ocsp", GH_E_METHOD, true},
	    {"/crl/issuing.crl", GH_E_METHOD, true},
	    {"/readyz", GH_E_METHOD, true},
	    {"/CMSApi/CertEnroll/3/Pkcs10", GH_E_METHOD, false},
	    {"/CMSApi/Certificates/3/Revoke", GH_E_METHOD, false},
	    {"/ca/", GH_E_NOT_FOUND, true},
	    {"/crl", GH_E_NOT_FOUND, true},
	    {"/OCSP/x/", 0, true},
	    {"/pki", GH_E_NOT_FOUND, true},
	    {"/api/v1/x", GH_E_NOT_FOUND, true},
	    {"/cas", GH_E_NOT_FOUND, false},
	    {"/nothing", GH_E_NOT_FOUND, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gh_http_request req = {.path = (char *)rows[i].path, .request_id = "r1"};
		struct gh_http_reply rep = {0};
		struct route_trace trace = {0};
		struct gh_error err = {0};
		struct route_match m;
		int rc = route_find(&conf, rows[i].code != 0 ? GH_HTTP_DELETE : GH_HTTP_GET,
		    rows[i].path, &m, &err);

		assert_int_equal(rc, rows[i].code);
		if (rc == 0)
			(void)gh_fail(&err, GH_E_BUSY, "x");
		route_refuse(&conf, &err, &m, &req, &rep, &trace);
		if ((strstr((const char *)rep.body, "\"code\":") != NULL) != rows[i].is_rest)
			fail_msg("%s: %s", rows[i].path, (const char *)rep.body);
		if (rc == GH_E_NOT_FOUND)
			assert_non_null(strstr((const char *)rep.body, "Check its spelling"));
		gh_http_reply_clear(&rep);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dispatch__open_route),
	    cmocka_unit_test(dispatch__local_route),
	    cmocka_unit_test(dispatch__row_that_says_nothing),
	    cmocka_unit_test(dispatch__batch),
	    cmocka_unit_test(dispatch__no_catalog_yet),
	    cmocka_unit_test(refuse__allow_and_retry),
	    cmocka_unit_test(refuse__form_of_the_family),
	    cmocka_unit_test(refuse__challenge_of_the_family),
	    cmocka_unit_test(refuse__form_where_no_row_fits),
	};

	route_case_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
