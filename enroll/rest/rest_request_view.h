/* A request for a certificate as the REST API shows it. */
#ifndef ENROLL_REST_REQUEST_VIEW_H
#define ENROLL_REST_REQUEST_VIEW_H

#include "rest.h"

#define REST_REQUEST "/pki/request/" /* and a number, or the name of a profile for POST */

/* "links":{"request","status","certificate","key"} into o; no certificate: certificate_id 0; no
 * archived key: key_id NULL or "". false: out of memory. */
bool rest_request_links(gh_json *o, int64_t id, int64_t certificate_id,
    const char *key_id) GH_MUSTCHECK;
/* A row of store_request_page or store_request_view with its links, and with "required" where it
 * is pending: how many officers must agree. false: out of memory. */
bool rest_request_complete(const struct worker_env *env, gh_json *row) GH_MUSTCHECK;
/* Of such a row what GET .../status tells. NULL: out of memory. */
gh_json *rest_request_status(const struct worker_env *env, const gh_json *row);
int rest_request_version(const gh_json *row);
/* ETag of the row's version. */
void rest_request_etag(struct gh_http_reply *rep, const gh_json *row);
/* Does If-Match of the call name this version? GH_E_UNCONDITIONAL: there is none;
 * GH_E_PRECONDITION. */
int rest_request_match(const struct call *call, const gh_json *row,
    struct gh_error *err) GH_MUSTCHECK;

#endif
