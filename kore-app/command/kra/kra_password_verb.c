/* `gatehouse kra password`: of the storage key. While it is locked, secrets are archived and none
 * is recovered. */
#include <string.h>

#include "kra/kra_password.h"

#include "command.h"
#include "kra_work.h"
#include "prompt.h"

static struct {
	const char *file, *new_file;
	int seconds;
} wish;

/* ---- actions ---- */

static int
run_set(const struct kra_password *p, struct gh_error *err)
{
	char *password;
	int rc =
	    prompt_password(wish.file, "new password of the storage key", true, &password, err);

	if (rc == 0)
		rc = kra_work_check_password(password, err);
	if (rc == 0)
		rc = kra_password_set(p, password, err);
	prompt_free(password);
	return rc;
}

static int
run_remove(const struct kra_password *p, struct gh_error *err)
{
	char *current;
	int rc = prompt_password(wish.file, "password of the storage key", false, &current, err);

	if (rc == 0)
		rc = kra_password_change(p, current, NULL, err);
	prompt_free(current);
	return rc;
}

static int
run_change(const struct kra_password *p, struct gh_error *err)
{
	char *current, *password = NULL;
	int rc =
	    prompt_password(wish.file, "present password of the storage key", false, &current, err);

	if (rc == 0)
		rc = prompt_password(wish.new_file, "new password", true, &password, err);
	if (rc == 0)
		rc = kra_work_check_password(password, err);
	if (rc == 0)
		rc = kra_password_change(p, current, password, err);
	prompt_free(current);
	prompt_free(password);
	return rc;
}

static int
run_unlock(const struct kra_password *p, struct gh_error *err)
{
	char *password;
	int rc = prompt_password(wish.file, "password of the storage key", false, &password, err);

	if (rc == 0)
		rc = kra_password_unlock(p, password, wish.seconds, err);
	prompt_free(password);
	return rc;
}

static const struct {
	const char *name;
	bool is_for_admin; /* a KRA of our own makes new records */
	int (*run)(const struct kra_password *p, struct gh_error *err);
} actions[] = {
    {"set", true, run_set},
    {"remove", true, run_remove},
    {"change", true, run_change},
    {"unlock", false, run_unlock},
    {"lock", false, kra_password_lock},
};

static size_t action; /* of actions */

static int
perform(struct verb_call *c, struct gh_error *err)
{
	struct worker_env env = {.conf = c->env.conf};
	struct own_signer own = {0};
	int rc = kra_work_check(c->env.conf, err);

	if (rc != 0)
		return rc;
	if ((rc = env_open(&env, ENV_KRA, err)) == 0 && actions[action].is_for_admin)
		rc = own_signer_start(c->env.conf, SIGNER_PROCESS_KRA, &own, err);
	if (rc == 0) {
		const struct kra_password p = {.store = c->env.store,
		    .kra = env.kra,
		    .admin = own.client,
		    .conf = c->env.conf,
		    .who = &c->env.who};

		rc = actions[action].run(&p, err);
	}
	own_signer_stop(&own);
	env_close(&env);
	return rc == 0 ? kra_work_show(c, err) : rc;
}

static int
check_action(const struct verb_call *c)
{
	size_t n = sizeof(actions) / sizeof(actions[0]);

	while (action < n && strcmp(actions[action].name, c->operand[0]) != 0)
		action++;
	return action < n
	    ? COMMAND_OK
	    : command_usage(c->who, "\"%s\" is none of set, remove, change, unlock, lock",
		  c->operand[0]);
}

static const struct option_row options[] = {
    VERB_CONFIG,
    {"password-file", 0, OPTION_TEXT, &wish.file, "FILE",
	"password (change: the present one), first line of FILE (\"-\": standard input); asked for when "
	"not given"},
    {"new-password-file", 0, OPTION_TEXT, &wish.new_file, "FILE", "change: the new one, likewise"},
    {"seconds", 0, OPTION_NUMBER, &wish.seconds, "N",
	"unlock: for how long (default and longest: kra.unlock_seconds)"},
    VERB_JSON,
    OPTION_END,
};

const struct verb verb_kra_password = {
    .usage = {"ACTION", 1, 1,
	"Puts the storage key of the KRA under a password, or works with that password. ACTION is set, remove, change, "
	"unlock or lock. While the storage key is replaced, there are several: those that the password fits are meant. While the key is locked, secrets are archived, and none is recovered; it is unlocked on the node "
	"where this was done. set, remove and change need the right to read kra.key_file; for the others the KRA of this "
	"node must run.",
	"gatehouse kra password set\ngatehouse kra password unlock --seconds 300\n"},
    .options = options,
    .needs = NEEDS_STORE,
    .check = check_action,
    .work = perform,
    .columns = kra_work_columns,
};
