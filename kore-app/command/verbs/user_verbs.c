/* `gatehouse user`: local administrators. Users who enroll live in the directory, not here. */
#include <stdio.h>
#include <string.h>

#include "auth/auth_password.h"

#include "command.h"
#include "list.h"
#include "prompt.h"
#include "user.h"
#include "verb.h"

int
user_hash_password(const char *password, char out[USER_HASH_SIZE], struct gh_error *err)
{
	if (strlen(password) < USER_PASSWORD_MIN)
		return gh_refuse(err, GH_E_CONF,
		    "the password is too short: at least %d characters", USER_PASSWORD_MIN);
	return auth_password_hash(password, out, USER_HASH_SIZE, err);
}

/* ---- create, passwd ---- */

static const char *password_file;
static struct option_list role_list;
static unsigned roles; /* 0: an existing user gets a new password */

static int
check_roles(const struct verb_call *c)
{
	for (size_t i = 0; i < role_list.n; i++) {
		unsigned bit = store_user_role(role_list.v[i]);

		if (bit == 0)
			return command_usage(c->who,
			    "unknown role \"%s\": admin, officer, auditor or agent",
			    role_list.v[i]);
		roles |= bit;
	}
	return roles != 0 ? COMMAND_OK : command_usage(c->who, "--role is needed at least once");
}

static int
store_password(struct verb_call *c, struct gh_error *err)
{
	char hash[USER_HASH_SIZE], *password = NULL;
	const char *name = c->operand[0];
	int rc = prompt_password(password_file, "password", true, &password, err);

	if (rc == 0)
		rc = user_hash_password(password, hash, err);
	if (rc == 0 && roles != 0)
		rc = store_create_user(c->env.store, &c->env.who, name, hash, roles, err);
	else if (rc == 0)
		rc = store_set_user(c->env.store, &c->env.who, name, hash, -1, err);
	prompt_free(password);
	if (rc == GH_E_CONFLICT)
		gh_refuse(err, GH_E_CONFLICT, "there is a user \"%s\" already", name);
	return rc;
}

static const struct option_row create_options[] = {
    VERB_CONFIG,
    {"role", 'r', OPTION_LIST, &role_list, "ROLE",
	"admin, officer (decides requests), auditor or agent (key recovery); repeat"},
    {"password-file", 0, OPTION_TEXT, &password_file, "FILE",
	"password, first line of FILE (\"-\": standard input); asked for when not given"},
    OPTION_END,
};
const struct verb verb_user_create = {
    .usage = {"NAME", 1, 1, "Creates a local administrator.",
	"gatehouse user create olga --role officer\n"},
    .options = create_options,
    .needs = NEEDS_GRANTS,
    .check = check_roles,
    .work = store_password,
};

static const struct option_row passwd_options[] = {
    VERB_CONFIG,
    {"password-file", 0, OPTION_TEXT, &password_file, "FILE",
	"new password, first line of FILE (\"-\": standard input); asked for when not given"},
    OPTION_END,
};
const struct verb verb_user_passwd = {
    .usage = {"NAME", 1, 1, "Sets the password of a local administrator.",
	"gatehouse user passwd admin\n"},
    .options = passwd_options,
    .needs = NEEDS_GRANTS,
    .work = store_password,
};

/* ---- roles ---- */

static int
set_roles(struct verb_call *c, struct gh_error *err)
{
	return store_set_user_roles(c->env.store, &c->env.who, c->operand[0], roles, err);
}

static const struct option_row roles_options[] = {
    VERB_CONFIG,
    {"role", 'r', OPTION_LIST, &role_list, "ROLE",
	"admin, officer, auditor or agent; repeat. He has no others afterwards"},
    OPTION_END,
};
const struct verb verb_user_roles = {
    .usage = {"NAME", 1, 1,
	"Says which roles a local administrator has. What he loses ends his log-ins of browsers.",
	"gatehouse user roles olga --role officer --role auditor\n"},
    .options = roles_options,
    .needs = NEEDS_GRANTS,
    .check = check_roles,
    .work = set_roles,
};

/* ---- list ---- */

static struct list_query all = {.what = STORE_LIST_USERS};
static const struct output_column columns[] = {{"ID", "id"}, {"NAME", "name"}, {"ROLES", "roles"},
    {"ENABLED", "enabled"}, {NULL, NULL}};

const struct verb verb_user_list = {
    .usage = {"", 0, 0, "Lists the local administrators.", NULL},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .work = list_rows,
    .columns = columns,
    .arg = &all,
};
