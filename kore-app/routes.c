/*
 * The route table. Access to every operation is decided by its row here and by auth_check, nowhere
 * else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"

#include "ca_pages.h"
#include "ca_password_rest.h"
#include "audit_rest.h"
#include "ce.h"
#include "crl_serve.h"
#include "ocsp_http.h"
#include "ce_revoke.h"
#include "rest.h"
#include "rest_certificate.h"

#include "health.h"
#include "metrics.h"
#include "origin.h"
#include "routes.h"

/* A base64 PKCS#10 with an RSA-16384 key and a hundred names stays below. */
#define CSR_BODY_MAX (128 * 1024)
#define SMALL_BODY_MAX (16 * 1024)

#define CA_PASSWORD "/api/v1/certificate-authorities/{name}/password/"
#define ANY_ROLE (REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR)

static void metrics_page(struct enroll_env *env, const struct call *call,
    struct gh_http_reply *rep);

/* From memory, on the event loop. */
static bool
crl_fast(const struct gh_http_request *req, const struct route_match *m, struct gh_http_reply *rep)
{
	return crl_get_cached(req, m->name, rep);
}

const struct route route_table[] = {
    /* methods, path, name, need, roles, body, place, handler, family, plain, fast */
    {GH_HTTP_POST, "/certenroll/{v}/pkcs10", "certenroll.pkcs10", AUTH_APP | AUTH_USER, 0,
	CSR_BODY_MAX, ROUTE_POOL, ce_pkcs10, ROUTE_CE, false, NULL},
    {GH_HTTP_POST, "/certenroll/{v12}/token", "certenroll.token", AUTH_APP | AUTH_USER, 0,
	SMALL_BODY_MAX, ROUTE_POOL, ce_token, ROUTE_CE, false, NULL},
    {GH_HTTP_GET | GH_HTTP_POST, "/certenroll/{v}/templates", "certenroll.templates",
	AUTH_APP | AUTH_USER, 0, SMALL_BODY_MAX, ROUTE_POOL, ce_templates, ROUTE_CE, false, NULL},
    {GH_HTTP_GET, "/certenroll/{v}/requests/{id}", "certenroll.request", AUTH_APP | AUTH_USER, 0,
	SMALL_BODY_MAX, ROUTE_POOL, ce_request_status, ROUTE_CE, false, NULL},
    {GH_HTTP_GET | GH_HTTP_HEAD, "/pki/cas", "pki.cas", AUTH_NONE, 0, 0, ROUTE_POOL, ca_pages_list,
	ROUTE_REST, true, NULL},
    {GH_HTTP_GET | GH_HTTP_HEAD, "/ca/{name}", "ca.certificate", AUTH_NONE, 0, 0, ROUTE_POOL,
	ca_pages_certificate, ROUTE_REST, true, NULL},
    {GH_HTTP_GET | GH_HTTP_HEAD, "/crl/{name}", "crl", AUTH_NONE, 0, 0, ROUTE_POOL, crl_get,
	ROUTE_REST, true, crl_fast},
    {GH_HTTP_POST, CA_PASSWORD "set", "ca.password.set", AUTH_PERSON, REQUESTER_ROLE_ADMIN,
	SMALL_BODY_MAX, ROUTE_POOL, ca_password_rest_set, ROUTE_REST, false, NULL},
    {GH_HTTP_DELETE, CA_PASSWORD "remove", "ca.password.remove", AUTH_PERSON, REQUESTER_ROLE_ADMIN,
	SMALL_BODY_MAX, ROUTE_POOL, ca_password_rest_remove, ROUTE_REST, false, NULL},
    {GH_HTTP_PUT, CA_PASSWORD "change", "ca.password.change", AUTH_PERSON, REQUESTER_ROLE_ADMIN,
	SMALL_BODY_MAX, ROUTE_POOL, ca_password_rest_change, ROUTE_REST, false, NULL},
    {GH_HTTP_POST, CA_PASSWORD "unlock", "ca.password.unlock", AUTH_PERSON, REQUESTER_ROLE_ADMIN,
	SMALL_BODY_MAX, ROUTE_POOL, ca_password_rest_unlock, ROUTE_REST, false, NULL},
    {GH_HTTP_POST, CA_PASSWORD "lock", "ca.password.lock", AUTH_PERSON, REQUESTER_ROLE_ADMIN,
	SMALL_BODY_MAX, ROUTE_POOL, ca_password_rest_lock, ROUTE_REST, false, NULL},
    {GH_HTTP_GET | GH_HTTP_HEAD, CA_PASSWORD "status", "ca.password.status", AUTH_PERSON, ANY_ROLE,
	0, ROUTE_POOL, ca_password_rest_status, ROUTE_REST, false, NULL},
    {GH_HTTP_GET | GH_HTTP_HEAD, "/pki/audit", "pki.audit", AUTH_PERSON, REQUESTER_ROLE_AUDITOR, 0,
	ROUTE_POOL, audit_rest_list, ROUTE_REST, false, NULL},
    {GH_HTTP_POST, "/ocsp", "ocsp.post", AUTH_NONE, 0, OCSP_REQUEST_MAX, ROUTE_POOL, ocsp_post,
	ROUTE_REST, true, NULL},
    {GH_HTTP_GET | GH_HTTP_HEAD, "/ocsp/{rest}", "ocsp.get", AUTH_NONE, 0, 0, ROUTE_POOL, ocsp_get,
	ROUTE_REST, true, NULL},
    /* Keyfactor's own clients of this one send no application key */
    {GH_HTTP_POST, "/certificates/3/revoke", "certificates.revoke", AUTH_APP_SENT | AUTH_PERSON, 0,
	SMALL_BODY_MAX, ROUTE_POOL, ce_revoke, ROUTE_CE, false, NULL},
    {GH_HTTP_GET | GH_HTTP_HEAD, "/pki/certificate/{id}", "pki.certificate", AUTH_PERSON, 0, 0,
	ROUTE_POOL, rest_certificate, ROUTE_REST, false, NULL},
    {GH_HTTP_GET | GH_HTTP_HEAD, "/pki/certificate/{id}/status", "pki.certificate.status",
	AUTH_PERSON, 0, 0, ROUTE_POOL, rest_certificate_status, ROUTE_REST, false, NULL},
    {GH_HTTP_PUT, "/pki/certificate/{id}/status", "pki.certificate.change", AUTH_PERSON, 0,
	SMALL_BODY_MAX, ROUTE_POOL, rest_certificate_change, ROUTE_REST, false, NULL},
    /* by ?serial=&issuer= or ?thumbprint= */
    {GH_HTTP_GET | GH_HTTP_HEAD, "/pki/certificate", "pki.certificate.find", AUTH_PERSON, 0, 0,
	ROUTE_POOL, rest_certificate, ROUTE_REST, false, NULL},
    {GH_HTTP_GET | GH_HTTP_HEAD, "/pki/certificate/status", "pki.certificate.find-status",
	AUTH_PERSON, 0, 0, ROUTE_POOL, rest_certificate_status, ROUTE_REST, false, NULL},
    {GH_HTTP_PUT, "/pki/certificate/status", "pki.certificate.find-change", AUTH_PERSON, 0,
	SMALL_BODY_MAX, ROUTE_POOL, rest_certificate_change, ROUTE_REST, false, NULL},
    {GH_HTTP_GET | GH_HTTP_HEAD, "/healthz", "healthz", AUTH_NONE, 0, 0, ROUTE_LOOP, health_live,
	ROUTE_REST, true, NULL},
    {GH_HTTP_GET | GH_HTTP_HEAD, "/readyz", "readyz", AUTH_NONE, 0, 0, ROUTE_LOOP, health_ready,
	ROUTE_REST, true, NULL},
    {GH_HTTP_GET | GH_HTTP_HEAD, "/metrics", "metrics", AUTH_LOCAL, 0, 0, ROUTE_LOOP, metrics_page,
	ROUTE_REST, true, NULL},
};
const size_t route_table_len = sizeof(route_table) / sizeof(route_table[0]);

