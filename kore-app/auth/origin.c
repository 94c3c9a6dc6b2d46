/* Cross-site requests are refused (see origin.h). */
#include <string.h>
#include <strings.h>

#include "origin.h"

#define SCHEME "https://"
#define SCHEME_LEN (sizeof(SCHEME) - 1)
#define DEFAULT_PORT ":443"

/* Length of an authority without the default port, which may be written or not (RFC 9110,
 * 4.2.3). */
static size_t
authority_len(const char *authority, size_t n)
{
	size_t port = sizeof(DEFAULT_PORT) - 1;

	return n >= port && memcmp(authority + n - port, DEFAULT_PORT, port) == 0 ? n - port : n;
}

static bool
is_same_authority(const char *a, size_t a_len, const char *b, size_t b_len)
{
	a_len = authority_len(a, a_len);
	b_len = authority_len(b, b_len);
	return a_len > 0 && a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

/* Is the authority that of one of the blank-separated origins "https://HOST[:PORT]"? */
static bool
is_listed(const char *origins, const char *authority)
{
	while (*(origins += strspn(origins, " \t")) != '\0') {
		size_t n = strcspn(origins, " \t");

		if (n > SCHEME_LEN &&
		    is_same_authority(origins + SCHEME_LEN, n - SCHEME_LEN, authority,
			strlen(authority)))
			return true;
		origins += n;
	}
	return false;
}

/* "null" (a sandboxed page, a redirect) and other schemes are never ours: routes that need a caller
 * are HTTPS only. */
static bool
is_own(const struct gh_conf *conf, const char *origin, const char *host)
{
	if (strncasecmp(origin, SCHEME, SCHEME_LEN) != 0)
		return false;
	origin += SCHEME_LEN;
	if (*conf->gateway.origins != '\0')
		return is_listed(conf->gateway.origins, origin);
	return host != NULL && is_same_authority(origin, strlen(origin), host, strlen(host));
}

/* "same-site" is not enough: another host of the company's domain is another origin. */
static bool
is_foreign_fetch(const char *site)
{
	return site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

static int
check_host(const struct gh_conf *conf, const char *host, struct gh_error *err)
{
	if (*conf->gateway.origins == '\0' ||
	    (host != NULL && is_listed(conf->gateway.origins, host)))
		return 0;
	return gh_fail(err, GH_E_MISDIRECTED, "host %.200s is not in gateway.origins",
	    host != NULL ? host : "(none)");
}

int
origin_check(const struct gh_conf *conf, const struct gh_http_request *req, struct gh_error *err)
{
	const char *site = gh_http_header(req, "sec-fetch-site"),
		   *origin = gh_http_header(req, "origin");
	int rc = check_host(conf, req->host, err);

	if (rc != 0 || (req->method & ORIGIN_SAFE_METHODS) != 0)
		return rc;
	if (is_foreign_fetch(site))
		return gh_fail(err, GH_E_CROSS_SITE, "Sec-Fetch-Site is %.60s", site);
	if (origin != NULL && !is_own(conf, origin, req->host))
		return gh_fail(err, GH_E_CROSS_SITE, "origin %.200s is not %.200s", origin,
		    *conf->gateway.origins != '\0' ? "in gateway.origins"
			: req->host != NULL        ? req->host
						   : "known");
	return 0;
}

int
origin_check_reads(const struct gh_conf *conf, const struct gh_http_request *req,
    struct gh_error *err)
{
	const char *site = gh_http_header(req, "sec-fetch-site");
	int rc = origin_check(conf, req, err);

	if (rc == 0 && site != NULL && strcmp(site, "cross-site") == 0)
		rc = gh_fail(err, GH_E_CROSS_SITE, "Sec-Fetch-Site is cross-site");
	return rc;
}
