/* Metadata and contents of certificates over the Classic API. See ce_metadata.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/metadata.h"
#include "inventory/cert_metadata.h"
#include "timestamp.h"

#include "ce.h"
#include "ce_field.h"
#include "ce_format.h"
#include "ce_lookup.h"
#include "ce_metadata.h"
#include "ce_parse.h"

#define FAIL_REVOKED 0x01
#define FAIL_EXPIRED 0x02
#define FAIL_UNKNOWN 0x04
#define OVERWRITE 0x08
#define KNOWN_FLAGS (FAIL_REVOKED | FAIL_EXPIRED | FAIL_UNKNOWN | OVERWRITE)

struct body {
	gh_json *json;
	gh_json *metadata; /* of it; NULL: none */
	struct store_cert_key key;
	int64_t flags;
};

static struct cert_metadata_env
env_of(const struct worker_env *env)
{
	return (struct cert_metadata_env){.store = env->store, .catalog = env->catalog};
}

static void
answer(const struct worker_env *env, int rc, const struct gh_error *err, gh_json *json,
    struct gh_http_reply *rep)
{
	if (rc == 0)
		ce_format_json(rep, 200, json);
	else
		ce_render_error(err, env->conf->certenroll.denied_status, rep);
}

/* ---- bodies ---- */

static int
read_flags(const gh_json *json, int64_t *flags, struct gh_error *err)
{
	gh_json *security, *v;
	int rc = gh_json_find(json, "Security", &security, err);

	*flags = 0;
	if (rc != 0 || gh_json_type(security) == GH_JSON_NULL)
		return rc;
	if ((rc = gh_json_find(security, "Flags", &v, err)) != 0 || gh_json_type(v) == GH_JSON_NULL)
		return rc;
	if (!gh_json_int(v, flags) || (*flags & ~(int64_t)KNOWN_FLAGS) != 0)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "Flags of Security is a number of the bits 1, 2, 4 and 8.");
	return 0;
}

static int
read_metadata(const gh_json *json, gh_json **out, struct gh_error *err)
{
	int rc = gh_json_find(json, "Metadata", out, err);

	if (rc == 0 && gh_json_type(*out) != GH_JSON_NULL && gh_json_type(*out) != GH_JSON_OBJECT)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "Metadata is no object.");
	return rc;
}

/* b->json is the caller's in any case. */
static int
read_body(const struct call *call, bool has_lookup, struct body *b, struct gh_error *err)
{
	gh_json *lookup;
	int rc;

	memset(b, 0, sizeof(*b));
	if ((rc = ce_object_parse(call->http->body, call->http->body_len, &b->json, err)) != 0 ||
	    (rc = read_metadata(b->json, &b->metadata, err)) != 0 || !has_lookup)
		return rc;
	if ((rc = ce_find_object(b->json, "Lookup", &lookup, err)) != 0 ||
	    (rc = ce_lookup_parse(lookup, &b->key, err)) != 0)
		return rc;
	return read_flags(b->json, &b->flags, err);
}

/* The certificate, unless the flags refuse its state. */
static int
find(const struct worker_env *env, const struct body *b, struct store_cert_status *st,
    struct gh_error *err)
{
	int64_t id = 0;
	int rc = store_find_cert(env->store, &b->key, &id, err);

	if (rc != 0 || (rc = store_get_status(env->store, id, st, err)) != 0)
		return rc;
	if ((b->flags & FAIL_REVOKED) != 0 &&
	    (st->state == STORE_CERT_REVOKED || st->state == STORE_CERT_HOLD))
		return gh_refuse(err, GH_E_CONFLICT, "The certificate is revoked or on hold.");
	if ((b->flags & FAIL_UNKNOWN) != 0 && st->state == STORE_CERT_FOREIGN)
		return gh_refuse(err, GH_E_CONFLICT,
		    "The certificate was issued elsewhere: its issuer alone knows its status.");
	if ((b->flags & FAIL_EXPIRED) != 0 && st->not_after < gh_now())
		return gh_refuse(err, GH_E_CONFLICT, "The certificate has ended.");
	return 0;
}

/* A field that clients of this API see. */
static int
find_field(const struct worker_env *env, const char *name, const struct metadata_field **out,
    struct gh_error *err)
{
	*out = metadata_field_find(env->catalog->field, env->catalog->fields, name);
	if (*out != NULL && (*out)->allow_api)
		return 0;
	return gh_refuse_as(err, GH_E_METADATA, "metadata_unknown", NULL,
	    "metadata field \"%.64s\" is not defined", name);
}

/* ---- values ---- */

static int
put_value(gh_json *o, const struct metadata_field *f, const char *as, const gh_json *values)
{
	gh_json *v = gh_json_get(values, f->name);

	return gh_json_set(o, as, v != NULL ? gh_json_ref(v) : gh_json_new_string(NULL));
}

/* Those that are named, under the names that they were given; all where none is. */
static int
choose_values(const struct worker_env *env, const gh_json *names, const gh_json *values,
    gh_json *out, struct gh_error *err)
{
	const struct metadata_field *f;
	int rc = 0, bad = out == NULL;

	if (gh_json_size(names) == 0)
		for (size_t i = 0; i < env->catalog->fields; i++)
			if (env->catalog->field[i].allow_api)
				bad |= put_value(out, &env->catalog->field[i],
				    env->catalog->field[i].name, values);
	for (void *it = gh_json_iter(names); rc == 0 && it != NULL; it = gh_json_next(names, it))
		if ((rc = find_field(env, gh_json_iter_name(it), &f, err)) == 0)
			bad |= put_value(out, f, gh_json_iter_name(it), values);
	return rc == 0 && bad != 0 ? gh_fail(err, GH_E_NOMEM, "metadata") : rc;
}

