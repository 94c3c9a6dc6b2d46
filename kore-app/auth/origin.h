/*
 * Cross-site requests: does a page of another origin send this call with the credentials that the
 * browser keeps for us? Basic credentials and client certificates are sent by browsers whoever
 * asks, so a route that needs a caller must not change anything for a foreign page. Decided for all
 * routes in one place, route_dispatch.
 */
#ifndef ORIGIN_H
#define ORIGIN_H

#include "conf.h"
#include "error.h"
#include "http.h"

/* Methods that change nothing (RFC 9110, 9.2.1). */
#define ORIGIN_SAFE_METHODS (GH_HTTP_GET | GH_HTTP_HEAD)

/*
 * 0: the host is one of ours, and for other than safe methods, no browser says that a foreign page
 * calls: Sec-Fetch-Site (W3C Fetch Metadata) is absent, "same-origin" or "none", and Origin (RFC
 * 6454, 7) is absent or our own. Our own are gateway.origins, or the one that the Host header names
 * when that option is empty. GH_E_MISDIRECTED: Host is none of gateway.origins. GH_E_CROSS_SITE.
 */
int origin_check(const struct gh_conf *conf, const struct gh_http_request *req,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * The same for calls whose answer costs much, as searches: also safe methods are refused to a page
 * of another site (Sec-Fetch-Site is "cross-site"), which could have as many as it likes made by an
 * <img> in its visitor's browser. Links from other sites do not lead there, either.
 */
int origin_check_reads(const struct gh_conf *conf, const struct gh_http_request *req,
    struct gh_error *err) GH_MUSTCHECK;

#endif
