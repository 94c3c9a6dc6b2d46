/* The pipeline: decide (decide.c), record in one commit, complete recorded answers. */
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "utf8.h"

#include "catalog/ca_rule.h"

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
enroll_audit_refusal(struct worker_env *env, const struct requester *who, const char *request_id,
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
enroll_complete_chain(const struct ca_set *cas, int64_t ca_id, struct enroll_outcome *out,
    struct gh_error *err)
{
	const struct ca *ca;
	int rc;

	if (out->chain.n != 1)
		return 0;
	ca = ca_set_find_id(cas, ca_id);
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

/* One member of the statement. */
struct recorded {
	struct enrollment *of;
	struct enroll_request req; /* borrowed parts; metadata as it was checked */
	char detail[sizeof(((struct gh_error *)0)->detail) + 256];
};

/* The CA that was chosen, and by which rule, goes to the request and into the trail. Of an
 * application that names its CA there is nothing to tell. */
static void
put_choice(const struct enrollment *e, struct recorded *r, struct store_decision *d)
{
	bool was_asked = r->req.ca_name != NULL;

	if (e->ca == NULL || (e->profile->ca_by == PROFILE_CA_NAMED && !was_asked))
		return;
	r->req.ca_name = e->ca->name;
	if (e->rule == NULL && !was_asked)
		return;
	if (e->rule != NULL)
		r->req.ca_rule = e->rule->name;
	snprintf(r->detail, sizeof(r->detail), "%.600s; CA %.64s%s%.64s",
	    d->detail != NULL                          ? d->detail
		: e->out.disposition == DB_DISP_ISSUED ? e->req->template_name
						       : e->out.message,
	    e->ca->name, e->rule != NULL ? " by rule " : ", which was asked for",
	    e->rule != NULL ? e->rule->name : "");
	gh_utf8_clean(r->detail);
	d->detail = r->detail;
}

/* Metadata as it was checked goes to the row: for a denial it was not checked, and is left out. */
static void
prepare(struct enrollment *e, struct recorded *r, struct store_recording *s)
{
	r->of = e;
	r->req = *e->req;
	r->req.metadata = e->metadata;
	*s = (struct store_recording){.out = &e->out, .key = e->key};
	s->decision.req = &r->req;
	s->decision.template_id = e->tmpl != NULL ? e->tmpl->id : 0;
	s->decision.ca = e->ca;
	s->decision.tells = e->tmpl != NULL && tmpl_tells(e->tmpl->tmpl, "enroll.issued");
	/* A right password does not make names his: the trail must not say that it did. */
	if (e->rc == 0 && e->names_need_approval)
		s->decision.detail = e->out.message;
	else if (e->rc == 0 && e->detail != NULL && *e->detail != '\0')
		s->decision.detail = e->detail;
	if (e->rc != 0) {
		gh_utf8_clean(e->err.detail);
		s->decision.detail = e->err.detail;
		enroll_outcome_deny(&e->out, &e->err);
	}
	put_choice(e, r, &s->decision);
}

static void
audit_refusal(struct worker_env *env, const struct enrollment *e)
{
	enroll_audit_refusal(env, &e->req->requester, e->req->request_id, e->req->template_name,
	    &e->err);
}

static void
take_recorded(struct worker_env *env, struct enrollment *e, const struct store_recording *s)
{
	enrollment_enter(e);
	if ((e->rc = s->rc) != 0)
		e->err = s->err;
	if (e->rc == GH_E_REPLAY)
		audit_refusal(env, e);
	if (e->rc == 0)
		e->rc = enroll_complete_chain(&env->catalog->cas, s->ca_id, &e->out, &e->err);
	if (e->rc == 0)
		enroll_report(e->req, &e->out,
		    e->tmpl != NULL ? tmpl_name(e->tmpl->tmpl) : e->req->template_name);
	else
		enroll_outcome_clear(&e->out);
}

bool
enrollment_is_answer(const struct enrollment *e)
{
	return e->rc == 0 || gh_error_info(e->err.code)->is_denial;
}

void
enroll_record(struct worker_env *env, struct enrollment *const *e, size_t n)
{
	struct recorded r[ENROLL_BATCH_MAX];
	struct store_recording s[ENROLL_BATCH_MAX];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (enrollment_is_answer(e[i])) {
			prepare(e[i], &r[k], &s[k]);
			k++;
			continue;
		}
		enrollment_enter(e[i]);
		audit_refusal(env, e[i]);
		enroll_outcome_clear(&e[i]->out);
	}
	if (k > 0)
		store_record_batch(env->store, s, k);
	for (size_t i = 0; i < k; i++)
		take_recorded(env, r[i].of, &s[i]);
}

bool
enroll_may_see(const struct requester *who, const struct requester *owner)
{
	if ((who->roles & REQUESTER_ROLE_OFFICER) != 0)
		return true;
	return (who->app_id == 0 || who->app_id == owner->app_id) && requester_is_same(who, owner);
}

int
enroll_status(struct worker_env *env, const struct requester *who, int64_t cms_request_id,
    struct enroll_outcome *out, bool *cert_only, struct gh_error *err)
{
	struct enroll_request req = {0};
	int64_t ca_id = 0;
	int rc;

	memset(out, 0, sizeof(*out));
	*cert_only = false;
	if ((rc = store_get_request(env->store, cms_request_id, &req, out, &ca_id, err)) != 0)
		return rc;
	if (!enroll_may_see(who, &req.requester))
		rc = gh_fail(err, GH_E_NOT_FOUND, "request %lld is another's",
		    (long long)cms_request_id);
	else if (out->disposition == DB_DISP_ISSUED && out->chain.n == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "The certificate of this request ended long ago and was removed.");
	else
		rc = enroll_complete_chain(&env->catalog->cas, ca_id, out, err);
	*cert_only = req.cert_only;
	enroll_request_clear(&req);
	if (rc != 0)
		enroll_outcome_clear(out);
	return rc;
}
