/* Rows of table est_key. See est_key_row.h. */
#include <stdio.h>

#include "est_key_row.h"
#include "named_row.h"

/* "certificate 0A1B of device:CN=router-7": what a reader of the trail looks for. */
static void
describe(const gh_json *row, char *out, size_t size)
{
	const char *id = gh_json_string(gh_json_get(row, "identifier"));
	const char *whose = gh_json_string(gh_json_get(row, "audience"));

	snprintf(out, size, "%s %.80s of %.200s",
	    gh_json_string(gh_json_get(row, "cert")) != NULL ? "certificate"
		: id != NULL && *id != '\0'                  ? "symmetric key"
							     : "password",
	    id != NULL ? id : "?", whose != NULL ? whose : "?");
}

static const struct named_row_kind kind = {
    .table = GRANT_EST_KEY,
    .added = "est.key.added",
    .removed = "est.key.removed",
    .taken = "There is a key of this name already, or this client has one of this identifier.",
    .what = "EST key",
    .list = "gatehouse est key list",
    .remove = {"est_key_remove", "DELETE FROM est_key WHERE id = $1"},
    .describe = describe,
};

int
store_load_est_keys(struct store *s, gh_json **out, struct gh_error *err)
{
	return named_row_load(s, &kind, out, err);
}

int
store_add_est_key(struct store *s, const struct requester *who, const gh_json *key,
    struct gh_error *err)
{
	return named_row_add(s, who, &kind, key, err);
}

int
store_remove_est_key(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err)
{
	return named_row_remove(s, who, &kind, name, err);
}
