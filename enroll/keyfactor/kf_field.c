/* KeyfactorAPI: definitions of metadata fields. See kf_field.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/catalog.h"
#include "catalog/metadata.h"
#include "certenroll/ce_field.h"
#include "rest/rest_certificate.h"
#include "rest/rest_metadata_field.h"

#include "kf_api.h"
#include "kf_ask.h"
#include "kf_field.h"
#include "kf_rows.h"

#define IDS_MAX 256 /* of one call that removes */
#define QUERY_SIZE 128

/* ---- how they are told ---- */

static gh_json *
field_json(const struct metadata_field *f)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_int(o, "Id", f->id) | gh_json_set_int(o, "DataType", f->type) |
	    gh_json_set_int(o, "Enrollment", f->required ? 1 : 0) |
	    gh_json_set_int(o, "DisplayOrder", f->display_order) |
	    gh_json_set_bool(o, "AllowAPI", true) |
	    gh_json_set_bool(o, "ExplicitUpdate", f->explicit_update) | ce_set_field_texts(o, f);

	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
kf_field_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct kf_row_field fields[] = {{"Id", "Id", false}, {"Name", "Name", false},
	    {"Description", "Description", false}, {"DataType", "DataType", false},
	    {"Enrollment", "Enrollment", false}, {"DisplayOrder", "DisplayOrder", false},
	    {"Hint", "Hint", false}, {"ExplicitUpdate", "ExplicitUpdate", false}, {0}};
	const struct catalog *c = env->catalog;
	gh_json *list = gh_json_new_array();
	int bad = list == NULL;

	for (size_t i = 0; i < c->fields; i++)
		if (c->field[i].allow_api)
			bad |= gh_json_append(list, field_json(&c->field[i]));
	if (bad != 0) {
		gh_json_free(list);
		list = NULL;
	}
	kf_rows_reply(call, list, fields, rep);
}

/* ---- which of them ---- */

/* One that clients of Keyfactor see. */
static const struct metadata_field *
find_id(const struct worker_env *env, int64_t id)
{
	for (size_t i = 0; i < env->catalog->fields; i++)
		if (env->catalog->field[i].id == id && env->catalog->field[i].allow_api)
			return &env->catalog->field[i];
	return NULL;
}

/* By its id, or its name, which may have digits alone, too. */
static const struct metadata_field *
find_named(const struct worker_env *env, const char *text)
{
	const struct metadata_field *f = NULL;

	if (strlen(text) <= 18 && text[strspn(text, "0123456789")] == '\0')
		f = find_id(env, strtoll(text, NULL, 10));
	if (f == NULL)
		f = metadata_field_find(env->catalog->field, env->catalog->fields, text);
	return f != NULL && f->allow_api ? f : NULL;
}

static const struct metadata_field *
find_called(const struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct metadata_field *f = find_named(env, call_text(call->parts, "name"));

	if (f == NULL)
		kf_fail(rep, 404, "not_found", "There is no such metadata field.");
	return f;
}

void
kf_field_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct metadata_field *f = find_called(env, call, rep);

	if (f != NULL)
		kf_json(rep, field_json(f));
}

/* ---- definitions in their words ---- */

/* "a, b" */
static int
read_options(const gh_json *body, gh_json *out, struct gh_error *err)
{
	gh_json *list;
	const char *text, *p;
	int bad = 0, rc = kf_text(body, "Options", &text, err);

	if (rc != 0 || text == NULL || *text == '\0')
		return rc;
	if ((list = gh_json_new_array()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "options");
	for (p = text; bad == 0; p++) {
		char *word;
		size_t n;

		p += strspn(p, " ");
		n = strcspn(p, ",");
		if ((word = strndup(p, n)) == NULL)
			bad = -1;
		for (size_t k = n; word != NULL && k > 0 && word[k - 1] == ' '; k--)
			word[k - 1] = '\0';
		bad |= gh_json_append(list, gh_json_new_string(word));
		free(word);
		p += n;
		if (*p == '\0')
			break;
	}
	bad |= gh_json_set(out, "options", list);
	return bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "options");
}

static int
read_texts(const gh_json *body, gh_json *out, struct gh_error *err)
{
	static const struct {
		const char *theirs, *ours;
	} texts[] = {{"Description", "description"}, {"Hint", "hint"}, {"Validation", "regex"},
	    {"Message", "message"}, {"DefaultValue", "default"}};
	const char *text;
	int rc = 0, bad = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		if ((rc = kf_text(body, texts[i].theirs, &text, err)) == 0)
			bad |= gh_json_set_string(out, texts[i].ours, text);
	return rc == 0 && bad != 0 ? gh_fail(err, GH_E_NOMEM, "metadata field") : rc;
}

