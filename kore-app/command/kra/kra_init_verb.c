/* `gatehouse kra init`, `kra renew` and `kra show`: the KRA's own keys. */
#include <stdio.h>

#include "kra/kra_key_list.h"

#include "command.h"
#include "kra_work.h"
#include "prompt.h"
#include "secret_file.h"

const struct verb verb_kra_show = {
    .usage = {"", 0, 0,
	"Shows the keys of the key recovery authority: the storage key, under which secrets lie in the database, and the "
	"transport key with its certificate, which clients wrap for. KRA says what the KRA of this node can do with each: "
	"up, locked, refused (another key file), down (no answer). KEYS: how many secrets lie under a storage key.",
	"gatehouse kra show\n"},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .work = kra_work_show,
    .columns = kra_work_columns,
};

/* ---- init ---- */

static struct {
	struct kra_transport_options transport;
	struct kra_password_options password;
	const char *key_alg, *key_uri;
} wish = {.transport = KRA_TRANSPORT_OPTIONS_INIT, .key_alg = "RSA-3072"};

static int
check_none(struct verb_call *c, struct gh_error *err)
{
	struct kra_key_list l;
	int rc = kra_key_list_read(c->env.store, &l, err);

	if (rc != 0)
		return rc;
	if (l.n > 0)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "the KRA has its keys already: see `gatehouse kra show`");
	kra_key_list_clear(&l);
	return rc;
}

/* As `gatehouse init` makes signer.key_file. */
static int
make_key_file(const struct gh_conf *conf, struct gh_error *err)
{
	const char *path = conf->kra.key_file;
	bool exists;
	int rc = secret_file_exists(path, &exists, err);

	if (rc != 0 || exists)
		return rc;
	rc = secret_file_create(path, conf->kra.user, true, err);
	if (rc == 0)
		fprintf(stderr,
		    "note: %s was made: keep a copy of it, apart from the backups of the database\n",
		    path);
	return rc;
}

static int
make_keys(struct verb_call *c, const char *password, struct gh_error *err)
{
	const struct kra_setup_storage storage = {.key_alg = wish.key_alg,
	    .key_uri = wish.key_uri,
	    .password = password};
	struct kra_work w;
	int rc = kra_work_open(c, wish.transport.ca, wish.transport.ca_password_file, &w, err);

	if (rc == 0) {
		const struct kra_setup_transport transport = {.key_alg = wish.key_alg,
		    .key_uri = wish.transport.key_uri,
		    .ca = w.ca.ca,
		    .days = wish.transport.days};

		rc = kra_setup_init(&w.setup, &storage, &transport, err);
	}
	kra_work_close(&w);
	return rc;
}

static int
init(struct verb_call *c, struct gh_error *err)
{
	char *password = NULL;
	int rc = kra_work_check(c->env.conf, err);

	if (rc == 0)
		rc = check_none(c, err);
	if (rc == 0)
		rc = kra_work_read_password(&wish.password, &password, err);
	if (rc == 0)
		rc = make_key_file(c->env.conf, err);
	if (rc == 0)
		rc = make_keys(c, password, err);
	prompt_free(password);
	return rc == 0 ? kra_work_show(c, err) : rc;
}

static const struct option_row init_options[] = {
    VERB_CONFIG,
    {"key-alg", 0, OPTION_TEXT, &wish.key_alg, "ALG",
	"of both keys: " KRA_SETUP_KEY_NAMES " (default: RSA-3072)"},
    {"key-uri", 0, OPTION_TEXT, &wish.key_uri, "URI",
	"the storage key is in a PKCS#11 token: pkcs11:..."},
    {"transport-key-uri", 0, OPTION_TEXT, &wish.transport.key_uri, "URI",
	"the transport key is in a PKCS#11 token"},
    KRA_PASSWORD_ROWS(&wish.password),
    KRA_TRANSPORT_ROWS(&wish.transport),
    VERB_JSON,
    OPTION_END,
};

