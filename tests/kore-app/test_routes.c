/* The route table: every row is reached and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kore-app/route_case.h"

static void
upper(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'a' && *s <= 'z')
			*s -= 'a' - 'A';
}

static void
routes__every_row_in_any_case(void **state)
{
	char path[256], variant[512];
	struct route_match m;

	(void)state;
	for (size_t i = 0; i < route_table_len; i++) {
		const struct route *r = &route_table[i];
		unsigned method = r->methods & (~r->methods + 1);

		for (int last = 0; last < 2; last++) {
			make_path(r, last, path);
			assert_int_equal(find(method, path, &m), 0);
			assert_ptr_equal(m.route, r);
			assert_int_equal(m.version,
			    strstr(r->pattern, "{v") == NULL          ? 0
				: !last                               ? 1
				: strstr(r->pattern, "{v12}") != NULL ? 2
								      : 3);
			if (strstr(r->pattern, "{id}") != NULL)
				assert_true(call_number(&m.parts, "id") == (last ? INT64_MAX : 1));
			snprintf(variant, sizeof(variant), "%s/", path);
			assert_int_equal(find(method, variant, &m), 0);
			upper(path);
			assert_int_equal(find(method, path, &m), 0);
			assert_ptr_equal(m.route, r);
		}
	}
}

/* Several parts of one path, each decoded once and found by its name. */
static void
pattern__parts_by_name(void **state)
{
	struct route_match m;

	(void)state;
	assert_true(
	    route_pattern_match("/est/{label}/simpleenroll", "/EST/ca:1/simpleenroll/", &m));
	assert_string_equal(call_text(&m.parts, "label"), "ca:1");
	assert_string_equal(call_text(&m.parts, "labe"), "");
	assert_string_equal(call_text(&m.parts, "label}"), "");
	assert_true(
	    route_pattern_match("/{v}/a/{id}/b/{name}/{kid}", "/3/a/%31%37/b/a%2Eb%40C/0x2a", &m));
	assert_int_equal(m.version, 3);
	assert_int_equal(m.parts.n, 3);
	assert_int_equal(call_number(&m.parts, "id"), 17);
	assert_string_equal(call_text(&m.parts, "id"), "17");
	assert_string_equal(call_text(&m.parts, "name"), "a.b@C");
	assert_string_equal(call_text(&m.parts, "kid"), "0x2a");
	assert_int_equal(call_number(&m.parts, "kid"), 0);
	assert_int_equal(call_number(&m.parts, "none"), 0);
	assert_string_equal(m.rest, "");
	assert_true(route_pattern_match("/a/{name}/{rest}", "/a/%61/%2F/b%2", &m));
	assert_string_equal(call_text(&m.parts, "name"), "a");
	assert_string_equal(m.rest, "%2F/b%2");
	/* one more than there is room for */
	assert_true(route_pattern_match("/{a}/{b}/{c}/{d}", "/1/2/3/4", &m));
	assert_string_equal(call_text(&m.parts, "d"), "4");
	assert_false(route_pattern_match("/{a}/{b}/{c}/{d}/{e}", "/1/2/3/4/5", &m));
}

/* What is encoded is held to the same rules, and is not decoded twice. */
static void
pattern__bad_parts(void **state)
{
	static const char *const bad[] = {"", "/", "a%2Fb", "a%2fb", "a%5Cb", "%00", "a%00", "a%0a",
	    "%", "a%4", "a%4g", "%2541", "%25", "%c3%a4", ".", "..", "%2e%2E", "a b", "a+b", "a;b"};
	char path[CALL_PART_SIZE + 8] = "/a/";
	struct route_match m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(path + 3, bad[i]);
		if (route_pattern_match("/a/{name}", path, &m))
			fail_msg("%s", path);
	}
	memset(path + 3, 'x', CALL_PART_SIZE - 1);
	path[3 + CALL_PART_SIZE - 1] = '\0';
	assert_true(route_pattern_match("/a/{name}", path, &m));
	assert_int_equal(strlen(call_text(&m.parts, "name")), CALL_PART_SIZE - 1);
	strcat(path, "x");
	assert_false(route_pattern_match("/a/{name}", path, &m));
}

static void
pattern__profile(void **state)
{
	static const char *const bad[] = {"/a/", "/a/b%2Fc", "/a/b/c", "/a/%FF", "/a/%00",
	    "/a/b%0A", "/a/%1"};
	struct route_match m;

	(void)state;
	assert_true(route_pattern_match("/a/{profile}", "/a/Web%20server%20%C3%A4", &m));
	assert_string_equal(call_text(&m.parts, "profile"), "Web server \303\244");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (route_pattern_match("/a/{profile}", bad[i], &m))
			fail_msg("%s", bad[i]);
}

