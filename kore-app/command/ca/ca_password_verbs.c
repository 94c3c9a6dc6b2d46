/* `gatehouse ca password`: the password of a CA key, with database and signer directly. */
#include <stdio.h>
#include <string.h>

#include "authority/ca_password.h"
#include "rest/rest_ca_password.h"
#include "timestamp.h"

#include "command.h"
#include "own_signer.h"
#include "prompt.h"
#include "verb.h"

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

static size_t action; /* of password_actions */

/* What the status adds to the message. */
static void
explain(const struct ca_password_status *st, struct gh_error *err)
{
	char until[GH_TIMESTAMP_SIZE];

	if (err->code != GH_E_CA_PASSWORD && err->code != GH_E_LOCKED)
		return;
	if (err->code == GH_E_CA_PASSWORD)
		snprintf(err->message, sizeof(err->message),
		    "the password is wrong; %d attempts remain", st->remaining);
	if (st->is_locked)
		snprintf(err->message, sizeof(err->message),
		    "too many wrong passwords: locked until %s",
		    gh_timestamp_format(st->locked_until, until));
	err->detail[0] = '\0'; /* says the same again */
}

/* A signer of our own, which only those can start who read the system key, sets the first password:
 * the one that serves the gateway does not. All others ask that one, which has the key in memory.
 */
static int
run_with_signer(struct asked *asked, struct ca_password_status *st, struct gh_error *err)
{
	struct worker_env env = {.conf = asked->c.conf};
	struct own_signer own;
	int rc;

	if (password_actions[action].run == run_set) {
		if ((rc = own_signer_start(env.conf, SIGNER_PROCESS_CA, &own, err)) != 0)
			return rc;
		asked->c.signer = own.client;
		rc = run_set(asked, st, err);
		own_signer_stop(&own);
		return rc;
	}
	rc = env_open(&env, ENV_SIGNER, err);
	asked->c.signer = env.signer;
	if (rc == 0)
		rc = password_actions[action].run(asked, st, err);
	env_close(&env);
	return rc;
}

static struct asked asked;
static struct ca_password_status status;
static const struct option_row options[] = {
    VERB_CONFIG,
    {"password-file", 0, OPTION_TEXT, &asked.file, "FILE",
	"password (change: the present one), first line of FILE (\"-\": standard input); asked for when "
	"not given"},
    {"new-password-file", 0, OPTION_TEXT, &asked.new_file, "FILE", "change: the new one, likewise"},
    {"seconds", 0, OPTION_NUMBER, &asked.seconds, "N",
	"unlock: for how long (default and longest: ca.unlock_seconds)"},
    VERB_JSON,
    OPTION_END,
};

/* Which action. */
static int
check_action(const struct verb_call *c)
{
	size_t n = sizeof(password_actions) / sizeof(password_actions[0]);

	while (action < n && strcmp(password_actions[action].name, c->operand[0]) != 0)
		action++;
	if (action == n)
		return command_usage(c->who,
		    "\"%s\" is none of set, remove, change, unlock, lock, status", c->operand[0]);
	return COMMAND_OK;
}

static int
perform(struct verb_call *c, struct gh_error *err)
{
	int rc;

	asked.c = (struct ca_password_call){.store = c->env.store,
	    .conf = c->env.conf,
	    .who = &c->env.who,
	    .ca = c->operand[1]};
	rc = run_with_signer(&asked, &status, err);
	if (rc != 0)
		explain(&status, err);
	else if ((c->out = ca_password_status_json(&status)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "status");
	return rc;
}

/* is_locked of the interface is the lock-out, which a reader takes for the state of the key. */
static int
show(struct verb_call *c)
{
	const char *ca = c->operand[1];
	int rc = output_object(c->out, NULL);

	if (rc == COMMAND_OK && status.requires_password && status.unlocked_until == 0)
		printf(
		    "\nThe key of CA %s is locked on this node: it signs nothing until `gatehouse ca password unlock %s`.\n",
		    ca, ca);
	return rc;
}

const struct verb verb_ca_password = {
    .usage = {"ACTION NAME", 2, 2,
	"Puts the key of a CA under a password, or works with that password. ACTION is set, remove, change, "
	"unlock, lock or status. A key under a password signs only while it is unlocked, on the node where it "
	"was unlocked. set needs the right to read signer.key_file; for the others the signer of this node must run.",
	"gatehouse ca password set root\ngatehouse ca password unlock root --seconds 300\n"
	"gatehouse ca password status root --json\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .check = check_action,
    .work = perform,
    .show = show,
};
