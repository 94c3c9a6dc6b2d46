/* Rows of table est_user. See est_user_row.h. */
#include <stdio.h>

#include "store/grant/grant.h"

#include "est_user_row.h"

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

int
store_create_est_user(struct store *s, const struct requester *who, const gh_json *user,
    struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(user, "name"));
	char detail[160];
	struct grants g;
	gh_json *row;
	int64_t id;
	int rc;

	if (name == NULL)
		return gh_fail(err, GH_E_INTERNAL, "EST user without a name");
	describe(user, detail, sizeof(detail));
	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	row = gh_json_new_object();
	if ((rc = set_members(row, user, err)) == 0 &&
	    (rc = grant_new_id(s, GRANT_EST_USER, &id, err)) == 0 &&
	    gh_json_set_int(row, "id", id) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "EST user");
	if (rc == 0)
		rc = store_audit_change(s, who, "est.user.created", name, detail, err);
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_EST_USER, row,
		    "There is an EST user of this name already.", err);
	else
		gh_json_free(row);
	return grant_close(s, &g, rc, who, err);
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
	static const struct store_statement st = {"est_user_remove",
	    "DELETE FROM est_user WHERE id = $1"};
	struct grant_row *user;
	struct grants g;
	int64_t id = 0;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((rc = find(&g, name, &user, err)) == 0) {
		id = user->seal.key;
		rc = store_audit_change(s, who, "est.user.removed",
		    gh_json_string(gh_json_get(user->content, "name")), NULL, err);
	}
	if (rc == 0)
		rc = grant_remove(s, &g, GRANT_EST_USER, id, &st, err);
	return grant_close(s, &g, rc, who, err);
}