static void
pattern__numbers_and_versions(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool fits;
	} rows[] = {
	    {"/{id}", "/1", true},
	    {"/{id}", "/0017", true},
	    {"/{id}", "/9223372036854775807", true},
	    {"/{id}", "/9223372036854775808", false},
	    {"/{id}", "/0", false},
	    {"/{id}", "/-1", false},
	    {"/{id}", "/+1", false},
	    {"/{id}", "/1a", false},
	    {"/{id}", "/1%00", false},
	    {"/{id}", "/0x1", false},
	    {"/{v}", "/3", true},
	    {"/{v}", "/%33", false},
	    {"/{v}", "/4", false},
	    {"/{v}", "/0", false},
	    {"/{v}", "/33", false},
	    {"/{v12}", "/2", true},
	    {"/{v12}", "/3", false},
	};
	struct route_match m;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (route_pattern_match(rows[i].pattern, rows[i].path, &m) != rows[i].fits)
			fail_msg("%s %s", rows[i].pattern, rows[i].path);
}

/* The API of Keyfactor is found below a prefix, as its clients send it; nothing else is. */
static const struct {
	unsigned method;
	const char *path;
	bool has_prefix;
} prefixed[] = {
    {GH_HTTP_POST, "/certenroll/3/pkcs10", true},
    {GH_HTTP_POST, "/certenroll/1/pkcs10", true},
    {GH_HTTP_POST, "/certenroll/2/token", true},
    {GH_HTTP_GET, "/certenroll/3/templates", true},
    {GH_HTTP_POST, "/certenroll/1/templates", true},
    {GH_HTTP_GET, "/certenroll/3/requests/17", true},
    {GH_HTTP_POST, "/certificates/3/revoke", true},
    {GH_HTTP_GET, "/pki/cas", false},
    {GH_HTTP_GET, "/pki/audit", false},
    {GH_HTTP_GET, "/pki/certificate/17", false},
    {GH_HTTP_PUT, "/pki/certificate/17/status", false},
    {GH_HTTP_POST, "/api/v1/certificate-authorities/issuing/password/set", false},
    {GH_HTTP_GET, "/ca/issuing.cer", false},
    {GH_HTTP_GET, "/crl/issuing.crl", false},
    {GH_HTTP_POST, "/ocsp", false},
    {GH_HTTP_GET, "/healthz", false},
    {GH_HTTP_GET, "/metrics", false},
};

/* What stands for "/keyfactorapi" in the patterns of its rows; what no row has below it is answered
 * in its form. */
static void
routes__prefixes_of_keyfactor(void **state)
{
	static const struct {
		const char *path;
		int code;
	} rows[] = {{"/KeyfactorAPI/Certificates/7", 0}, {"/keyfactor/api/Certificates/7", 0},
	    {"/Other/Certificates/7/", 0}, {"/Other/Nothing", GH_E_NOT_FOUND},
	    {"/Other", GH_E_NOT_FOUND}, {"/OtherCertificates/7", GH_E_NOT_FOUND},
	    {"/Other/KeyfactorAPI/Certificates/7", GH_E_NOT_FOUND},
	    {"/Certificates/7", GH_E_NOT_FOUND}, {"/CMSApi/Certificates/7", GH_E_NOT_FOUND}};
	struct route_match m;

	(void)state;
	conf.keyfactor.prefixes = "/Keyfactor/API/ /Other";
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(find(GH_HTTP_GET, rows[i].path, &m), rows[i].code);
		if (rows[i].code == 0) {
			assert_string_equal(m.route->name, "keyfactor.certificate");
			assert_int_equal(call_number(&m.parts, "id"), 7);
		}
	}
	assert_ptr_equal(route_family_of_path(&conf, "/other/Nothing"), &route_family_keyfactor);
	assert_ptr_equal(route_family_of_path(NULL, "/other/Nothing"), &route_family_certenroll);
	conf.keyfactor.prefixes = "";
	assert_int_equal(find(GH_HTTP_GET, "/Other/Certificates/7", &m), GH_E_NOT_FOUND);
}

