/* `gatehouse kra password`: of the storage key. While it is locked, secrets are archived and none
 * is recovered. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kra/kra_key_list.h"
#include "store/key/kra_key_change.h"

#include "command.h"
#include "kra_work.h"
#include "prompt.h"

static struct {
	const char *file, *new_file;
	int seconds;
} wish;

/* What an action works with. */
struct password_job {
	struct verb_call *c;
	struct kra_key_list storage; /* the storage keys alone */
	struct signer_client *kra;   /* the one that runs */
};

/* ---- keys ---- */

static int
read_storage_keys(struct store *s, struct kra_key_list *out, struct gh_error *err)
{
	size_t n = 0;
	int rc = kra_key_list_read(s, out, err);

	for (size_t i = 0; i < out->n; i++)
		if (out->key[i].kind == STORE_KRA_STORAGE)
			out->key[n++] = out->key[i];
		else
			store_kra_key_clear(&out->key[i]);
	out->n = n;
	if (rc == 0 && n == 0)
		rc = gh_refuse(err, GH_E_CONFLICT, "the KRA has no keys yet: `gatehouse kra init`");
	return rc;
}

static int
explain(int rc, struct gh_error *err)
{
	if (rc == GH_E_CA_PASSWORD)
		return gh_refuse(err, GH_E_CA_PASSWORD, "the password is wrong");
	if (rc == GH_E_CONFLICT && err->message[0] == '\0')
		return gh_refuse(err, GH_E_CONFLICT, "storage key: %s", err->detail);
	return rc;
}

/* Records under the new password: by a KRA of our own, which may give a key its first one. */
static int
seal_anew(const struct password_job *j, const char *current, const char *new_password,
    struct store_kra_record *r, struct gh_error *err)
{
	struct own_signer own;
	int rc = own_signer_start(j->c->env.conf, SIGNER_PROCESS_KRA, &own, err);

	for (size_t i = 0; rc == 0 && i < j->storage.n; i++) {
		const struct store_kra_key *k = &j->storage.key[i];
		unsigned char *sealed = NULL;
		size_t len = 0;

		rc = signer_client_set_password(own.client, k->sealed.p, k->sealed.len, current,
		    new_password, &sealed, &len, err);
		r[i] = (struct store_kra_record){.row = k->row,
		    .before = {k->sealed.p, k->sealed.len},
		    .after = {sealed, len}};
	}
	own_signer_stop(&own);
	return rc;
}

/* The KRA of this node takes the new records at once; those of the others within a second. */
static void
load_new(const struct password_job *j, const struct store_kra_record *r)
{
	unsigned char id[KRA_KEY_ID_SIZE];
	struct gh_error err;

	for (size_t i = 0; i < j->storage.n; i++) {
		int rc = signer_client_load_ca(j->kra, r[i].after.p, r[i].after.len, id, &err);

		if (rc != 0 && rc != GH_E_CA_LOCKED)
			fprintf(stderr, "note: the KRA of this node does not run: %s\n",
			    err.detail);
	}
}

static int
replace(const struct password_job *j, const char *event, const char *current,
    const char *new_password, struct gh_error *err)
{
	struct store_kra_record *r = calloc(j->storage.n, sizeof(*r));
	int rc = r != NULL ? seal_anew(j, current, new_password, r, err)
			   : gh_fail(err, GH_E_NOMEM, "records");

	if (rc == 0)
		rc = store_put_kra_records(j->c->env.store, &j->c->env.who, event, r, j->storage.n,
		    err);
	if (rc == 0)
		load_new(j, r);
	for (size_t i = 0; r != NULL && i < j->storage.n; i++)
		free((unsigned char *)(uintptr_t)r[i].after.p);
	free(r);
	return rc;
}

/* ---- actions ---- */

static int
run_set(const struct password_job *j, struct gh_error *err)
{
	char *password;
	int rc =
	    prompt_password(wish.file, "new password of the storage key", true, &password, err);

	if (rc == 0)
		rc = kra_work_check_password(password, err);
	if (rc == 0)
		rc = replace(j, "kra.password.set", NULL, password, err);
	prompt_free(password);
	return rc;
}