/* ---- finding the row ---- */

/* A segment that is safe in names of objects, logs and file names. */
static bool
match_name(const char **path, struct route_match *m)
{
	size_t n =
	    strspn(*path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-");

	if (n == 0 || n >= sizeof(m->name))
		return false;
	memcpy(m->name, *path, n);
	m->name[n] = '\0';
	*path += n;
	return true;
}

/* One "{...}" of a pattern against the start of *path; moves *path behind it. */
static bool
match_variable(const char *variable, const char **path, struct route_match *m)
{
	const char *p = *path;
	int64_t n = 0;

	if (strncmp(variable, "{v}", 3) == 0 || strncmp(variable, "{v12}", 5) == 0) {
		if (*p < '1' || *p > (variable[2] == '}' ? '3' : '2'))
			return false;
		m->version = *p - '0';
		*path = p + 1;
		return true;
	}
	if (strncmp(variable, "{name}", 6) == 0)
		return match_name(path, m);
	if (strncmp(variable, "{rest}", 6) == 0) {
		m->rest = p;
		*path = p + strlen(p);
		return *p != '\0';
	}
	for (; *p >= '0' && *p <= '9'; p++) {
		if (n > (INT64_MAX - (*p - '0')) / 10)
			return false;
		n = n * 10 + (*p - '0');
	}
	m->id = n;
	*path = p;
	return n > 0;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* The whole path, in any case, with or without a slash at its end. */
static bool
match_pattern(const char *pattern, const char *path, struct route_match *m)
{
	while (*pattern != '\0') {
		if (*pattern == '{') {
			if (!match_variable(pattern, &path, m))
				return false;
			pattern = strchr(pattern, '}') + 1;
		} else if (*pattern++ != lower(*path++)) {
			return false;
		}
	}
	if (*path == '/')
		path++;
	return *path == '\0';
}

/* path behind prefix, which must end at a slash of path; NULL when it does not start with it. */
static const char *
skip_prefix(const char *path, const char *prefix, size_t n)
{
	while (n > 0 && prefix[n - 1] == '/')
		n--;
	if (n == 0 || strncasecmp(path, prefix, n) != 0 || path[n] != '/')
		return NULL;
	return path + n;
}

/* Without "/CMSApi" or one of the blank-separated certenroll.prefixes. */
static const char *
strip_prefix(const struct gh_conf *conf, const char *path)
{
	const char *rest = skip_prefix(path, "/CMSApi", strlen("/CMSApi"));
	const char *prefix = conf->certenroll.prefixes;

	while (rest == NULL && prefix != NULL && *prefix != '\0') {
		size_t n = strcspn(prefix, " \t");

		rest = skip_prefix(path, prefix, n);
		prefix += n;
		prefix += strspn(prefix, " \t");
	}
	return rest;
}

static bool
has_prefix_family(const struct route *r)
{
	return strncmp(r->pattern, "/certenroll/", strlen("/certenroll/")) == 0 ||
	    strncmp(r->pattern, "/certificates/", strlen("/certificates/")) == 0;
}

int
route_find(const struct gh_conf *conf, enum gh_http_method method, const char *path,
    struct route_match *m, struct gh_error *err)
{
	const char *rest = strip_prefix(conf, path);

	memset(m, 0, sizeof(*m));
	m->rest = "";
	for (size_t i = 0; i < route_table_len; i++) {
		const struct route *r = &route_table[i];
		struct route_match found = {.route = r, .rest = "", .family = r->family};

		if (!match_pattern(r->pattern, path, &found) &&
		    (rest == NULL || !has_prefix_family(r) ||
			!match_pattern(r->pattern, rest, &found)))
			continue;
		found.allowed = m->allowed | r->methods;
		if (r->methods & (unsigned)method) {
			*m = found;
			return 0;
		}
		m->allowed = found.allowed;
		m->family = found.family;
	}
	if (m->allowed != 0)
		return gh_fail(err, GH_E_METHOD, "method not allowed");
	return gh_refuse(err, GH_E_NOT_FOUND, "There is nothing at this path. Check its spelling.");
}

/* ---- calling it ---- */

static const char *
route_name(size_t i)
{
	return route_table[i].name;
}

static void
metrics_page(struct enroll_env *env, const struct call *call, struct gh_http_reply *rep)
{
	char *text = metrics_render(route_table_len, route_name);

	(void)env;
	(void)call;
	gh_http_reply_text(rep, text != NULL ? 200 : 500,
	    "text/plain; version=0.0.4; charset=utf-8", text);
}

static bool
is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* A route that anybody may use does nothing that a browser's credentials are good for. */
static bool
needs_caller(const struct route *r)
{
	return (r->need & ~(unsigned)AUTH_LOCAL) != 0;
}

/*
 * Bodies are JSON and say so: the types that a foreign page can send without a preflight
 * (text/plain, forms) are none of it. Keyfactor's old clients may leave the type out, and so may a
 * page's script: origin_check has looked before.
 */
static int
check_body_type(const struct route *r, const struct gh_http_request *req, struct gh_error *err)
{
	bool is_absent = req->content_type == NULL || *req->content_type == '\0';

	if (req->body_len == 0 || (req->method & ORIGIN_SAFE_METHODS) != 0 ||
	    gh_http_is_json(req->content_type) || (is_absent && r->family == ROUTE_CE))
		return 0;
	return gh_fail(err, GH_E_UNSUPPORTED_MEDIA, "content type %.60s",
	    is_absent ? "missing" : req->content_type);
}

int
route_admit(const struct route *r, bool is_plain, struct gh_error *err)
{
	if (is_plain && !r->plain)
		return gh_refuse(err, GH_E_FORBIDDEN, "This path is served over HTTPS only.");
	return 0;
}

/* What the row demands beside authentication. */
static int
check_call(const struct enroll_env *env, const struct route *r, const struct gh_http_request *req,
    struct gh_error *err)
{
	if ((r->need & AUTH_LOCAL) && !env->conf->gateway.metrics_public &&
	    !is_loopback(req->address))
		return gh_fail(err, GH_E_FORBIDDEN, "only for loopback peers");
	if (route_admit(r, req->is_plain, err) != 0)
		return GH_E_FORBIDDEN;
	if (req->body_len > r->body_max)
		return gh_refuse(err, GH_E_TOO_LARGE, "The body is larger than %zu bytes.",
		    r->body_max);
	if (needs_caller(r)) {
		int rc = origin_check(env->conf, req, err);

		if (rc == 0)
			rc = check_body_type(r, req, err);
		if (rc != 0)
			return rc;
	}
	if ((r->place == ROUTE_POOL || needs_caller(r)) && env->catalog == NULL)
		return gh_fail(err, GH_E_NOT_LOADED, "no configuration read from the database yet");
	return 0;
}

/* Somebody we know asked for what is not his. */
static void
audit_denied(struct enroll_env *env, const struct route *r, const struct gh_http_request *req,
    const struct requester *who, const struct gh_error *err)
{
	struct store_audit a = {
	    .event = "access.denied",
	    .outcome = "failure",
	    .who = who,
	    .request_id = req->request_id,
	    .object = r->name,
	    .detail = err->detail,
	};
	struct gh_error why;

	if (store_audit(env->store, &a, &why) != 0)
		gh_log_kv(GH_LOG_ERROR, "audit row not written", "detail", why.detail, NULL);
}

/* Says which role an administrator has to give. */
static int
refuse_role(unsigned roles, const char *who, struct gh_error *err)
{
	static const struct {
		unsigned role;
		const char *name;
	} names[] = {
	    {REQUESTER_ROLE_ADMIN, "admin"},
	    {REQUESTER_ROLE_OFFICER, "officer"},
	    {REQUESTER_ROLE_AUDITOR, "auditor"},
	};
	char list[64] = "";
	int rc;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(roles & names[i].role))
			continue;
		if (list[0] != '\0')
			strcat(list, " or ");
		strcat(list, names[i].name);
	}
	rc = gh_refuse(err, GH_E_FORBIDDEN, "This needs the role %s, which you do not have.", list);
	snprintf(err->detail, sizeof(err->detail), "%s does not have the role %s", who, list);
	return rc;
}

