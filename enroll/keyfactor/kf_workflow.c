/* KeyfactorAPI: requests that wait for approval, and decisions on them, by the handlers of REST. So
 * nobody decides on his own, and where several must agree, one is not enough. See kf_api.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rest/rest_request.h"

#include "kf_api.h"
#include "kf_many.h"

/* A decision on several requests. */
struct verdict {
	const char *status;  /* of ours */
	const char *comment; /* or NULL */
	gh_json *ids;
	gh_json *done, *denied, *failed; /* theirs: Successes, Denials, Failures */
};

/* ---- one of them ---- */

/* What became of a request, to the list that it belongs to. */
static int
note(gh_json *list, int64_t id, const gh_json *row, const char *comment)
{
	gh_json *o = gh_json_new_object();
	char text[24];
	int bad;

	snprintf(text, sizeof(text), "%" PRId64, id);
	bad = gh_json_set_int(o, "CARowId", id) | gh_json_set_string(o, "CARequestId", text) |
	    gh_json_set_string(o, "CAHost", "") |
	    gh_json_set_string(o, "CALogicalName", kf_string(row, "ca")) |
	    gh_json_set_int(o, "KeyfactorRequestId", id) |
	    gh_json_set_string(o, "Comment", comment != NULL ? comment : "");
	return bad | gh_json_append(list, o);
}

static gh_json *
decision_json(const struct verdict *v)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_string(o, "status", v->status);

	if (v->comment != NULL && *v->comment != '\0')
		bad |= gh_json_set_string(o, "comment", v->comment);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* The decision is recorded; state: of the request as it stands now. An approval may have ended in a
 * denial, where the policy says no by now, and others may have to agree, too. */
static int
note_decided(const struct verdict *v, int64_t id, const gh_json *row, const gh_json *state)
{
	const char *status = kf_string(state, "status");
	bool is_approval = strcmp(v->status, "approved") == 0;
	int64_t approved = 0, required = 0;
	char text[120];

	(void)gh_json_int(gh_json_get(state, "approved"), &approved);
	(void)gh_json_int(gh_json_get(state, "required"), &required);
	if (is_approval && strcmp(status, "pending") == 0) {
		snprintf(text, sizeof(text),
		    "Approved by %" PRId64 " of %" PRId64 ": it still waits for others.", approved,
		    required);
		return note(v->done, id, row, text);
	}
	if (is_approval && strcmp(status, "issued") != 0)
		return note(v->failed, id, row, kf_string(state, "message"));
	return note(v->done, id, row, kf_string(state, "message"));
}

static int
note_refused(const struct verdict *v, int64_t id, const gh_json *row,
    const struct gh_http_reply *rep)
{
	char *message = kf_refusal(rep);
	int bad = note(rep->status == 403 ? v->denied : v->failed, id, row, message);

	free(message);
	return bad;
}

/* The request as it stands is what is decided on. */
static int
decide_on(struct worker_env *env, const struct call *call, const struct verdict *v, int64_t id,
    const gh_json *row, struct gh_error *err)
{
	gh_json *body = decision_json(v), *state;
	struct kf_question q = {.handler = rest_request_decide,
	    .method = GH_HTTP_PUT,
	    .id = id,
	    .body = body};
	struct gh_http_reply rep = {0};
	int64_t version = 0;
	char etag[32];
	int rc, bad = 0;

	if (body == NULL)
		return gh_fail(err, GH_E_NOMEM, "decision");
	(void)gh_json_int(gh_json_get(row, "version"), &version);
	snprintf(etag, sizeof(etag), "\"v%" PRId64 "\"", version);
	q.if_match = etag;
	if ((rc = kf_ask_reply(env, call, &q, &rep, err)) == 0 && rep.status == 200) {
		state = kf_reply_json(&rep);
		bad = note_decided(v, id, row, state);
		gh_json_free(state);
	} else if (rc == 0) {
		bad = note_refused(v, id, row, &rep);
	}
	gh_http_reply_clear(&rep);
	gh_json_free(body);
	return bad == 0 ? rc : gh_fail(err, GH_E_NOMEM, "decision");
}

static int
decide_one(struct worker_env *env, const struct call *call, const struct verdict *v, int64_t id,
    struct gh_error *err)
{
	const struct kf_question q = {.handler = rest_request, .method = GH_HTTP_GET, .id = id};
	struct gh_http_reply rep = {0};
	gh_json *row;
	int rc = kf_ask_reply(env, call, &q, &rep, err);

	if (rc == 0 && rep.status == 200) {
		row = kf_reply_json(&rep);
		rc = decide_on(env, call, v, id, row, err);
		gh_json_free(row);
	} else if (rc == 0 && note_refused(v, id, NULL, &rep) != 0) {
		rc = gh_fail(err, GH_E_NOMEM, "decision");
	}
	gh_http_reply_clear(&rep);
	return rc;
}

/* ---- all of them ---- */

static void
reply(const struct verdict *v, struct gh_http_reply *rep)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set(o, "Failures", gh_json_ref(v->failed)) |
	    gh_json_set(o, "Denials", gh_json_ref(v->denied)) |
	    gh_json_set(o, "Successes", gh_json_ref(v->done));

	if (bad != 0) {
		gh_json_free(o);
		o = NULL;
	}
	kf_json(rep, o);
}

static void
decide(struct worker_env *env, const struct call *call, struct verdict *v,
    struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	int rc = 0;

	v->done = gh_json_new_array();
	v->denied = gh_json_new_array();
	v->failed = gh_json_new_array();
	for (size_t i = 0; rc == 0 && i < gh_json_size(v->ids); i++) {
		int64_t id = 0;

		(void)gh_json_int(gh_json_at(v->ids, i), &id);
		rc = decide_one(env, call, v, id, &err);
	}
	if (rc == 0)
		reply(v, rep);
	else
		kf_error(&err, rep);
	gh_json_free(v->done);
	gh_json_free(v->denied);
	gh_json_free(v->failed);
}

/* The body is the array of their ids. */
void
kf_approve(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct verdict v = {.status = "approved"};
	struct gh_error err = {0};
	int rc = kf_body_any(call, &v.ids, &err);

	if (rc == 0 && (rc = kf_ids_check(v.ids, "The body", &err)) == 0)
		decide(env, call, &v, rep);
	if (rc != 0)
		kf_error(&err, rep);
	gh_json_free(v.ids);
}

void
kf_deny(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct verdict v = {.status = "rejected"};
	struct gh_error err = {0};
	gh_json *body;
	int rc = kf_body(call, &body, &err);

	if (rc == 0 && (rc = kf_text(body, "Comment", &v.comment, &err)) == 0 &&
	    (rc = gh_json_find(body, "CertificateRequestIds", &v.ids, &err)) == 0 &&
	    (rc = kf_ids_check(v.ids, "CertificateRequestIds", &err)) == 0)
		decide(env, call, &v, rep);
	if (rc != 0)
		kf_error(&err, rep);
	gh_json_free(body);
}
