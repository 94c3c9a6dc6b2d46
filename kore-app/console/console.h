/*
 * The console: pages for people over the REST API. docs/console.md
 *
 * What may be seen and done is what the handlers behind console_ask say; a row of the route table
 * demands no less than the row of the operation that its page asks.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "call.h"
#include "json.h"

/* GET /console: how it stands, of what the caller may see. */
void console_overview(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /console/audit: the audit trail, for auditors. POST /console/audit/verify: is it as it was?
 */
void console_audit_verify(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void console_audit(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* GET /console/mine: the certificates that who calls has asked for, and what he can do with them.
 */
void console_mine(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /console/certificates: the inventory, by query and by filters that write one. */
void console_certificates(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* GET /console/certificates/file?format=csv|jsonl: all of it; the other parameters are those of GET
 * /pki/certificates. */
void console_certificates_file(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

/* GET /console/certificates/{id} */
void console_certificate(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* GET /console/certificates/{id}/file?format=pem|der|pkcs7 */
void console_certificate_file(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* GET /console/certificates/{id}/status?to=revoked|hold|valid: what is going to be done, and a form
 * to do it ... */
void console_certificate_ask(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* ... by POST: to, version (which was seen), reason, invalidity_date, comment. */
void console_certificate_change(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

/* GET /console/certificates/{id}/remove: of one from elsewhere, is it to be taken out of the
 * inventory? By POST it is. */
void console_certificate_remove_ask(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void console_certificate_remove(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

/* GET /console/certificates/{id}/renew: a form for the request that follows it ... */
void console_renew(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* ... by POST: csr_data. */
void console_renew_do(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /console/certificates/{id}/metadata: what is said about it, who changed that, and a form for
 * who may change it ... */
void console_metadata(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* ... by POST: version (the ETag that was seen), overwrite, and m-NAME for each field. */
void console_metadata_change(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