static void
routes__prefixes(void **state)
{
	static const char *const prefix[] = {"/CMSApi", "/cmsapi", "/KeyfactorAPI", "/a/b"};
	char path[256];
	struct route_match m;

	(void)state;
	conf.certenroll.prefixes = "/KeyfactorAPI  /a/b/";
	for (size_t i = 0; i < sizeof(prefixed) / sizeof(*prefixed); i++) {
		int rc = prefixed[i].has_prefix ? 0 : GH_E_NOT_FOUND;

		assert_int_equal(find(prefixed[i].method, prefixed[i].path, &m), 0);
		for (size_t k = 0; k < sizeof(prefix) / sizeof(*prefix); k++) {
			snprintf(path, sizeof(path), "%s%s", prefix[k], prefixed[i].path);
			assert_int_equal(find(prefixed[i].method, path, &m), rc);
		}
		snprintf(path, sizeof(path), "/other%s", prefixed[i].path);
		assert_int_equal(find(prefixed[i].method, path, &m), GH_E_NOT_FOUND);
		snprintf(path, sizeof(path), "/CMSApi/CMSApi%s", prefixed[i].path);
		assert_int_equal(find(prefixed[i].method, path, &m), GH_E_NOT_FOUND);
		snprintf(path, sizeof(path), "/CMSApi%s", prefixed[i].path + 1);
		assert_int_equal(find(prefixed[i].method, path, &m), GH_E_NOT_FOUND);
	}
	conf.certenroll.prefixes = "";
}

/* Of all rows that have this path: a number is a name, too. */
static unsigned
methods_of(const char *path)
{
	struct route_match m;
	unsigned methods = 0;

	for (size_t i = 0; i < route_table_len; i++)
		if (route_pattern_match(route_table[i].pattern, path, &m))
			methods |= route_table[i].methods;
	return methods;
}

static void
routes__wrong_method_names_the_right_ones(void **state)
{
	char path[256];
	struct route_match m;

	(void)state;
	for (size_t i = 0; i < route_table_len; i++) {
		unsigned methods;

		make_path(&route_table[i], false, path);
		methods = methods_of(path);
		for (unsigned method = GH_HTTP_GET; method <= GH_HTTP_OTHER; method <<= 1) {
			if (methods & method)
				continue;
			assert_int_equal(find(method, path, &m), GH_E_METHOD);
			assert_int_equal(m.allowed, methods);
			assert_null(m.route);
		}
	}
}

static void
routes__unknown_paths(void **state)
{
	static const char *const unknown[] = {"", "///", "*", "/certenroll", "/certenroll/",
	    "/certenroll/3", "/certenroll/0/pkcs10", "/certenroll/4/pkcs10",
	    "/certenroll/33/pkcs10", "/certenroll//pkcs10", "/certenroll/3/pkcs10x",
	    "/certenroll/3/pkcs1", "/certenroll/3/pkcs10//", "/certenroll/3/pkcs10/1",
	    "/certenroll/3/token", "/certenroll/3/requests/", "/certenroll/3/requests/0",
	    "/certenroll/3/requests/-1", "/certenroll/3/requests/+1", "/certenroll/3/requests/1a",
	    "/certenroll/3/requests/9223372036854775808",
	    "/certenroll/3/requests/99999999999999999999999", "/healthz/x", "/CMSApi/healthz",
	    "/CMSApicertenroll/3/pkcs10", "certenroll/3/pkcs10", "/certenroll/%33/pkcs10"};
	struct route_match m;

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_int_equal(find(GH_HTTP_POST, unknown[i], &m), GH_E_NOT_FOUND);
		assert_int_equal(find(GH_HTTP_GET, unknown[i], &m), GH_E_NOT_FOUND);
		assert_null(m.route);
	}
}

/* A row's path is below the paths of its family, so that a wrong spelling is answered like it. */
static void
routes__below_their_family(void **state)
{
	static const char *const probes[] = {"healthz", "readyz", "metrics"};
	char path[256];

	(void)state;
	for (size_t i = 0; i < route_table_len; i++) {
		const struct route *r = &route_table[i];
		bool is_probe = false;

		for (size_t k = 0; k < 3; k++)
			is_probe |= strcmp(r->name, probes[k]) == 0;
		make_path(r, false, path);
		if (!is_probe && route_family_of_path(&conf, path) != route_family_of(r))
			fail_msg("%s: not below the paths of its family", r->name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(routes__every_row_in_any_case),
	    cmocka_unit_test(pattern__parts_by_name),
	    cmocka_unit_test(pattern__bad_parts),
	    cmocka_unit_test(pattern__profile),
	    cmocka_unit_test(pattern__numbers_and_versions),
	    cmocka_unit_test(routes__prefixes),
	    cmocka_unit_test(routes__prefixes_of_keyfactor),
	    cmocka_unit_test(routes__wrong_method_names_the_right_ones),
	    cmocka_unit_test(routes__unknown_paths),
	    cmocka_unit_test(routes__below_their_family),
	};

	route_case_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
