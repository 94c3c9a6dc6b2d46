/* The pipeline: decide (decide.c), record in one commit, complete recorded answers. */
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "utf8.h"

#include "decide.h"

int
enroll_load_catalog(struct store *store, const unsigned char server_secret[32],
    struct catalog **out, struct gh_error *err)
{
	gh_json *json = NULL;
	int rc;

	*out = NULL;
	if ((rc = store_load_catalog(store, &json, err)) != 0)
		return rc;
	rc = catalog_new(json, server_secret, out, err);
	gh_json_free(json);
	return rc;
}

/* Is it worth an audit row? What may succeed later, or is our bug, says nothing about the caller; a
 * row that was changed in the database does about somebody. */
static bool
is_refusal(enum gh_code code)
{
	const struct gh_error_info *info = gh_error_info(code);

	return code == GH_E_SEAL || (!info->is_retryable && info->http_status < 500);
}

void
enroll_audit_refusal(struct enroll_env *env, const struct requester *who, const char *request_id,
    const char *object, const struct gh_error *err)
{
	char detail[sizeof(err->detail) + 32];
	struct store_audit a = {
	    .event = "enroll.refused",
	    .outcome = "failure",
	    .who = who,
	    .request_id = request_id,
	    .object = object,
	    .detail = detail,
	};
	struct gh_error why;

	snprintf(detail, sizeof(detail), "%s: %s", gh_error_info(err->code)->name, err->detail);
	gh_utf8_clean(detail);
	/* the line of the call has application and cause */
	if (is_refusal(err->code))
		gh_log_event(GH_LOG_INFO, "enrollment refused", "requester", who->name, "object",
		    object, NULL);
	else
		gh_log_kv(GH_LOG_ERROR, "enrollment failed", "requester", who->name, "application",
		    who->app_name, "object", object, "detail", detail, NULL);
	if (is_refusal(err->code) && store_audit(env->store, &a, &why) != 0)
		gh_log_kv(GH_LOG_ERROR, "audit row not written", "detail", why.detail, NULL);
}

int
enroll_complete_chain(const struct enroll_env *env, int64_t ca_id, struct enroll_outcome *out,
    struct gh_error *err)
{
	const struct ca *ca;
	int rc;

	if (out->chain.n != 1)
		return 0;
	ca = catalog_find_ca_id(env->catalog, ca_id);
	if (ca == NULL)
		return gh_fail(err, GH_E_CA_UNAVAILABLE,
		    "issuer of the recorded certificate %s is not in "
		    "the catalog",
		    out->serial);
	for (size_t i = 0; i < ca->chain.n; i++)
		if ((rc = cert_chain_add(&out->chain, ca->chain.cert[i].der, ca->chain.cert[i].len,
			 err)) != 0)
			return rc;
	return 0;
}

/* Metadata as it was checked goes to the row: for a denial it was not checked, and is left out. */
static int
record(struct enroll_env *env, struct enrollment *e, const char *detail)
{
	struct enroll_request checked = *e->req;
	struct store_decision sd = {
	    .req = &checked,
	    .template_id = e->tmpl != NULL ? e->tmpl->id : 0,
	    .ca = e->ca,
	    .detail = detail,
	};
	int64_t ca_id;
	int rc;

	checked.metadata = e->metadata;
	rc = store_record(env->store, &sd, &e->out, &ca_id, &e->err);
	if (rc == GH_E_REPLAY)
		enroll_audit_refusal(env, &e->req->requester, e->req->request_id,
		    e->req->template_name, &e->err);
	if (rc != 0)
		return rc;
	if ((rc = enroll_complete_chain(env, ca_id, &e->out, &e->err)) != 0)
		return rc;
	enroll_report(e->req, &e->out,
	    e->tmpl != NULL ? tmpl_name(e->tmpl->tmpl) : e->req->template_name);
	return 0;
}

/* Denied by policy is an answer, and recorded; all else is a failure of this call. */
static int
record_failure(struct enroll_env *env, struct enrollment *e)
{
	struct gh_error why = e->err;

	if (!gh_error_info(why.code)->is_denial) {
		enroll_audit_refusal(env, &e->req->requester, e->req->request_id,
		    e->req->template_name, &why);
		return why.code;
	}
	gh_utf8_clean(why.detail);
	enroll_outcome_deny(&e->out, &why);
	return record(env, e, why.detail);
}

void
enroll_record(struct enroll_env *env, struct enrollment *e)
{
	e->rc = e->rc == 0 ? record(env, e, NULL) : record_failure(env, e);
	if (e->rc != 0)
		enroll_outcome_clear(&e->out);
}

int
enroll_submit(struct enroll_env *env, const struct app *app, struct dir_entry *entry,
    const struct enroll_request *req, struct enroll_outcome *out, struct gh_error *err)
{
	struct enrollment e = {.req = req, .app = app, .entry = entry};
	int rc;

	memset(out, 0, sizeof(*out));
	enroll_decide(env, &e);
	enroll_sign(env, &e);
	enroll_record(env, &e);
	if ((rc = e.rc) != 0) {
		if (err != NULL)
			*err = e.err;
	} else {
		*out = e.out;
		memset(&e.out, 0, sizeof(e.out)); /* it is the caller's */
	}
	enrollment_clear(&e);
	return rc;
}

/* The requester is the same user by the same application. Officers see all. */
static bool
may_see(const struct requester *who, const struct requester *owner)
{
	if ((who->roles & REQUESTER_ROLE_OFFICER) != 0)
		return true;
	return who->app_id == owner->app_id && requester_is_same(who, owner);
}

int
enroll_status(struct enroll_env *env, const struct requester *who, int64_t cms_request_id,
    struct enroll_outcome *out, bool *cert_only, struct gh_error *err)
{
	struct enroll_request req = {0};
	int64_t ca_id = 0;
	int rc;

	memset(out, 0, sizeof(*out));
	*cert_only = false;
	if ((rc = store_get_request(env->store, cms_request_id, &req, out, &ca_id, err)) != 0)
		return rc;
	if (!may_see(who, &req.requester))
		rc = gh_fail(err, GH_E_NOT_FOUND, "request %lld is another's",
		    (long long)cms_request_id);
	else if (out->disposition == DB_DISP_ISSUED && out->chain.n == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "The certificate of this request ended long ago and was removed.");
	else
		rc = enroll_complete_chain(env, ca_id, out, err);
	*cert_only = req.cert_only;
	enroll_request_clear(&req);
	if (rc != 0)
		enroll_outcome_clear(out);
	return rc;
}
