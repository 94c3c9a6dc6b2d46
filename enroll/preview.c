/* The policy without consequences. See preview.h. */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "hex.h"
#include "store/request/request_approval.h"
#include "timestamp.h"

#include "preview.h"
#include "reopen.h"
#include "request_diff.h"

static int
put_time(gh_json *o, const char *name, int64_t t)
{
	char text[GH_TIMESTAMP_SIZE];

	return gh_json_set_string(o, name, t != 0 ? gh_timestamp_format(t, text) : NULL);
}

static int
put_refusal(gh_json *o, int rc, const struct gh_error *why)
{
	const struct gh_error_info *info = gh_error_info(why->code);
	const char *text = *why->message != '\0' ? why->message : info->message;

	return gh_json_set_string(o, "refused", rc != 0 ? text : NULL) |
	    gh_json_set_string(o, "code", rc != 0 ? info->name : NULL);
}

static int
digest(const struct enrollment *e, gh_json *rows, char out[ENROLL_SHOWN_SIZE], struct gh_error *err)
{
	unsigned char sum[GH_DIGEST_MAX];
	gh_json *o = gh_json_new_object();
	char *text = NULL;
	int bad = gh_json_set(o, "rows", gh_json_ref(rows)) |
	    gh_json_set_string(o, "ca", e->ca != NULL ? e->ca->name : NULL) |
	    gh_json_set_string(o, "unruled", e->unruled_names);

	*out = '\0';
	if (bad == 0 && (text = gh_json_print(o, false)) != NULL &&
	    gh_digest(GH_SHA256, text, strlen(text), sum))
		gh_hex_lower(sum, ENROLL_SHOWN_SIZE / 2, out);
	free(text);
	gh_json_free(o);
	return *out != '\0' ? 0 : gh_fail(err, GH_E_NOMEM, "digest of a preview");
}

int
enroll_shown(const struct enrollment *e, char out[ENROLL_SHOWN_SIZE], struct gh_error *err)
{
	gh_json *rows;
	int rc = request_diff(e->req->csr, e->spec, &rows, err);

	*out = '\0';
	if (rc == 0) {
		rc = digest(e, rows, out, err);
		gh_json_free(rows);
	}
	return rc;
}

/* What is known of e: decided, or refused for e->rc. */
static int
describe(const struct worker_env *env, struct enrollment *e, gh_json **out, struct gh_error *err)
{
	const struct cert_spec *spec = e->rc == 0 ? e->spec : NULL;
	char shown[ENROLL_SHOWN_SIZE];
	int64_t not_after = 0;
	gh_json *o, *rows;
	int rc, bad;

	if ((rc = enroll_shown(e, shown, err)) != 0)
		return rc;
	if (spec != NULL && (e->rc = ca_check_spec(e->ca, spec, &not_after, &e->err)) != 0)
		spec = NULL;
	if ((rc = request_diff(e->req->csr, spec, &rows, err)) != 0)
		return rc;
	o = gh_json_new_object();
	bad = gh_json_set(o, "rows", rows) | put_refusal(o, e->rc, &e->err) |
	    gh_json_set_string(o, "ca", e->ca != NULL ? e->ca->name : NULL) |
	    gh_json_set_string(o, "unruled", e->unruled_names) |
	    gh_json_set_string(o, "shown", shown) |
	    gh_json_set_bool(o, "approval", e->out.disposition == DB_DISP_PENDING) |
	    gh_json_set_int(o, "required",
		enroll_approvals_required(env->catalog, e->req->template_name)) |
	    put_time(o, "not_before", spec != NULL ? spec->not_before : 0) |
	    put_time(o, "not_after", not_after);
	if (bad == 0) {
		*out = o;
		return 0;
	}
	gh_json_free(o);
	return gh_fail(err, GH_E_NOMEM, "preview");
}

int
enroll_preview(const struct worker_env *env, struct enrollment *e, gh_json **out,
    struct gh_error *err)
{
	*out = NULL;
	e->is_preview = true;
	enroll_decide(env, e);
	return describe(env, e, out, err);
}

/* --- of one that waits ------------------------------------------------------------------------ */

static int
check_seals(struct worker_env *env, int64_t id, const struct enroll_request *req,
    struct gh_error *err)
{
	struct store_approvals given;

	if (!req->is_sealed)
		return gh_refuse(err, GH_E_SEAL,
		    "Request %lld is not as it was recorded: it was changed in the database, past "
		    "Gatehouse. Deny it, and let the requester ask again.",
		    (long long)id);
	return store_get_approvals(env->store, id, req, &given, err);
}

static int
preview_request(struct worker_env *env, int64_t id, const struct enroll_request *req, gh_json **out,
    struct gh_error *err)
{
	struct enrollment e = {.req = req, .is_approved = true};
	struct dir_entry *entry = NULL;
	int rc;

	if ((e.rc = check_seals(env, id, req, &e.err)) == 0)
		e.rc = enroll_reopen(env, &e, &entry);
	rc = e.rc == 0 ? enroll_preview(env, &e, out, err) : describe(env, &e, out, err);
	e.entry = NULL;
	dir_entry_free(entry);
	enrollment_clear(&e);
	return rc;
}

int
enroll_preview_pending(struct worker_env *env, int64_t cms_request_id, gh_json **out,
    struct gh_error *err)
{
	struct enroll_request req = {0};
	struct enroll_outcome outcome;
	int64_t ca_id;
	int rc = store_get_request(env->store, cms_request_id, &req, &outcome, &ca_id, err);

	*out = NULL;
	if (rc == 0 && outcome.disposition != DB_DISP_PENDING)
		rc = gh_refuse(err, GH_E_CONFLICT, "Request %lld is not pending.",
		    (long long)cms_request_id);
	if (rc == 0)
		rc = preview_request(env, cms_request_id, &req, out, err);
	enroll_request_clear(&req);
	enroll_outcome_clear(&outcome);
	return rc;
}
