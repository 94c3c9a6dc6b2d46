/* One request over REST, and the decision on it. */
#include <stdlib.h>
#include <string.h>

#include "authority/revoke.h"
#include "preview.h"
#include "store/request/request_page.h"

#include "rest_request.h"
#include "rest_request_view.h"

/* ---- one ---- */

/* What is another's does not exist. */
static int
find(struct worker_env *env, const struct call *call, gh_json **row, struct gh_error *err)
{
	int64_t id = call_number(call->parts, "id");
	struct requester owner;
	int rc = store_request_view(env->store, id, row, &owner, err);

	if (rc == 0 && !enroll_may_see(call->requester, &owner)) {
		gh_json_free(*row);
		*row = NULL;
		rc = gh_fail(err, GH_E_NOT_FOUND, "request %lld is another's", (long long)id);
	}
	return rc;
}

static void
reply(gh_json *o, const gh_json *row, struct gh_http_reply *rep)
{
	rest_request_etag(rep, row);
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, 200, o);
}

/* ?preview=true: what an officer decides on, with the digest that his decision brings along. Of
 * what is decided there is none. */
static int
put_preview(struct worker_env *env, const struct call *call, gh_json *row, struct gh_error *err)
{
	gh_json *preview = NULL;
	char *asked = NULL;
	int rc = rest_query(call, "preview", &asked, err);
	bool is_true = asked != NULL && strcmp(asked, "true") == 0;

	if (rc != 0 || asked == NULL)
		return rc;
	free(asked);
	if (!is_true)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The parameter preview is true, or not there.");
	if ((call->requester->roles & REQUESTER_ROLE_OFFICER) == 0)
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Only an officer sees what a request would become.");
	rc = enroll_preview_pending(env, call_number(call->parts, "id"), &preview, err);
	if (rc == GH_E_CONFLICT)
		return 0;
	if (rc == 0 && gh_json_set(row, "preview", preview) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "preview");
	return rc;
}

void
rest_request(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *row = NULL;
	int rc = find(env, call, &row, &err);

	if (rc == 0 && (rc = put_preview(env, call, row, &err)) != 0)
		gh_json_free(row);
	if (rc != 0) {
		rest_error(&err, call->http->request_id, NULL, rep);
		return;
	}
	reply(rest_request_complete(env, row) ? gh_json_ref(row) : NULL, row, rep);
	gh_json_free(row);
}

void
rest_request_state(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *row;

	if (find(env, call, &row, &err) != 0) {
		rest_error(&err, call->http->request_id, NULL, rep);
		return;
	}
	reply(rest_request_status(env, row), row, rep);
	gh_json_free(row);
}

/* ---- decision ---- */

typedef int (*decision_fn)(struct worker_env *env, const struct requester *who,
    const struct enroll_verdict *v, struct enroll_outcome *out, struct gh_error *err);

static decision_fn
read_decision(const gh_json *body, struct rest_fields *fields)
{
	static const struct {
		const char *status;
		decision_fn decide;
	} table[] = {{"approved", enroll_approve}, {"rejected", enroll_deny},
	    {"canceled", enroll_cancel}};
	const char *status = rest_text(fields, body, "status", 1, 20, true);

	for (size_t i = 0; status != NULL && i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].status, status) == 0)
			return table[i].decide;
	if (status != NULL)
		rest_field_wrong(fields, "status", "The status is approved, rejected or canceled.");
	return NULL;
}

static const char *
read_comment(const gh_json *body, struct rest_fields *fields)
{
	const char *comment = rest_text(fields, body, "comment", 0, STORE_COMMENT_MAX, false);

	if (comment != NULL && !revoke_comment_is_valid(comment))
		rest_field_wrong(fields, "comment",
		    "The comment must not have control characters.");
	return comment;
}

static void
check_members(const gh_json *body, struct rest_fields *fields)
{
	for (void *it = gh_json_iter(body); it != NULL; it = gh_json_next(body, it)) {
		const char *name = gh_json_iter_name(it);

		if (strcmp(name, "status") != 0 && strcmp(name, "comment") != 0 &&
		    strcmp(name, "shown") != 0)
			rest_field_wrong(fields, name, "There is no field %.60s.", name);
	}
}

/* Was another decision faster? Then the precondition does not hold any more. */
static int
explain_conflict(struct worker_env *env, const struct call *call, struct gh_error *err)
{
	struct gh_error why;
	gh_json *row;

	if (find(env, call, &row, &why) != 0)
		return err->code;
	if (rest_request_match(call, row, &why) == GH_E_PRECONDITION)
		*err = why;
	gh_json_free(row);
	return err->code;
}

/* The version that the decision was made on is compared here, and once more where it is written. */
static int
decide(struct worker_env *env, const struct call *call, const gh_json *body,
    struct rest_fields *fields, struct gh_error *err)
{
	struct enroll_verdict v = {.id = call_number(call->parts, "id")};
	struct enroll_outcome out = {0};
	decision_fn fn;
	gh_json *row;
	int rc;

	check_members(body, fields);
	fn = read_decision(body, fields);
	v.comment = read_comment(body, fields);
	v.shown =
	    rest_text(fields, body, "shown", ENROLL_SHOWN_SIZE - 1, ENROLL_SHOWN_SIZE - 1, false);
	if ((rc = rest_fields_check(fields, err)) != 0 || (rc = find(env, call, &row, err)) != 0)
		return rc;
	if ((rc = rest_request_match(call, row, err)) == 0) {
		v.version = rest_request_version(row);
		rc = fn(env, call->requester, &v, &out, err);
	}
	if (rc == GH_E_CONFLICT)
		rc = explain_conflict(env, call, err);
	gh_json_free(row);
	enroll_outcome_clear(&out);
	return rc;
}

/* The answer is the request as it stands now: an approval may have ended in a denial, where the
 * policy as it is now says no, or others must agree, too. */
void
rest_request_decide(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *body;
	int rc = rest_body(call, &body, &err);

	if (rc == 0)
		rc = decide(env, call, body, &fields, &err);
	if (rc == 0)
		rest_request_state(env, call, rep);
	else
		rest_error(&err, call->http->request_id, rest_fields_take(&fields), rep);
	gh_json_free(body);
}
