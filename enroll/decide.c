/*
 * The policy half of the pipeline. The order matters: nothing is asked of the directory for a
 * template that the profile does not have, and nothing of the signer before all rules agree.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "asn1_time.h"
#include "authority/ca_locked.h"
#include "calendar.h"
#include "log.h"
#include "measure.h"
#include "timestamp.h"
#include "utf8.h"

#include "ca_choice.h"
#include "clock.h"
#include "decide.h"
#include "device_check.h"
#include "requester_check.h"
#include "catalog/metadata.h"

/* The same answer whether the template exists elsewhere or not: an application cannot list the
 * others'. */
static int
find_template(const struct worker_env *env, struct enrollment *e)
{
	const char *name = e->req->template_name;

	if (!enroll_profile_has_template(e->profile, name))
		return gh_fail(&e->err, GH_E_TEMPLATE_UNKNOWN, "%s does not have template %s",
		    e->profile->name, name);
	if ((e->tmpl = catalog_find_template(env->catalog, name)) == NULL)
		return gh_fail(&e->err, GH_E_TEMPLATE_UNKNOWN, "template %s is not in the catalog",
		    name);
	return 0;
}

/*
 * Also asked before a request is left pending: a queue for a CA that is gone helps nobody. What was
 * chosen once stays: between two stages a key may be unlocked, and another CA would be one that
 * nobody has looked at.
 */
static int
find_ca(const struct worker_env *env, struct enrollment *e, const struct dir_entry *entry)
{
	struct ca_question q = ca_question_of(&e->req->requester, entry, e->tmpl->tmpl);
	struct ca_choice choice;
	int rc;

	if (e->ca != NULL)
		return 0;
	q.tenant = e->req->tenant;
	q.ca_name = e->req->ca_name;
	q.is_locked = ca_choice_ask_signer;
	q.arg = env->signer;
	rc = ca_choose(env->catalog, e->profile, &q, &choice, &e->err);
	e->ca = choice.ca;
	e->rule = choice.rule;
	return rc;
}

bool
enrollment_needs_officer(const struct enrollment *e)
{
	return tmpl_needs_approval(e->tmpl->tmpl) || ca_needs_approval(e->ca);
}

static int
check_permission(struct enrollment *e, const struct subject_source *from)
{
	if (from->entry != NULL && from->entry->is_disabled)
		return gh_fail(&e->err, GH_E_ACCOUNT_DISABLED, "entry %s is disabled",
		    from->entry->dn);
	return tmpl_may_enroll(e->tmpl->tmpl, from, e->profile->groups, &e->err);
}

static void
forget_spec(struct enrollment *e)
{
	cert_spec_free(e->spec);
	e->spec = NULL;
}

/* Nothing is signed before an officer has looked at it. */
static void
leave_pending(struct enrollment *e, const char *message)
{
	if (!e->is_preview)
		forget_spec(e);
	e->out.disposition = DB_DISP_PENDING;
	enroll_outcome_say(&e->out, message);
}

/* The officer sees which names he answers for. */
static int
leave_pending_for_names(struct enrollment *e)
{
	char message[2048];

	if (e->cannot_wait)
		return gh_refuse(&e->err, GH_E_DENIED,
		    "An officer must answer for names that no rule allows (%.128s), and a key that "
		    "is made here does not wait for him: make the key yourself, and send a "
		    "PKCS#10.",
		    e->unruled_names);
	e->names_need_approval = true;
	snprintf(message, sizeof(message), "Taken Under Submission: no rule allows %s",
	    e->unruled_names);
	leave_pending(e, message);
	return 0;
}

/* What was asked for is not cut; what the template gives is. */
static int
check_validity(struct enrollment *e)
{
	int64_t most = ca_max_validity(e->ca), end;
	char days[24];

	if (e->req->validity == 0)
		return 0;
	if (!gh_asn1_time_get(X509_get0_notAfter(e->ca->cert), &end))
		return gh_fail(&e->err, GH_E_CA_UNAVAILABLE, "validity of CA %s is unreadable",
		    e->ca->name);
	end -= gh_now();
	if (most == 0 || most > end)
		most = end;
	if (e->req->validity <= most)
		return 0;
	snprintf(days, sizeof(days), "%" PRId64, (int64_t)(most / GH_DAY_SECONDS));
	return gh_refuse_as(&e->err, GH_E_VALIDATION, "ca_days", days,
	    "validity_days: CA %s allows %s days at most", e->ca->name, days);
}

