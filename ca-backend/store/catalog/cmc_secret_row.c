/* Rows of table cmc_secret. See cmc_secret_row.h. */
#include <stdio.h>

#include "store/grant/grant.h"

#include "cmc_secret_row.h"
#include "named_row.h"

/* "one-time, of alice, for the label x": what a reader of the trail looks for. */
static void
describe(const gh_json *row, char *out, size_t size)
{
	const char *user = gh_json_string(gh_json_get(row, "requester"));
	const char *label = gh_json_string(gh_json_get(row, "label"));

	snprintf(out, size, "%s, of %s%.200s%s%.80s",
	    gh_json_bool(gh_json_get(row, "one_time"), false) ? "one-time" : "lasting",
	    user != NULL ? "" : "a device", user != NULL ? user : "",
	    label != NULL ? ", for the label " : "", label != NULL ? label : "");
}

static const struct named_row_kind kind = {
    .table = GRANT_CMC_SECRET,
    .added = "cmc.secret.added",
    .removed = "cmc.secret.removed",
    .taken = "There is a CMC secret of this identification already.",
    .what = "CMC secret",
    .list = "gatehouse cmc secret list",
    .remove = {"cmc_secret_remove", "DELETE FROM cmc_secret WHERE id = $1"},
    .describe = describe,
};

int
store_load_cmc_secrets(struct store *s, gh_json **out, struct gh_error *err)
{
	return named_row_load(s, &kind, out, err);
}

int
store_add_cmc_secret(struct store *s, const struct requester *who, const gh_json *secret,
    struct gh_error *err)
{
	return named_row_add(s, who, &kind, secret, err);
}

int
store_remove_cmc_secret(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err)
{
	return named_row_remove(s, who, &kind, name, err);
}

/* --- secrets that are good once --------------------------------------------------------------- */

int
store_use_cmc_secret(struct store *s, int64_t id, const unsigned char message[32], bool *was_used,
    struct gh_error *err)
{
	static const struct store_statement st = {"cmc_secret_use",
	    "INSERT INTO cmc_secret_use AS u (secret_id, message) SELECT id, $2 FROM cmc_secret WHERE id = $1 "
	    "ON CONFLICT (secret_id) DO UPDATE SET used_at = u.used_at WHERE u.message = EXCLUDED.message "
	    "RETURNING xmax <> 0"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	*was_used = false;
	store_put_int(&p, id);
	store_put_bytes(&p, message, 32);
	rc = store_run(s, &st, &p, &res, err);
	if (rc == 0 && PQntuples(res) != 1)
		rc = gh_refuse(err, GH_E_AUTH_FAILED, "The secret was good once, and was used.");
	if (rc == 0)
		*was_used = store_bool(res, 0, 0);
	PQclear(res);
	store_params_clear(&p);
	return rc;
}

int
store_return_cmc_secret(struct store *s, int64_t id, const unsigned char message[32],
    struct gh_error *err)
{
	static const struct store_statement st = {"cmc_secret_return",
	    "DELETE FROM cmc_secret_use WHERE secret_id = $1 AND message = $2"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	store_put_int(&p, id);
	store_put_bytes(&p, message, 32);
	rc = store_run(s, &st, &p, &res, err);
	PQclear(res);
	store_params_clear(&p);
	return rc;
}
