/* KeyfactorAPI: metadata of certificates, and its fields. See kf_api.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "catalog/catalog.h"
#include "catalog/metadata.h"
#include "rest/rest_cert_metadata.h"

#include "kf_api.h"
#include "kf_certificate.h"

#define OPTIONS_MAX (128 * 1024)

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

/* ---- fields ---- */

/* "a,b" */
static int
set_options(gh_json *o, const struct metadata_field *f)
{
	struct gh_buf b;
	int bad;

	gh_buf_init(&b, OPTIONS_MAX);
	for (char **p = f->options; p != NULL && *p != NULL; p++)
		gh_buf_putf(&b, "%s%s", p == f->options ? "" : ",", *p);
	gh_buf_putc(&b, '\0');
	bad = gh_buf_check(&b, NULL) != 0 ? -1
					  : gh_json_set_string(o, "Options", (const char *)b.data);
	gh_buf_free(&b);
	return bad;
}

static gh_json *
field_json(const struct metadata_field *f)
{
	const struct {
		const char *name, *value;
	} texts[] = {{"Name", f->name}, {"Description", f->description}, {"Hint", f->hint},
	    {"Validation", f->regex}, {"Message", f->message}, {"DefaultValue", f->default_value}};
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_int(o, "Id", f->id) | gh_json_set_int(o, "DataType", f->type) |
	    gh_json_set_int(o, "Enrollment", f->required ? 1 : 0) |
	    gh_json_set_int(o, "DisplayOrder", f->display_order) |
	    gh_json_set_bool(o, "AllowAPI", true) |
	    gh_json_set_bool(o, "ExplicitUpdate", f->explicit_update) | set_options(o, f);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		bad |= gh_json_set_string(o, texts[i].name,
		    texts[i].value != NULL ? texts[i].value : "");
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
kf_field_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct catalog *c = env->catalog;
	gh_json *list = gh_json_new_array();
	int bad = list == NULL;

	(void)call;
	for (size_t i = 0; i < c->fields; i++)
		if (c->field[i].allow_api)
			bad |= gh_json_append(list, field_json(&c->field[i]));
	if (bad != 0) {
		gh_json_free(list);
		list = NULL;
	}
	kf_json(rep, list);
}

void
kf_field_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct metadata_field *f = metadata_field_find(env->catalog->field,
	    env->catalog->fields, call_text(call->parts, "name"));

	if (f != NULL && f->allow_api)
		kf_json(rep, field_json(f));
	else
		kf_fail(rep, 404, "not_found", "There is no such metadata field.");
}
