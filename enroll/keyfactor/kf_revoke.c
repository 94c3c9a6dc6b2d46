/* KeyfactorAPI: revocation, by the handler of the Classic one. See kf_api.h. */
#include "certenroll/ce_revoke.h"

#include "kf_api.h"
#include "kf_many.h"

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
revoke_one(struct worker_env *env, const struct call *call, const void *arg, int64_t id,
    struct gh_http_reply *inner, struct gh_error *err)
{
	struct kf_question q = {.handler = ce_revoke, .method = GH_HTTP_POST};
	gh_json *asked = classic_body(arg, id, err);
	int rc;

	q.body = asked;
	if (asked == NULL)
		return err->code != 0 ? err->code : gh_fail(err, GH_E_NOMEM, "revocation");
	rc = kf_ask_reply(env, call, &q, inner, err);
	gh_json_free(asked);
	return rc;
}

void
kf_revoke(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kf_many m = {.ask = revoke_one,
	    .done_name = "RevokedIds",
	    .message = "Not all certificates were revoked"};
	struct gh_error err = {0};
	gh_json *body, *ids = NULL;
	int rc = kf_body_first(call, &body, &err);

	m.arg = body;
	if (rc == 0 && (rc = gh_json_find(body, "CertificateIds", &ids, &err)) == 0 &&
	    (rc = kf_ids_check(ids, "CertificateIds", &err)) == 0)
		kf_many(env, call, ids, &m, rep);
	if (rc != 0)
		kf_error(&err, rep);
	gh_json_free(body);
}
