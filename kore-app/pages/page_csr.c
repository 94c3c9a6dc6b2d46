/* The CSR form. See page_csr.h. */
#include <inttypes.h>
#include <stdio.h>

#include "csr/csr_answer.h"
#include "form.h"
#include "http_accept.h"
#include "preview.h"

#include "page.h"
#include "page_csr.h"
#include "page_csr_data.h"

#define PATH_SIZE 64

/* The form as it is filled in, with the errors of s. */
static void
show_form(struct worker_env *env, struct csr_submission *s, struct gh_http_reply *rep)
{
	int status =
	    s->in.fields.errors != NULL ? gh_error_info(GH_E_VALIDATION)->http_status : 200;

	page_reply(env, s->call, status, "csr_upload", page_csr_form(env, s), rep);
}

/* A refusal stands next to its field, or above the form; what is no answer to the form is a page of
 * its own. */
static void
show_refusal(struct worker_env *env, struct csr_submission *s, const struct gh_error *err,
    struct gh_http_reply *rep)
{
	bool is_entered = s->e.profile != NULL && s->in.body != NULL;

	if (!is_entered || gh_error_info(err->code)->is_retryable || err->code == GH_E_INTERNAL) {
		page_refuse(s->call, err, rep);
		return;
	}
	if (!csr_blame_field(env, s, err))
		rest_field_refused(&s->in.fields, "", err);
	show_form(env, s, rep);
}

void
page_csr_upload(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct csr_submission s = {.call = call};

	if (csr_enter(env, &s) != 0)
		page_refuse(call, &s.e.err, rep);
	else
		show_form(env, &s, rep);
	csr_clear(&s);
}

/* ---- look at it ---- */

/* Who goes back to change something wants to see no complaints. */
static bool
wants_to_change(const struct gh_form *form)
{
	const char *action = gh_form_get(form, "action");

	return action != NULL && *action == 'c';
}

static void
preview(struct worker_env *env, struct csr_submission *s, struct gh_http_reply *rep)
{
	gh_json *shown = NULL;
	struct gh_error err;

	if (enroll_preview(env, &s->e, &shown, &err) != 0)
		page_refuse(s->call, &err, rep);
	else if (s->e.rc != 0)
		show_refusal(env, s, &s->e.err, rep);
	else {
		page_reply(env, s->call, 200, "csr_confirm", page_csr_confirm(s, shown), rep);
		shown = NULL;
	}
	gh_json_free(shown);
}

void
page_csr_preview(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct csr_submission s = {.call = call};
	bool is_change = wants_to_change(call->form);

	csr_prepare(env, call->form, &s);
	if (is_change && s.e.profile != NULL && s.in.body != NULL) {
		rest_fields_clear(&s.in.fields);
		show_form(env, &s, rep);
	} else if (s.e.rc != 0)
		show_refusal(env, &s, &s.e.err, rep);
	else
		preview(env, &s, rep);
	csr_clear(&s);
}

/* ---- send it ---- */

/* After a redirect, reloading the page sends nothing again. */
static void
show_answer(struct worker_env *env, struct csr_submission *s, struct gh_http_reply *rep)
{
	char path[PATH_SIZE];

	if (s->e.rc != 0) {
		show_refusal(env, s, &s->e.err, rep);
		return;
	}
	snprintf(path, sizeof(path), CSR_PAGE "%" PRId64, s->e.out.cms_request_id);
	page_redirect(rep, path);
}

void
page_csr_process(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct csr_submission s = {.call = call};

	if (!gh_http_prefers_html(call->http)) {
		csr_process(env, call, rep);
		return;
	}
	csr_open(env, call->form, &s);
	csr_finish(env, &s);
	show_answer(env, &s, rep);
	csr_clear(&s);
}
