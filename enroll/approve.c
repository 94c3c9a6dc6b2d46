/*
 * An officer's decision on a pending request. Four eyes: nobody decides on his own request, and
 * where the template wants several officers, each counts once. The last approval does not trust
 * what was true when the request came: the whole policy runs again.
 */
#include <stdio.h>
#include <string.h>

#include "store/request/request_approval.h"
#include "store/status/revocation.h"
#include "calendar.h"
#include "timestamp.h"
#include "utf8.h"

#include "decide.h"
#include "preview.h"
#include "reopen.h"

#define CANCELED 0x800704C7 /* HRESULT of ERROR_CANCELLED */
/* A comment, and what is said around it. */
#define DETAIL_SIZE (4 * STORE_COMMENT_MAX + 2048)
/* Each time another officer of those who may was faster. */
#define TRIES STORE_APPROVALS_MAX

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
		return gh_refuse_as(err, GH_E_FORBIDDEN, "own_request", NULL,
		    "Nobody may decide his own request.");
	return 0;
}

/* The pending request; *req and *out filled, to be cleared by the caller also after a failure. */
static int
get_pending(struct worker_env *env, const struct requester *who, const struct enroll_verdict *v,
    bool is_own_to_decide, struct enroll_request *req, struct enroll_outcome *out,
    struct gh_error *err)
{
	int64_t ca_id;
	int rc;

	memset(req, 0, sizeof(*req));
	memset(out, 0, sizeof(*out));
	if (!is_own_to_decide && (who->roles & REQUESTER_ROLE_OFFICER) == 0)
		return gh_refuse_as(err, GH_E_FORBIDDEN, "only_officers", NULL,
		    "Only an officer may decide requests.");
	if ((rc = store_get_request(env->store, v->id, req, out, &ca_id, err)) != 0 ||
	    (rc = check_right(who, &req->requester, is_own_to_decide, v->id, err)) != 0)
		return rc;
	if (out->disposition != DB_DISP_PENDING)
		return gh_refuse_as(err, GH_E_CONFLICT, "request_decided", NULL,
		    "Request %lld is not pending.", (long long)v->id);
	if (v->version != 0 && v->version != req->version)
		return gh_refuse_as(err, GH_E_PRECONDITION, "request_changed", NULL,
		    "Request %lld has changed since: read it again, and decide on what it is now.",
		    (long long)v->id);
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

/* The requester's entry and the template may have changed since the officer looked. */
static int
check_shown(const struct enroll_verdict *v, const struct enrollment *e, struct gh_error *err)
{
	char shown[ENROLL_SHOWN_SIZE];
	int rc = v->shown != NULL ? enroll_shown(e, shown, err) : 0;

	if (rc != 0 || v->shown == NULL || strcmp(v->shown, shown) == 0)
		return rc;
	return gh_refuse_as(err, GH_E_PRECONDITION, "request_changed", NULL,
	    "What request %lld would become has changed since: look at it again, and decide on "
	    "what it is now.",
	    (long long)v->id);
}

/* is_last: it is signed, where the policy still says yes. */
static int
decide_again(struct worker_env *env, const struct enroll_verdict *v, bool is_last,
    struct enrollment *e)
{
	struct dir_entry *entry;
	int rc = enroll_reopen(env, e, &entry);

	if (rc != 0)
		return rc;
	enroll_decide(env, e);
	if (e->rc == 0)
		e->rc = check_shown(v, e, &e->err);
	if (is_last)
		enroll_sign(env, &e, 1);
	e->entry = NULL;
	dir_entry_free(entry);
	return e->rc;
}

static int
commit(struct worker_env *env, const struct requester *officer, int64_t id,
    const struct enrollment *e, const struct store_approval *approval, const char *detail,
    struct enroll_outcome *out, struct gh_error *err)
{
	struct store_decision sd = {
	    .req = e->req,
	    .template_id = e->tmpl != NULL ? e->tmpl->id : 0,
	    .ca = e->ca,
	    .detail = detail,
	    .approval = approval,
	};
	int rc = store_decide(env->store, id, officer, &sd, out, err);

