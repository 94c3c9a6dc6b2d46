/* Rows of table est_user. See est_user_row.h. */
#include <stdio.h>

#include "est_user_row.h"
#include "named_row.h"

/* "one-time, for the label x": what a reader of the trail looks for. */
static void
describe(const gh_json *user, char *out, size_t size)
{
	const char *label = gh_json_string(gh_json_get(user, "label"));

	snprintf(out, size, "%s%s%s",
	    gh_json_bool(gh_json_get(user, "one_time"), false) ? "one-time" : "lasting",
	    label != NULL ? ", for the label " : "", label != NULL ? label : "");
}

static const struct named_row_kind kind = {
    .table = GRANT_EST_USER,
    .added = "est.user.created",
    .changed = "est.user.changed",
    .removed = "est.user.removed",
    .taken = "There is an EST user of this name already.",
    .what = "EST user",
    .list = "gatehouse est user list",
    .remove = {"est_user_remove", "DELETE FROM est_user WHERE id = $1"},
    .describe = describe,
};

int
store_load_est_users(struct store *s, gh_json **out, struct gh_error *err)
{
	return named_row_load(s, &kind, out, err);
}

int
store_create_est_user(struct store *s, const struct requester *who, const gh_json *user,
    struct gh_error *err)
{
	return named_row_add(s, who, &kind, user, err);
}

int
store_change_est_user(struct store *s, const struct requester *who, const char *name,
    const gh_json *changes, const char *detail, struct gh_error *err)
{
	return named_row_set(s, who, &kind, name, changes, detail, err);
}

int
store_remove_est_user(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err)
{
	return named_row_remove(s, who, &kind, name, err);
}
