/*
 * Requests for certificates in the browser: what waits for an officer, what one has asked for
 * oneself, decisions, and the certificate. docs/approval.md
 *
 * What is another's does not exist, but for officers.
 */
#ifndef PAGE_REQUEST_H
#define PAGE_REQUEST_H

#include "call.h"

/* GET /requests: officers see all, what waits first; others their own. */
void page_request_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /requests/{id} */
void page_request(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /requests/{id}/certificate?format=pem|der|p7b&chain=yes */
void page_request_file(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* POST /requests/{id}/...: fields version, which is what was seen, and comment. */
void page_request_approve(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void page_request_reject(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void page_request_cancel(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

/* The page again with what is wrong with the form, its comment kept. */
void page_request_show(struct worker_env *env, const struct call *call, const char *comment,
    const struct gh_error *wrong, struct gh_http_reply *rep);

#endif