static int
run_remove(const struct password_job *j, struct gh_error *err)
{
	char *current;
	int rc = prompt_password(wish.file, "password of the storage key", false, &current, err);

	if (rc == 0)
		rc = replace(j, "kra.password.remove", current, NULL, err);
	prompt_free(current);
	return rc;
}

static int
run_change(const struct password_job *j, struct gh_error *err)
{
	char *current, *password = NULL;
	int rc =
	    prompt_password(wish.file, "present password of the storage key", false, &current, err);

	if (rc == 0)
		rc = prompt_password(wish.new_file, "new password", true, &password, err);
	if (rc == 0)
		rc = kra_work_check_password(password, err);
	if (rc == 0)
		rc = replace(j, "kra.password.change", current, password, err);
	prompt_free(current);
	prompt_free(password);
	return rc;
}

static int
run_unlock(const struct password_job *j, struct gh_error *err)
{
	int longest = j->c->env.conf->ca.unlock_seconds;
	int seconds = wish.seconds == 0 || wish.seconds > longest ? longest : wish.seconds;
	char *password;
	int64_t until;
	int rc = prompt_password(wish.file, "password of the storage key", false, &password, err);

	for (size_t i = 0; rc == 0 && i < j->storage.n; i++)
		rc = signer_client_unlock(j->kra, j->storage.key[i].sealed.p,
		    j->storage.key[i].sealed.len, password, seconds, &until, err);
	prompt_free(password);
	if (rc == 0)
		rc = store_audit_change(j->c->env.store, &j->c->env.who, "kra.password.unlock",
		    "storage key", NULL, err);
	return rc;
}

static int
run_lock(const struct password_job *j, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < j->storage.n; i++)
		rc = signer_client_lock(j->kra, j->storage.key[i].id, err);
	if (rc == 0)
		rc = store_audit_change(j->c->env.store, &j->c->env.who, "kra.password.lock",
		    "storage key", NULL, err);
	return rc;
}

static const struct {
	const char *name, *event;
	int (*run)(const struct password_job *j, struct gh_error *err);
} actions[] = {
    {"set", "kra.password.set", run_set},
    {"remove", "kra.password.remove", run_remove},
    {"change", "kra.password.change", run_change},
    {"unlock", "kra.password.unlock", run_unlock},
    {"lock", "kra.password.lock", run_lock},
};

static size_t action; /* of actions */

/* The row of a wrong password; what else failed has changed nothing and told nobody anything. */
static void
audit_refusal(const struct password_job *j, const struct gh_error *err)
{
	const struct store_audit a = {.event = actions[action].event,
	    .outcome = "failure",
	    .who = &j->c->env.who,
	    .object = "storage key",
	    .detail = err->message};
	struct gh_error ignored;

	if (err->code == GH_E_CA_PASSWORD && store_audit(j->c->env.store, &a, &ignored) != 0)
		fprintf(stderr, "note: this was not recorded: %s\n", ignored.detail);
}

static int
perform(struct verb_call *c, struct gh_error *err)
{
	struct worker_env env = {.conf = c->env.conf};
	struct password_job j = {.c = c};
	int rc = kra_work_check(c->env.conf, err);

	if (rc != 0)
		return rc;
	if ((rc = read_storage_keys(c->env.store, &j.storage, err)) == 0 &&
	    (rc = env_open(&env, ENV_KRA, err)) == 0) {
		j.kra = env.kra;
		rc = explain(actions[action].run(&j, err), err);
		if (rc != 0)
			audit_refusal(&j, err);
	}
	env_close(&env);
	kra_key_list_clear(&j.storage);
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
	"unlock: for how long (default and longest: ca.unlock_seconds)"},
    VERB_JSON,
    OPTION_END,
};

const struct verb verb_kra_password = {
    .usage = {"ACTION", 1, 1,
	"Puts the storage key of the KRA under a password, or works with that password. ACTION is set, remove, change, "
	"unlock or lock. While the key is locked, secrets are archived, and none is recovered; it is unlocked on the node "
	"where this was done. set, remove and change need the right to read kra.key_file; for the others the KRA of this "
	"node must run.",
	"gatehouse kra password set\ngatehouse kra password unlock --seconds 300\n"},
    .options = options,
    .needs = NEEDS_STORE,
    .check = check_action,
    .work = perform,
    .columns = kra_work_columns,
};
