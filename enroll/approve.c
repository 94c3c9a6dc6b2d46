/*
 * An officer's decision on a pending request. Four eyes: nobody decides on his own request.
 * Approval does not trust what was true when the request came: the whole policy runs again.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/status/revocation.h"
#include "utf8.h"

#include "decide.h"

#define CUT "..."
#define CANCELED 0x800704C7 /* HRESULT of ERROR_CANCELLED */
/* A comment, and what is said before it. */
#define DETAIL_SIZE (4 * STORE_COMMENT_MAX + 512)

/* Approved and denied by officers, and never by the requester; he may take his own back. */
static int
check_right(const struct requester *who, const struct requester *owner, bool is_own_to_decide,
    int64_t id, struct gh_error *err)
{
	if (is_own_to_decide)
		return enroll_may_see(who, owner)
		    ? 0
		    : gh_fail(err, GH_E_NOT_FOUND, "request %lld is another's", (long long)id);
	if (requester_may_be_same(who, owner))
		return gh_refuse(err, GH_E_FORBIDDEN, "Nobody may decide his own request.");
	return 0;
}

/* The pending request; *req and *out filled, to be cleared by the caller also after a failure. */
static int
get_pending(struct worker_env *env, const struct requester *who, int64_t id, bool is_own_to_decide,
    struct enroll_request *req, struct enroll_outcome *out, struct gh_error *err)
{
	int64_t ca_id;
	int rc;

	memset(req, 0, sizeof(*req));
	memset(out, 0, sizeof(*out));
	if (!is_own_to_decide && (who->roles & REQUESTER_ROLE_OFFICER) == 0)
		return gh_refuse(err, GH_E_FORBIDDEN, "Only an officer may decide requests.");
	if ((rc = store_get_request(env->store, id, req, out, &ca_id, err)) != 0 ||
	    (rc = check_right(who, &req->requester, is_own_to_decide, id, err)) != 0)
		return rc;
	if (out->disposition != DB_DISP_PENDING)
		return gh_refuse(err, GH_E_CONFLICT, "Request %lld is not pending.", (long long)id);
	return 0;
}

/* Refusals of an officer are audited like those of a requester. */
static int
refused(struct worker_env *env, const struct requester *officer, const struct enroll_request *req,
    int64_t id, const struct gh_error *err)
{
	char object[32];

	snprintf(object, sizeof(object), "request %lld", (long long)id);
	enroll_audit_refusal(env, officer, req->request_id, object, err);
	return err->code;
}

/* The application as it is now: its CA, templates and groups may have changed. */
static int
find_profile(const struct worker_env *env, struct enrollment *e)
{
	e->profile = catalog_find_profile(env->catalog, e->req->requester.app_id);
	if (e->profile == NULL)
		return gh_refuse(&e->err, GH_E_CONFLICT,
		    "The application of this request is disabled or does not exist any more.");
	return 0;
}

/* Is the entry the one that asked? Without its id, as from before it was recorded, one that moved
 * is another one. */
static bool
is_owner(const struct requester *owner, const struct dir_entry *e)
{
	if (*owner->id != '\0' && *e->id != '\0')
		return strcasecmp(owner->id, e->id) == 0;
	return *owner->dn == '\0' || strcasecmp(owner->dn, e->dn) == 0;
}

/* The name must still mean the entry that asked: an account that took over the name is another
 * person. */
static int
find_owner(struct worker_env *env, const struct requester *owner, struct dir_entry **entry,
    struct gh_error *err)
{
	int rc = dir_find(env->dir, owner->name, entry, err);

	if (rc != 0 || is_owner(owner, *entry))
		return rc;
	dir_entry_free(*entry);
	*entry = NULL;
	return gh_refuse(err, GH_E_CONFLICT,
	    "The requester's directory entry was moved or replaced since "
	    "the request: deny it and let him ask again.");
}

static int
decide_again(struct worker_env *env, struct enrollment *e)
{
	struct dir_entry *entry = NULL;
	int rc;

	if ((rc = find_profile(env, e)) != 0 ||
	    (enrollment_needs_entry(e) &&
		(rc = find_owner(env, &e->req->requester, &entry, &e->err)) != 0))
		return rc;
	e->entry = entry;
	enroll_decide(env, e);
	enroll_sign(env, &e, 1);
	e->entry = NULL;
	dir_entry_free(entry);
	return e->rc;
}

static int
commit(struct worker_env *env, const struct requester *officer, int64_t id,
    const struct enrollment *e, const char *detail, struct enroll_outcome *out,
    struct gh_error *err)
{
	struct store_decision sd = {
	    .req = e->req,
	    .template_id = e->tmpl != NULL ? e->tmpl->id : 0,
	    .ca = e->ca,
	    .detail = detail,
	};
	int rc = store_decide(env->store, id, officer, &sd, out, err);

	if (rc == 0) {
		out->cms_request_id = id;
		enroll_report(e->req, out, e->req->template_name);
	}
	return rc;
}

/* Issue, or deny when the policy as it is now says no. Failures leave the request pending. */
static int
approve(struct worker_env *env, const struct requester *officer, int64_t id,
    const struct enroll_request *req, const char *comment, struct enroll_outcome *out,
    struct gh_error *err)
{
	struct enrollment e = {.req = req, .is_approved = true};
	const char *said = comment != NULL ? comment : "";
	char detail[DETAIL_SIZE];
	int rc;

