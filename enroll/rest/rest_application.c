/* API applications over REST. See rest_application.h. */
#include <string.h>

#include "catalog/app_make.h"
#include "catalog/catalog.h"
#include "digest.h"
#include "utf8.h"

#include "rest.h"
#include "rest_application.h"

#define NAME_MAX_CHARS 64
#define LIST_MAX 100
#define ITEM_MAX 1024
#define CA_MAX 255

static struct app_means
means_of(const struct worker_env *env, const struct call *call)
{
	return (struct app_means){env->store, call->requester, env->server_secret};
}

static void
fail(const struct call *call, const struct gh_error *err, struct rest_fields *f,
    struct gh_http_reply *rep)
{
	rest_error(err, call->http->request_id, rest_fields_take(f), rep);
	rest_fields_clear(f);
}

/* --- members ---------------------------------------------------------------------------------- */

/* Names stand in paths. */
static const char *
take_name(struct rest_fields *f, const gh_json *body)
{
	const char *name = rest_text(f, body, "name", 1, NAME_MAX_CHARS, true);

	if (name != NULL &&
	    (!gh_utf8_is_clean(name) || strchr(name, '/') != NULL ||
		strlen(name) >= CALL_PART_SIZE || *name == ' ' || name[strlen(name) - 1] == ' '))
		rest_field_wrong(f, "name",
		    "The field name must be a name without \"/\", control characters, and blanks at its ends.");
	return name;
}

/* A list of texts; NULL: wrong. Owned by the caller. */
static gh_json *
take_list(struct rest_fields *f, const gh_json *body, const char *name)
{
	gh_json *v = gh_json_get(body, name);
	size_t n = gh_json_size(v);
	bool ok = gh_json_type(v) == GH_JSON_ARRAY && n <= LIST_MAX;

	if (gh_json_type(v) == GH_JSON_NULL)
		return gh_json_new_array();
	for (size_t i = 0; ok && i < n; i++) {
		const char *text = gh_json_string(gh_json_at(v, i));

		ok = text != NULL && *text != '\0' && strlen(text) <= ITEM_MAX &&
		    gh_utf8_is_clean(text);
	}
	if (ok)
		return gh_json_ref(v);
	rest_field_wrong(f, name, "The field %s must be a list of at most %d names.", name,
	    LIST_MAX);
	return NULL;
}

/* A misspelt name would only be noticed by the first caller. */
static void
check_templates(struct rest_fields *f, const struct catalog *c, const gh_json *templates)
{
	if (templates != NULL && gh_json_size(templates) == 0)
		rest_field_wrong_as(f, "templates", "required", NULL,
		    "The field templates is required.");
	for (size_t i = 0; i < gh_json_size(templates); i++) {
		const char *name = gh_json_string(gh_json_at(templates, i));

		if (catalog_find_template(c, name) == NULL)
			rest_field_wrong(f, "templates", "There is no template \"%.100s\".", name);
	}
}

static const char *
take_ca(struct rest_fields *f, const gh_json *body, const struct catalog *c)
{
	const char *ca = rest_text(f, body, "ca", 1, CA_MAX, false);

	if (ca != NULL && ca_set_find(&c->cas, ca) == NULL)
		rest_field_wrong(f, "ca", "There is no CA \"%.100s\".", ca);
	return ca;
}

static const char *
take_hash(struct rest_fields *f, const gh_json *body)
{
	const char *name = rest_text(f, body, "min_hash", 1, 16, false);
	enum gh_hash hash;

	if (name == NULL)
		return "SHA1";
	if (gh_hash_find(name, &hash))
		return gh_hash_name(hash);
	rest_field_wrong(f, "min_hash", "The field min_hash must be SHA1, SHA256 or SHA512.");
	return NULL;
}

/* Secrets of such applications are told by the command alone (store_create_app). */
static void
refuse_identity(struct rest_fields *f, const gh_json *body)
{
	if (gh_json_type(gh_json_get(body, "service_identity")) != GH_JSON_NULL)
		rest_field_wrong(f, "service_identity",
		    "A service identity is given by the command `gatehouse app create`.");
}

