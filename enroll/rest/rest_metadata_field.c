/* Definitions of metadata fields over REST. See rest_metadata_field.h. */
#include <string.h>
#include <strings.h>

#include "catalog/catalog.h"
#include "catalog/metadata.h"
#include "store/catalog/metadata_row.h"

#include "rest.h"
#include "rest_list.h"
#include "rest_metadata_field.h"

static void
fail(const struct call *call, const struct gh_error *err, struct rest_fields *f,
    struct gh_http_reply *rep)
{
	rest_error(err, call->http->request_id, rest_fields_take(f), rep);
	rest_fields_clear(f);
}

/* What a client may not set in a definition: the name is that of the path. */
static void
check_name(const gh_json *body, const char *name, struct rest_fields *f)
{
	const gh_json *v = gh_json_get(body, "name");
	const char *said = gh_json_string(v);

	if (gh_json_type(v) != GH_JSON_NULL && (said == NULL || strcasecmp(said, name) != 0))
		rest_field_wrong(f, "name", "The name is that of the path, and does not change.");
	if (gh_json_get(body, "id") != NULL)
		rest_field_wrong(f, "id", "There is no such member.");
}

/* "regex: no POSIX extended expression" is about the member regex. */
static void
note_wrong(const struct gh_error *why, struct rest_fields *f)
{
	static const char *const members[] = {"name", "type", "required", "regex", "options",
	    "default", "message", "hint", "description", "display_order", "allow_api",
	    "explicit_update", "owner_sets", "indexed"};
	size_t n = strcspn(why->message, ":[");

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (strlen(members[i]) == n && strncmp(members[i], why->message, n) == 0) {
			rest_field_wrong(f, members[i], "%s", why->message);
			return;
		}
	}
	rest_field_wrong(f, "body", "%s", why->message);
}

static int
read_definition(const struct call *call, const char *name, struct metadata_field *out,
    struct rest_fields *f, struct gh_error *err)
{
	struct gh_error why;
	gh_json *body;
	int rc = rest_body(call, &body, err);

	memset(out, 0, sizeof(*out));
	if (rc != 0)
		return rc;
	check_name(body, name, f);
	if ((rc = rest_fields_check(f, err)) == 0 && gh_json_set_string(body, "name", name) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "metadata field");
	if (rc == 0 && (rc = metadata_field_load(body, out, &why)) != 0) {
		note_wrong(&why, f);
		rc = rest_fields_check(f, err);
	}
	gh_json_free(body);
	return rc;
}

/* If-None-Match: *, RFC 9110, 13.1.2: a new one, or nothing. */
static int
add_definition(struct worker_env *env, const struct call *call, const gh_json *row,
    struct gh_error *err)
{
	int rc = store_add_metadata_field(env->store, call->requester, row, err);

	if (rc == GH_E_CONFLICT)
		rc = gh_refuse(err, GH_E_PRECONDITION,
		    "There is a metadata field of this name already.");
	return rc;
}

static int
store_definition(struct worker_env *env, const struct call *call, const struct metadata_field *f,
    bool *is_new, struct gh_error *err)
{
	const char *none_match = gh_http_header(call->http, "if-none-match");
	gh_json *row = metadata_field_row(f);
	int rc;

	*is_new = none_match != NULL && strcmp(none_match, "*") == 0;
	if (row == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "metadata field");
	else if (*is_new)
		rc = add_definition(env, call, row, err);
	else
		rc = store_set_metadata_field(env->store, call->requester, row, is_new, err);
	gh_json_free(row);
	return rc;
}

void
rest_metadata_fields(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct catalog *c = env->catalog;
	gh_json *list = gh_json_new_array();

	(void)call;
	for (size_t i = 0; i < c->fields; i++) {
		if (gh_json_append(list, metadata_field_view(&c->field[i])) != 0) {
			gh_json_free(list);
			list = NULL;
			break;
		}
	}
	rest_page(rep, list, 0);
}

void
rest_metadata_field(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct metadata_field *f = metadata_field_find(env->catalog->field,
	    env->catalog->fields, call_text(call->parts, "name"));
	struct rest_fields none = {0};
	struct gh_error err = {0};

	if (f != NULL) {
		rest_json(rep, 200, metadata_field_view(f));
		return;
	}
	(void)gh_refuse(&err, GH_E_NOT_FOUND, "There is no such metadata field.");
	fail(call, &err, &none, rep);
}

void
rest_metadata_field_put(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const char *name = call_text(call->parts, "name");
	const struct metadata_field *old =
	    metadata_field_find(env->catalog->field, env->catalog->fields, name);
	struct metadata_field f = {0};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	bool is_new = false;

	/* its name keeps the spelling that it has */
	if (read_definition(call, old != NULL ? old->name : name, &f, &fields, &err) == 0 &&
	    store_definition(env, call, &f, &is_new, &err) == 0) {
		f.indexed |= old != NULL && old->indexed; /* which stays */
		rest_json(rep, is_new ? 201 : 200, metadata_field_view(&f));
	} else {
		fail(call, &err, &fields, rep);
	}
	metadata_field_clear(&f);
}

void
rest_metadata_field_remove(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	struct rest_fields none = {0};
	struct gh_error err = {0};

	if (store_remove_metadata_field(env->store, call->requester, call_text(call->parts, "name"),
		&err) == 0)
		rep->status = 204;
	else
		fail(call, &err, &none, rep);
}
