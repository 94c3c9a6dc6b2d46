/*
 * What the rows of one API have in common, whatever they do: the paths of the API, how its errors
 * are written, what its answers carry, and what it asks of browsers. A new API is one more of
 * these.
 */
#ifndef ROUTE_FAMILY_H
#define ROUTE_FAMILY_H

#include "conf.h"
#include "error.h"
#include "http.h"

struct route_family {
	/* Beginnings of paths, in lower case, whole segments, ended by NULL. A path below them that
	 * no row has is answered in the form of this family. */
	const char *const *paths;
	/* The path without a prefix under which the family is served, too; NULL: it has none of
	 * them. NULL: there is no such prefix. */
	const char *(*strip)(const struct gh_conf *conf, const char *path);
	/* The beginning of its rows' patterns that such a prefix stands for; NULL: for nothing. */
	const char *root;
	/* WWW-Authenticate for callers who did not say who they are (RFC 9110, 11.6.1). NULL: made
	 * for each of them (auth/est_user_check.h). */
	const char *challenge;
	/* Fills all of the reply but the challenge. */
	void (*error)(const struct gh_conf *conf, const struct gh_error *err,
	    const struct gh_http_request *req, struct gh_http_reply *rep);
	const char *version; /* X-CSS-CMS-API-Version of its answers; NULL: none */
	/* May a page whose script sends this call have it answered with its visitor's credentials?
	 * As origin_check, or origin_check_reads. */
	int (*check_site)(const struct gh_conf *conf, const struct gh_http_request *req,
	    struct gh_error *err);
	bool takes_untyped_body; /* else a body without Content-Type is refused */
};

/* Keyfactor's Classic API: /certenroll, /certificates. docs/certenroll.md */
extern const struct route_family route_family_certenroll;
/* Our own API and what is published for relying parties. */
extern const struct route_family route_family_rest;
/* What of it searches. docs/inventory.md */
extern const struct route_family route_family_inventory;
/* For people with a browser. docs/pages.md */
extern const struct route_family route_family_pages;
/* EST, RFC 7030: for devices. docs/est.md */
extern const struct route_family route_family_est;

/* KeyfactorAPI: the vendor's newer API, over REST. docs/keyfactor-api.md */
extern const struct route_family route_family_keyfactor;

/* Of a path that no row has. Never NULL. conf: NULL: prefixes that are configured are not known. */
const struct route_family *route_family_of_path(const struct gh_conf *conf, const char *path);

#endif
