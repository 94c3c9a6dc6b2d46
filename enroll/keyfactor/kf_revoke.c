/* KeyfactorAPI: revocation, by the handler of the Classic one. See kf_api.h. */
#include <stdlib.h>

#include "certenroll/ce_revoke.h"

#include "kf_api.h"
#include "kf_ask.h"

#define IDS_MAX 100

/* {"Lookup":{"Type":"CMSID","CMSID":id},"Details":{...}}: members of the body that are Details
 * there. */
static gh_json *
classic_body(const gh_json *body, int64_t id, struct gh_error *err)
{
	static const char *const names[] = {"Reason", "Comment", "EffectiveDate"};
	gh_json *o = gh_json_new_object(), *lookup = gh_json_new_object(),
		*details = gh_json_new_object();
	int bad =
	    gh_json_set_string(lookup, "Type", "CMSID") | gh_json_set_int(lookup, "CMSID", id);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		gh_json *v;

		if (gh_json_find(body, names[i], &v, err) != 0)
			bad = -1;
		else if (gh_json_type(v) != GH_JSON_NULL)
			bad |= gh_json_set(details, names[i], gh_json_ref(v));
	}
	bad |= gh_json_set(o, "Lookup", lookup);
	bad |= gh_json_set(o, "Details", details);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static int
note_failure(gh_json *failed, int64_t id, const char *message)
{
	gh_json *e = gh_json_new_object();
	int bad = gh_json_set_int(e, "Id", id) |
	    gh_json_set_string(e, "Reason", message != NULL ? message : "It was refused.");

	return bad | gh_json_append(failed, e);
}

/* Its id goes to done or failed. */
static int
revoke_one(struct worker_env *env, const struct call *call, const gh_json *body, int64_t id,
    gh_json *done, gh_json *failed, struct gh_error *err)
{
	struct kf_question q = {.handler = ce_revoke, .method = GH_HTTP_POST};
	gh_json *asked = classic_body(body, id, err);
	struct gh_http_reply inner = {0};
	char *message;
	int rc;

	q.body = asked;
	if (asked == NULL)
		return err->code != 0 ? err->code : gh_fail(err, GH_E_NOMEM, "revocation");
	if ((rc = kf_ask_reply(env, call, &q, &inner, err)) == 0) {
		message = inner.status == 200 ? NULL : kf_refusal(&inner);
		if ((inner.status == 200 ? gh_json_append(done, gh_json_new_int(id))
					 : note_failure(failed, id, message)) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "revocation");
		free(message);
	}
	gh_http_reply_clear(&inner);
	gh_json_free(asked);
	return rc;
}

static int
revoke_all(struct worker_env *env, const struct call *call, const gh_json *body, gh_json *done,
    gh_json *failed, struct gh_error *err)
{
	gh_json *ids;
	int64_t id;
	int rc = gh_json_find(body, "CertificateIds", &ids, err);

	if (rc != 0)
		return rc;
	if (gh_json_type(ids) != GH_JSON_ARRAY || gh_json_size(ids) == 0 ||
	    gh_json_size(ids) > IDS_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "CertificateIds is an array of 1 to %d numbers.", IDS_MAX);
	for (size_t i = 0; i < gh_json_size(ids); i++)
		if (!gh_json_int(gh_json_at(ids, i), &id) || id < 1)
			return gh_refuse(err, GH_E_BAD_REQUEST,
			    "CertificateIds[%zu] is no positive number.", i);
	for (size_t i = 0; rc == 0 && i < gh_json_size(ids); i++) {
		(void)gh_json_int(gh_json_at(ids, i), &id);
		rc = revoke_one(env, call, body, id, done, failed, err);
	}
	return rc;
}

/* 400 where one failed: clients take 200 for all of them. Takes both. */
static void
reply(gh_json *done, gh_json *failed, struct gh_http_reply *rep)
{
	bool is_good = gh_json_size(failed) == 0;
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set(o, is_good ? "RevokedIds" : "SucceededIds", done);

	if (is_good)
		gh_json_free(failed);
	else
		bad |= gh_json_set_string(o, "ErrorCode", "refused") |
		    gh_json_set_string(o, "Message", "Not all certificates were revoked") |
		    gh_json_set(o, "FailedOperations", failed);
	if (bad != 0) {
		gh_json_free(o);
		o = NULL;
	}
	kf_json(rep, o);
	if (o != NULL && !is_good)
		rep->status = 400;
}

void
kf_revoke(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *done = gh_json_new_array(), *failed = gh_json_new_array(), *body;
	struct gh_error err = {0};
	int rc = kf_body(call, &body, &err);

	if (rc == 0)
		rc = revoke_all(env, call, body, done, failed, &err);
	gh_json_free(body);
	if (rc == 0) {
		reply(done, failed, rep);
		return;
	}
	kf_error(&err, rep);
	gh_json_free(done);
	gh_json_free(failed);
}