	if (rc == 0) {
		out->cms_request_id = id;
		enroll_report(e->req, out, e->req->template_name);
	}
	return rc;
}

/* --- approval --------------------------------------------------------------------------------- */

int
enroll_approvals_required(const struct catalog *catalog, const char *template_name)
{
	const struct catalog_template *t =
	    template_name != NULL ? catalog_find_template(catalog, template_name) : NULL;

	return t != NULL ? tmpl_approvals(t->tmpl) : 1;
}

/* From the moment on, whether or not the job has written it down. */
static int
check_time(const struct worker_env *env, const struct enroll_verdict *v,
    const struct enroll_request *req, struct gh_error *err)
{
	int64_t days = env->conf->jobs.request_expiry_days;

	if (days == 0 || gh_now() < req->submitted + days * GH_DAY_SECONDS)
		return 0;
	return gh_refuse_as(err, GH_E_CONFLICT, "request_expired", NULL,
	    "Request %lld has expired: nobody decided within %d days.", (long long)v->id,
	    (int)days);
}

/* One person, one approval, whatever he is called. */
static int
check_other_person(const struct requester *officer, const struct store_approvals *given,
    struct gh_error *err)
{
	for (size_t i = 0; i < given->n; i++)
		if (requester_may_be_same(officer, &given->who[i]))
			return gh_refuse_as(err, GH_E_CONFLICT, "approved_already", NULL,
			    "You have approved this request already: another officer must agree, too.");
	return 0;
}

/* Did this one of several officers see what it would become now? What the policy refuses is for the
 * last one to find. */
static int
check_still_shown(struct worker_env *env, const struct enroll_verdict *v,
    const struct enroll_request *req, struct gh_error *err)
{
	struct enrollment e = {.req = req, .is_approved = true};
	int rc = v->shown != NULL ? decide_again(env, v, false, &e) : 0;

	if (rc == GH_E_PRECONDITION)
		*err = e.err;
	enrollment_clear(&e);
	return rc == GH_E_PRECONDITION ? rc : 0;
}

/* Others must agree, too. */
static int
agree(struct worker_env *env, const struct enroll_verdict *v, const struct enroll_request *req,
    const struct store_approval *a, int required, struct enroll_outcome *out, struct gh_error *err)
{
	char count[32];
	int rc = check_still_shown(env, v, req, err);

	if (rc != 0 || (rc = store_add_approval(env->store, v->id, req, a, required, err)) != 0)
		return rc;
	snprintf(count, sizeof(count), "%d of %d", a->number, required);
	out->disposition = DB_DISP_PENDING;
	out->cms_request_id = v->id;
	snprintf(out->message, sizeof(out->message), "Approved by %s officers", count);
	gh_log_event(GH_LOG_INFO, "request agreed to", "template", req->template_name, "requester",
	    req->requester.name, "officer", a->who->name, "approvals", count, NULL);
	return 0;
}

/* Issue, or deny when the policy as it is now says no. Failures leave the request pending. */
static int
issue(struct worker_env *env, const struct enroll_verdict *v, const struct enroll_request *req,
    const struct store_approval *a, struct enroll_outcome *out, struct gh_error *err)
{
	struct enrollment e = {.req = req, .is_approved = true};
	const char *said = a->comment != NULL ? a->comment : "";
	char detail[DETAIL_SIZE];
	int rc;

	if ((rc = decide_again(env, v, true, &e)) != 0)
		*err = e.err;
	/* the names that he answers for, as they are now */
	snprintf(detail, sizeof(detail), "%s%s%s%s", said,
	    *said != '\0' && e.unruled_names != NULL ? "  " : "",
	    e.unruled_names != NULL ? "Names that no rule allows: " : "",
	    e.unruled_names != NULL ? e.unruled_names : "");
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
		rc = commit(env, a->who, v->id, &e, a, *detail != '\0' ? detail : NULL, out, err);
	}
	enrollment_clear(&e);
	return rc;
}

static int
approve(struct worker_env *env, const struct requester *officer, const struct enroll_verdict *v,
    const struct enroll_request *req, struct enroll_outcome *out, struct gh_error *err)
{
	struct store_approvals given;
	char comment[DETAIL_SIZE];
	struct store_approval a = {.who = officer, .at = gh_now()};
	int required = enroll_approvals_required(env->catalog, req->template_name), rc;

	if (!req->is_sealed)
		return gh_refuse(err, GH_E_SEAL,
		    "Request %lld is not as it was recorded: it was changed in the database, past "
		    "Gatehouse. Deny it, and let the requester ask again.",
		    (long long)v->id);
	if ((rc = check_time(env, v, req, err)) != 0 ||
	    (rc = store_get_approvals(env->store, v->id, req, &given, err)) != 0 ||
	    (rc = check_other_person(officer, &given, err)) != 0)
		return rc;
	if (v->comment != NULL && *v->comment != '\0') {
		snprintf(comment, sizeof(comment), "%s", v->comment);
		gh_utf8_clean(comment);
		a.comment = comment;
	}
	a.number = (int)given.n + 1;
	enroll_outcome_clear(out);
	return a.number < required ? agree(env, v, req, &a, required, out, err)
				   : issue(env, v, req, &a, out, err);
}