static int
check_init(const struct verb_call *c)
{
	struct gh_error err;

	if (wish.transport.ca == NULL)
		return command_usage(c->who, "--ca is needed");
	if (wish.key_uri != NULL && (wish.password.is_wanted || wish.password.file != NULL))
		return command_usage(c->who, "a key in a token has a PIN, and no password");
	if (kra_setup_check_key_alg(wish.key_alg, &err) != 0)
		return command_usage(c->who, "%s", err.message);
	return kra_transport_check(c, &wish.transport);
}

const struct verb verb_kra_init = {
    .usage = {"", 0, 0,
	"Makes the keys of the key recovery authority, once: the storage key, and the transport key with a certificate that "
	"the CA named issues. The keys are made by a KRA of this command and stored sealed. Needs kra.socket in the "
	"configuration, and makes kra.key_file where it is missing.",
	"gatehouse kra init --ca issuing\ngatehouse kra init --ca issuing --key-alg P-384 --password\n"},
    .options = init_options,
    .needs = NEEDS_GRANTS | NEEDS_SIGNER,
    .check = check_init,
    .work = init,
    .columns = kra_work_columns,
};

/* ---- renew ---- */

/* Like the one before, unless it is said otherwise. */
static int
renew_with(struct verb_call *c, const struct store_kra_key *current, struct gh_error *err)
{
	char key[32];
	struct kra_work w;
	int rc;

	kra_setup_name_key(&current->spki, key, sizeof(key));
	rc = kra_work_open(c, wish.transport.ca, wish.transport.ca_password_file, &w, err);
	if (rc == 0) {
		const struct kra_setup_transport transport = {.key_alg =
								  wish.transport.key_alg != NULL
			? wish.transport.key_alg
			: key,
		    .key_uri = wish.transport.key_uri,
		    .ca = w.ca.ca,
		    .days = wish.transport.days};

		rc = kra_setup_renew(&w.setup, current->row, &transport, err);
	}
	kra_work_close(&w);
	return rc;
}

static int
renew(struct verb_call *c, struct gh_error *err)
{
	struct store_kra_key current;
	int rc = kra_work_check(c->env.conf, err);

	if (rc != 0)
		return rc;
	rc = store_get_kra_key(c->env.store, STORE_KRA_TRANSPORT, &current, err);
	if (rc == GH_E_NOT_FOUND)
		return gh_refuse(err, GH_E_CONFLICT,
		    "the KRA has no keys yet: `gatehouse kra init`");
	if (rc != 0)
		return rc;
	rc = renew_with(c, &current, err);
	store_kra_key_clear(&current);
	return rc == 0 ? kra_work_show(c, err) : rc;
}

static const struct option_row renew_options[] = {
    VERB_CONFIG,
    {"key-alg", 0, OPTION_TEXT, &wish.transport.key_alg, "ALG",
	"of the new key: " KRA_SETUP_KEY_NAMES " (default: as before)"},
    {"key-uri", 0, OPTION_TEXT, &wish.transport.key_uri, "URI",
	"the new key is in a PKCS#11 token: pkcs11:..."},
    KRA_TRANSPORT_ROWS(&wish.transport),
    VERB_JSON,
    OPTION_END,
};

static int
check_renew(const struct verb_call *c)
{
	if (wish.transport.ca == NULL)
		return command_usage(c->who, "--ca is needed");
	return kra_transport_check(c, &wish.transport);
}

const struct verb verb_kra_renew = {
    .usage = {"", 0, 0,
	"Makes a new transport key with its certificate. What clients have wrapped for the one before can be opened until "
	"the end of its certificate.",
	"gatehouse kra renew --ca issuing\n"},
    .options = renew_options,
    .needs = NEEDS_GRANTS | NEEDS_SIGNER,
    .check = check_renew,
    .work = renew,
    .columns = kra_work_columns,
};
