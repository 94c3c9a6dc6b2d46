/* Rows of table est_user. See est_user_row.h. */
#include <stdio.h>

#include "est_user_row.h"
#include "named_row.h"

int
store_load_est_users(struct store *s, gh_json **out, struct gh_error *err)
{
	gh_json *list;
	struct grants g;
	int rc = grant_load(s, GRANT_EST_USER, &g, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	list = gh_json_new_array();
	for (size_t i = 0; rc == 0 && i < g.table[GRANT_EST_USER].n; i++)
		if (gh_json_append(list, gh_json_ref(g.table[GRANT_EST_USER].row[i].content)) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "EST users");
	grant_clear(&g);
	if (rc == 0)
		*out = list;
	else
		gh_json_free(list);
	return rc;
}

static int
set_members(gh_json *row, const gh_json *from, struct gh_error *err)
{
	int bad = 0;

	for (void *it = gh_json_iter(from); it != NULL; it = gh_json_next(from, it))
		bad |= gh_json_set(row, gh_json_iter_name(it), gh_json_ref(gh_json_iter_value(it)));
	return bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "EST user");
}

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
store_create_est_user(struct store *s, const struct requester *who, const gh_json *user,
    struct gh_error *err)
{
	return named_row_add(s, who, &kind, user, err);
}

static int
find(const struct grants *g, const char *name, struct grant_row **out, struct gh_error *err)
{
	*out = grant_find(g, GRANT_EST_USER, "name", name);
	return *out != NULL
	    ? 0
	    : gh_refuse(err, GH_E_NOT_FOUND,
		  "there is no EST user \"%.100s\": see `gatehouse est user list`", name);
}

int
store_change_est_user(struct store *s, const struct requester *who, const char *name,
    const gh_json *changes, const char *detail, struct gh_error *err)
{
	struct grant_row *user;
	struct grants g;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((rc = find(&g, name, &user, err)) == 0)
		rc = set_members(user->content, changes, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "est.user.changed",
		    gh_json_string(gh_json_get(user->content, "name")), detail, err);
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_EST_USER, gh_json_ref(user->content), "Conflict.", err);
	return grant_close(s, &g, rc, who, err);
}

int
store_remove_est_user(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err)
{
	return named_row_remove(s, who, &kind, name, err);
}
