/* The route table: every row is reached and nothing else is; what route_dispatch does before a
 * handler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/origin.h"
#include "routes/routes.h"

static struct gh_conf conf;

static const char *
header(const struct gh_http_reply *rep, const char *name)
{
	for (size_t i = 0; i < rep->headers; i++)
		if (strcmp(rep->header[i].name, name) == 0)
			return rep->header[i].value;
	return NULL;
}

/* A path for a row: variables filled in with their first or last value. */
static void
make_path(const struct route *r, bool last, char *out)
{
	const char *p = r->pattern;

	while (*p != '\0') {
		if (*p != '{') {
			*out++ = *p++;
			continue;
		}
		if (strncmp(p, "{id}", 4) == 0)
			out = stpcpy(out, last ? "9223372036854775807" : "1");
		else
			out = stpcpy(out, !last ? "1" : strncmp(p, "{v12}", 5) == 0 ? "2" : "3");
		p = strchr(p, '}') + 1;
	}
	*out = '\0';
}

static void
upper(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'a' && *s <= 'z')
			*s -= 'a' - 'A';
}

static int
find(unsigned method, const char *path, struct route_match *m)
{
	return route_find(&conf, (enum gh_http_method)method, path, m, NULL);
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

/* The whole access policy in one look: a change of it must be made here, too. */
static const struct policy {
	const char *name;
	unsigned need, roles;
	bool plain;
} policies[] = {
    {"certenroll.pkcs10", AUTH_APP | AUTH_USER, 0, false},
    {"certenroll.pkcs12", AUTH_APP | AUTH_USER, 0, false},
    {"certenroll.token", AUTH_APP | AUTH_USER, 0, false},
    {"certenroll.templates", AUTH_APP | AUTH_USER, 0, false},
    {"certenroll.request", AUTH_APP | AUTH_USER, 0, false},
    {"certificates.revoke", AUTH_APP_SENT | AUTH_PERSON, 0, false},
    {"certificates.contents", AUTH_APP_SENT | AUTH_PERSON, 0, false},
    {"certificates.import", AUTH_APP_SENT | AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER, false},
    {"metadata.get", AUTH_APP_SENT | AUTH_PERSON, 0, false},
    {"metadata.set", AUTH_APP_SENT | AUTH_PERSON, 0, false},
    {"metadata.definition", AUTH_APP_SENT | AUTH_PERSON, 0, false},
    {"pki.certificate", AUTH_PERSON, 0, false},
    {"pki.certificate.status", AUTH_PERSON, 0, false},
    {"pki.certificate.change", AUTH_PERSON, 0, false},
    {"pki.certificate.remove", AUTH_PERSON, REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER, false},
    {"pki.certificate.find", AUTH_PERSON, 0, false},
    {"pki.certificate.find-status", AUTH_PERSON, 0, false},
    {"pki.certificate.find-change", AUTH_PERSON, 0, false},
    {"pki.cas", AUTH_ANYBODY, 0, true},
    {"ca.certificate", AUTH_ANYBODY, 0, true},
    {"crl", AUTH_ANYBODY, 0, true},
    {"ocsp.post", AUTH_ANYBODY, 0, true},
    {"ocsp.get", AUTH_ANYBODY, 0, true},
    {"ca.password.set", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"ca.password.remove", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"ca.password.change", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"ca.password.unlock", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"ca.password.lock", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"ca.password.status", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.audit", AUTH_PERSON, REQUESTER_ROLE_AUDITOR, false},
    {"pki.certificates", AUTH_PERSON, 0, false},
    {"pki.certificates.statistics", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.certificates.import", AUTH_PERSON, REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER, false},
    {"pki.status", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.endpoints", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.endpoint", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.profiles", AUTH_APP_SENT | AUTH_PERSON, 0, false},
    {"pki.profile", AUTH_APP_SENT | AUTH_PERSON, 0, false},
    {"pki.request.submit", AUTH_APP_SENT | AUTH_USER, 0, false},
    {"pki.requests", AUTH_APP_SENT | AUTH_PERSON, 0, false},
    {"pki.request", AUTH_APP_SENT | AUTH_PERSON, 0, false},
    {"pki.request.status", AUTH_APP_SENT | AUTH_PERSON, 0, false},
    {"pki.request.decide", AUTH_APP_SENT | AUTH_PERSON, 0, false},
    {"pki.kra.transport", AUTH_PERSON, 0, false},
    {"pki.info", AUTH_PERSON, 0, false},
    {"pki.keyrequest.archive", AUTH_PERSON, 0, false},
    {"pki.keyrequest.generate", AUTH_PERSON, 0, false},
    {"pki.keyrequest.generate-token", AUTH_PERSON, 0, false},
    {"pki.keyrequest.recovery", AUTH_PERSON, 0, false},
    {"pki.keyrequests", AUTH_PERSON, 0, false},
    {"pki.keyrequest", AUTH_PERSON, 0, false},
    {"pki.keyrequest.status", AUTH_PERSON, 0, false},
    {"pki.keyrequest.decide", AUTH_PERSON, 0, false},
    {"pki.keys", AUTH_PERSON, 0, false},
    {"pki.key", AUTH_PERSON, 0, false},
    {"pki.key.retrieve", AUTH_PERSON, 0, false},
    {"pki.key.status", AUTH_PERSON, 0, false},
    {"pki.key.change", AUTH_PERSON, REQUESTER_ROLE_AGENT, false},
    {"csr.ca-template", AUTH_SESSION | AUTH_PERSON, 0, false},
    {"home", AUTH_SESSION | AUTH_ANYBODY, 0, false},
    {"login", AUTH_SESSION | AUTH_ANYBODY, 0, false},
    {"login.password", AUTH_SESSION | AUTH_ANYBODY, 0, false},
    {"login.certificate", AUTH_SESSION | AUTH_ANYBODY, 0, false},
    {"logout", AUTH_SESSION, 0, false},
    {"csr.upload", AUTH_USER | AUTH_SESSION, 0, false},
    {"csr.preview", AUTH_USER | AUTH_SESSION, 0, false},
    {"csr.process", AUTH_APP_SENT | AUTH_USER | AUTH_SESSION, 0, false},
    {"requests", AUTH_SESSION, 0, false},
    {"request", AUTH_SESSION, 0, false},
    {"request.certificate", AUTH_SESSION, 0, false},
    {"request.approve", AUTH_SESSION, 0, false},
    {"request.reject", AUTH_SESSION, 0, false},
    {"request.cancel", AUTH_SESSION, 0, false},
    {"console", AUTH_SESSION, 0, false},
    {"console.audit", AUTH_SESSION, REQUESTER_ROLE_AUDITOR, false},
    {"console.certificates", AUTH_SESSION, 0, false},
    {"console.certificates.file", AUTH_SESSION, 0, false},
    {"console.search.save", AUTH_SESSION, 0, false},
    {"console.search.remove", AUTH_SESSION, 0, false},
    {"console.mine", AUTH_SESSION, 0, false},
    {"console.renew", AUTH_SESSION, 0, false},
    {"console.renew.do", AUTH_SESSION, 0, false},
    {"console.certificate", AUTH_SESSION, 0, false},
    {"console.certificate.file", AUTH_SESSION, 0, false},
    {"console.certificate.ask", AUTH_SESSION, 0, false},
    {"console.certificate.change", AUTH_SESSION, 0, false},
    {"console.certificate.remove-ask", AUTH_SESSION, REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER,
	false},
    {"console.certificate.remove", AUTH_SESSION, REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER,
	false},
    {"console.metadata", AUTH_SESSION, 0, false},
    {"console.metadata.change", AUTH_SESSION, 0, false},
    {"static", AUTH_ANYBODY, 0, false},
    {"est.pal", AUTH_EST, 0, false},
    {"est.label.pal", AUTH_EST, 0, false},
    {"est.pal.page", AUTH_EST, 0, false},
    {"est.label.pal.page", AUTH_EST, 0, false},
    {"est.eecerts", AUTH_EST | AUTH_ANYBODY, 0, false},
    {"est.label.eecerts", AUTH_EST | AUTH_ANYBODY, 0, false},
    {"est.eecerts.one", AUTH_EST | AUTH_ANYBODY, 0, false},
    {"est.label.eecerts.one", AUTH_EST | AUTH_ANYBODY, 0, false},
    {"est.crls", AUTH_EST | AUTH_ANYBODY, 0, false},
    {"est.label.crls", AUTH_EST | AUTH_ANYBODY, 0, false},
    {"est.crls.one", AUTH_EST | AUTH_ANYBODY, 0, false},
    {"est.label.crls.one", AUTH_EST | AUTH_ANYBODY, 0, false},
    {"est.symmetrickeys", AUTH_EST, 0, false},
    {"est.label.symmetrickeys", AUTH_EST, 0, false},
    {"est.symmetrickeys.one", AUTH_EST, 0, false},
    {"est.label.symmetrickeys.one", AUTH_EST, 0, false},
    {"est.firmware", AUTH_EST, 0, false},
    {"est.label.firmware", AUTH_EST, 0, false},
    {"est.firmware.one", AUTH_EST, 0, false},
    {"est.label.firmware.one", AUTH_EST, 0, false},
    {"est.tamp", AUTH_EST, 0, false},
    {"est.label.tamp", AUTH_EST, 0, false},
    {"est.tamp.one", AUTH_EST, 0, false},
    {"est.label.tamp.one", AUTH_EST, 0, false},
    {"est.symmetrickeys.return", AUTH_EST, 0, false},
    {"est.label.symmetrickeys.return", AUTH_EST, 0, false},
    {"est.serverkeygen.return", AUTH_EST, 0, false},
    {"est.label.serverkeygen.return", AUTH_EST, 0, false},
    {"est.firmware.return", AUTH_EST, 0, false},
    {"est.label.firmware.return", AUTH_EST, 0, false},
    {"est.tamp.return", AUTH_EST, 0, false},
    {"est.label.tamp.return", AUTH_EST, 0, false},
    {"est.simpleenroll.outcome", AUTH_EST, 0, false},
    {"est.label.simpleenroll.outcome", AUTH_EST, 0, false},
    {"est.simplereenroll.outcome", AUTH_EST, 0, false},
    {"est.label.simplereenroll.outcome", AUTH_EST, 0, false},
    {"est.fullcmc.outcome", AUTH_EST, 0, false},
    {"est.label.fullcmc.outcome", AUTH_EST, 0, false},
    {"pki.packages", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.package.add", AUTH_PERSON, REQUESTER_ROLE_OFFICER, false},
    {"pki.package", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.package.remove", AUTH_PERSON, REQUESTER_ROLE_OFFICER, false},
    {"pki.package.deliveries", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.packages.deliveries", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"keyfactor.endpoints", AUTH_PERSON, 0, false},
    {"keyfactor.certificates", AUTH_PERSON, 0, false},
    {"keyfactor.certificate", AUTH_PERSON, 0, false},
    {"keyfactor.download", AUTH_PERSON, 0, false},
    {"keyfactor.revoke", AUTH_PERSON, 0, false},
    {"keyfactor.metadata", AUTH_PERSON, 0, false},
    {"keyfactor.compare", AUTH_PERSON, 0, false},
    {"keyfactor.fields", AUTH_PERSON, 0, false},
    {"keyfactor.field", AUTH_PERSON, 0, false},
    {"keyfactor.field.add", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"keyfactor.field.put", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"keyfactor.fields.remove", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"keyfactor.field.remove", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"keyfactor.field.in-use", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"keyfactor.templates", AUTH_PERSON, 0, false},
    {"keyfactor.template", AUTH_PERSON, 0, false},
    {"keyfactor.cas", AUTH_PERSON, 0, false},
    {"keyfactor.enroll", AUTH_APP_SENT | AUTH_USER, 0, false},
    {"keyfactor.renew", AUTH_APP_SENT | AUTH_USER, 0, false},
    {"keyfactor.pfx", AUTH_APP_SENT | AUTH_USER, 0, false},
    {"keyfactor.ca", AUTH_PERSON, 0, false},
    {"keyfactor.context", AUTH_PERSON, 0, false},
    {"keyfactor.recover", AUTH_PERSON, 0, false},
    {"keyfactor.owner", AUTH_PERSON, 0, false},
    {"keyfactor.delete", AUTH_PERSON, REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER, false},
    {"keyfactor.import", AUTH_PERSON, REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER, false},
    {"keyfactor.pending", AUTH_PERSON, 0, false},
    {"keyfactor.denied", AUTH_PERSON, 0, false},
    {"keyfactor.external", AUTH_PERSON, 0, false},
    {"keyfactor.request", AUTH_PERSON, 0, false},
    {"keyfactor.approve", AUTH_PERSON, 0, false},
    {"keyfactor.deny", AUTH_PERSON, 0, false},
    {"pki.metadata", AUTH_PERSON, 0, false},
    {"pki.certificate.metadata", AUTH_PERSON, 0, false},
    {"pki.certificate.metadata.change", AUTH_PERSON, 0, false},
    {"pki.certificate.metadata.history", AUTH_PERSON, 0, false},
    {"pki.metadata-runs", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.metadata-run", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.metadata-run.items", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.metadata-run.add", AUTH_PERSON, REQUESTER_ROLE_OFFICER, false},
    {"pki.metadata-run.cancel", AUTH_PERSON, REQUESTER_ROLE_OFFICER, false},
    {"pki.metadata.field", AUTH_PERSON, 0, false},
    {"pki.metadata.define", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.metadata.remove", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.searches", AUTH_PERSON, 0, false},
    {"pki.search", AUTH_PERSON, 0, false},
    {"pki.search.save", AUTH_PERSON, 0, false},
    {"pki.search.remove", AUTH_PERSON, 0, false},
    {"pki.jobs", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.job.run", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"console.jobs", AUTH_SESSION,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"console.job.run", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"pki.authorities", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.authority", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"console.endpoints", AUTH_SESSION,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"console.endpoint", AUTH_SESSION,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"console.cas", AUTH_SESSION,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"console.ca", AUTH_SESSION,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"console.ca.unlock", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.ca.lock", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"pki.templates", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.template", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"console.templates", AUTH_SESSION,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"console.template", AUTH_SESSION,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.applications", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.application.create", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.application.rotate", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.application.enable", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"console.applications", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.application.create", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.application.rotate", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.application.enable", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.keys", AUTH_SESSION, 0, false},
    {"console.key", AUTH_SESSION, 0, false},
    {"console.key.decide", AUTH_SESSION, 0, false},
    {"pki.labels", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.messages", AUTH_PERSON,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"pki.message.retry", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.users", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.user.enable", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.view-rules", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.view-rule.add", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.view-rule", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.view-rule.remove", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"console.archive", AUTH_SESSION, 0, false},
    {"console.archived-key", AUTH_SESSION, 0, false},
    {"console.archived-key.change", AUTH_SESSION, REQUESTER_ROLE_AGENT, false},
    {"console.views", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.view.add", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.view", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.view.remove", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"pki.authority.enable", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.label.enable", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"console.ca.enable", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.ca.password", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.label.enable", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"pki.user.roles", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.sessions", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.sessions.end", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"pki.session.end", AUTH_PERSON, REQUESTER_ROLE_ADMIN, false},
    {"console.user.roles", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.sessions", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.sessions.end", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.session.end", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.labels", AUTH_SESSION,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"console.packages", AUTH_SESSION,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"console.package.add", AUTH_SESSION, REQUESTER_ROLE_OFFICER, false},
    {"console.package", AUTH_SESSION,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"console.package.remove-ask", AUTH_SESSION, REQUESTER_ROLE_OFFICER, false},
    {"console.package.remove", AUTH_SESSION, REQUESTER_ROLE_OFFICER, false},
    {"console.messages", AUTH_SESSION,
	REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, false},
    {"console.message.retry", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.users", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"console.user.enable", AUTH_SESSION, REQUESTER_ROLE_ADMIN, false},
    {"est.cacerts", AUTH_ANYBODY, 0, false},
    {"est.label.cacerts", AUTH_ANYBODY, 0, false},
    {"est.simpleenroll", AUTH_EST | AUTH_EST_ONE_TIME, 0, false},
    {"est.label.simpleenroll", AUTH_EST | AUTH_EST_ONE_TIME, 0, false},
    {"est.simplereenroll", AUTH_EST | AUTH_EST_ONE_TIME, 0, false},
    {"est.label.simplereenroll", AUTH_EST | AUTH_EST_ONE_TIME, 0, false},
    {"est.fullcmc", AUTH_EST | AUTH_EST_MESSAGE, 0, false},
    {"est.label.fullcmc", AUTH_EST | AUTH_EST_MESSAGE, 0, false},
    {"est.serverkeygen", AUTH_EST, 0, false},
    {"est.label.serverkeygen", AUTH_EST, 0, false},
    {"est.csrattrs", AUTH_ANYBODY, 0, false},
    {"est.label.csrattrs", AUTH_ANYBODY, 0, false},
    {"healthz", AUTH_ANYBODY, 0, true},
    {"readyz", AUTH_ANYBODY, 0, true},
    {"metrics", AUTH_LOCAL, 0, true},
};

static const struct policy *
policy_of(const char *name)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (strcmp(policies[i].name, name) == 0)
			return &policies[i];
	fail_msg("no policy for route %s", name);
	return NULL;
}

static void
routes__needs(void **state)
{
	(void)state;
	assert_int_equal(route_table_len, sizeof(policies) / sizeof(policies[0]));
	for (size_t i = 0; i < route_table_len; i++) {
		const struct policy *p = policy_of(route_table[i].name);

		assert_int_equal(route_table[i].need, p->need);
		assert_int_equal(route_table[i].roles, p->roles);
		assert_int_equal(route_table[i].plain, p->plain);
		/* only what a session and its token guard is open to forms of any page */
		assert_false(route_table[i].takes_form && (p->need & AUTH_SESSION) == 0);
		/* what needs a secret never goes without TLS */
		assert_false(p->plain && (p->need & ~(unsigned)(AUTH_LOCAL | AUTH_ANYBODY)) != 0);
	}
}

/* A page asks the handler of the API, whose row was not looked at: so its own demands as much. */
static void
routes__console_demands_what_the_api_demands(void **state)
{
	static const char *const asks[][2] = {
	    {"console", "pki.certificates"},
	    {"console.audit", "pki.audit"},
	    {"console.certificates", "pki.certificates"},
	    {"console.certificates.file", "pki.certificates"},
	    {"console.search.save", "pki.search.save"},
	    {"console.search.remove", "pki.search.remove"},
	    {"console.mine", "pki.certificates"},
	    {"console.renew", "pki.certificate"},
	    {"console.renew.do", "pki.request.submit"},
	    {"console.certificate", "pki.certificate"},
	    {"console.certificate.file", "pki.certificate"},
	    {"console.certificate.ask", "pki.certificate"},
	    {"console.certificate.change", "pki.certificate.change"},
	    {"console.certificate.remove-ask", "pki.certificate.remove"},
	    {"console.certificate.remove", "pki.certificate.remove"},
	    {"console.labels", "pki.labels"},
	    {"console.packages", "pki.packages"},
	    {"console.package.add", "pki.package.add"},
	    {"console.package", "pki.package"},
	    {"console.package.remove-ask", "pki.package.remove"},
	    {"console.package.remove", "pki.package.remove"},
	    {"console.messages", "pki.messages"},
	    {"console.message.retry", "pki.message.retry"},
	    {"console.users", "pki.users"},
	    {"console.user.enable", "pki.user.enable"},
	    {"console.archive", "pki.keys"},
	    {"console.archived-key", "pki.key"},
	    {"console.archived-key.change", "pki.key.change"},
	    {"console.views", "pki.view-rules"},
	    {"console.view.add", "pki.view-rule.add"},
	    {"console.view", "pki.view-rule"},
	    {"console.view.remove", "pki.view-rule.remove"},
	    {"console.user.roles", "pki.user.roles"},
	    {"console.ca.enable", "pki.authority.enable"},
	    {"console.ca.password", "ca.password.change"},
	    {"console.label.enable", "pki.label.enable"},
	    {"console.sessions", "pki.sessions"},
	    {"console.sessions.end", "pki.sessions.end"},
	    {"console.session.end", "pki.session.end"},
	    {"console.keys", "pki.keyrequests"},
	    {"console.key", "pki.keyrequest"},
	    {"console.key.decide", "pki.keyrequest.decide"},
	    {"console.applications", "pki.applications"},
	    {"console.application.create", "pki.application.create"},
	    {"console.application.rotate", "pki.application.rotate"},
	    {"console.application.enable", "pki.application.enable"},
	    {"console.templates", "pki.templates"},
	    {"console.template", "pki.template"},
	    {"console.endpoints", "pki.endpoints"},
	    {"console.endpoint", "pki.endpoint"},
	    {"console.cas", "pki.authorities"},
	    {"console.ca", "pki.authority"},
	    {"console.ca.unlock", "ca.password.unlock"},
	    {"console.ca.lock", "ca.password.lock"},
	    {"console.jobs", "pki.jobs"},
	    {"console.job.run", "pki.job.run"},
	    {"console.metadata", "pki.certificate.metadata"},
	    {"console.metadata.change", "pki.certificate.metadata.change"},
	};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		assert_int_equal(policy_of(asks[i][0])->roles, policy_of(asks[i][1])->roles);
	for (size_t i = 0; i < route_table_len; i++)
		n += strncmp(route_table[i].name, "console", 7) == 0;
	assert_int_equal(n, sizeof(asks) / sizeof(asks[0])); /* a new page is listed above, too */
}

/* What is answered from memory asks nobody who he is. */
static void
routes__short_ways_are_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_table_len; i++) {
		const struct route *r = &route_table[i];

		if (r->need == 0)
			fail_msg("%s: does not say who may use it", r->name);
		if ((r->fast != NULL || r->cached != NULL) && r->need != AUTH_ANYBODY)
			fail_msg("%s: anybody is answered from memory", r->name);
		assert_non_null(r->handler);
		if (r->batch == NULL)
			continue;
		assert_false(r->on_loop);
		assert_non_null(r->batch->run);
		assert_in_range(r->batch->max, 1, ROUTE_BATCH_MAX);
		assert_true(r->batch->at_once >= 1);
	}
}

/* ---- dispatch, with rows of our own ---- */

static int calls;

static void
answer(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	assert_ptr_equal(env->conf, &conf);
	calls++;
	gh_http_reply_text(rep, 200, "text/plain", call->version == 2 ? strdup("two") : NULL);
}

static void
dispatch(const struct route *r, const struct gh_http_request *req, struct gh_http_reply *rep,
    struct route_trace *trace)
{
	struct worker_env env = {.conf = &conf};
	struct route_match m = {.route = r, .version = 2};

	calls = 0;
	memset(rep, 0, sizeof(*rep));
	memset(trace, 0, sizeof(*trace));
	route_dispatch(&env, NULL, &m, req, rep, trace);
}

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

/* ---- cross-site requests ---- */

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

/* GET and HEAD pass the check, so no route may change anything by them: say so here for a new
 * one. */
static void
origin__safe_methods_change_nothing(void **state)
{
	static const char *const reads[] = {/* what a client fetches of these is put on record, so
					       that his next list has its date */
	    "est.pal", "est.label.pal", "est.pal.page", "est.label.pal.page", "est.eecerts",
	    "est.label.eecerts", "est.eecerts.one", "est.label.eecerts.one", "est.crls",
	    "est.label.crls", "est.crls.one", "est.label.crls.one", "est.symmetrickeys",
	    "est.label.symmetrickeys", "est.symmetrickeys.one", "est.label.symmetrickeys.one",
	    "est.firmware", "est.label.firmware", "est.firmware.one", "est.label.firmware.one",
	    "est.tamp", "est.label.tamp", "est.tamp.one", "est.label.tamp.one", "csr.ca-template",
	    "certenroll.templates", "certenroll.request", "pki.cas", "ca.certificate", "crl",
	    "ca.password.status", "pki.audit", "pki.endpoints", "pki.endpoint", "pki.profiles",
	    "pki.profile", "ocsp.get", "pki.requests", "pki.request", "pki.request.status",
	    "pki.certificate", "pki.certificates", "pki.certificates.statistics",
	    "pki.certificate.status", "pki.certificate.find", "pki.certificate.find-status",
	    "healthz", "readyz", "metrics", "pki.kra.transport", "pki.info", "pki.keyrequests",
	    "pki.keyrequest", "pki.keyrequest.status", "pki.keys", "pki.key", "pki.key.status",
	    "home", "login", "csr.upload", "static", "requests", "request", "request.certificate",
	    "console", "console.audit", "console.certificates", "console.certificate",
	    "console.certificate.file", "console.certificate.ask", "pki.jobs", "console.jobs",
	    "pki.status", "console.metadata", "est.cacerts", "est.label.cacerts", "pki.packages",
	    "pki.package", "pki.package.deliveries", "pki.packages.deliveries", "pki.metadata",
	    "pki.metadata.field", "pki.searches", "pki.search", "pki.certificate.metadata",
	    "pki.certificate.metadata.history", "est.csrattrs", "est.label.csrattrs",
	    "est.simpleenroll.outcome", "est.label.simpleenroll.outcome", "pki.labels",
	    "pki.messages", "console.archive", "console.archived-key", "pki.users",
	    "pki.view-rules", "pki.view-rule", "console.views", "console.view", "console.labels",
	    "console.packages", "console.messages", "console.users", "keyfactor.endpoints",
	    "keyfactor.certificates", "keyfactor.certificate", "keyfactor.compare",
	    "keyfactor.fields", "keyfactor.field", "keyfactor.templates", "keyfactor.template",
	    "keyfactor.cas", "est.simplereenroll.outcome", "est.label.simplereenroll.outcome",
	    "est.fullcmc.outcome", "est.label.fullcmc.outcome", "pki.metadata-runs",
	    "pki.metadata-run", "pki.metadata-run.items", "keyfactor.field.in-use",
	    "pki.authorities", "pki.authority", "console.endpoints", "console.endpoint",
	    "console.cas", "console.ca", "pki.templates", "pki.template", "console.templates",
	    "console.template", "pki.applications", "console.applications", "console.keys",
	    "console.key", "pki.sessions", "console.sessions",
	    /* one's own certificates */
	    "console.mine", "console.renew", "console.certificates.file",
	    "console.certificate.remove-ask", "console.package", "console.package.remove-ask",
	    /* KeyfactorAPI */
	    "keyfactor.endpoints", "keyfactor.certificates", "keyfactor.certificate",
	    "keyfactor.compare", "keyfactor.fields", "keyfactor.field", "keyfactor.templates",
	    "keyfactor.template", "keyfactor.cas", "keyfactor.pending", "keyfactor.denied",
	    "keyfactor.external", "keyfactor.request", "keyfactor.ca", "keyfactor.context"};

	(void)state;
	for (size_t i = 0; i < route_table_len; i++) {
		bool found = false;

		for (size_t k = 0; k < sizeof(reads) / sizeof(reads[0]); k++)
			found |= strcmp(reads[k], route_table[i].name) == 0;
		if (!found && (route_table[i].methods & ORIGIN_SAFE_METHODS) != 0)
			fail_msg("%s: does its GET only read?", route_table[i].name);
		/* a preflight is never answered with a permission */
		assert_int_equal(route_table[i].methods & GH_HTTP_OTHER, 0);
	}
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
	    cmocka_unit_test(routes__every_row_in_any_case),
	    cmocka_unit_test(pattern__parts_by_name),
	    cmocka_unit_test(pattern__bad_parts),
	    cmocka_unit_test(pattern__profile),
	    cmocka_unit_test(pattern__numbers_and_versions),
	    cmocka_unit_test(routes__prefixes),
	    cmocka_unit_test(routes__prefixes_of_keyfactor),
	    cmocka_unit_test(routes__wrong_method_names_the_right_ones),
	    cmocka_unit_test(routes__unknown_paths),
	    cmocka_unit_test(routes__needs),
	    cmocka_unit_test(routes__console_demands_what_the_api_demands),
	    cmocka_unit_test(routes__short_ways_are_open),
	    cmocka_unit_test(dispatch__open_route),
	    cmocka_unit_test(dispatch__local_route),
	    cmocka_unit_test(dispatch__row_that_says_nothing),
	    cmocka_unit_test(dispatch__batch),
	    cmocka_unit_test(dispatch__no_catalog_yet),
	    cmocka_unit_test(origin__own_and_foreign),
	    cmocka_unit_test(origin__every_route_that_needs_a_caller),
	    cmocka_unit_test(origin__safe_methods_change_nothing),
	    cmocka_unit_test(body_type__by_family),
	    cmocka_unit_test(refuse__allow_and_retry),
	    cmocka_unit_test(refuse__form_of_the_family),
	    cmocka_unit_test(refuse__challenge_of_the_family),
	    cmocka_unit_test(routes__below_their_family),
	    cmocka_unit_test(refuse__form_where_no_row_fits),
	};

	conf.certenroll.prefixes = "";
	conf.gateway.origins = "";
	conf.certenroll.denied_status = 403;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
