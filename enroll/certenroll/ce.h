/*
 * CertEnroll, the front door of Keyfactor's Classic API (docs/certenroll.md): parse the body, hand
 * it to the pipeline, format the answer. Authentication is done before, over the raw body.
 */
#ifndef ENROLL_CE_H
#define ENROLL_CE_H

#include "call.h"

/* Handlers: always leave a complete reply, also for errors. */
void ce_pkcs10(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* The same for n calls at once. Nothing in here waits for one of them alone. */
void ce_pkcs10_batch(struct worker_env *env, struct call_item *items, size_t n);
/* A key made by the KRA and its certificate as PKCS#12. */
void ce_pkcs12(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void ce_pkcs12_batch(struct worker_env *env, struct call_item *items, size_t n);
void ce_token(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void ce_templates(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void ce_request_status(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* The error answer of this API family: {"Message":...} and for denials
 * {"RequestDisposition":"Denied",...}. Also used by authentication and routing. denied_status: 403
 * or 200 (certenroll.denied_status). */
void ce_render_error(const struct gh_error *err, int denied_status, struct gh_http_reply *rep);

/* v1, v2: verify X-CSS-CMS-Token. GH_E_TOKEN. Stateless: HMAC with the server secret over user,
 * application and expiry. */
int ce_token_check(const unsigned char server_secret[32], const char *token,
    const struct requester *who, int64_t now, struct gh_error *err) GH_MUSTCHECK;
/* *out malloc'd. */
int ce_token_make(const unsigned char server_secret[32], const struct requester *who,
    int64_t expires, char **out, struct gh_error *err) GH_MUSTCHECK;

#endif