static int
check_metadata(const struct worker_env *env, struct enrollment *e)
{
	return metadata_check(env->catalog->field, env->catalog->fields, e->req->metadata,
	    tmpl_required_metadata(e->tmpl->tmpl), &e->metadata, &e->err);
}

/* Everything that follows once template, CA and entry are known. */
static int
apply(const struct worker_env *env, const struct subject_source *from, struct enrollment *e)
{
	int rc =
	    tmpl_apply(e->tmpl->tmpl, from, gh_now(), env->conf->ca.backdate, &e->spec, &e->err);

	if (rc == 0) {
		free(e->unruled_names);
		e->unruled_names = e->spec->unruled_names;
		e->spec->unruled_names = NULL;
		rc = check_validity(e);
	}
	if (rc == 0)
		rc = ca_set_check_identity(&env->catalog->cas, e->spec, &e->err);
	if (rc == 0 && !e->is_approved)
		rc = check_metadata(env, e);
	if (rc == 0 && !e->is_approved && e->unruled_names != NULL)
		rc = leave_pending_for_names(e);
	else if (rc == 0 && !e->is_approved && !e->has_password && enrollment_needs_officer(e))
		leave_pending(e, "Taken Under Submission");
	return rc;
}

bool
enrollment_needs_entry(const struct enrollment *e)
{
	return !e->profile->admits_without_entry || *e->req->requester.dn != '\0';
}

/* Nobody comes again for it: no request is left waiting that ends in nothing. */
static int
check_no_wait(const struct enrollment *e, struct gh_error *err)
{
	if (!e->cannot_wait || !enrollment_needs_officer(e))
		return 0;
	return gh_refuse(err, GH_E_DENIED,
	    "An officer must approve requests for this template, and a key that is made here does "
	    "not wait for him: make the key yourself, and send a PKCS#10.");
}

/* What was looked up on the way, and what a subject_source borrows. */
struct looked_up {
	struct dir_entry *entry;
	struct csr_names names; /* of the device table */
};

static void
forget(struct looked_up *own)
{
	dir_entry_free(own->entry);
	csr_names_clear(&own->names);
}

/* All that needs no CSR; where there is one, its signature first. */
static int
enter(const struct worker_env *env, struct enrollment *e, struct subject_source *from,
    struct looked_up *own)
{
	int rc;

	from->listed = &own->names;
	if ((rc = clock_check(env->conf, &e->err)) != 0 ||
	    (rc = requester_check(env, &e->req->requester, &e->err)) != 0 ||
	    (rc = device_check(env, e->req, from->csr, &own->names, &e->err)) != 0 ||
	    (rc = find_template(env, e)) != 0 ||
	    (from->csr != NULL && (rc = ca_pkcs10_check(from->csr, &e->err)) != 0))
		return rc;
	if (from->entry == NULL && !from->needs_no_entry) {
		if ((rc = dir_find(env->dir, e->req->requester.name, &own->entry, &e->err)) != 0)
			return rc;
		from->entry = own->entry;
	}
	if ((rc = check_permission(e, from)) == 0 && (rc = find_ca(env, e, from->entry)) == 0)
		rc = check_no_wait(e, &e->err);
	return rc;
}

static struct subject_source
source_of(const struct worker_env *env, const struct enrollment *e)
{
	return (struct subject_source){.csr = e->req->csr,
	    .entry = e->entry,
	    .owners = env->catalog->owners,
	    .validity = e->req->validity,
	    .archives_key = e->req->archives_key,
	    .takes_change = e->req->protocol == ENROLL_EST || e->req->protocol == ENROLL_CMC,
	    .needs_no_entry = !enrollment_needs_entry(e)};
}

void
enroll_admit(const struct worker_env *env, struct enrollment *e)
{
	struct subject_source from = source_of(env, e);
	struct looked_up own = {NULL, {NULL, NULL}};

	e->rc = enter(env, e, &from, &own);
	forget(&own);
}

void
enroll_decide(const struct worker_env *env, struct enrollment *e)
{
	struct subject_source from = source_of(env, e);
	struct looked_up own = {NULL, {NULL, NULL}};

	if ((e->rc = enter(env, e, &from, &own)) == 0)
		e->rc = apply(env, &from, e);
	forget(&own);
	if (e->rc != 0)
		forget_spec(e);
}

/* What the signer said. A locked key is no reason to lose a request: it waits where the template
 * says so, or may come again. */
