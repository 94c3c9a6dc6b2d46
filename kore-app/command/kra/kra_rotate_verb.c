/* `gatehouse kra rotate`: another storage key. */
#include <stdio.h>

#include "kra/kra_key_list.h"
#include "store/status/job_row.h"

#include "command.h"
#include "kra_work.h"
#include "prompt.h"

static struct {
	const char *key_alg, *key_uri;
	struct kra_password_options password;
	bool has_none;
} wish;

/* ---- like the one before, unless it is said otherwise ---- */

static bool
asks_for_password(void)
{
	return wish.password.is_wanted || wish.password.file != NULL;
}

/* Another key file would seal a key that no gateway can use. And nobody loses the protection of a
 * password by forgetting an option. */
static int
check_protection(struct signer_client *kra, const struct store_kra_key *current,
    struct gh_error *err)
{
	struct gh_error why;
	enum kra_state state = kra_key_look(current, true, kra, &why);

	if (state == KRA_REFUSED || state == KRA_DOWN)
		return gh_refuse(err, GH_E_CONF,
		    "the KRA does not take the storage key that is in use: is kra.key_file the right one?");
	if (state != KRA_LOCKED || asks_for_password() || wish.has_none || wish.key_uri != NULL)
		return 0;
	return gh_refuse(err, GH_E_VALIDATION,
	    "the storage key is under a password: give the new one a password, too (--password), "
	    "or say --no-password");
}

static int
make(struct verb_call *c, const struct store_kra_key *current, struct gh_error *err)
{
	char key[32], *password = NULL;
	struct own_signer own;
	int rc = own_signer_start(c->env.conf, SIGNER_PROCESS_KRA, &own, err);

	kra_setup_name_key(&current->spki, key, sizeof(key));
	if (rc == 0)
		rc = check_protection(own.client, current, err);
	if (rc == 0)
		rc = kra_work_read_password(&wish.password, &password, err);
	if (rc == 0) {
		const struct kra_setup setup = {.store = c->env.store,
		    .kra = own.client,
		    .who = &c->env.who};
		const struct kra_setup_storage storage = {.key_alg = wish.key_alg != NULL
			? wish.key_alg
			: key,
		    .key_uri = wish.key_uri,
		    .password = password};

		rc = kra_setup_rotate(&setup, &storage, err);
	}
	prompt_free(password);
	own_signer_stop(&own);
	return rc;
}

static int
rotate(struct verb_call *c, struct gh_error *err)
{
	struct store_kra_key current;
	int rc = kra_work_check(c->env.conf, err);

	if (rc != 0)
		return rc;
	rc = store_get_kra_key(c->env.store, STORE_KRA_STORAGE, &current, err);
	if (rc == GH_E_NOT_FOUND)
		return gh_refuse(err, GH_E_CONFLICT,
		    "the KRA has no keys yet: `gatehouse kra init`");
	if (rc != 0)
		return rc;
	rc = make(c, &current, err);
	store_kra_key_clear(&current);
	if (rc == 0 && (rc = store_job_want(c->env.store, &c->env.who, "kra-rotate", err)) == 0)
		fprintf(stderr,
		    "note: a gateway puts the archived keys under it: `gatehouse kra show` tells how far that is\n");
	return rc == 0 ? kra_work_show(c, err) : rc;
}

static const struct option_row options[] = {
    VERB_CONFIG,
    {"key-alg", 0, OPTION_TEXT, &wish.key_alg, "ALG",
	"of the new key: " KRA_SETUP_KEY_NAMES " (default: as before)"},
    {"key-uri", 0, OPTION_TEXT, &wish.key_uri, "URI",
	"the new key is in a PKCS#11 token: pkcs11:..."},
    KRA_PASSWORD_ROWS(&wish.password),
    {"no-password", 0, OPTION_FLAG, &wish.has_none, NULL,
	"leave the new key without one, although the one before has one"},
    VERB_JSON,
    OPTION_END,
};

static int
check(const struct verb_call *c)
{
	struct gh_error err;

	if (wish.has_none && asks_for_password())
		return command_usage(c->who, "--password and --no-password exclude each other");
	if (wish.key_uri != NULL && asks_for_password())
		return command_usage(c->who, "a key in a token has a PIN, and no password");
	if (wish.key_alg != NULL && kra_setup_check_key_alg(wish.key_alg, &err) != 0)
		return command_usage(c->who, "%s", err.message);
	return COMMAND_OK;
}

const struct verb verb_kra_rotate = {
    .usage = {"", 0, 0,
	"Makes a new storage key. The job kra-rotate takes it into use, puts the archived keys under it, and retires the "
	"key before it; keys are archived and recovered meanwhile. Needs the right to read kra.key_file.",
	"gatehouse kra rotate\ngatehouse kra rotate --key-alg P-384 --password\n"},
    .options = options,
    .needs = NEEDS_STORE,
    .check = check,
    .work = rotate,
    .columns = kra_work_columns,
};
