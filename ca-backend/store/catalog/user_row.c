/* Local administrators. Hashes are bcrypt and made elsewhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static const struct {
	const char *name;
	unsigned bit;
} role_names[] = {
    {"admin", REQUESTER_ROLE_ADMIN},
    {"officer", REQUESTER_ROLE_OFFICER},
    {"auditor", REQUESTER_ROLE_AUDITOR},
    {"agent", REQUESTER_ROLE_AGENT},
};
#define ROLES (sizeof(role_names) / sizeof(role_names[0]))

unsigned
store_user_role(const char *name)
{
	for (size_t i = 0; i < ROLES; i++)
		if (strcmp(role_names[i].name, name) == 0)
			return role_names[i].bit;
	return 0;
}

/* "roles: admin officer" */
#define ROLES_TEXT_SIZE 64
static const char *
roles_text(unsigned roles, char out[ROLES_TEXT_SIZE])
{
	size_t n = (size_t)snprintf(out, ROLES_TEXT_SIZE, "roles:");

	for (size_t i = 0; i < ROLES; i++)
		if ((roles & role_names[i].bit) != 0)
			n += (size_t)snprintf(out + n, ROLES_TEXT_SIZE - n, " %s",
			    role_names[i].name);
	return out;
}

static int
refuse_giving(struct gh_error *err)
{
	return gh_refuse(err, GH_E_FORBIDDEN,
	    "Accounts, passwords and roles are given on the machine, by `gatehouse user`; "
	    "elsewhere they are only taken away.");
}

int
store_create_user(struct store *s, const struct requester *who, const char *name, const char *hash,
    unsigned roles, struct gh_error *err)
{
	struct grants g;
	gh_json *row = NULL;
	char detail[ROLES_TEXT_SIZE];
	int rc;

	if (who->kind != REQUESTER_COMMAND)
		return refuse_giving(err);
	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	rc = new_row(s, name, hash, roles, &row, err);
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_ADMIN_USER, row,
		    "There is a user of this name already.", err);
	if (rc == 0)
		rc = store_audit_change(s, who, "user.created", name, roles_text(roles, detail),
		    err);
	return grant_close(s, &g, rc, who, err);
}

/* --- changes ---------------------------------------------------------------------------------- */

/* What is not changed: NULL, -1. */
struct user_change {
	const char *hash;
	int enabled, roles;
};

static unsigned
roles_of(const gh_json *user)
{
	int64_t roles = 0;

	(void)gh_json_int(gh_json_get(user, "roles"), &roles);
	return (unsigned)roles;
}

static bool
is_enabled_admin(const gh_json *user)
{
	return gh_json_bool(gh_json_get(user, "enabled"), false) &&
	    (roles_of(user) & REQUESTER_ROLE_ADMIN) != 0;
}

static bool
is_last_admin(const struct grants *g, const struct grant_row *user)
{
	const struct grant_rows *all = &g->table[GRANT_ADMIN_USER];

	for (size_t i = 0; i < all->n; i++)
		if (&all->row[i] != user && is_enabled_admin(all->row[i].content))
			return false;
	return is_enabled_admin(user->content);
}

/* On the machine anything goes. Elsewhere nobody is given anything: whoever stole a log-in of an
 * administrator would make himself people to stay, or to agree with himself. And what is taken
 * leaves somebody to give it back. */
static int
check_change(const struct requester *who, const struct grants *g, const struct grant_row *user,
    const struct user_change *c, struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(user->content, "name"));
	unsigned had = roles_of(user->content);
	bool keeps_admin =
	    c->enabled != 0 && (c->roles < 0 || ((unsigned)c->roles & REQUESTER_ROLE_ADMIN) != 0);

	if (who->kind == REQUESTER_COMMAND)
		return 0;
	if (c->hash != NULL || c->enabled > 0 ||
	    (c->roles >= 0 && ((unsigned)c->roles & ~had) != 0))
		return refuse_giving(err);
	if (who->kind == REQUESTER_ADMIN && name != NULL && strcasecmp(who->name, name) == 0)
		return gh_refuse(err, GH_E_CONFLICT,
		    "You cannot take rights from yourself: another administrator can.");
	if (!keeps_admin && is_last_admin(g, user))
		return gh_refuse(err, GH_E_CONFLICT,
		    "This is the last local administrator who can log in.");
	return 0;
}

/* The row as it will be. The caller's to free, or to put. */
static int
changed_row(const struct grant_row *user, const struct user_change *c, gh_json **out,
    struct gh_error *err)
{
	gh_json *row = gh_json_ref(user->content);

	*out = row;
	if ((c->hash == NULL || gh_json_set_string(row, "hash", c->hash) == 0) &&
	    (c->enabled < 0 || gh_json_set_bool(row, "enabled", c->enabled != 0) == 0) &&
	    (c->roles < 0 || gh_json_set_int(row, "roles", c->roles) == 0))
		return 0;
	gh_json_free(row);
	*out = NULL;
	return gh_fail(err, GH_E_NOMEM, "user");
}

static int
change_user(struct store *s, const struct requester *who, const char *name,
    const struct user_change *c, const char *detail, struct gh_error *err)
{
	struct grant_row *user;
	gh_json *row = NULL;
	struct grants g;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((user = grant_find(&g, GRANT_ADMIN_USER, "name", name)) == NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no user \"%.100s\": see `gatehouse user list`", name);
	if (rc == 0 && (rc = check_change(who, &g, user, c, err)) == 0)
		rc = changed_row(user, c, &row, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "user.changed",
		    gh_json_string(gh_json_get(row, "name")), detail, err);
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_ADMIN_USER, row, "Conflict.", err);
	else
		gh_json_free(row);
	return grant_close(s, &g, rc, who, err);
}

int
store_set_user(struct store *s, const struct requester *who, const char *name, const char *hash,
    int enabled, struct gh_error *err)
{
	const struct user_change c = {.hash = hash, .enabled = enabled, .roles = -1};

	return change_user(s, who, name, &c,
	    hash != NULL      ? "password"
		: enabled > 0 ? "enabled"
			      : "disabled",
	    err);
}

int
store_set_user_roles(struct store *s, const struct requester *who, const char *name, unsigned roles,
    struct gh_error *err)
{
	const struct user_change c = {.enabled = -1, .roles = (int)roles};
	char detail[ROLES_TEXT_SIZE];

	return change_user(s, who, name, &c, roles_text(roles, detail), err);
}

/* --- reading ---------------------------------------------------------------------------------- */

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
