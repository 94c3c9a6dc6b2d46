/* Local administrators. Hashes are bcrypt and made elsewhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/grant/grant.h"

static int
new_row(struct store *s, const char *name, const char *hash, unsigned roles, gh_json **out,
    struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	int64_t id;
	int rc = grant_new_id(s, GRANT_ADMIN_USER, &id, err);

	if (rc == 0 &&
	    (gh_json_set_int(row, "id", id) != 0 || gh_json_set_string(row, "name", name) != 0 ||
		gh_json_set_string(row, "hash", hash) != 0 ||
		gh_json_set_int(row, "roles", roles) != 0 ||
		gh_json_set_bool(row, "enabled", true) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "user");
	if (rc != 0) {
		gh_json_free(row);
		row = NULL;
	}
	*out = row;
	return rc;
}

int
store_create_user(struct store *s, const struct requester *who, const char *name, const char *hash,
    unsigned roles, struct gh_error *err)
{
	struct grants g;
	gh_json *row = NULL;
	char detail[64];
	int rc;

	snprintf(detail, sizeof(detail), "roles:%s%s%s%s",
	    roles & REQUESTER_ROLE_ADMIN ? " admin" : "",
	    roles & REQUESTER_ROLE_OFFICER ? " officer" : "",
	    roles & REQUESTER_ROLE_AUDITOR ? " auditor" : "",
	    roles & REQUESTER_ROLE_AGENT ? " agent" : "");
	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	rc = new_row(s, name, hash, roles, &row, err);
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_ADMIN_USER, row,
		    "There is a user of this name already.", err);
	if (rc == 0)
		rc = store_audit_change(s, who, "user.created", name, detail, err);
	return grant_close(s, &g, rc, who, err);
}

int
store_set_user(struct store *s, const struct requester *who, const char *name, const char *hash,
    int enabled, struct gh_error *err)
{
	struct grant_row *user;
	struct grants g;
	gh_json *row;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((user = grant_find(&g, GRANT_ADMIN_USER, "name", name)) == NULL)
		return grant_close(s, &g,
		    gh_refuse(err, GH_E_NOT_FOUND,
			"there is no user \"%.100s\": see "
			"`gatehouse user list`",
			name),
		    who, err);
	row = gh_json_ref(user->content);
	if ((hash != NULL && gh_json_set_string(row, "hash", hash) != 0) ||
	    (enabled >= 0 && gh_json_set_bool(row, "enabled", enabled != 0) != 0)) {
		gh_json_free(row);
		return grant_close(s, &g, gh_fail(err, GH_E_NOMEM, "user"), who, err);
	}
	rc = store_audit_change(s, who, "user.changed", gh_json_string(gh_json_get(row, "name")),
	    hash != NULL      ? "password"
		: enabled > 0 ? "enabled"
			      : "disabled",
	    err);
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_ADMIN_USER, row, "Conflict.", err);
	else
		gh_json_free(row);
	return grant_close(s, &g, rc, who, err);
}

static int
fill_user(const struct grant_row *row, struct store_user *out, struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(row->content, "name"));
	const char *hash = gh_json_string(gh_json_get(row->content, "hash"));
	int64_t roles = 0;

	if (name == NULL || strlen(name) >= sizeof(out->name) || hash == NULL ||
	    strlen(hash) >= sizeof(out->hash))
		return gh_fail(err, GH_E_DB,
		    "a row of admin_user has no name or hash, or a too long one");
	strcpy(out->name, name);
	strcpy(out->hash, hash);
	(void)gh_json_int(gh_json_get(row->content, "roles"), &roles);
	out->roles = (unsigned)roles;
	out->enabled = gh_json_bool(gh_json_get(row->content, "enabled"), false);
	return 0;
}

int
store_get_user(struct store *s, const char *name, struct store_user *out, struct gh_error *err)
{
	struct grant_row *row;
	struct grants g;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = grant_load(s, GRANT_ADMIN_USER, &g, err)) != 0)
		return rc;
	row = grant_find(&g, GRANT_ADMIN_USER, "name", name);
	rc = row != NULL ? fill_user(row, out, err) : gh_fail(err, GH_E_NOT_FOUND, "no local user");
	grant_clear(&g);
	return rc;
}
