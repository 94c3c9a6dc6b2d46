/* Requests that a page of somebody else makes a browser send, and bodies that it could: every row
 * of the table refuses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/origin.h"

#include "kore-app/route_case.h"

#define OURS "https://gw.example https://pki.example:8443"

static const struct {
	const char *origins, *host, *origin, *site;
	int on_post, on_get;
} sites[] = {
    /* no browser */
    {"", "gw.example", NULL, NULL, 0, 0},
    {"", NULL, NULL, NULL, 0, 0},
    /* our own page, as browsers and proxies write it */
    {"", "gw.example", "https://gw.example", "same-origin", 0, 0},
    {"", "gw.example", "https://gw.example", NULL, 0, 0},
    {"", "GW.example:443", "https://gw.example", NULL, 0, 0},
    {"", "gw.example:8443", "https://gw.example:8443", NULL, 0, 0},
    {"", "[::1]:8443", "https://[::1]:8443", "same-origin", 0, 0},
    {"", "gw.example", NULL, "none", 0, 0},
    /* another page: a foreign one, one of the same site, one of another port or scheme */
    {"", "gw.example", "https://evil.example", NULL, GH_E_CROSS_SITE, 0},
    {"", "gw.example", "https://evil.example", "cross-site", GH_E_CROSS_SITE, 0},
    {"", "gw.example", NULL, "cross-site", GH_E_CROSS_SITE, 0},
    {"", "gw.example", NULL, "same-site", GH_E_CROSS_SITE, 0},
    {"", "gw.example", "https://gw.example", "same-site", GH_E_CROSS_SITE, 0},
    {"", "gw.example", NULL, "Same-Origin", GH_E_CROSS_SITE, 0},
    {"", "gw.example", NULL, "", GH_E_CROSS_SITE, 0},
    {"", "gw.example", "null", NULL, GH_E_CROSS_SITE, 0},
    {"", "gw.example", "", NULL, GH_E_CROSS_SITE, 0},
    {"", "gw.example", "http://gw.example", NULL, GH_E_CROSS_SITE, 0},
    {"", "gw.example:8443", "https://gw.example", NULL, GH_E_CROSS_SITE, 0},
    {"", "gw.example", "https://gw.example:8443", NULL, GH_E_CROSS_SITE, 0},
    {"", "gw.example", "https://gw.example.evil", NULL, GH_E_CROSS_SITE, 0},
    {"", "gw.example", "https://gw.example@evil", NULL, GH_E_CROSS_SITE, 0},
    {"", "", "https://", NULL, GH_E_CROSS_SITE, 0},
    {"", ":443", "https://:443", NULL, GH_E_CROSS_SITE, 0},
    {"", NULL, "https://gw.example", NULL, GH_E_CROSS_SITE, 0},
    /* names of the configuration */
    {OURS, "gw.example", NULL, NULL, 0, 0},
    {OURS, "pki.example:8443", "https://gw.example", NULL, 0, 0},
    {OURS, "gw.example:443", "https://pki.example:8443", "same-origin", 0, 0},
    {OURS, "gw.example", "https://pki.example", NULL, GH_E_CROSS_SITE, 0},
    {OURS, "gw.example", "https://evil.example", NULL, GH_E_CROSS_SITE, 0},
    /* a name of somebody else that leads to our address (DNS rebinding) */
    {OURS, "evil.example", "https://evil.example", "same-origin", GH_E_MISDIRECTED,
	GH_E_MISDIRECTED},
    {OURS, "pki.example", NULL, NULL, GH_E_MISDIRECTED, GH_E_MISDIRECTED},
    {OURS, "gw.exampl", NULL, NULL, GH_E_MISDIRECTED, GH_E_MISDIRECTED},
    {OURS, "", NULL, NULL, GH_E_MISDIRECTED, GH_E_MISDIRECTED},
    {OURS, NULL, NULL, NULL, GH_E_MISDIRECTED, GH_E_MISDIRECTED},
};
#define SITES (sizeof(sites) / sizeof(sites[0]))

static void
fill_site(size_t i, enum gh_http_method method, struct gh_http_request *req)
{
	static struct gh_http_field field[2];

	field[0] = (struct gh_http_field){"origin", sites[i].origin};
	field[1] = (struct gh_http_field){"sec-fetch-site", sites[i].site};
	*req = (struct gh_http_request){.method = method,
	    .host = (char *)(uintptr_t)sites[i].host,
	    .field = field,
	    .fields = 2};
	conf.gateway.origins = (char *)(uintptr_t)sites[i].origins;
}

/* Where a search is started, a foreign page gets nothing begun, either. */
static int
on_get(size_t i, bool is_search)
{
	const char *site = sites[i].site;

	return is_search && sites[i].on_get == 0 && site != NULL && strcmp(site, "cross-site") == 0
	    ? GH_E_CROSS_SITE
	    : sites[i].on_get;
}

