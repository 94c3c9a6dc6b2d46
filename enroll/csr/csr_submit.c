/* A request over the CSR form. See csr_submit.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "idempotency.h"
#include "single.h"
#include "timestamp.h"

#include "csr_form.h"
#include "csr_submit.h"
#include "csr_template.h"

#define DAY 86400
#define FORM_KEY "form " /* before a form's token, which is no Idempotency-Key */

/* ---- who asks ---- */

int
csr_enter(struct worker_env *env, struct csr_submission *s)
{
	const struct door d = {.what = "The CSR form",
	    .option = "csr.application",
	    .name = env->conf->csr.application};
	struct enroll_request *req = &s->req;
	int rc = door_find(env, s->call, &d, &s->app, &s->e.err);

	s->e.req = req;
	s->e.entry = s->call->entry;
	req->protocol = ENROLL_CSR;
	memcpy(req->request_id, s->call->http->request_id, sizeof(req->request_id));
	req->requester = *s->call->requester;
	req->submitted = gh_now();
	/* until one is chosen: for the audit trail */
	if (rc == 0 && (req->template_name = strdup("")) == NULL)
		rc = gh_fail(&s->e.err, GH_E_NOMEM, "request");
	if (rc != 0)
		return rc;
	s->e.profile = &s->app->profile;
	req->requester.app_id = s->app->id;
	snprintf(req->requester.app_name, sizeof(req->requester.app_name), "%s", s->app->name);
	if (s->e.entry != NULL || !enrollment_needs_entry(&s->e))
		return 0;
	rc = dir_find(env->dir, req->requester.name, &s->own, &s->e.err);
	s->e.entry = s->own;
	return rc;
}

/* ---- what he asks for ---- */

/* A copy of a text that may not be there. */
static bool
copy(char **out, const char *text)
{
	return text == NULL || (*out = strdup(text)) != NULL;
}

/* The CA is remembered by its name, however it was asked for. */
static const char *
ca_name(const struct worker_env *env, const char *asked)
{
	const struct ca *ca = asked != NULL ? ca_set_find(&env->catalog->cas, asked) : NULL;
	char *end;
	long long id;

	if (ca == NULL && asked != NULL && *asked >= '1' && *asked <= '9') {
		id = strtoll(asked, &end, 10);
		ca = *end == '\0' ? ca_set_find_id(&env->catalog->cas, id) : NULL;
	}
	return ca != NULL ? ca->name : asked;
}

static int
take_request(const struct worker_env *env, struct csr_submission *s)
{
	const struct csr_request *in = &s->in;
	struct enroll_request *req = &s->req;

	req->validity = in->validity_days * DAY;
	if (!copy(&req->ca_name, ca_name(env, in->ca_id)) || !copy(&req->purpose, in->purpose) ||
	    !copy(&req->tenant, in->tenant) || !copy(&req->email, in->email) ||
	    !copy(&req->language, in->language))
		return gh_fail(&s->e.err, GH_E_NOMEM, "request");
	req->csr = s->in.csr;
	s->in.csr = NULL;
	if (in->metadata != NULL)
		req->metadata = gh_json_ref((gh_json *)in->metadata);
	return 0;
}

/* The client's key, or the token of the form, which is sent once. */
static int
take_mark(const struct worker_env *env, struct csr_submission *s)
{
	struct enroll_request *req = &s->req;
	char own[sizeof(FORM_KEY) + IDEMPOTENCY_KEY_MAX];
	const char *key;
	int rc = idempotency_key(s->call->http, &key, &s->e.err);

	if (rc == 0 && key == NULL && s->in.form_token != NULL) {
		snprintf(own, sizeof(own), FORM_KEY "%s", s->in.form_token);
		key = own;
	}
	if (rc != 0 || key == NULL)
		return rc;
	if ((rc = idempotency_mark(env->server_secret, key, &req->requester, s->call->http->path,
		 req->replay_mark, &s->e.err)) != 0 ||
	    (rc = csr_request_content(&s->in, req->replay_content, &s->e.err)) != 0)
		return rc;
	req->has_replay_mark = req->has_replay_content = true;
	return 0;
}

