/* See kra_work.h. */
#include <stdio.h>
#include <string.h>

#include "authority/ca_password.h"
#include "hex.h"
#include "kra/kra_key_list.h"
#include "store/key/storage_key.h"
#include "timestamp.h"
#include "utf8.h"

#include "ca/ca_work.h"
#include "command.h"
#include "kra_work.h"
#include "prompt.h"

#define UNLOCK_SECONDS 60 /* of our own signer, which ends before that */

int
kra_work_check(const struct gh_conf *conf, struct gh_error *err)
{
	if (conf->kra.socket[0] != '\0')
		return 0;
	return gh_refuse(err, GH_E_CONF,
	    "there is no KRA: name its socket in the configuration first (kra.socket)");
}

int
kra_work_check_password(const char *password, struct gh_error *err)
{
	size_t n = gh_utf8_length(password, strlen(password));

	if (n >= CA_PASSWORD_MIN && n <= CA_PASSWORD_MAX)
		return 0;
	return gh_refuse(err, GH_E_VALIDATION, "the password of a key has %d to %d characters",
	    CA_PASSWORD_MIN, CA_PASSWORD_MAX);
}

int
kra_work_read_password(const struct kra_password_options *o, char **out, struct gh_error *err)
{
	int rc;

	*out = NULL;
	if (!o->is_wanted && o->file == NULL)
		return 0;
	rc = prompt_password(o->file, "password of the storage key", true, out, err);
	if (rc != 0)
		return rc;
	if ((rc = kra_work_check_password(*out, err)) != 0) {
		prompt_free(*out);
		*out = NULL;
	}
	return rc;
}

int
kra_transport_check(const struct verb_call *c, const struct kra_transport_options *o)
{
	struct gh_error err;

	if (o->days < 1 || o->days > KRA_SETUP_DAYS_MAX)
		return command_usage(c->who, "--days is a number from 1 to %d", KRA_SETUP_DAYS_MAX);
	if (o->key_alg != NULL && kra_setup_check_key_alg(o->key_alg, &err) != 0)
		return command_usage(c->who, "%s", err.message);
	return COMMAND_OK;
}

/* ---- means ---- */

/* Our own signer has just started: a key under a password is locked in it. */
static int
unlock(const struct kra_work *w, const struct authority *a, struct gh_error *err)
{
	const struct ca *ca = w->ca.ca;
	char *password;
	int64_t until;
	int rc = authority_password(a, ca, true, &password, err);

	if (rc == 0 && password != NULL)
		rc = signer_client_unlock(w->setup.signer, ca->sealed, ca->sealed_len, password,
		    UNLOCK_SECONDS, &until, err);
	authority_password_free(password);
	return rc;
}

int
kra_work_open(const struct verb_call *c, const char *ca, const char *password_file,
    struct kra_work *out, struct gh_error *err)
{
	const struct ca_passwords passwords = {.parent_file = password_file};
	struct authority a;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = loaded_ca_open_parent(c->env.store, ca, &out->ca, err);
	if (rc == 0)
		rc = own_signer_start(c->env.conf, SIGNER_PROCESS_KRA, &out->kra, err);
	if (rc != 0)
		return rc;
	out->setup = (struct kra_setup){.store = c->env.store,
	    .signer = c->signer.client,
	    .kra = out->kra.client,
	    .who = &c->env.who,
	    .backdate = c->env.conf->ca.backdate};
	ca_work_init(&c->env, &c->signer, &passwords, &a);
	return unlock(out, &a, err);
}

void
kra_work_close(struct kra_work *w)
{
	own_signer_stop(&w->kra);
	loaded_ca_close(&w->ca);
}

/* ---- showing ---- */

const struct output_column kra_work_columns[] = {{"KIND", "kind"}, {"STATE", "state"},
    {"KEY", "key"}, {"KEYS", "keys"}, {"CERTIFICATE", "certificate_id"}, {"NOT AFTER", "not_after"},
    {"KRA", "kra"}, {"ID", "id"}, {NULL, NULL}};

static gh_json *
key_json(const struct store_kra_key *k, const char *kra)
{
	char id[2 * KRA_KEY_ID_SIZE + 1], key[32], until[GH_TIMESTAMP_SIZE];
	gh_json *o = gh_json_new_object();
	int bad;

	kra_setup_name_key(&k->spki, key, sizeof(key));
	bad =
	    gh_json_set_string(o, "kind", k->kind == STORE_KRA_STORAGE ? "storage" : "transport") |
	    gh_json_set_string(o, "state", k->state) |
	    gh_json_set_string(o, "id", gh_hex_lower(k->id, sizeof(k->id), id)) |
	    gh_json_set_string(o, "key", key) | gh_json_set_string(o, "kra", kra);
	if (k->certificate_id != 0)
		bad |= gh_json_set_int(o, "certificate_id", k->certificate_id) |
		    gh_json_set_string(o, "not_after", gh_timestamp_format(k->not_after, until));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* What the KRA that runs here says of a key. */
static const char *
ask(struct signer_client *kra, const struct store_kra_key *k)
{
	struct gh_error err;

	return kra_state_name(kra != NULL ? kra_key_look(k, false, kra, &err) : KRA_DOWN);
}

/* A storage key with the number of secrets that lie under it. */
static int
put_key(struct verb_call *c, const struct store_kra_key *k, const char *kra, struct gh_error *err)
{
	gh_json *o = key_json(k, kra);
	int64_t n;
	int rc = 0;

	if (k->kind == STORE_KRA_STORAGE &&
	    (rc = store_count_under(c->env.store, k->id, &n, err)) == 0 &&
	    gh_json_set_int(o, "keys", n) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "keys of the KRA");
	if (rc != 0)
		gh_json_free(o);
	else if (gh_json_append(c->out, o) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "keys of the KRA");
	return rc;
}

int
kra_work_show(struct verb_call *c, struct gh_error *err)
{
	struct worker_env env = {.conf = c->env.conf};
	struct kra_key_list l;
	int rc = kra_key_list_read(c->env.store, &l, err);

	if (rc != 0)
		return rc;
	if ((rc = env_open(&env, ENV_KRA, err)) == 0 && (c->out = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "keys of the KRA");
	for (size_t i = 0; rc == 0 && i < l.n; i++)
		rc = put_key(c, &l.key[i], ask(env.kra, &l.key[i]), err);
	env_close(&env);
	kra_key_list_clear(&l);
	return rc;
}
