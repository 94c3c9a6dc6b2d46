/* `gatehouse user`: local administrators. Users who enroll live in the directory, not here. */
#include <stdio.h>
#include <string.h>

#include "auth_password.h"

#include "command.h"
#include "list.h"
#include "options.h"
#include "prompt.h"
#include "user.h"

static const struct {
	const char *name;
	unsigned bit;
} role_names[] = {
    {"admin", REQUESTER_ROLE_ADMIN},
    {"officer", REQUESTER_ROLE_OFFICER},
    {"auditor", REQUESTER_ROLE_AUDITOR},
};

int
user_hash_password(const char *password, char out[USER_HASH_SIZE], struct gh_error *err)
{
	if (strlen(password) < USER_PASSWORD_MIN)
		return gh_refuse(err, GH_E_CONF,
		    "the password is too short: at least %d characters", USER_PASSWORD_MIN);
	return auth_password_hash(password, out, USER_HASH_SIZE, err);
}

/* 0 when a name is unknown, which is told. */
static unsigned
parse_roles(const char *who, const struct option_list *names)
{
	unsigned roles = 0;

	for (size_t i = 0; i < names->n; i++) {
		unsigned bit = 0;

		for (size_t k = 0; k < sizeof(role_names) / sizeof(role_names[0]); k++) {
			if (strcmp(role_names[k].name, names->v[i]) == 0)
				bit = role_names[k].bit;
		}
		if (bit == 0) {
			command_usage(who, "unknown role \"%s\": admin, officer or auditor",
			    names->v[i]);
			return 0;
		}
		roles |= bit;
	}
	if (roles == 0)
		command_usage(who, "--role is needed at least once");
	return roles;
}

/* Ask, hash and call one of the two store functions. roles 0: change the password of an existing
 * user. */
static int
store_password(const char *who, const char *conf, const char *name, const char *file,
    unsigned roles)
{
	char hash[USER_HASH_SIZE], *password = NULL;
	struct gh_error err;
	struct session s;
	int rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);

	if (rc != 0)
		return command_fail(who, &err);
	rc = prompt_password(file, "password", true, &password, &err);
	if (rc == 0)
		rc = user_hash_password(password, hash, &err);
	if (rc == 0 && roles != 0)
		rc = store_create_user(s.store, &s.who, name, hash, roles, &err);
	else if (rc == 0)
		rc = store_set_user(s.store, &s.who, name, hash, -1, &err);
	prompt_free(password);
	session_close(&s);
	if (rc == GH_E_CONFLICT)
		gh_refuse(&err, GH_E_CONFLICT, "there is a user \"%s\" already", name);
	return rc == 0 ? COMMAND_OK : command_fail(who, &err);
}

int
cmd_user_create(int argc, char **argv)
{
	const char *conf = NULL, *file = NULL;
	struct option_list roles = {.n = 0};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"role", 'r', OPTION_LIST, &roles, "ROLE",
		"admin, officer (decides requests) or auditor; repeat"},
	    {"password-file", 0, OPTION_TEXT, &file, "FILE",
		"password, first line of FILE (\"-\": standard input); asked for when not given"},
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1, "Creates a local administrator.",
	    "gatehouse user create olga --role officer\n"};
	unsigned bits;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	bits = parse_roles(argv[0], &roles);
	if (bits == 0)
		return COMMAND_USAGE;
	return store_password(argv[0], conf, argv[1], file, bits);
}

int
cmd_user_passwd(int argc, char **argv)
{
	const char *conf = NULL, *file = NULL;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"password-file", 0, OPTION_TEXT, &file, "FILE",
		"new password, first line of FILE (\"-\": standard input); asked for when not given"},
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Sets the password of a local administrator.", "gatehouse user passwd admin\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	return store_password(argv[0], conf, argv[1], file, 0);
}

int
cmd_user_list(int argc, char **argv)
{
	static const struct output_column columns[] = {{"ID", "id"}, {"NAME", "name"},
	    {"ROLES", "roles"}, {"ENABLED", "enabled"}, {NULL, NULL}};
	const struct list_view view = {STORE_LIST_USERS, columns};
	const struct store_filter filter = {0};
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"", 0, 0, "Lists the local administrators.", NULL};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	return list_show(argv[0], conf, json, &view, &filter, 0);
}

static int
set_enabled(int argc, char **argv, int enabled)
{
	const char *conf = NULL;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_END};
	const struct usage usage = {"NAME", 1, 1,
	    enabled ? "Lets a local administrator log in again." : "Refuses a local administrator.",
	    enabled ? "gatehouse user enable olga\n" : "gatehouse user disable olga\n"};
	struct gh_error err;
	struct session s;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);
	if (rc == 0) {
		rc = store_set_user(s.store, &s.who, argv[1], NULL, enabled, &err);
		session_close(&s);
	}
	return rc == 0 ? COMMAND_OK : command_fail(argv[0], &err);
}

int
cmd_user_enable(int argc, char **argv)
{
	return set_enabled(argc, argv, 1);
}

int
cmd_user_disable(int argc, char **argv)
{
	return set_enabled(argc, argv, 0);
}
