/* KeyfactorAPI: whether a certificate stays, and who hears of it: DELETE, Owner. See kf_api.h. */
#include <string.h>

#include "conf.h"
#include "rest/rest_cert_import.h"
#include "rest/rest_cert_metadata.h"

#include "kf_api.h"
#include "kf_certificate.h"
#include "kf_many.h"

/* {field: name} */
static int
read_owner(const struct worker_env *env, const gh_json *body, gh_json *values, struct gh_error *err)
{
	const char *field = env->conf->notify.owner_field, *name;
	int rc = kf_text(body, "NewRoleName", &name, err);

	if (rc != 0)
		return rc;
	if (field == NULL || *field == '\0')
		return gh_refuse(err, GH_E_CONFLICT,
		    "Certificates have no owner here: notify.owner_field names no metadata field.");
	if (name == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "NewRoleName is missing: the owner's address. There are no numbered roles.");
	if (gh_json_set_string(values, field, name) != 0)
		return gh_fail(err, GH_E_NOMEM, "owner");
	return kf_metadata_check(env, values, err);
}

/* The owner is who hears of the certificate: the address in the metadata field of
 * notify.owner_field. */
void
kf_owner(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *body, *values = gh_json_new_object(), *answer = NULL;
	const struct kf_question q = {.handler = rest_cert_metadata_change,
	    .method = GH_HTTP_PUT,
	    .id = call_number(call->parts, "id"),
	    .query = "merge=yes",
	    .body = values};
	struct gh_error err = {0};
	int rc = kf_body(call, &body, &err);

	if (rc == 0)
		rc = read_owner(env, body, values, &err);
	if (rc != 0)
		kf_error(&err, rep);
	else if (kf_ask(env, call, &q, &answer, rep))
		rep->status = 204;
	gh_json_free(answer);
	gh_json_free(values);
	gh_json_free(body);
}

static int
delete_one(struct worker_env *env, const struct call *call, const void *arg, int64_t id,
    struct gh_http_reply *inner, struct gh_error *err)
{
	const struct kf_question q = {.handler = rest_cert_remove,
	    .method = GH_HTTP_DELETE,
	    .id = id};

	(void)arg;
	return kf_ask_reply(env, call, &q, inner, err);
}

void
kf_delete(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct kf_question q = {.handler = rest_cert_remove,
	    .method = GH_HTTP_DELETE,
	    .id = call_number(call->parts, "id")};
	gh_json *answer = NULL;

	if (kf_ask(env, call, &q, &answer, rep))
		rep->status = 204;
	gh_json_free(answer);
}

/* [1, 2] */
void
kf_delete_all(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct kf_many m = {.ask = delete_one,
	    .message = "Not all certificates were deleted"};
	struct gh_error err = {0};
	gh_json *ids;
	int rc = kf_body_any(call, &ids, &err);

	if (rc == 0 && (rc = kf_ids_check(ids, "The body", &err)) == 0)
		kf_many(env, call, ids, &m, rep);
	if (rc != 0)
		kf_error(&err, rep);
	gh_json_free(ids);
}