static bool
take_bool(struct rest_fields *f, const gh_json *body, const char *name, bool required,
    bool fallback)
{
	const gh_json *v = gh_json_get(body, name);
	enum gh_json_type type = gh_json_type(v);

	if (type != GH_JSON_BOOL && (required || type != GH_JSON_NULL))
		rest_field_wrong(f, name, "The field %s must be true or false.", name);
	return gh_json_bool(v, fallback);
}

/* --- answers ---------------------------------------------------------------------------------- */

/* The one time that they are told: no cache keeps it. */
static void
reply_secrets(struct gh_http_reply *rep, int status, int64_t id, const char *name,
    const struct app_secrets *s)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_string(o, "name", name);

	if (id != 0)
		bad |= gh_json_set_int(o, "id", id);
	if (s->key_base64 != NULL)
		bad |= gh_json_set_string(o, "key", s->key_base64);
	bad |= gh_json_set_string(o, "secret", s->secret_text);
	if (bad != 0) {
		gh_json_free(o);
		o = NULL;
	}
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, status, o);
	rep->has_secret = true;
}

/* --- operations ------------------------------------------------------------------------------- */

void
rest_application_create(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct app_means means = means_of(env, call);
	struct app_secrets secrets = {0};
	struct rest_fields f = {0};
	struct app_wish w = {0};
	struct gh_error err = {0};
	gh_json *body;
	int64_t id;
	int rc = rest_body(call, &body, &err);

	if (rc == 0) {
		w.name = take_name(&f, body);
		w.templates = take_list(&f, body, "templates");
		check_templates(&f, env->catalog, w.templates);
		w.groups = take_list(&f, body, "groups");
		w.ca = take_ca(&f, body, env->catalog);
		w.min_hash = take_hash(&f, body);
		refuse_identity(&f, body);
		w.signature = take_bool(&f, body, "signature_required", false, true);
		rc = rest_fields_check(&f, &err);
	}
	if (rc == 0)
		rc = app_make(&means, &w, &secrets, &id, &err);
	if (rc == 0)
		reply_secrets(rep, 201, id, w.name, &secrets);
	else
		fail(call, &err, &f, rep);
	app_secrets_clear(&secrets);
	gh_json_free(w.templates);
	gh_json_free(w.groups);
	gh_json_free(body);
}

void
rest_application_rotate(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct app_means means = means_of(env, call);
	const char *name = call_text(call->parts, "profile");
	struct app_secrets secrets = {0};
	struct rest_fields f = {0};
	struct gh_error err = {0};
	bool new_key = false;
	gh_json *body;
	int rc = rest_body(call, &body, &err);

	if (rc == 0) {
		new_key = take_bool(&f, body, "new_key", false, false);
		rc = rest_fields_check(&f, &err);
	}
	if (rc == 0)
		rc = app_rotate(&means, name, new_key, &secrets, &err);
	if (rc == 0)
		reply_secrets(rep, 200, 0, name, &secrets);
	else
		fail(call, &err, &f, rep);
	app_secrets_clear(&secrets);
	gh_json_free(body);
}

void
rest_application_enable(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const char *name = call_text(call->parts, "profile");
	struct rest_fields f = {0};
	struct gh_error err = {0};
	gh_json *body, *o = NULL;
	bool enabled = false;
	int rc = rest_body(call, &body, &err);

	if (rc == 0) {
		enabled = take_bool(&f, body, "enabled", true, false);
		rc = rest_fields_check(&f, &err);
	}
	if (rc == 0)
		rc = store_set_app_enabled(env->store, call->requester, name, enabled, &err);
	if (rc != 0) {
		fail(call, &err, &f, rep);
	} else {
		o = gh_json_new_object();
		if (gh_json_set_string(o, "name", name) != 0 ||
		    gh_json_set_bool(o, "enabled", enabled) != 0) {
			gh_json_free(o);
			o = NULL;
		}
		rest_json(rep, 200, o);
	}
	gh_json_free(body);
}
