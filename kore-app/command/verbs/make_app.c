/* See make_app.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "digest.h"
#include "encoding.h"

#include "list.h"
#include "make_app.h"

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
take_secrets(const struct make_app *a, struct app_secrets *s, struct gh_error *err)
{
	int rc = given_bytes(a->key, a->key_file, &s->key, &s->key_len, err);

	if (rc == 0)
		rc = given_bytes(a->secret, a->secret_file, &s->secret, &s->secret_len, err);
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

static struct app_means
means_of(const struct command_env *env)
{
	return (struct app_means){env->store, &env->who, env->secret};
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
	const struct app_means means = means_of(env);
	struct app_wish wish = {.name = name,
	    .ca = a->ca,
	    .min_hash = a->min_hash,
	    .identity = a->identity,
	    .templates = list_json(&a->templates),
	    .groups = list_json(&a->groups),
	    .signature = a->signature};
	int rc;

	memset(out, 0, sizeof(*out));
	*id = 0;
	rc = take_secrets(a, out, err);
	if (rc == 0)
		rc = check_names(env, a, err);
	if (rc == 0 && (wish.templates == NULL || wish.groups == NULL))
		rc = gh_fail(err, GH_E_NOMEM, "application");
	if (rc == 0)
		rc = app_make(&means, &wish, out, id, err);
	gh_json_free(wish.templates);
	gh_json_free(wish.groups);
	return rc;
}

/* ---- changes ---- */

int
make_app_rotate(struct command_env *env, const char *name, bool new_key, struct app_secrets *out,
    struct gh_error *err)
{
	const struct app_means means = means_of(env);

	memset(out, 0, sizeof(*out));
	return app_rotate(&means, name, new_key, out, err);
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