	if (!req->is_sealed)
		return gh_refuse(err, GH_E_SEAL,
		    "Request %lld is not as it was recorded: it was changed in the database, past "
		    "Gatehouse. Deny it, and let the requester ask again.",
		    (long long)id);
	enroll_outcome_clear(out);
	if ((rc = decide_again(env, &e)) != 0)
		*err = e.err;
	snprintf(detail, sizeof(detail), "%s", said);
	if (rc != 0 && gh_error_info(rc)->is_denial) {
		snprintf(detail, sizeof(detail), "approved, but: %.450s%s%s", err->detail,
		    *said != '\0' ? "  " : "", said);
		enroll_outcome_deny(&e.out, err);
		rc = 0;
	}
	gh_utf8_clean(detail);
	if (rc == 0) {
		*out = e.out;
		memset(&e.out, 0, sizeof(e.out)); /* it is the caller's */
		rc = commit(env, officer, id, &e, *detail != '\0' ? detail : NULL, out, err);
	}
	enrollment_clear(&e);
	return rc;
}

/* DispositionMessage: what does not fit is cut off, and marked. The audit row has all of it. */
static void
put_message(const char *text, struct enroll_outcome *out)
{
	size_t n = strlen(text), room = sizeof(out->message) - 1;

	if (n <= room) {
		memcpy(out->message, text, n + 1);
		return;
	}
	n = gh_utf8_cut(text, n, room - strlen(CUT));
	memcpy(out->message, text, n);
	strcpy(out->message + n, CUT);
}

/* Without a certificate: "Denied by NAME  comment". */
static int
end_without(struct worker_env *env, const struct requester *who, int64_t id,
    const struct enroll_request *req, const char *comment, struct enroll_outcome *out,
    struct gh_error *err)
{
	const struct enrollment none = {.req = req};
	bool is_canceled = out->disposition == DB_DISP_CANCELED;
	char detail[DETAIL_SIZE];

	snprintf(detail, sizeof(detail), "%s by %.100s%s%s", is_canceled ? "Canceled" : "Denied",
	    who->name, comment != NULL && *comment != '\0' ? "  " : "",
	    comment != NULL ? comment : "");
	gh_utf8_clean(detail);
	put_message(detail, out);
	return commit(env, who, id, &none, detail, out, err);
}

static int
deny(struct worker_env *env, const struct requester *officer, int64_t id,
    const struct enroll_request *req, const char *comment, struct enroll_outcome *out,
    struct gh_error *err)
{
	enroll_outcome_clear(out);
	out->disposition = DB_DISP_DENIED;
	out->status_code = gh_error_info(GH_E_DENIED_BY_ADMIN)->hresult;
	return end_without(env, officer, id, req, comment, out, err);
}

static int
cancel(struct worker_env *env, const struct requester *who, int64_t id,
    const struct enroll_request *req, const char *comment, struct enroll_outcome *out,
    struct gh_error *err)
{
	enroll_outcome_clear(out);
	out->disposition = DB_DISP_CANCELED;
	out->status_code = CANCELED;
	return end_without(env, who, id, req, comment, out, err);
}

/* What is decided: approve, deny, cancel. */
typedef int (*decision_fn)(struct worker_env *env, const struct requester *officer, int64_t id,
    const struct enroll_request *req, const char *comment, struct enroll_outcome *out,
    struct gh_error *err);

static int
decide_pending(struct worker_env *env, const struct requester *officer, int64_t id,
    decision_fn decide, const char *comment, struct enroll_outcome *out, struct gh_error *err)
{
	struct enroll_request req;
	struct gh_error own;
	int rc;

	if (err == NULL)
		err = &own;
	rc = get_pending(env, officer, id, decide == cancel, &req, out, err);
	if (rc == 0 && comment != NULL &&
	    gh_utf8_length(comment, strlen(comment)) > STORE_COMMENT_MAX)
		rc = gh_refuse(err, GH_E_VALIDATION, "A comment has at most %d characters.",
		    STORE_COMMENT_MAX);
	if (rc == 0)
		rc = decide(env, officer, id, &req, comment, out, err);
	if (rc != 0) {
		rc = refused(env, officer, &req, id, err);
		enroll_outcome_clear(out);
	}
	enroll_request_clear(&req);
	return rc;
}

int
enroll_approve(struct worker_env *env, const struct requester *officer, int64_t cms_request_id,
    const char *comment, struct enroll_outcome *out, struct gh_error *err)
{
	return decide_pending(env, officer, cms_request_id, approve, comment, out, err);
}

int
enroll_deny(struct worker_env *env, const struct requester *officer, int64_t cms_request_id,
    const char *comment, struct enroll_outcome *out, struct gh_error *err)
{
	return decide_pending(env, officer, cms_request_id, deny, comment, out, err);
}

int
enroll_cancel(struct worker_env *env, const struct requester *who, int64_t cms_request_id,
    const char *comment, struct enroll_outcome *out, struct gh_error *err)
{
	return decide_pending(env, who, cms_request_id, cancel, comment, out, err);
}
