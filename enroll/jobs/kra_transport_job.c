/* Job kra-transport: the transport key of the KRA, renewed in the last third of its certificate's
 * life, and retired at the end of it. docs/kra.md */
#include <stdio.h>
#include <string.h>

#include "calendar.h"
#include "formats/cert_parts.h"
#include "issuing/ca_set.h"
#include "kra/kra_key_list.h"
#include "kra/kra_setup.h"
#include "store/key/transport_key.h"
#include "timestamp.h"

#include "job.h"

struct due {
	bool is_due;
	int days; /* of the life before */
	const struct ca *ca;
};

static int
look(struct job_env *env, const struct store_kra_key *k, struct due *out, struct gh_error *err)
{
	struct store_kra_issuer issuer;
	struct cert_parts cert;
	int64_t life;
	int rc = store_find_kra_issuer(env->store, k->certificate_id, &issuer, err);

	*out = (struct due){0};
	if (rc != 0)
		return rc;
	if (!cert_parts_read(k->cert.p, k->cert.len, &cert))
		return gh_fail(err, GH_E_DB, "transport certificate of KRA key %lld",
		    (long long)k->row);
	life = cert.not_after - cert.not_before;
	out->is_due = issuer.is_revoked || gh_now() > cert.not_after - life / 3;
	out->days = (int)(life / GH_DAY_SECONDS);
	if (out->days < 1)
		out->days = 1;
	if (out->days > KRA_SETUP_DAYS_MAX)
		out->days = KRA_SETUP_DAYS_MAX;
	out->ca = ca_set_find_id(env->cas, issuer.ca_id);
	if (out->is_due && (out->ca == NULL || out->ca->state != CA_ACTIVE))
		return gh_fail(err, GH_E_CA_UNAVAILABLE,
		    "the CA of the transport certificate issues no more: `gatehouse kra renew --ca NAME`");
	return 0;
}

/* On this socket a key is made in the record alone: one in a token would silently leave it. */
static int
check_no_token(struct job_env *env, struct gh_error *err)
{
	struct signer_token_state tokens;
	int rc = signer_client_token_state(env->kra, &tokens, err);

	if (rc == 0 && tokens.is_configured)
		rc = gh_fail(err, GH_E_CA_UNAVAILABLE,
		    "the KRA has a token: make the new transport key there, then `gatehouse kra renew --key-uri URI`");
	return rc;
}

static int
renew(struct job_env *env, const struct store_kra_key *k, const struct due *due,
    struct gh_error *err)
{
	const struct kra_setup setup = {.store = env->store,
	    .signer = env->signer,
	    .kra = env->kra,
	    .who = &env->who,
	    .backdate = env->conf->ca.backdate};
	char key_alg[32];
	const struct kra_setup_transport transport = {.key_alg = key_alg,
	    .ca = due->ca,
	    .days = due->days};
	int rc = check_no_token(env, err);

	kra_setup_name_key(&k->spki, key_alg, sizeof(key_alg));
	return rc == 0 ? kra_setup_renew(&setup, k->row, &transport, err) : rc;
}

/* *is_there: a KRA, and a transport key with a certificate of ours. */
static int
find(struct job_env *env, struct store_kra_key *k, struct due *due, bool *is_there,
    struct gh_error *err)
{
	int rc;

	*is_there = false;
	if (env->kra == NULL)
		return 0;
	if ((rc = store_get_kra_key(env->store, STORE_KRA_TRANSPORT, k, err)) != 0)
		return rc == GH_E_NOT_FOUND ? 0 : rc;
	if (k->certificate_id != 0 && (rc = look(env, k, due, err)) == 0)
		*is_there = true;
	if (!*is_there)
		store_kra_key_clear(k);
	return rc;
}

int
kra_transport_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	struct store_kra_key k;
	struct due due;
	bool is_there;
	int retired = 0;
	int rc = find(env, &k, &due, &is_there, err);

	if (rc != 0 || !is_there)
		return rc;
	if ((rc = store_retire_transports(env->store, &env->who, &retired, err)) == 0 &&
	    retired > 0)
		snprintf(detail, size, "%d old transport keys retired", retired);
	if (rc == 0 && due.is_due && (rc = renew(env, &k, &due, err)) == 0)
		snprintf(detail, size, "a new transport key, certified by CA %.64s", due.ca->name);
	store_kra_key_clear(&k);
	return rc;
}

static bool
has_ended(struct job_env *env, struct gh_error *err)
{
	struct kra_key_list l;
	bool is = false;

	if (kra_key_list_read(env->store, &l, err) != 0)
		return false;
	for (size_t i = 0; i < l.n; i++)
		is |= l.key[i].kind == STORE_KRA_TRANSPORT && strcmp(l.key[i].state, "old") == 0 &&
		    l.key[i].not_after < gh_now();
	kra_key_list_clear(&l);
	return is;
}

int
kra_transport_job_plan(struct job_env *env, struct gh_error *err)
{
	struct store_kra_key k;
	struct due due;
	bool is_there;
	int rc = find(env, &k, &due, &is_there, err);

	if (rc != 0 || !is_there)
		return rc;
	if (has_ended(env, err))
		job_progress(env,
		    "would retire the old transport keys whose certificates have ended");
	if (due.is_due)
		job_progress(env, "would make a new transport key, certified by CA %s",
		    due.ca->name);
	store_kra_key_clear(&k);
	return 0;
}
