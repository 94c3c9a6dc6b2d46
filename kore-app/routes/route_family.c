/* The families of routes. See route_family.h. */
#include <string.h>
#include <strings.h>

#include "certenroll/ce.h"
#include "est/est_error.h"
#include "keyfactor/kf_ask.h"
#include "rest/rest.h"

#include "auth/origin.h"
#include "pages/page.h"
#include "pages/page_login.h"
#include "route_family.h"

#define BASIC "Basic realm=\"Gatehouse\", charset=\"UTF-8\"" /* RFC 7617, 2.1 */

/* ---- prefixes ---- */

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

/* Without the first of the blank-separated prefixes that it begins with. */
static const char *
skip_prefixes(const char *path, const char *prefixes)
{
	const char *rest = NULL;

	while (rest == NULL && prefixes != NULL && *prefixes != '\0') {
		size_t n = strcspn(prefixes, " \t");

		rest = skip_prefix(path, prefixes, n);
		prefixes += n;
		prefixes += strspn(prefixes, " \t");
	}
	return rest;
}

/* ---- CertEnroll ---- */

static const char *
strip_certenroll(const struct gh_conf *conf, const char *path)
{
	const char *rest = skip_prefixes(path, "/CMSApi");

	return rest != NULL ? rest : skip_prefixes(path, conf->certenroll.prefixes);
}

static void
certenroll_error(const struct gh_conf *conf, const struct gh_error *err,
    const struct gh_http_request *req, struct gh_http_reply *rep)
{
	(void)req;
	ce_render_error(err, conf->certenroll.denied_status, rep);
}

static const char *const certenroll_paths[] = {"/certenroll", "/certificates", "/metadata",
    "/cmsapi", NULL};

const struct route_family route_family_certenroll = {
    .paths = certenroll_paths,
    .strip = strip_certenroll,
    .challenge = BASIC,
    .error = certenroll_error,
    .version = "1",
    .check_site = origin_check,
    .takes_untyped_body = true, /* Keyfactor's old clients, and scripts of our own pages */
};

/* ---- REST ---- */

static void
rest_family_error(const struct gh_conf *conf, const struct gh_error *err,
    const struct gh_http_request *req, struct gh_http_reply *rep)
{
	(void)conf;
	rest_error(err, req->request_id, NULL, rep);
}

static const char *const rest_paths[] = {"/pki", "/api", "/ca", "/crl", "/ocsp", NULL};

const struct route_family route_family_rest = {
    .paths = rest_paths,
    .challenge = BASIC,
    .error = rest_family_error,
    .version = "1",
    .check_site = origin_check,
};

/* Searches: as REST, but not for other sites' <img>. */
static const char *const inventory_paths[] = {"/pki/certificates", NULL};

const struct route_family route_family_inventory = {
    .paths = inventory_paths,
    .challenge = BASIC,
    .error = rest_family_error,
    .version = "1",
    .check_site = origin_check_reads,
};

/* ---- pages ---- */

/* A person is asked who he is on a page, a program by a challenge. */
static void
pages_error(const struct gh_conf *conf, const struct gh_error *err,
    const struct gh_http_request *req, struct gh_http_reply *rep)
{
	if (err->code == GH_E_AUTH_REQUIRED && gh_http_prefers_html(req)) {
		page_login_ask(req, rep);
		gh_http_reply_cause(rep, err);
	} else {
		page_error(conf, err, req, rep);
	}
}

static const char *const page_paths[] = {"/", "/login", "/logout", "/csr", "/requests", "/console",
    "/static", NULL};

const struct route_family route_family_pages = {
    .paths = page_paths,
    .challenge = BASIC,
    .error = pages_error,
    .version = "1",
    .check_site = origin_check,
};

/* ---- EST ---- */

static void
est_family_error(const struct gh_conf *conf, const struct gh_error *err,
    const struct gh_http_request *req, struct gh_http_reply *rep)
{
	(void)conf;
	(void)req;
	est_error(err, rep);
}

static const char *const est_paths[] = {"/.well-known/est", NULL};

const struct route_family route_family_est = {
    .paths = est_paths,
    .error = est_family_error,
    .check_site = origin_check,
};

/* ---- KeyfactorAPI ---- */

static void
keyfactor_error(const struct gh_conf *conf, const struct gh_error *err,
    const struct gh_http_request *req, struct gh_http_reply *rep)
{
	(void)conf;
	(void)req;
	kf_error(err, rep);
}

static const char *
strip_keyfactor(const struct gh_conf *conf, const char *path)
{
	return skip_prefixes(path, conf->keyfactor.prefixes);
}

#define KEYFACTOR_ROOT "/keyfactorapi"
static const char *const keyfactor_paths[] = {KEYFACTOR_ROOT, NULL};

const struct route_family route_family_keyfactor = {
    .paths = keyfactor_paths,
    .strip = strip_keyfactor,
    .root = KEYFACTOR_ROOT,
    .challenge = BASIC,
    .error = keyfactor_error,
    .check_site = origin_check_reads,
};

/* ---- which of them ---- */

static bool
has_path(const struct route_family *f, const char *path)
{
	for (size_t i = 0; f->paths[i] != NULL; i++) {
		size_t n = strlen(f->paths[i]);

		if (strncasecmp(path, f->paths[i], n) == 0 && (path[n] == '/' || path[n] == '\0'))
			return true;
	}
	return false;
}

/* CertEnroll answers for all the rest: its clients expect their own form also where a prefix is
 * missing in the configuration. */
const struct route_family *
route_family_of_path(const struct gh_conf *conf, const char *path)
{
	static const struct route_family *const all[] = {&route_family_certenroll,
	    &route_family_inventory, &route_family_rest, &route_family_pages, &route_family_est,
	    &route_family_keyfactor};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (has_path(all[i], path))
			return all[i];
	if (conf != NULL && strip_keyfactor(conf, path) != NULL)
		return &route_family_keyfactor;
	return &route_family_certenroll;
}