static int
take_template(const struct worker_env *env, struct csr_submission *s)
{
	const struct csr_wish wish = {s->in.template_name, s->in.purpose};
	const char *name;
	int rc = csr_template_choose(env, &s->e, &wish, &name, &s->e.err);

	if (rc == GH_E_VALIDATION) {
		rest_field_refused(&s->in.fields, "purpose_category", &s->e.err);
		return rc;
	}
	if (rc != 0)
		return rc;
	free(s->req.template_name);
	s->req.template_name = strdup(name);
	return s->req.template_name != NULL ? 0 : gh_fail(&s->e.err, GH_E_NOMEM, "request");
}

/* ---- all up to the decision ---- */

void
csr_prepare(struct worker_env *env, const struct gh_form *form, struct csr_submission *s)
{
	int rc = csr_enter(env, s);

	if (rc == 0 && (rc = csr_request_read(s->call, form, &s->in, &s->e.err)) == 0 &&
	    (rc = take_mark(env, s)) == 0 && (rc = take_request(env, s)) == 0)
		rc = single_find_recorded(env, &s->e, &s->is_recorded, &s->recorded_ca);
	if (rc == 0 && !s->is_recorded)
		rc = take_template(env, s);
	s->e.rc = rc;
}

void
csr_open(struct worker_env *env, const struct gh_form *form, struct csr_submission *s)
{
	csr_prepare(env, form, s);
	if (s->e.rc == 0 && !s->is_recorded)
		single_decide(env, &s->e, s->in.approval_password);
}

void
csr_finish(struct worker_env *env, struct csr_submission *s)
{
	if (!s->is_recorded)
		single_finish(env, s->call, &s->e);
	else if (s->e.rc == 0)
		s->e.rc =
		    enroll_complete_chain(&env->catalog->cas, s->recorded_ca, &s->e.out, &s->e.err);
}

void
csr_clear(struct csr_submission *s)
{
	enrollment_clear(&s->e);
	enroll_request_clear(&s->req);
	csr_request_clear(&s->in);
	dir_entry_free(s->own);
	s->own = NULL;
}

/* ---- which field ---- */

/* "metadata.NAME", as forms call it, or "metadata". */
static void
blame_metadata(const struct worker_env *env, struct csr_submission *s, const struct gh_error *err)
{
	const struct metadata_field *f =
	    metadata_blamed(env->catalog->field, env->catalog->fields, err);
	char name[CSR_METADATA_SIZE] = "metadata";

	if (f != NULL)
		snprintf(name, sizeof(name), CSR_METADATA "%s", f->name);
	rest_field_refused(&s->in.fields, name, err);
}

bool
csr_blame_field(const struct worker_env *env, struct csr_submission *s, const struct gh_error *err)
{
	static const struct {
		enum gh_code code;
		const char *field;
	} about[] = {
	    {GH_E_VALIDATION, "validity_days"},
	    {GH_E_DENIED, "ca_id"},
	    {GH_E_CSR, "csr_data"},
	    {GH_E_CSR_SIGNATURE, "csr_data"},
	    {GH_E_CSR_WEAK, "csr_data"},
	    {GH_E_KEY_TYPE, "csr_data"},
	    {GH_E_KEY_LENGTH, "csr_data"},
	    {GH_E_SUBJECT, "csr_data"},
	    {GH_E_DNS_REQUIRED, "csr_data"},
	    {GH_E_EMAIL_REQUIRED, "csr_data"},
	    {GH_E_TEMPLATE_CONFLICT, "csr_data"},
	    {GH_E_TEMPLATE_VERSION, "csr_data"},
	    {GH_E_TEMPLATE_UNKNOWN, "template"},
	    {GH_E_TEMPLATE_DENIED, "template"},
	};

	if (s->in.fields.errors != NULL)
		return true;
	if (err->code == GH_E_METADATA) {
		blame_metadata(env, s, err);
		return true;
	}
	for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
		const char *field = about[i].field;

		if (about[i].code != err->code)
			continue;
		/* of what is denied, only the CA that he chose is a field's */
		if (err->code == GH_E_DENIED && (s->req.ca_name == NULL || s->e.ca != NULL))
			return false;
		if (strcmp(field, "template") == 0 && s->in.template_name == NULL)
			field = "purpose_category";
		rest_field_refused(&s->in.fields, field, err);
		return true;
	}
	return false;
}