void
ce_metadata_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct cert_metadata_env e = env_of(env);
	struct store_cert_status st;
	struct cert_metadata m = {0};
	struct gh_error err = {0};
	gh_json *out = gh_json_new_object();
	struct body b;
	int rc;

	if ((rc = read_body(call, true, &b, &err)) == 0 && (rc = find(env, &b, &st, &err)) == 0 &&
	    (rc = cert_metadata_read(&e, call->requester, call->entry, st.id, &m, &err)) == 0)
		rc = choose_values(env, b.metadata, m.values, out, &err);
	answer(env, rc, &err, rc == 0 ? gh_json_ref(out) : NULL, rep);
	cert_metadata_clear(&m);
	gh_json_free(out);
	gh_json_free(b.json);
}

int
ce_metadata_check(const struct worker_env *env, const gh_json *values, struct gh_error *err)
{
	const struct metadata_field *f;
	int rc = 0;

	for (void *it = gh_json_iter(values); rc == 0 && it != NULL; it = gh_json_next(values, it))
		rc = find_field(env, gh_json_iter_name(it), &f, err);
	return rc;
}

static int
set_values(const struct worker_env *env, const struct call *call, const struct body *b,
    struct gh_error *err)
{
	const struct cert_metadata_env e = env_of(env);
	struct cert_metadata_order o = {.values = b->metadata,
	    .overwrites = (b->flags & OVERWRITE) != 0,
	    .request_id = call->http->request_id};
	struct store_cert_status st;
	struct cert_metadata m = {0};
	int rc = find(env, b, &st, err);

	if (rc == 0 && gh_json_size(b->metadata) == 0)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "Metadata names no field.");
	if (rc == 0 && (rc = ce_metadata_check(env, b->metadata, err)) == 0) {
		o.id = st.id;
		rc = cert_metadata_change(&e, call->requester, &o, &m, err);
	}
	cert_metadata_clear(&m);
	return rc;
}

void
ce_metadata_set(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	struct body b;
	int rc = read_body(call, true, &b, &err);

	if (rc == 0)
		rc = set_values(env, call, &b, &err);
	if (rc == 0)
		rep->status = 200; /* an empty body */
	else
		answer(env, rc, &err, NULL, rep);
	gh_json_free(b.json);
}

/* ---- definitions ---- */

static gh_json *
definition(const struct metadata_field *f)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_int(o, "DataType", f->type) |
	    gh_json_set_bool(o, "Required", f->required) |
	    gh_json_set_bool(o, "AllowAPI", f->allow_api) |
	    gh_json_set_bool(o, "ExplicitUpdate", f->explicit_update) | ce_set_field_texts(o, f);

	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* By name: those that are named, or all. */
static int
choose_definitions(const struct worker_env *env, const gh_json *names, gh_json *out,
    struct gh_error *err)
{
	const struct catalog *c = env->catalog;
	const struct metadata_field *f;
	int rc = 0, bad = out == NULL;

	if (gh_json_size(names) == 0)
		for (size_t i = 0; i < c->fields; i++)
			if (c->field[i].allow_api)
				bad |= gh_json_set(out, c->field[i].name, definition(&c->field[i]));
	for (void *it = gh_json_iter(names); rc == 0 && it != NULL; it = gh_json_next(names, it))
		if ((rc = find_field(env, gh_json_iter_name(it), &f, err)) == 0)
			bad |= gh_json_set(out, f->name, definition(f));
	return rc == 0 && bad != 0 ? gh_fail(err, GH_E_NOMEM, "metadata") : rc;
}

/* Of one that is named, the definition alone. */
void
ce_metadata_definition(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *all = gh_json_new_object(), *out = NULL;
	struct body b;
	int rc = read_body(call, false, &b, &err);

	if (rc == 0 && (rc = choose_definitions(env, b.metadata, all, &err)) == 0)
		out = gh_json_ref(
		    gh_json_size(b.metadata) == 1 ? gh_json_iter_value(gh_json_iter(all)) : all);
	answer(env, rc, &err, out, rep);
	gh_json_free(all);
	gh_json_free(b.json);
}

/* ---- contents ---- */

static int
read_contents(struct worker_env *env, const struct body *b, gh_json *out, struct gh_error *err)
{
	struct store_cert_status st;
	gh_json *row = NULL;
	char id[24];
	int rc = find(env, b, &st, err);

	if (rc != 0)
		return rc;
	snprintf(id, sizeof(id), "%" PRId64, st.id);
	rc = store_get_cert(env->store, id, &row, err);
	if (rc == 0 &&
	    (gh_json_set_int(out, "CMSID", st.id) |
		gh_json_set(out, "Content", gh_json_ref(gh_json_get(row, "der")))) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "contents");
	gh_json_free(row);
	return rc;
}

void
ce_contents(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *out = gh_json_new_object();
	struct body b;
	int rc = read_body(call, true, &b, &err);

	if (rc == 0)
		rc = read_contents(env, &b, out, &err);
	answer(env, rc, &err, rc == 0 ? gh_json_ref(out) : NULL, rep);
	gh_json_free(out);
	gh_json_free(b.json);
}
