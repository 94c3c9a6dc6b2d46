/*
 * The one pipeline behind all front doors:
 *   find template -> permission -> directory entry -> policy -> approval? -> sign -> one commit.
 * Runs on a pool thread as plain sequential code.
 */
#ifndef ENROLL_H
#define ENROLL_H

#include "catalog/catalog.h"
#include "env.h"
#include "formats/enroll_request.h"
#include "error.h"
#include "store/store.h"

/* One audit row "enroll.refused" for an authenticated caller whose request failed before it was
 * decided. Nothing for failures that are not his (retryable ones, internal ones); those are logged.
 */
void enroll_audit_refusal(struct worker_env *env, const struct requester *who,
    const char *request_id, const char *object, const struct gh_error *err);

/* "Denied by Policy Module  0x80094012, The template ...": the form that Microsoft's clients
 * know. */
void enroll_denial_text(const struct gh_error *err, char *out, size_t size);

/* Append the issuers to a recorded answer that holds the leaf only. ca_id: its issuer (a name may
 * be that of several keys); not asked when there is nothing to append. GH_E_CA_UNAVAILABLE: the CA
 * is not in the catalog any more. */
int enroll_complete_chain(const struct ca_set *cas, int64_t ca_id, struct enroll_outcome *out,
    struct gh_error *err) GH_MUSTCHECK;

/* May who see a request of owner? The same person may; by an application, what came through it. A
 * call without one is the person himself. Officers see all. */
bool enroll_may_see(const struct requester *who, const struct requester *owner);

/* A request's answer as it stands now, chain completed. GH_E_NOT_FOUND, also when it belongs to
 * another requester than who (officers see all). *cert_only: the form that was asked for. */
int enroll_status(struct worker_env *env, const struct requester *who, int64_t cms_request_id,
    struct enroll_outcome *out, bool *cert_only, struct gh_error *err) GH_MUSTCHECK;

/* A decision on a request. */
struct enroll_verdict {
	int64_t id;
	int version;         /* of the request that it was made on; 0 = whatever it is now */
	const char *comment; /* or NULL */
	const char *shown;   /* "shown" of the preview that it was made on; NULL = none was seen */
};

/* How many officers must agree to a request for this template, as it is now; 1 where there is
 * none. */
int enroll_approvals_required(const struct catalog *catalog, const char *template_name);

/*
 * An officer's decision on a pending request. An approval after which others are still needed
 * leaves it pending, and so *out says. The last one runs the whole policy again with the directory
 * and template as they are now. One denial is enough. GH_E_FORBIDDEN: no officer, or requester
 * approves himself. GH_E_CONFLICT: not pending, or approved by the same person already.
 * GH_E_PRECONDITION: another version, or the certificate would not be the one that was shown.
 * GH_E_SEAL: request or approvals were changed in the database.
 */
int enroll_approve(struct worker_env *env, const struct requester *officer,
    const struct enroll_verdict *v, struct enroll_outcome *out, struct gh_error *err) GH_MUSTCHECK;
int enroll_deny(struct worker_env *env, const struct requester *officer,
    const struct enroll_verdict *v, struct enroll_outcome *out, struct gh_error *err) GH_MUSTCHECK;

/* Takes back a pending request: its requester, or an officer. GH_E_NOT_FOUND: another's.
 * GH_E_CONFLICT: not pending. */
int enroll_cancel(struct worker_env *env, const struct requester *who,
    const struct enroll_verdict *v, struct enroll_outcome *out, struct gh_error *err) GH_MUSTCHECK;

/* Load the catalog from the store. */
int enroll_load_catalog(struct store *store, const unsigned char server_secret[32],
    struct catalog **out, struct gh_error *err) GH_MUSTCHECK;

#endif