/* What is not said stays, as newer clients do not say it any more. */
static int
read_flag(const gh_json *body, const char *theirs, gh_json *out, const char *ours, bool was,
    struct gh_error *err)
{
	bool flag;
	int rc = kf_flag(body, theirs, was, &flag, err);

	if (rc != 0)
		return rc;
	return gh_json_set_bool(out, ours, flag) == 0 ? 0
						      : gh_fail(err, GH_E_NOMEM, "metadata field");
}

static int
read_numbers(const gh_json *body, gh_json *out, struct gh_error *err)
{
	int64_t type, enrollment, order;
	int rc;

	if ((rc = kf_number(body, "DataType", &type, err)) != 0 ||
	    (rc = kf_number(body, "Enrollment", &enrollment, err)) != 0 ||
	    (rc = kf_number(body, "DisplayOrder", &order, err)) != 0)
		return rc;
	if (enrollment != 0 && enrollment != 1)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "Enrollment is 0 (optional) or 1 (required); no field is hidden from requests.");
	return gh_json_set_int(out, "type", type) == 0 &&
		gh_json_set_bool(out, "required", enrollment == 1) == 0 &&
		gh_json_set_int(out, "display_order", order) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "metadata field");
}

/* was: what it is defined as; NULL: a new one. */
static int
read_definition(const gh_json *body, const struct metadata_field *was, gh_json *out,
    struct gh_error *err)
{
	int rc = out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "metadata field");

	if (rc != 0 || (rc = read_numbers(body, out, err)) != 0 ||
	    (rc = read_texts(body, out, err)) != 0 || (rc = read_options(body, out, err)) != 0 ||
	    (rc = read_flag(body, "AllowAPI", out, "allow_api", true, err)) != 0)
		return rc;
	rc = read_flag(body, "ExplicitUpdate", out, "explicit_update",
	    was != NULL && was->explicit_update, err);
	if (rc == 0 && gh_json_set_bool(out, "owner_sets", was != NULL && was->owner_sets) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "metadata field");
	return rc;
}

/* ---- define ---- */

/* As it is stored, with its id. */
static void
reply_stored(struct worker_env *env, const char *name, struct gh_http_reply *rep)
{
	const struct store_filter one = {.limit = 1, .name = name};
	struct metadata_field f = {0};
	struct gh_error err = {0};
	gh_json *rows = NULL;
	int rc = store_list(env->store, STORE_LIST_METADATA_FIELDS, &one, &rows, &err);

	if (rc == 0 && gh_json_size(rows) == 0)
		rc = gh_refuse(&err, GH_E_NOT_FOUND, "There is no such metadata field.");
	if (rc == 0 && (rc = metadata_field_load(gh_json_at(rows, 0), &f, &err)) == 0)
		kf_json(rep, field_json(&f));
	else
		kf_error(&err, rep);
	metadata_field_clear(&f);
	gh_json_free(rows);
}

static void
define(struct worker_env *env, const struct call *call, const gh_json *body, const char *name,
    const struct metadata_field *was, struct gh_http_reply *rep)
{
	gh_json *definition = gh_json_new_object(), *answer = NULL;
	const struct kf_question q = {.handler = rest_metadata_field_put,
	    .method = GH_HTTP_PUT,
	    .name = name,
	    .if_none_match = was == NULL ? "*" : NULL,
	    .body = definition};
	struct gh_error err = {0};

	if (read_definition(body, was, definition, &err) != 0)
		kf_error(&err, rep);
	else if (kf_ask(env, call, &q, &answer, rep))
		reply_stored(env, name, rep);
	gh_json_free(answer);
	gh_json_free(definition);
}

void
kf_field_add(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const char *name = NULL;
	struct gh_error err = {0};
	gh_json *body;
	int rc = kf_body(call, &body, &err);

	if (rc == 0 && (rc = kf_text(body, "Name", &name, &err)) == 0 &&
	    (name == NULL || *name == '\0' || strlen(name) >= CALL_PART_SIZE))
		rc = gh_refuse(&err, GH_E_BAD_REQUEST, "Name is missing, or too long.");
	if (rc == 0)
		define(env, call, body, name, NULL, rep);
	else
		kf_error(&err, rep);
	gh_json_free(body);
}

