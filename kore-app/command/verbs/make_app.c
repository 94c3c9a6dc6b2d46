/* See make_app.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "digest.h"
#include "encoding.h"
#include "hex.h"

#include "list.h"
#include "make_app.h"

#define APP_KEY_BYTES 16    /* 128 bits: a name, not a secret */
#define APP_SECRET_BYTES 32 /* 256 bits */

void
app_secrets_clear(struct app_secrets *s)
{
	if (s->secret != NULL)
		OPENSSL_cleanse(s->secret, s->secret_len);
	if (s->secret_text != NULL)
		OPENSSL_cleanse(s->secret_text, strlen(s->secret_text));
	free(s->key);
	free(s->secret);
	free(s->key_base64);
	free(s->secret_text);
	memset(s, 0, sizeof(*s));
}

/* From the command line or a file; *out NULL when neither is given. */
static int
given_bytes(const char *text, const char *file, unsigned char **out, size_t *len,
    struct gh_error *err)
{
	char *line = NULL;
	int rc;

	*out = NULL;
	*len = 0;
	if (text == NULL && file == NULL)
		return 0;
	if (file != NULL) {
		rc = gh_conf_read_secret(file, &line, err);
		if (rc != 0)
			return rc;
		text = line;
	}
	rc = gh_secret_decode(text, out, len, err);
	if (line != NULL) {
		OPENSSL_cleanse(line, strlen(line));
		free(line);
	}
	if (rc == 0 && *len == 0)
		rc = gh_refuse(err, GH_E_CONF, "an empty key or secret is not accepted");
	return rc;
}

static int
make_key(struct app_secrets *s, struct gh_error *err)
{
	if (s->key == NULL) {
		s->key = malloc(APP_KEY_BYTES);
		s->key_len = APP_KEY_BYTES;
		if (s->key == NULL || RAND_bytes(s->key, APP_KEY_BYTES) != 1)
			return gh_fail(err, GH_E_INTERNAL, "no random bytes");
	}
	s->key_base64 = gh_base64_encode(s->key, s->key_len, GH_BASE64_ONE_LINE);
	return s->key_base64 != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "key");
}

/* The HMAC key is the text itself, as clients use it: 64 hex digits hold 256 bits. */
static int
make_secret(struct app_secrets *s, struct gh_error *err)
{
	unsigned char raw[APP_SECRET_BYTES];

	if (s->secret != NULL)
		return 0;
	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random bytes");
	s->secret_text = gh_hex_encode(raw, sizeof(raw));
	OPENSSL_cleanse(raw, sizeof(raw));
	if (s->secret_text == NULL)
		return gh_fail(err, GH_E_NOMEM, "secret");
	s->secret = (unsigned char *)strdup(s->secret_text);
	s->secret_len = strlen(s->secret_text);
	return s->secret != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "secret");
}

static int
prepare_secrets(const struct make_app *a, struct app_secrets *s, struct gh_error *err)
{
	int rc = given_bytes(a->key, a->key_file, &s->key, &s->key_len, err);

	if (rc == 0)
		rc = given_bytes(a->secret, a->secret_file, &s->secret, &s->secret_len, err);
	if (rc == 0)
		rc = make_key(s, err);
	if (rc == 0)
		rc = make_secret(s, err);
	return rc;
}

static gh_json *
list_json(const struct option_list *list)
{
	gh_json *array = gh_json_new_array();

	for (size_t i = 0; i < list->n && array != NULL; i++) {
		if (gh_json_append(array, gh_json_new_string(list->v[i])) != 0) {
			gh_json_free(array);
			return NULL;
		}
	}
	return array;
}

/* The application as store_create_app takes it. */
static int
build_app(const struct command_env *env, const struct make_app *a, const char *name,
    const struct app_secrets *s, gh_json **out, struct gh_error *err)
{
	unsigned char index[32];
	char *hex, *sealed = NULL;
	gh_json *app = gh_json_new_object();
	int bad = app == NULL, rc;

	*out = NULL;
	catalog_key_index(env->secret, s->key, s->key_len, index);
	hex = gh_hex_encode(index, sizeof(index));
	rc = catalog_seal(env->secret, s->secret, s->secret_len, &sealed, err);
	if (rc == 0) {
		bad = bad || gh_json_set_string(app, "name", name) != 0;
		bad = bad || gh_json_set_string(app, "key_index", hex) != 0;
		bad = bad || gh_json_set_string(app, "secret_sealed", sealed) != 0;
		bad = bad || gh_json_set(app, "templates", list_json(&a->templates)) != 0;
		bad = bad || gh_json_set_string(app, "ca", a->ca) != 0;
		bad = bad || gh_json_set(app, "groups", list_json(&a->groups)) != 0;
		bad = bad || gh_json_set_bool(app, "signature_required", a->signature) != 0;
		bad = bad || gh_json_set_string(app, "min_hash", a->min_hash) != 0;
		bad = bad || gh_json_set_string(app, "service_identity", a->identity) != 0;
		bad = bad || gh_json_set_bool(app, "enabled", true) != 0;
		if (bad || hex == NULL)
			rc = gh_fail(err, GH_E_NOMEM, "application");
	}
	free(hex);
	free(sealed);
	if (rc != 0)
		gh_json_free(app);
	else
		*out = app;
	return rc;
}