static void
origin__own_and_foreign(void **state)
{
	(void)state;
	for (size_t i = 0; i < SITES; i++) {
		for (unsigned method = GH_HTTP_GET; method <= GH_HTTP_OTHER; method <<= 1) {
			bool is_safe = method == GH_HTTP_GET || method == GH_HTTP_HEAD;
			struct gh_http_request req;
			int rc;

			fill_site(i, (enum gh_http_method)method, &req);
			rc = origin_check(&conf, &req, NULL);
			if (rc != (is_safe ? sites[i].on_get : sites[i].on_post))
				fail_msg("row %zu, method %u: %d", i, method, rc);
			rc = origin_check_reads(&conf, &req, NULL);
			if (rc != (is_safe ? on_get(i, true) : sites[i].on_post))
				fail_msg("search, row %zu, method %u: %d", i, method, rc);
		}
	}
	conf.gateway.origins = "";
}

/* Whatever the table will hold: all rows obey, but those that anybody may use. Nothing was asked of
 * the database. */
static void
origin__every_route_that_needs_a_caller(void **state)
{
	(void)state;
	for (size_t i = 0; i < SITES * route_table_len; i++) {
		struct route r = route_table[i / SITES];
		unsigned method = r.methods & ~(unsigned)ORIGIN_SAFE_METHODS;
		bool is_open = (r.need & ~(unsigned)(AUTH_LOCAL | AUTH_ANYBODY)) == 0;
		struct gh_http_request req;
		struct gh_http_reply rep;
		struct route_trace trace;
		bool is_search = strncmp(r.name, "keyfactor.", 10) == 0 ||
		    strncmp(r.name, "pki.certificates", 16) == 0;
		int expected =
		    method != 0 ? sites[i % SITES].on_post : on_get(i % SITES, is_search);

		fill_site(i % SITES,
		    (enum gh_http_method)(method != 0 ? method & (~method + 1) : GH_HTTP_GET),
		    &req);
		strcpy(req.address, "127.0.0.1");
		r.handler = answer;
		r.on_loop = true;
		dispatch(&r, &req, &rep, &trace);
		if (rep.status !=
		    (is_open                ? 200
			    : expected == 0 ? 503
					    : gh_error_info(expected)->http_status))
			fail_msg("%s, row %zu: %d", r.name, i % SITES, rep.status);
		assert_int_equal(calls, is_open);
		gh_http_reply_clear(&rep);
	}
	conf.gateway.origins = "";
}

/* What a page can send without a preflight (Fetch, 2.2.2), and what JSON clients send. */
static void
body_type__by_family(void **state)
{
	static const struct {
		const char *type;
		int ce, rest;
	} rows[] = {
	    {"application/json", 0, 0},
	    {"Application/JSON; charset=utf-8", 0, 0},
	    {"text/json", 0, 0},
	    {"application/json ", 0, 0},
	    {NULL, 0, 415},
	    {"", 0, 415},
	    {"text/plain", 415, 415},
	    {"text/plain;application/json", 415, 415},
	    {"application/x-www-form-urlencoded", 415, 415},
	    {"multipart/form-data; boundary=json", 415, 415},
	    {"application/jsonp", 415, 415},
	    {"application/octet-stream", 415, 415},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) * route_table_len; i++) {
		size_t k = i / route_table_len;
		struct route r = route_table[i % route_table_len];
		unsigned method = r.methods & ~(unsigned)ORIGIN_SAFE_METHODS;
		struct gh_http_request req = {.method =
						  (enum gh_http_method)(method & (~method + 1)),
		    .body_len = 1,
		    .field = &(struct gh_http_field){"content-type", rows[k].type},
		    .fields = 1};
		struct gh_http_reply rep;
		struct route_trace trace;
		int expected = route_family_of(&r)->takes_untyped_body ? rows[k].ce : rows[k].rest;

		if (r.takes_form && rows[k].type != NULL && strstr(rows[k].type, "form") != NULL)
			expected = 0;
		if (r.body_type != NULL && rows[k].type != NULL &&
		    strcmp(r.body_type, rows[k].type) == 0)
			expected = 0;
		if (method == 0)
			continue;
		r.handler = answer;
		r.on_loop = true;
		dispatch(&r, &req, &rep, &trace);
		if (rep.status != (r.need == AUTH_ANYBODY ? 200 : expected == 0 ? 503 : expected))
			fail_msg("%s, %s: %d", r.name, rows[k].type, rep.status);
		gh_http_reply_clear(&rep);
		/* nothing is said of a body that is not there */
		req.body_len = 0;
		dispatch(&r, &req, &rep, &trace);
		assert_int_equal(rep.status, r.need == AUTH_ANYBODY ? 200 : 503);
		gh_http_reply_clear(&rep);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(origin__own_and_foreign),
	    cmocka_unit_test(origin__every_route_that_needs_a_caller),
	    cmocka_unit_test(body_type__by_family),
	};

	route_case_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