void
kf_field_put(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct metadata_field *f = NULL;
	const char *name = NULL;
	struct gh_error err = {0};
	gh_json *body;
	int64_t id = 0;
	int rc = kf_body(call, &body, &err);

	if (rc == 0 && (rc = kf_number(body, "Id", &id, &err)) == 0 &&
	    (rc = kf_text(body, "Name", &name, &err)) == 0) {
		if ((f = find_id(env, id)) == NULL)
			rc = gh_refuse(&err, GH_E_NOT_FOUND, "There is no such metadata field.");
		else if (name != NULL && strcasecmp(name, f->name) != 0)
			rc = gh_refuse(&err, GH_E_BAD_REQUEST,
			    "The Name of a field does not change.");
	}
	if (rc == 0)
		define(env, call, body, f->name, f, rep);
	else
		kf_error(&err, rep);
	gh_json_free(body);
}

/* ---- use and removal ---- */

/* Has any certificate a value? By the counters. false: rep tells what is wrong. */
static bool
ask_use(struct worker_env *env, const struct call *call, const struct metadata_field *f,
    bool *is_used, struct gh_http_reply *rep)
{
	char query[QUERY_SIZE];
	const struct kf_question q = {.handler = rest_certificate_statistics,
	    .method = GH_HTTP_GET,
	    .query = query};
	gh_json *answer = NULL;
	bool ok;

	snprintf(query, sizeof(query), "metadata=%s", f->name); /* letters, digits, - and _ */
	ok = kf_ask(env, call, &q, &answer, rep);
	*is_used = gh_json_size(gh_json_get(answer, "by_metadata")) > 0;
	gh_json_free(answer);
	return ok;
}

void
kf_field_in_use(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct metadata_field *f = find_called(env, call, rep);
	bool is_used;

	if (f != NULL && ask_use(env, call, f, &is_used, rep))
		kf_json(rep, gh_json_new_bool(is_used));
}

static bool
remove_field(struct worker_env *env, const struct call *call, const struct metadata_field *f,
    struct gh_http_reply *rep)
{
	const struct kf_question q = {.handler = rest_metadata_field_remove,
	    .method = GH_HTTP_DELETE,
	    .name = f->name};
	gh_json *answer = NULL;
	bool ok = kf_ask(env, call, &q, &answer, rep);

	gh_json_free(answer);
	return ok;
}

/* Without force, none of them is in use. All are looked at before the first one goes. */
static bool
may_remove(struct worker_env *env, const struct call *call, const struct metadata_field *f,
    bool is_forced, struct gh_http_reply *rep)
{
	bool is_used = false;

	if (is_forced)
		return true;
	if (!ask_use(env, call, f, &is_used, rep))
		return false;
	if (is_used)
		kf_fail(rep, 409, "conflict",
		    "Certificates have values of this field: remove it with force=true. They keep them.");
	return !is_used;
}

static void
remove_all(struct worker_env *env, const struct call *call, const struct metadata_field **field,
    size_t n, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	bool is_forced;

	if (kf_param_bool(call, "force", &is_forced, &err) != 0) {
		kf_error(&err, rep);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!may_remove(env, call, field[i], is_forced, rep))
			return;
	for (size_t i = 0; i < n; i++)
		if (!remove_field(env, call, field[i], rep))
			return;
	rep->status = 204;
}

void
kf_field_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct metadata_field *f = find_called(env, call, rep);

	if (f != NULL)
		remove_all(env, call, &f, 1, rep);
}

/* [1, 2] */
static int
read_ids(const struct worker_env *env, const struct call *call,
    const struct metadata_field *field[IDS_MAX], size_t *n, struct gh_error *err)
{
	gh_json *ids = NULL;
	int64_t id;
	int rc = kf_body_any(call, &ids, err);

	*n = gh_json_size(ids);
	if (rc == 0 && (gh_json_type(ids) != GH_JSON_ARRAY || *n == 0 || *n > IDS_MAX))
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "The body is an array of 1 to %d ids.",
		    IDS_MAX);
	for (size_t i = 0; rc == 0 && i < *n; i++) {
		field[i] = gh_json_int(gh_json_at(ids, i), &id) ? find_id(env, id) : NULL;
		if (field[i] == NULL)
			rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such metadata field.");
		for (size_t k = 0; rc == 0 && k < i; k++)
			if (field[k] == field[i])
				rc = gh_refuse(err, GH_E_BAD_REQUEST, "An id is there twice.");
	}
	gh_json_free(ids);
	return rc;
}

void
kf_fields_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct metadata_field *field[IDS_MAX];
	struct gh_error err = {0};
	size_t n;

	if (read_ids(env, call, field, &n, &err) == 0)
		remove_all(env, call, field, n, rep);
	else
		kf_error(&err, rep);
}
