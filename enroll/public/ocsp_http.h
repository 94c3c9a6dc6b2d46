/* OCSP over HTTP: RFC 6960, appendix A; RFC 5019, 5 and 6. */
#ifndef ENROLL_OCSP_HTTP_H
#define ENROLL_OCSP_HTTP_H

#include "call.h"
#include "ocsp/responder.h"

#define OCSP_TYPE_REQUEST "application/ocsp-request"
#define OCSP_TYPE_RESPONSE "application/ocsp-response"

/* The routes' handler, for GET and POST, and the same for 1 to OCSP_BATCH_MAX calls at once. */
void ocsp_http(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void ocsp_http_batch(struct worker_env *env, struct call_item *calls, size_t n);

/* What the responder uses of a worker's environment. */
struct ocsp_means ocsp_http_means(const struct worker_env *env);

/* The end of a GET path: percent-encoded base64, standard or URL-safe, padding may be missing.
 * false: neither, or longer than max bytes. */
bool ocsp_path_decode(const char *text, unsigned char *out, size_t max, size_t *len);
/* Is this the type of a request's body? Without a Content-Type it is taken for one. */
bool ocsp_type_fits(const char *content_type);
/* Seconds for Cache-Control: max-age. */
int64_t ocsp_max_age(const struct gh_conf *conf, const struct ocsp_answer *a, int64_t now);
/* Fill a->head: header lines that do not change during its life, "Content-Type" to "ETag". */
void ocsp_http_prepare(struct ocsp_answer *a);

#endif