static void
take_signed(struct worker_env *env, struct enrollment *e, const struct ca_signing *s)
{
	e->rc = s->rc;
	if (s->rc == 0) {
		e->rc = ca_outcome_set_cert(&e->out, e->ca, s->cert, s->cert_len, &e->err);
		e->out.disposition = DB_DISP_ISSUED;
	} else if (s->rc == GH_E_CA_LOCKED && !e->is_approved && !e->cannot_wait &&
	    tmpl_waits_for_locked_ca(e->tmpl->tmpl)) {
		leave_pending(e,
		    "Taken Under Submission: the key of the certification authority is locked");
		e->rc = 0;
	} else {
		e->err = s->err;
		if (s->rc == GH_E_CA_LOCKED)
			ca_locked_explain(env->store, e->ca, &e->err);
	}
	if (e->rc != 0)
		enroll_outcome_clear(&e->out);
	forget_spec(e);
}

/* A one-time password is for one request: a door that records none under its mark gives nothing for
 * it. */
static bool
is_counted(const struct enroll_request *req)
{
	const struct requester *who = &req->requester;

	return !who->is_one_time ||
	    (req->has_replay_mark &&
		memcmp(req->replay_mark, who->one_time, sizeof(who->one_time)) == 0);
}

static void
check_counted(struct enrollment *e)
{
	if (e->rc != 0 || is_counted(e->req))
		return;
	e->rc = gh_refuse(&e->err, GH_E_FORBIDDEN,
	    "A one-time password is not taken here: get a first certificate by simpleenroll.");
	forget_spec(e);
}

void
enroll_sign(struct worker_env *env, struct enrollment *const *e, size_t n)
{
	struct ca_signing s[ENROLL_BATCH_MAX];
	struct enrollment *of[ENROLL_BATCH_MAX];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		check_counted(e[i]);
		if (e[i]->rc != 0 || e[i]->spec == NULL)
			continue;
		of[k] = e[i];
		s[k++] = (struct ca_signing){.ca = e[i]->ca, .spec = e[i]->spec};
	}
	if (k > 0)
		ca_sign_batch(env->signer, s, k);
	for (size_t i = 0; i < k; i++) {
		enrollment_enter(of[i]);
		take_signed(env, of[i], &s[i]);
		free(s[i].cert);
	}
}

void
enrollment_enter(const struct enrollment *e)
{
	if (e->event == NULL)
		return;
	gh_log_context(e->req->request_id, e->req->requester.name);
	gh_log_collect(e->event);
}

void
enrollment_clear(struct enrollment *e)
{
	gh_json_free(e->metadata);
	cert_spec_free(e->spec);
	free(e->unruled_names);
	enroll_outcome_clear(&e->out);
	memset(e, 0, sizeof(*e));
}

void
enroll_outcome_say(struct enroll_outcome *out, const char *text)
{
	static const char cut[] = "...";
	size_t n = strlen(text), room = sizeof(out->message) - 1;

	if (n <= room) {
		memcpy(out->message, text, n + 1);
		return;
	}
	n = gh_utf8_cut(text, n, room - strlen(cut));
	memcpy(out->message, text, n);
	strcpy(out->message + n, cut);
}

void
enroll_denial_text(const struct gh_error *err, char *out, size_t size)
{
	const struct gh_error_info *info = gh_error_info(err->code);

	snprintf(out, size, "Denied by Policy Module  0x%08" PRIX32 ", %s", info->hresult,
	    *err->message != '\0' ? err->message : info->message);
	gh_utf8_clean(out);
}

void
enroll_outcome_deny(struct enroll_outcome *out, const struct gh_error *err)
{
	enroll_outcome_clear(out);
	out->disposition = DB_DISP_DENIED;
	out->status_code = gh_error_info(err->code)->hresult;
	enroll_denial_text(err, out->message, sizeof(out->message));
}

void
enroll_report(const struct enroll_request *req, const struct enroll_outcome *out,
    const char *template_name)
{
	char id[24];

	snprintf(id, sizeof(id), "%" PRId64, out->cms_request_id);
	gh_log_event(GH_LOG_INFO,
	    out->is_replay                             ? "recorded answer repeated"
		: out->disposition == DB_DISP_ISSUED   ? "certificate issued"
		: out->disposition == DB_DISP_PENDING  ? "request taken under submission"
		: out->disposition == DB_DISP_CANCELED ? "request canceled"
						       : "request denied",
	    "template", template_name, "requester", req->requester.name, "cms_request_id", id,
	    "serial", out->serial, "issuer", out->issuer_dn, "reason", out->message, NULL);
	if (!out->is_replay)
		gh_measure(GH_MEASURE_DECIDED, out->disposition, 1, template_name);
}
