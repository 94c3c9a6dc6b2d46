/* `gatehouse doctor`: the key recovery authority, its keys, and who could agree to a recovery. */
#include <string.h>

#include "calendar.h"
#include "formats/cert_parts.h"
#include "kra/kra_key_list.h"
#include "store/key/storage_key.h"
#include "timestamp.h"

#include "command/list.h"
#include "doctor.h"

static const char *
kra_todo(enum kra_state state)
{
	switch (state) {
	case KRA_EMPTY:
		return "`gatehouse kra init`";
	case KRA_LOCKED:
		return "unlock it where keys are to be recovered: `gatehouse kra password unlock`";
	case KRA_TOKEN_AWAY:
		return "check kra.pkcs11_module and the token";
	case KRA_REFUSED:
		return "restore kra.key_file, with which the keys were sealed, from its backup";
	default:
		return "systemctl restart gatehouse-kra; its log says more";
	}
}

static void
check_state(struct doctor *d, enum kra_state state, const struct gh_error *err)
{
	const char *path = d->env.conf->kra.socket;

	if (state == KRA_UP)
		finding_ok(&d->findings, "kra", "answers at %s", path);
	else
		finding_wrong(&d->findings,
		    state == KRA_LOCKED || state == KRA_EMPTY ? FINDING_WARNING : FINDING_ERROR,
		    "kra", kra_todo(state), "%s: %s: %s", path, kra_state_name(state), err->detail);
}

/* The job renews it in the last third of its life: by the last sixth it has failed for long. */
static void
check_transport(struct doctor *d, const struct store_kra_key *k)
{
	struct findings *f = &d->findings;
	char until[GH_TIMESTAMP_SIZE];
	struct cert_parts cert;
	int64_t now = gh_now();

	if (!cert_parts_read(k->cert.p, k->cert.len, &cert)) {
		finding_wrong(f, FINDING_ERROR, "kra-transport", "`gatehouse kra renew --ca NAME`",
		    "the transport certificate cannot be read");
		return;
	}
	gh_timestamp_format(cert.not_after, until);
	if (cert.not_after <= now)
		finding_wrong(f, FINDING_ERROR, "kra-transport",
		    "`gatehouse kra renew --ca NAME`, and `gatehouse job list` shows why the job did not",
		    "the transport certificate ended at %s: clients cannot wrap for the KRA",
		    until);
	else if (cert.not_after - now < (cert.not_after - cert.not_before) / 6)
		finding_wrong(f, FINDING_WARNING, "kra-transport",
		    "`gatehouse kra renew --ca NAME`, and `gatehouse job list` shows why the job did not",
		    "the transport certificate ends at %s, and was not renewed", until);
	else
		finding_ok(f, "kra-transport", "the transport certificate is valid until %s",
		    until);
}

static void
check_keys(struct doctor *d, const struct kra_key_list *keys)
{
	int old = 0;

	for (size_t i = 0; i < keys->n; i++) {
		const struct store_kra_key *k = &keys->key[i];
		bool is_current = strcmp(k->state, "current") == 0;

		if (k->kind == STORE_KRA_TRANSPORT && is_current)
			check_transport(d, k);
		old += k->kind == STORE_KRA_STORAGE && !is_current;
	}
	if (old > 0)
		finding_wrong(&d->findings, FINDING_WARNING, "kra-storage",
		    "let the job kra-rotate end: `gatehouse job list` shows how far it is",
		    "%d storage keys beside the current one are in use: a rotation goes on, or was left",
		    old);
}

/* Each secret lies under a key that there is. */
static void
check_stored(struct doctor *d)
{
	struct gh_error err = {0};
	int64_t n;

	if (store_count_lost(d->env.store, &n, &err) != 0)
		finding_wrong(&d->findings, FINDING_ERROR, "kra-stored", "try again", "%s",
		    err.detail);
	else if (n > 0)
		finding_wrong(&d->findings, FINDING_ERROR, "kra-stored",
		    "restore the rows of table kra_key from a backup",
		    "%lld archived keys lie under a storage key of which there is no row: they cannot be recovered",
		    (long long)n);
	else
		finding_ok(&d->findings, "kra-stored",
		    "each archived key lies under a storage key of the KRA");
}

static bool
is_agent(const gh_json *user)
{
	const gh_json *roles = gh_json_get(user, "roles");

	if (!gh_json_bool(gh_json_get(user, "enabled"), false))
		return false;
	for (size_t i = 0; i < gh_json_size(roles); i++) {
		const char *role = gh_json_string(gh_json_at(roles, i));

		if (role != NULL && strcmp(role, "agent") == 0)
			return true;
	}
	return false;
}

/* Who is in a group only the directory knows; local users are counted. */
static void
check_agents(struct doctor *d)
{
	const struct gh_conf *c = d->env.conf;
	const struct store_filter all = {0};
	struct gh_error err = {0};
	gh_json *users;
	int n = 0;

	if (list_load(d->env.store, STORE_LIST_USERS, all, 0, &users, &err) != 0) {
		finding_wrong(&d->findings, FINDING_ERROR, "kra-agents", "try again", "%s",
		    err.detail);
		return;
	}
	for (size_t i = 0; i < gh_json_size(users); i++)
		n += is_agent(gh_json_at(users, i));
	gh_json_free(users);
	if (*c->roles.agent_groups != '\0')
		finding_ok(&d->findings, "kra-agents", "agents are %s, and %d local users",
		    c->roles.agent_groups, n);
	else if (n >= c->kra.approvals)
		finding_ok(&d->findings, "kra-agents", "%d local users are agents, %d must agree",
		    n, c->kra.approvals);
	else
		finding_wrong(&d->findings, FINDING_WARNING, "kra-agents",
		    "`gatehouse user create NAME --role agent`, or roles.agent_groups",
		    "%d agents, and %d must agree (kra.approvals): no key can be recovered", n,
		    c->kra.approvals);
}

void
doctor_kra(struct doctor *d)
{
	enum kra_state state = KRA_DOWN;
	struct kra_key_list keys = {0};
	struct gh_error err = {0};
	int rc;

	if (d->env.conf->kra.socket[0] == '\0') {
		finding_ok(&d->findings, "kra", "none: kra.socket is empty");
		return;
	}
	rc = env_open(&d->gateway, ENV_KRA, &err);
	if (rc == 0)
		rc = signer_client_ping(d->gateway.kra, &err);
	if (rc == 0 && d->env.store == NULL) { /* which keys it should have stands there */
		check_state(d, KRA_UP, &err);
		return;
	}
	if (rc == 0)
		rc = kra_key_list_read(d->env.store, &keys, &err);
	if (rc == 0)
		state = kra_key_list_look(&keys, NULL, d->gateway.kra, &err);
	check_state(d, state, &err);
	check_keys(d, &keys);
	kra_key_list_clear(&keys);
	if (d->env.store != NULL) {
		check_stored(d);
		check_agents(d);
	}
}
