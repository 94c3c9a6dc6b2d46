/* POST /requests/{id}/approve, /reject, /cancel. See page_request.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "authority/revoke.h"
#include "enroll.h"
#include "form.h"
#include "rest/rest.h"

#include "page.h"
#include "page_request.h"

#define VERSION_DIGITS_MAX 9

typedef int (*decision_fn)(struct worker_env *env, const struct requester *who,
    const struct enroll_verdict *v, struct enroll_outcome *out, struct gh_error *err);

/* 0: there is none. */
static int
version_of(const struct call *call)
{
	const char *text = gh_form_get(call->form, "version");
	size_t n = 0;

	while (text != NULL && text[n] >= '0' && text[n] <= '9')
		n++;
	return n > 0 && n <= VERSION_DIGITS_MAX && text[n] == '\0' ? atoi(text) : 0;
}

/* Somebody else was faster, or the same person has been here. */
static void
show_conflict(struct worker_env *env, const struct call *call, const struct gh_error *err,
    struct gh_http_reply *rep)
{
	gh_json *data = gh_json_new_object(), *wrong = rest_reason(err);

	if (wrong == NULL || gh_json_set(data, "wrong", gh_json_ref(wrong)) != 0 ||
	    gh_json_set_int(data, "id", call_number(call->parts, "id")) != 0) {
		gh_json_free(data);
		data = NULL;
	}
	gh_json_free(wrong);
	page_reply(env, call, 409, "request_conflict", data, rep);
	gh_http_reply_cause(rep, err);
}

static void
decide(struct worker_env *env, const struct call *call, decision_fn fn, struct gh_http_reply *rep)
{
	const char *comment = gh_form_get(call->form, "comment"),
		   *shown = gh_form_get(call->form, "shown");
	struct enroll_verdict v = {.id = call_number(call->parts, "id"),
	    .version = version_of(call),
	    .comment = comment,
	    .shown = shown != NULL ? shown : ""};
	struct enroll_outcome out = {0};
	struct gh_error err = {0};
	char path[40];
	int rc;

	if (v.version == 0)
		rc = gh_refuse(&err, GH_E_UNCONDITIONAL,
		    "The form does not say which state of the request it is about.");
	else if (comment != NULL && !revoke_comment_is_valid(comment))
		rc = gh_refuse_as(&err, GH_E_VALIDATION, "not_a_line", NULL,
		    "The comment must not have control characters.");
	else
		rc = fn(env, call->requester, &v, &out, &err);
	enroll_outcome_clear(&out);
	if (rc == 0) {
		snprintf(path, sizeof(path), "/requests/%" PRId64, v.id);
		page_redirect(rep, path);
	} else if (rc == GH_E_VALIDATION) {
		page_request_show(env, call, comment, &err, rep);
	} else if (rc == GH_E_CONFLICT || rc == GH_E_PRECONDITION) {
		show_conflict(env, call, &err, rep);
	} else {
		page_error(env->conf, &err, call->http, rep);
	}
}

void
page_request_approve(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	decide(env, call, enroll_approve, rep);
}

void
page_request_reject(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	decide(env, call, enroll_deny, rep);
}

void
page_request_cancel(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	decide(env, call, enroll_cancel, rep);
}
