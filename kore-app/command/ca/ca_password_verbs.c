/* `gatehouse ca password`: the password of a CA key, with database and signer directly. */
#include <stdio.h>
#include <string.h>

#include "authority/ca_password.h"
#include "ca_password_rest.h"
#include "timestamp.h"

#include "command.h"
#include "options.h"
#include "output.h"
#include "own_signer.h"
#include "prompt.h"
#include "session.h"

struct asked {
	struct ca_password_call c;
	const char *file, *new_file;
	int seconds;
};

static int
run_set(const struct asked *asked, struct ca_password_status *out, struct gh_error *err)
{
	char *password;
	int rc = prompt_password(asked->file, "new password of the CA key", true, &password, err);

	if (rc == 0)
		rc = ca_password_set(&asked->c, password, out, err);
	prompt_free(password);
	return rc;
}

static int
run_remove(const struct asked *asked, struct ca_password_status *out, struct gh_error *err)
{
	char *current;
	int rc = prompt_password(asked->file, "password of the CA key", false, &current, err);

	if (rc == 0)
		rc = ca_password_remove(&asked->c, current, out, err);
	prompt_free(current);
	return rc;
}

static int
run_change(const struct asked *asked, struct ca_password_status *out, struct gh_error *err)
{
	char *current, *new_password = NULL;
	int rc =
	    prompt_password(asked->file, "present password of the CA key", false, &current, err);

	if (rc == 0)
		rc = prompt_password(asked->new_file, "new password", true, &new_password, err);
	if (rc == 0)
		rc = ca_password_change(&asked->c, current, new_password, out, err);
	prompt_free(current);
	prompt_free(new_password);
	return rc;
}

static int
run_unlock(const struct asked *asked, struct ca_password_status *out, struct gh_error *err)
{
	char *password;
	int rc = prompt_password(asked->file, "password of the CA key", false, &password, err);

	if (rc == 0)
		rc = ca_password_unlock(&asked->c, password, asked->seconds, out, err);
	prompt_free(password);
	return rc;
}

static int
run_lock(const struct asked *asked, struct ca_password_status *out, struct gh_error *err)
{
	return ca_password_lock(&asked->c, out, err);
}

static int
run_status(const struct asked *asked, struct ca_password_status *out, struct gh_error *err)
{
	return ca_password_get_status(&asked->c, out, err);
}

static const struct {
	const char *name;
	int (*run)(const struct asked *asked, struct ca_password_status *out, struct gh_error *err);
} password_actions[] = {
    {"set", run_set},
    {"remove", run_remove},
    {"change", run_change},
    {"unlock", run_unlock},
    {"lock", run_lock},
    {"status", run_status},
};

static int
fail(const char *who, const struct ca_password_status *status, struct gh_error *err)
{
	char until[GH_TIMESTAMP_SIZE];

	if (err->code == GH_E_CA_PASSWORD)
		snprintf(err->message, sizeof(err->message),
		    "the password is wrong; %d attempts remain", status->remaining);
	if (status->is_locked && (err->code == GH_E_CA_PASSWORD || err->code == GH_E_LOCKED))
		snprintf(err->message, sizeof(err->message),
		    "too many wrong passwords: locked until %s",
		    gh_timestamp_format(status->locked_until, until));
	if (err->code == GH_E_CA_PASSWORD || err->code == GH_E_LOCKED)
		err->detail[0] = '\0'; /* says the same again */
	return command_fail(who, err);
}

/* A signer of our own, which only those can start who read the system key, sets the first password:
 * the one that serves the gateway does not. All others ask that one, which has the key in memory.
 */
static int
run_with_signer(struct asked *asked, size_t action, struct ca_password_status *status,
    struct gh_error *err)
{
	const struct gh_conf *conf = asked->c.conf;
	struct own_signer own;
	int rc;

	if (password_actions[action].run == run_set) {
		if ((rc = own_signer_start(conf, &own, err)) != 0)
			return rc;
		asked->c.signer = own.client;
		rc = run_set(asked, status, err);
		own_signer_stop(&own);
		return rc;
	}
	rc = signer_client_new(conf->signer.socket, conf->signer.timeout_ms, &asked->c.signer, err);
	if (rc == 0)
		rc = password_actions[action].run(asked, status, err);
	signer_client_free(asked->c.signer);
	return rc;
}

static int
perform(const char *conf, const char *ca, struct asked *asked, size_t action,
    struct ca_password_status *status, struct gh_error *err)
{
	struct session s;
	int rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, err);

	if (rc != 0)
		return rc;
	asked->c =
	    (struct ca_password_call){.store = s.store, .conf = s.conf, .who = &s.who, .ca = ca};
	rc = run_with_signer(asked, action, status, err);
	session_close(&s);
	return rc;
}

/* is_locked of the interface is the lock-out, which a reader takes for the state of the key. */
static void
tell_lock(const char *ca, const struct ca_password_status *status)
{
	if (status->requires_password && status->unlocked_until == 0)
		printf(
		    "\nThe key of CA %s is locked on this node: it signs nothing until `gatehouse ca password unlock %s`.\n",
		    ca, ca);
}

static size_t
find_action(const char *name)
{
	size_t i = 0;

	while (i < sizeof(password_actions) / sizeof(password_actions[0]) &&
	    strcmp(password_actions[i].name, name) != 0)
		i++;
	return i;
}

int
cmd_ca_password(int argc, char **argv)
{
	const char *conf = NULL;
	struct asked asked = {0};
	bool json = false;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"password-file", 0, OPTION_TEXT, &asked.file, "FILE",
		"password (change: the present one), first line of FILE (\"-\": standard input); asked for when "
		"not given"},
	    {"new-password-file", 0, OPTION_TEXT, &asked.new_file, "FILE",
		"change: the new one, likewise"},
	    {"seconds", 0, OPTION_NUMBER, &asked.seconds, "N",
		"unlock: for how long (default and longest: ca.unlock_seconds)"},
	    OPTION_JSON(&json),
	    OPTION_END,
	};
	static const struct usage usage = {"ACTION NAME", 2, 2,
	    "Puts the key of a CA under a password, or works with that password. ACTION is set, remove, change, "
	    "unlock, lock or status. A key under a password signs only while it is unlocked, on the node where it "
	    "was unlocked. set needs the right to read signer.key_file; for the others the signer of this node must run.",
	    "gatehouse ca password set root\ngatehouse ca password unlock root --seconds 300\n"
	    "gatehouse ca password status root --json\n"};
	struct ca_password_status status = {0};
	struct gh_error err = {0};
	size_t action;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);
	gh_json *o;

	if (rc != OPTIONS_GO)
		return rc;
	action = find_action(argv[1]);
	if (action == sizeof(password_actions) / sizeof(password_actions[0]))
		return command_usage(argv[0],
		    "\"%s\" is none of set, remove, change, unlock, lock, status", argv[1]);
	if (perform(conf, argv[2], &asked, action, &status, &err) != 0)
		return fail(argv[0], &status, &err);
	o = ca_password_status_json(&status);
	if (o == NULL) {
		gh_fail(&err, GH_E_NOMEM, "status");
		return command_fail(argv[0], &err);
	}
	rc = json ? output_json(o) : output_object(o, NULL);
	gh_json_free(o);
	if (rc == COMMAND_OK && !json)
		tell_lock(argv[2], &status);
	return rc;
}
