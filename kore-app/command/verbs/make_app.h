/* Making an API application: key, secret, row. */
#ifndef MAKE_APP_H
#define MAKE_APP_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog/app_make.h"
#include "options.h"
#include "command_env.h"

struct make_app {
	const char *ca; /* NULL: by rule */
	const char *min_hash, *identity;
	const char *key, *key_file, *secret, *secret_file; /* NULL: made */
	struct option_list templates, groups;
	bool signature;
};
#define MAKE_APP_INIT \
	{ \
		.min_hash = "SHA1", .signature = true \
	}

/* env: OPEN_STORE and its secret. GH_E_NOT_FOUND: no such CA or template; GH_E_CONFLICT:
 * name or key is taken; GH_E_CONF. *out is filled also after a failure, and cleared by the caller.
 */
int make_app(struct command_env *env, const struct make_app *a, const char *name,
    struct app_secrets *out, int64_t *id, struct gh_error *err) GH_MUSTCHECK;

/* A new secret, and with new_key a new key, for one that is there; those before it end at once. As
 * make_app. */
int make_app_rotate(struct command_env *env, const char *name, bool new_key,
    struct app_secrets *out, struct gh_error *err) GH_MUSTCHECK;
/* What is given of a, which is not key and secret: names are checked, lists replace the old ones,
 * "" empties them. */
struct make_app_changes {
	const char *ca, *min_hash, *identity; /* NULL: unchanged */
	struct option_list templates, groups; /* none: unchanged */
	bool signature, no_signature;
	bool ca_by_rule; /* no CA of its own any more */
};
/* --min-hash as it was typed, made what the database has. false: no such hash. */
bool make_app_take_hash(const char **name);
int make_app_change(struct command_env *env, const char *name, const struct make_app_changes *c,
    struct gh_error *err) GH_MUSTCHECK;

#endif
