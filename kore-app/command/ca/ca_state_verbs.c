/* `gatehouse ca disable|enable|retire`. */
#include <stdio.h>

#include "store/ca/ca_row.h"

#include "command.h"
#include "options.h"
#include "output.h"
#include "prompt.h"
#include "session.h"

static int
set_state(const char *who, const char *conf, const char *name, enum ca_state state, bool json)
{
	struct gh_error err;
	struct session s;
	int rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);

	if (rc != 0)
		return command_fail(who, &err);
	rc = store_set_ca_state(s.store, &s.who, name, state, &err);
	session_close(&s);
	if (rc != 0)
		return command_fail(who, &err);
	if (json)
		printf("{\"state\":\"%s\"}\n", ca_state_name(state));
	else
		printf("CA %s is %s\n", name, ca_state_name(state));
	return output_finish();
}

static int
change(int argc, char **argv, const struct usage *usage, enum ca_state state)
{
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	int n, rc = options_parse(usage, rows, argc, argv, &n);

	return rc != OPTIONS_GO ? rc : set_state(argv[0], conf, argv[1], state, json);
}

int
cmd_ca_disable(int argc, char **argv)
{
	static const struct usage usage = {"NAME", 1, 1,
	    "Stops a CA from issuing; its CRLs and OCSP answers go on. Requests to it are answered with 503.",
	    "gatehouse ca disable mobile\n"};

	return change(argc, argv, &usage, CA_DISABLED);
}

int
cmd_ca_enable(int argc, char **argv)
{
	static const struct usage usage = {"NAME", 1, 1, "Lets a disabled CA issue again.",
	    "gatehouse ca enable mobile\n"};

	return change(argc, argv, &usage, CA_ACTIVE);
}

int
cmd_ca_retire(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false, yes = false;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"yes", 'y', OPTION_FLAG, &yes, NULL, "do not ask"},
	    OPTION_JSON(&json),
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Ends a CA for ever: its key is removed from the database, and it signs no certificates, CRLs and OCSP "
	    "answers any more. Its certificate and its last CRLs are served on. Backups of the database "
	    "may still hold the key.",
	    "gatehouse ca retire old-mobile\n"};
	struct gh_error err;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (!yes &&
	    prompt_confirm(
		"This removes the key of the CA and cannot be undone. Type \"yes\" to go on",
		&err) != 0)
		return command_fail(argv[0], &err);
	return set_state(argv[0], conf, argv[1], CA_RETIRED, json);
}