/* --- denial, and taking it back --------------------------------------------------------------- */

/* Without a certificate: "Denied by NAME  comment". */
static int
end_without(struct worker_env *env, const struct requester *who, const struct enroll_verdict *v,
    const struct enroll_request *req, struct enroll_outcome *out, struct gh_error *err)
{
	const struct enrollment none = {.req = req};
	bool is_canceled = out->disposition == DB_DISP_CANCELED;
	const char *comment = v->comment;
	char detail[DETAIL_SIZE];

	snprintf(detail, sizeof(detail), "%s by %.100s%s%s", is_canceled ? "Canceled" : "Denied",
	    who->name, comment != NULL && *comment != '\0' ? "  " : "",
	    comment != NULL ? comment : "");
	gh_utf8_clean(detail);
	enroll_outcome_say(out, detail);
	return commit(env, who, v->id, &none, NULL, detail, out, err);
}

static int
deny(struct worker_env *env, const struct requester *officer, const struct enroll_verdict *v,
    const struct enroll_request *req, struct enroll_outcome *out, struct gh_error *err)
{
	enroll_outcome_clear(out);
	out->disposition = DB_DISP_DENIED;
	out->status_code = gh_error_info(GH_E_DENIED_BY_ADMIN)->hresult;
	return end_without(env, officer, v, req, out, err);
}

static int
cancel(struct worker_env *env, const struct requester *who, const struct enroll_verdict *v,
    const struct enroll_request *req, struct enroll_outcome *out, struct gh_error *err)
{
	enroll_outcome_clear(out);
	out->disposition = DB_DISP_CANCELED;
	out->status_code = CANCELED;
	return end_without(env, who, v, req, out, err);
}

/* --- all of them ------------------------------------------------------------------------------ */

/* What is decided: approve, deny, cancel. */
typedef int (*decision_fn)(struct worker_env *env, const struct requester *officer,
    const struct enroll_verdict *v, const struct enroll_request *req, struct enroll_outcome *out,
    struct gh_error *err);

static int
try(struct worker_env *env, const struct requester *officer, const struct enroll_verdict *v,
    decision_fn decide, struct enroll_request *req, struct enroll_outcome *out,
    struct gh_error *err)
{
	int rc = get_pending(env, officer, v, decide == cancel, req, out, err);

	if (rc == 0 && v->comment != NULL &&
	    gh_utf8_length(v->comment, strlen(v->comment)) > STORE_COMMENT_MAX)
		rc = gh_refuse(err, GH_E_VALIDATION, "A comment has at most %d characters.",
		    STORE_COMMENT_MAX);
	return rc == 0 ? decide(env, officer, v, req, out, err) : rc;
}

static int
decide_pending(struct worker_env *env, const struct requester *officer,
    const struct enroll_verdict *v, decision_fn decide, struct enroll_outcome *out,
    struct gh_error *err)
{
	struct enroll_request req;
	struct gh_error own;
	int rc;

	if (err == NULL)
		err = &own;
	rc = try(env, officer, v, decide, &req, out, err);
	for (int i = 1; rc == GH_E_PRECONDITION && v->version == 0 && i < TRIES; i++) {
		enroll_request_clear(&req);
		enroll_outcome_clear(out);
		rc = try(env, officer, v, decide, &req, out, err);
	}
	if (rc != 0) {
		rc = refused(env, officer, &req, v->id, err);
		enroll_outcome_clear(out);
	}
	enroll_request_clear(&req);
	return rc;
}

int
enroll_approve(struct worker_env *env, const struct requester *officer,
    const struct enroll_verdict *v, struct enroll_outcome *out, struct gh_error *err)
{
	return decide_pending(env, officer, v, approve, out, err);
}

int
enroll_deny(struct worker_env *env, const struct requester *officer, const struct enroll_verdict *v,
    struct enroll_outcome *out, struct gh_error *err)
{
	return decide_pending(env, officer, v, deny, out, err);
}

int
enroll_cancel(struct worker_env *env, const struct requester *who, const struct enroll_verdict *v,
    struct enroll_outcome *out, struct gh_error *err)
{
	return decide_pending(env, who, v, cancel, out, err);
}
