/* The answers of CertEnroll: one line of JSON, members in the documented order. */
#ifndef ENROLL_CE_FORMAT_H
#define ENROLL_CE_FORMAT_H

#include "ce.h"

/*
 * The answer to a decided request, complete whatever goes wrong. Certificates holds the leaf
 * (cert_only) or a certs-only PKCS#7 with the whole chain, base64 with CRLF at 64. denied_status:
 * HTTP status when it was denied.
 */
void ce_reply_outcome(const struct worker_env *env, const struct enroll_outcome *out,
    bool cert_only, int denied_status, struct gh_http_reply *rep);
/* The same for a Pkcs12 call: Pkcs12Blob (base64, one line; p12 empty: "") in place of
 * Certificates. */
void ce_reply_pkcs12(const struct worker_env *env, const struct enroll_outcome *out,
    const struct signer_blob *p12, struct gh_http_reply *rep);
void ce_reply_error(const struct worker_env *env, const struct gh_error *err,
    struct gh_http_reply *rep);

/* Send a JSON value; takes json over. Without memory a plain 500. */
void ce_format_json(struct gh_http_reply *rep, int status, gh_json *json);

#endif
