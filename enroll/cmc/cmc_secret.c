/* Shared secrets. See cmc_secret.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "timestamp.h"

#include "catalog/catalog_seal.h"
#include "entry_name.h"
#include "store/catalog/cmc_secret_row.h"

#include "cmc_secret.h"

void
cmc_secret_clear(struct cmc_secret *s)
{
	dir_entry_free(s->entry);
	if (s->text != NULL)
		OPENSSL_cleanse(s->text, s->len);
	free(s->text);
	memset(s, 0, sizeof(*s));
}

static int
refuse(struct gh_error *err)
{
	return gh_refuse(err, GH_E_AUTH_FAILED,
	    "Identification and secret do not fit, or are not known.");
}

static const char *
text_of(const gh_json *row, const char *name)
{
	return gh_json_string(gh_json_get(row, name));
}

/* Known exactly as it was given, here and now? */
static bool
is_it(const gh_json *row, const char *identification, const char *label)
{
	const char *name = text_of(row, "name"), *only = text_of(row, "label");
	int64_t expires;

	if (name == NULL || strcmp(name, identification) != 0)
		return false;
	if (only != NULL && (label == NULL || strcasecmp(only, label) != 0))
		return false;
	return !gh_json_int(gh_json_get(row, "expires"), &expires) || gh_now() < expires;
}

/* The one who has the name now must be the one who had it then. */
static int
find_user(struct worker_env *env, const gh_json *row, const char *name, struct cmc_secret *out,
    struct gh_error *err)
{
	const char *id = text_of(row, "requester_id");
	int rc = dir_find(env->dir, name, &out->entry, err);

	if (rc != 0)
		return rc == GH_E_NOT_IN_DIRECTORY ? refuse(err) : rc;
	if (id != NULL && strcasecmp(id, out->entry->id) != 0)
		return refuse(err);
	return entry_requester(env->conf, out->entry, name, &out->requester) ? 0 : refuse(err);
}

static int
find_owner(struct worker_env *env, const gh_json *row, struct cmc_secret *out, struct gh_error *err)
{
	const char *user = text_of(row, "requester");

	if (user != NULL)
		return find_user(env, row, user, out, err);
	out->requester = (struct requester){.kind = REQUESTER_DEVICE};
	snprintf(out->requester.name, sizeof(out->requester.name), "%s", text_of(row, "name"));
	snprintf(out->requester.id, sizeof(out->requester.id), "cmc-secret-%" PRId64, out->id);
	return 0;
}

static int
take(struct worker_env *env, const gh_json *row, struct cmc_secret *out, struct gh_error *err)
{
	const char *sealed = text_of(row, "secret_sealed");
	int rc;

	if (sealed == NULL || !gh_json_int(gh_json_get(row, "id"), &out->id))
		return gh_fail(err, GH_E_DB, "row of a CMC secret");
	out->is_one_time = gh_json_bool(gh_json_get(row, "one_time"), true);
	if ((rc = catalog_unseal_as(SEAL_LABEL_CMC_SECRET, env->server_secret, sealed, &out->text,
		 &out->len, err)) != 0)
		return rc;
	return find_owner(env, row, out, err);
}

int
cmc_secret_find(struct worker_env *env, const char *identification, const char *label,
    struct cmc_secret *out, struct gh_error *err)
{
	gh_json *rows = NULL;
	const gh_json *row = NULL;
	int rc = store_load_cmc_secrets(env->store, &rows, err);

	memset(out, 0, sizeof(*out));
	if (rc != 0)
		return rc;
	for (size_t i = 0; row == NULL && i < gh_json_size(rows); i++)
		if (is_it(gh_json_at(rows, i), identification, label))
			row = gh_json_at(rows, i);
	rc = row != NULL ? take(env, row, out, err) : refuse(err);
	gh_json_free(rows);
	if (rc != 0)
		cmc_secret_clear(out);
	return rc;
}
