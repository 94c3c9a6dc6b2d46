/* KeyfactorAPI: metadata of certificates, and its fields. See kf_api.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/catalog.h"
#include "catalog/metadata.h"
#include "rest/rest_cert_metadata.h"

#include "kf_api.h"
#include "kf_certificate.h"

/* ---- values ---- */

static int
read_put(const struct worker_env *env, const gh_json *body, struct kf_question *q,
    struct gh_error *err)
{
	gh_json *values;
	int rc;

	if ((rc = kf_number(body, "Id", &q->id, err)) != 0 ||
	    (rc = gh_json_find(body, "Metadata", &values, err)) != 0)
		return rc;
	if (q->id < 1 || gh_json_type(values) != GH_JSON_OBJECT)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The body is {\"Id\": number of the certificate, \"Metadata\": {...}}.");
	q->body = values;
	return kf_metadata_check(env, values, err);
}

void
kf_metadata_put(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kf_question q = {.handler = rest_cert_metadata_change,
	    .method = GH_HTTP_PUT,
	    .query = "merge=yes"};
	gh_json *body, *answer = NULL;
	struct gh_error err = {0};
	int rc = kf_body(call, &body, &err);

	if (rc == 0)
		rc = read_put(env, body, &q, &err);
	if (rc != 0)
		kf_error(&err, rep);
	else if (kf_ask(env, call, &q, &answer, rep))
		rep->status = 204;
	gh_json_free(answer);
	gh_json_free(body);
}

/* A value as text: as it is sent. */
static bool
is_value(const gh_json *v, const char *text)
{
	char *printed = gh_json_string(v) != NULL ? NULL : gh_json_print(v, false);
	const char *s = printed != NULL ? printed : gh_json_string(v);
	bool same =
	    gh_json_type(v) == GH_JSON_NULL ? *text == '\0' : s != NULL && strcasecmp(s, text) == 0;

	free(printed);
	return same;
}

static int
read_compare(const struct worker_env *env, const struct call *call, int64_t *id,
    const struct metadata_field **field, char **value, struct gh_error *err)
{
	char *name = NULL;
	int rc = kf_param_number(call, "certificateId", 1, INT64_MAX, 0, id, err);

	*field = NULL;
	if (rc == 0 && (rc = kf_param(call, "metadataFieldName", &name, err)) == 0)
		rc = kf_param(call, "value", value, err);
	if (rc == 0 && (*id == 0 || name == NULL || *value == NULL))
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "The parameters are certificateId, metadataFieldName and value.");
	if (rc == 0) {
		*field = metadata_field_find(env->catalog->field, env->catalog->fields, name);
		if (*field == NULL || !(*field)->allow_api)
			rc = gh_refuse(err, GH_E_METADATA,
			    "metadata field \"%.64s\" is not defined", name);
	}
	free(name);
	return rc;
}

void
kf_metadata_compare(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kf_question q = {.handler = rest_cert_metadata, .method = GH_HTTP_GET};
	const struct metadata_field *field;
	struct gh_error err = {0};
	gh_json *values = NULL;
	char *value = NULL;

	if (read_compare(env, call, &q.id, &field, &value, &err) != 0)
		kf_error(&err, rep);
	else if (kf_ask(env, call, &q, &values, rep))
		kf_json(rep, gh_json_new_bool(is_value(gh_json_get(values, field->name), value)));
	gh_json_free(values);
	free(value);
}