/* A misspelt CA or template would only be noticed by the first caller. */
static int
check_names(struct command_env *env, const struct make_app *a, struct gh_error *err)
{
	gh_json *found = NULL;
	int rc = a->ca != NULL ? list_find(env->store, STORE_LIST_CAS, a->ca, &found, err) : 0;

	gh_json_free(found);
	for (size_t i = 0; rc == 0 && i < a->templates.n; i++) {
		rc = list_find(env->store, STORE_LIST_TEMPLATES, a->templates.v[i], &found, err);
		gh_json_free(found);
	}
	return rc;
}

int
make_app(struct command_env *env, const struct make_app *a, const char *name,
    struct app_secrets *out, int64_t *id, struct gh_error *err)
{
	gh_json *app = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	*id = 0;
	rc = prepare_secrets(a, out, err);
	if (rc == 0)
		rc = check_names(env, a, err);
	if (rc == 0)
		rc = build_app(env, a, name, out, &app, err);
	if (rc == 0)
		rc = store_create_app(env->store, &env->who, app, id, err);
	gh_json_free(app);
	return rc;
}

/* ---- changes ---- */

int
make_app_rotate(struct command_env *env, const char *name, bool new_key, struct app_secrets *out,
    struct gh_error *err)
{
	const struct make_app nothing = MAKE_APP_INIT;
	unsigned char index[32];
	char *hex = NULL, *sealed = NULL;
	gh_json *changes = gh_json_new_object();
	int rc = changes != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "application");

	memset(out, 0, sizeof(*out));
	if (rc == 0)
		rc = prepare_secrets(&nothing, out, err);
	if (rc == 0)
		rc = catalog_seal(env->secret, out->secret, out->secret_len, &sealed, err);
	if (rc == 0 && gh_json_set_string(changes, "secret_sealed", sealed) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "application");
	if (rc == 0 && new_key) {
		catalog_key_index(env->secret, out->key, out->key_len, index);
		hex = gh_hex_encode(index, sizeof(index));
		if (hex == NULL || gh_json_set_string(changes, "key_index", hex) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "application");
	}
	if (rc == 0)
		rc = store_change_app(env->store, &env->who, name, changes, err);
	free(hex);
	free(sealed);
	gh_json_free(changes);
	return rc;
}

/* One empty word stands for an empty list. */
static gh_json *
changed_list(const struct option_list *l)
{
	static const struct option_list none = {.n = 0};

	return list_json(l->n == 1 && l->v[0][0] == '\0' ? &none : l);
}

static int
put_changes(gh_json *o, const struct make_app_changes *c)
{
	if ((c->ca != NULL || c->ca_by_rule) && gh_json_set_string(o, "ca", c->ca) != 0)
		return -1;
	if (c->min_hash != NULL && gh_json_set_string(o, "min_hash", c->min_hash) != 0)
		return -1;
	if (c->identity != NULL &&
	    gh_json_set_string(o, "service_identity",
		c->identity[0] != '\0' ? c->identity : NULL) != 0)
		return -1;
	if (c->templates.n > 0 && gh_json_set(o, "templates", changed_list(&c->templates)) != 0)
		return -1;
	if (c->groups.n > 0 && gh_json_set(o, "groups", changed_list(&c->groups)) != 0)
		return -1;
	if ((c->signature || c->no_signature) &&
	    gh_json_set_bool(o, "signature_required", c->signature) != 0)
		return -1;
	return 0;
}

int
make_app_change(struct command_env *env, const char *name, const struct make_app_changes *c,
    struct gh_error *err)
{
	const struct make_app named = {.ca = c->ca, .templates = c->templates};
	gh_json *changes = gh_json_new_object();
	int rc = check_names(env, &named, err);

	if (rc == 0 && (changes == NULL || put_changes(changes, c) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "application");
	if (rc == 0)
		rc = store_change_app(env->store, &env->who, name, changes, err);
	gh_json_free(changes);
	return rc;
}

bool
make_app_take_hash(const char **name)
{
	enum gh_hash hash;

	if (!gh_hash_find(*name, &hash))
		return false;
	*name = gh_hash_name(hash);
	return true;
}