static int
authenticate(struct enroll_env *env, struct auth_limiter *limiter, const struct route *r,
    const struct gh_http_request *req, struct auth_result *who, struct gh_error *err)
{
	unsigned need = r->need & ~(unsigned)AUTH_LOCAL;
	int rc;

	if (need == AUTH_NONE)
		return 0;
	rc = auth_check(env, limiter, need, req, who, err);
	if (rc == 0 && r->roles != 0 && (who->requester.roles & r->roles) == 0) {
		rc = refuse_role(r->roles, who->requester.name, err);
		audit_denied(env, r, req, &who->requester, err);
		auth_result_clear(who);
	}
	return rc;
}

static void
call_handler(struct enroll_env *env, const struct route_match *m, const struct gh_http_request *req,
    const struct auth_result *who, struct gh_http_reply *rep)
{
	struct call call = {
	    .http = req,
	    .requester = &who->requester,
	    .app = who->app,
	    .entry = who->entry,
	    .version = m->version,
	    .object_id = m->id,
	    .name = m->name,
	    .rest = m->rest,
	};

	m->route->handler(env, &call, rep);
}

static void
put_allow(struct gh_http_reply *rep, unsigned allowed)
{
	static const struct {
		unsigned method;
		const char *name;
	} names[] = {
	    {GH_HTTP_GET, "GET"},
	    {GH_HTTP_HEAD, "HEAD"},
	    {GH_HTTP_POST, "POST"},
	    {GH_HTTP_PUT, "PUT"},
	    {GH_HTTP_DELETE, "DELETE"},
	};
	char list[64] = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(allowed & names[i].method))
			continue;
		if (list[0] != '\0')
			strcat(list, ", ");
		strcat(list, names[i].name);
	}
	gh_http_reply_header(rep, "Allow", list);
}

