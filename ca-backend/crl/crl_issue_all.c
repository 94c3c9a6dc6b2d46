/* CRLs of one CA. See crl_issue_all.h. */
#include "log.h"

#include "crl_issue_all.h"

/* A failure that goes on is in the audit trail once in this time. */
#define AUDIT_AGAIN_SECONDS 3600

bool
crl_has_crls(const struct ca *ca)
{
	return ca->sealed != NULL && ca->state != CA_PENDING && ca->state != CA_RETIRED;
}

struct crl_schedule
crl_schedule_of(const struct gh_conf *conf)
{
	return (struct crl_schedule){
	    .interval = conf->crl.interval,
	    .grace = conf->crl.grace,
	    .delta_interval = conf->crl.delta_interval,
	    .on_revoke = conf->crl.on_revoke,
	    .min_interval = conf->crl.min_interval,
	};
}

void
crl_audit_failure(struct store *store, const struct requester *who, const char *event,
    const char *object, const struct gh_error *why)
{
	struct store_audit audit = {.event = event,
	    .outcome = "failure",
	    .who = who,
	    .object = object,
	    .detail = why->detail};
	struct gh_error err = {0};

	if (store_crl_audit_failure(store, &audit, AUDIT_AGAIN_SECONDS, &err) != 0)
		gh_log_kv(GH_LOG_ERROR, "a failure is not in the audit trail", "event", event,
		    "object", object, "cause", err.detail, NULL);
}

struct issuing {
	const struct crl_means *m;
	struct store_crl_maker *maker;
	struct crl_order order;
	int made;
};

static int
issue_one(struct issuing *i, int shard, bool is_delta, struct gh_error *err)
{
	char object[CRL_OBJECT_SIZE];
	struct store_crl crl;
	int rc;

	if (gh_progress_is_stopping(&i->m->progress))
		return gh_fail(err, GH_E_BUSY, "stopping");
	i->order.shard = shard;
	i->order.is_delta = is_delta;
	crl_object(i->order.ca, shard, is_delta, object);
	rc = crl_issue(i->maker, i->m->signer, &i->order, &crl, err);
	if (rc == 0 && crl.id != 0) {
		i->made++;
		gh_progress_tell(&i->m->progress, "%s: number %lld, %lld entries", object,
		    (long long)crl.number, (long long)crl.entries);
	}
	if (rc != 0 && rc != GH_E_BUSY)
		crl_audit_failure(i->m->store, i->m->who, "crl.failed", object, err);
	return rc;
}

/* Also shards that the CA had once: certificates name them as long as they live. */
static int
issue_shards(struct issuing *i, struct gh_error *err)
{
	int n, rc = store_crl_shards(i->m->store, i->order.ca->id, &n, err);

	if (rc == 0 && n < i->order.ca->crl_shards)
		n = i->order.ca->crl_shards;
	for (int shard = 0; rc == 0 && shard < n; shard++)
		rc = issue_one(i, shard, false, err);
	return rc;
}

int
crl_wish_check(const struct crl_wish *wish, const struct gh_conf *conf, struct gh_error *err)
{
	if (wish->delta && !wish->complete && conf->crl.delta_interval == 0)
		return gh_refuse(err, GH_E_CONF,
		    "crl.delta_interval is 0: there are no delta CRLs");
	return 0;
}

int
crl_issue_all(const struct crl_means *m, const struct ca *ca, const struct crl_wish *wish,
    int *made, struct gh_error *err)
{
	struct crl_schedule schedule = crl_schedule_of(m->conf);
	struct issuing i = {.m = m,
	    .order = {.ca = ca,
		.is_forced = wish->is_forced,
		.schedule = &schedule,
		.who = m->who}};
	int rc;

	*made = 0;
	if ((rc = crl_wish_check(wish, m->conf, err)) != 0)
		return rc;
	if (ca->sealed == NULL)
		return gh_refuse(err, GH_E_CA_UNAVAILABLE, "CA %s has no key here", ca->name);
	if (!crl_has_crls(ca))
		return gh_refuse(err, GH_E_CONFLICT, "CA %s is %s: it issues no CRLs", ca->name,
		    ca_state_name(ca->state));
	if ((rc = store_crl_open(m->store, &i.maker, err)) != 0)
		return rc;
	if (wish->complete && (rc = issue_one(&i, STORE_CRL_COMPLETE, false, err)) == 0)
		rc = issue_shards(&i, err);
	if (rc == 0 && wish->delta && schedule.delta_interval > 0)
		rc = issue_one(&i, STORE_CRL_COMPLETE, true, err);
	store_crl_close(i.maker);
	*made = i.made;
	return rc;
}