static bool
has_header(const struct gh_http_reply *rep, const char *name)
{
	for (size_t i = 0; i < rep->headers; i++)
		if (strcasecmp(rep->header[i].name, name) == 0)
			return true;
	return false;
}

/* Paths that no route has are answered as the family of their first segment. */
static enum route_family
family_of_path(const char *path)
{
	static const char *const first[] = {"/pki", "/api", "/ca", "/crl", "/ocsp"};

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		size_t n = strlen(first[i]);

		if (strncasecmp(path, first[i], n) == 0 && (path[n] == '/' || path[n] == '\0'))
			return ROUTE_REST;
	}
	return ROUTE_CE;
}

static enum route_family
family_of(const struct route_match *m, const char *path)
{
	if (m->route != NULL)
		return m->route->family;
	return m->allowed != 0 ? m->family : family_of_path(path);
}

void
route_refuse(const struct gh_conf *conf, const struct gh_error *err, const struct route_match *m,
    const struct gh_http_request *req, struct gh_http_reply *rep, struct route_trace *trace)
{
	const struct gh_error_info *info = gh_error_info(err->code);

	if (family_of(m, req->path != NULL ? req->path : "") == ROUTE_REST)
		rest_error(err, req->request_id, NULL, rep);
	else
		ce_render_error(err, conf->certenroll.denied_status, rep);
	if (err->code == GH_E_METHOD)
		put_allow(rep, m->allowed); /* RFC 9110, 15.5.6: MUST */
	if (info->is_retryable && !has_header(rep, "Retry-After"))
		gh_http_reply_header(rep, "Retry-After", "1");
	trace->code = info->name;
	snprintf(trace->cause, sizeof(trace->cause), "%s", err->detail);
}

void
route_dispatch(struct enroll_env *env, struct auth_limiter *limiter, const struct route_match *m,
    const struct gh_http_request *req, struct gh_http_reply *rep, struct route_trace *trace)
{
	struct auth_result who = {0};
	struct gh_error err = {0};
	int rc;

	gh_log_context(req->request_id, NULL);
	rc = check_call(env, m->route, req, &err);
	if (rc == 0)
		rc = authenticate(env, limiter, m->route, req, &who, &err);
	if (rc != 0) {
		route_refuse(env->conf, &err, m, req, rep, trace);
	} else {
		gh_log_context(req->request_id, who.requester.name);
		snprintf(trace->requester, sizeof(trace->requester), "%s", who.requester.name);
		snprintf(trace->app, sizeof(trace->app), "%s", who.requester.app_name);
		gh_log_collect(&trace->event);
		call_handler(env, m, req, &who, rep);
		gh_log_collect(NULL);
		trace->code = rep->code;
		snprintf(trace->cause, sizeof(trace->cause), "%s",
		    rep->cause != NULL ? rep->cause : "");
		auth_result_clear(&who);
	}
	gh_log_context(NULL, NULL);
}
