/* Keeping CRLs up to date. See crl_job.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crl/crl.h"
#include "dir_publish.h"
#include "log.h"

#include "crl_job.h"

/* Directories refuse large values, and a value is sent whole; who has such CRLs fetches them by
 * HTTP. */
#define DIRECTORY_MAX (16 * 1024 * 1024)

int
crl_job_issue(struct job_env *env, const struct ca *ca, const struct crl_wish *wish, int *made,
    struct gh_error *err)
{
	const struct crl_means means = {.conf = env->conf,
	    .store = env->store,
	    .signer = env->signer,
	    .who = &env->who,
	    .progress = job_progress_of(env)};

	return crl_issue_all(&means, ca, wish, made, err);
}

/* --- publishing ------------------------------------------------------------------------------- */

static int
publish_one(struct job_env *env, const struct ca *ca, bool is_delta, int *published,
    struct gh_error *err)
{
	struct store_crl_scope scope = {ca->id, STORE_CRL_COMPLETE};
	char dn[512], object[CRL_OBJECT_SIZE];
	unsigned char *der = NULL;
	struct store_crl crl;
	int rc = store_crl_newest(env->store, &scope, is_delta, &crl, err);

	if (rc != 0 || crl.id == 0 || crl.is_published)
		return rc;
	if (dir_publish_dn(env->conf->crl.ldap_dn, ca->slug, dn, sizeof(dn)) != 0)
		rc = gh_fail(err, GH_E_CONF, "crl.ldap_dn: no DN for %s", ca->slug);
	else if (crl.size > DIRECTORY_MAX)
		rc = gh_fail(err, GH_E_TOO_LARGE, "CRL of %lld bytes is too large for a directory",
		    (long long)crl.size);
	else if ((rc = store_crl_body(env->store, &crl, &der, err)) == 0)
		rc = dir_publish_crl(env->dir, dn, is_delta, der, (size_t)crl.size, err);
	if (rc == 0 && (rc = store_crl_set_published(env->store, crl.id, err)) == 0)
		++*published;
	free(der);
	if (rc != 0) {
		crl_object(ca, STORE_CRL_COMPLETE, is_delta, object);
		crl_audit_failure(env->store, &env->who, "crl.publish-failed", object, err);
	}
	return rc;
}

int
crl_job_publish(struct job_env *env, const struct ca *ca, int *published, struct gh_error *err)
{
	int rc;

	*published = 0;
	if (*env->conf->crl.ldap_dn == '\0' || env->dir == NULL)
		return 0;
	rc = publish_one(env, ca, false, published, err);
	if (rc == 0 && env->conf->crl.delta_interval > 0)
		rc = publish_one(env, ca, true, published, err);
	return rc;
}

/* --- the job ---------------------------------------------------------------------------------- */

struct tally {
	int made, published, failed;
	char first[200]; /* "CA: reason" of the first failure */
	int rc;
};

static void
note_failure(struct tally *t, const struct ca *ca, const char *what, int rc,
    const struct gh_error *err)
{
	gh_log_kv(GH_LOG_ERROR, what, "ca", ca->name, "cause", err->detail, NULL);
	if (t->failed++ == 0) {
		snprintf(t->first, sizeof(t->first), "%.60s: %.130s", ca->name, err->detail);
		t->rc = rc;
	}
}

static void
issue_all(struct job_env *env, struct tally *t)
{
	const struct crl_wish wish = {.complete = true, .delta = true};

	for (size_t i = 0; i < env->cas->n && !job_is_stopping(env); i++) {
		const struct ca *ca = env->cas->ca[i];
		struct gh_error err = {0};
		int made, rc;

		if (!crl_has_crls(ca))
			continue;
		rc = crl_job_issue(env, ca, &wish, &made, &err);
		t->made += made;
		if (rc != 0 && rc != GH_E_BUSY)
			note_failure(t, ca, "a CRL was not made; the one before stays in use", rc,
			    &err);
	}
}

static void
publish_all(struct job_env *env, struct tally *t)
{
	for (size_t i = 0; i < env->cas->n && !job_is_stopping(env); i++) {
		const struct ca *ca = env->cas->ca[i];
		struct gh_error err = {0};
		int published, rc;

		if (!crl_has_crls(ca))
			continue;
		rc = crl_job_publish(env, ca, &published, &err);
		t->published += published;
		if (rc != 0)
			note_failure(t, ca, "a CRL was not published in the directory", rc, &err);
	}
}

int
crl_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	struct tally t = {0};

	issue_all(env, &t);
	publish_all(env, &t);
	if (t.failed > 0)
		return gh_fail(err, (enum gh_code)t.rc, "%s%s (%d made, %d failed)", t.first,
		    t.failed > 1 ? " and others" : "", t.made, t.failed);
	if (t.published > 0)
		snprintf(detail, size, "%d made, %d published", t.made, t.published);
	else
		snprintf(detail, size, "%d made", t.made);
	return 0;
}

/* --- what a run would do ---------------------------------------------------------------------- */

struct planning {
	struct job_env *env;
	struct store_crl_maker *maker;
	struct crl_order order;
};

/* The question that crl_issue asks, under the same lock, and no more. */
static int
plan_one(struct planning *i, int shard, bool is_delta, struct gh_error *err)
{
	const struct store_crl_scope scope = {i->order.ca->id, shard};
	char object[CRL_OBJECT_SIZE];
	struct store_crl_state state;
	int rc = store_crl_begin(i->maker, &scope, &state, err);

	store_crl_rollback(i->maker);
	i->order.shard = shard;
	i->order.is_delta = is_delta;
	crl_object(i->order.ca, shard, is_delta, object);
	if (rc == GH_E_BUSY) {
		job_progress(i->env, "%s: is being made at this moment", object);
		return 0;
	}
	if (rc == 0 && crl_is_due(&i->order, &state))
		job_progress(i->env, "would make the CRL %s, number %lld", object,
		    (long long)state.last_number + 1);
	return rc;
}

static int
plan_published(struct job_env *env, const struct ca *ca, bool is_delta, struct gh_error *err)
{
	const struct store_crl_scope scope = {ca->id, STORE_CRL_COMPLETE};
	char object[CRL_OBJECT_SIZE];
	struct store_crl crl;
	int rc = store_crl_newest(env->store, &scope, is_delta, &crl, err);

	crl_object(ca, STORE_CRL_COMPLETE, is_delta, object);
	if (rc == 0 && crl.id != 0 && !crl.is_published)
		job_progress(env, "would publish the CRL %s, number %lld, in the directory", object,
		    (long long)crl.number);
	return rc;
}

static int
plan_ca(struct job_env *env, const struct ca *ca, struct gh_error *err)
{
	struct crl_schedule schedule = crl_schedule_of(env->conf);
	struct planning i = {.env = env,
	    .order = {.ca = ca, .schedule = &schedule, .who = &env->who}};
	bool has_directory = *env->conf->crl.ldap_dn != '\0',
	     has_deltas = schedule.delta_interval > 0;
	int n = 0, rc = store_crl_open(env->store, &i.maker, err);

	if (rc == 0)
		rc = plan_one(&i, STORE_CRL_COMPLETE, false, err);
	if (rc == 0)
		rc = store_crl_shards(env->store, ca->id, &n, err);
	if (n < ca->crl_shards)
		n = ca->crl_shards;
	for (int shard = 0; rc == 0 && shard < n; shard++)
		rc = plan_one(&i, shard, false, err);
	if (rc == 0 && has_deltas)
		rc = plan_one(&i, STORE_CRL_COMPLETE, true, err);
	store_crl_close(i.maker);
	if (rc == 0 && has_directory)
		rc = plan_published(env, ca, false, err);
	return rc == 0 && has_directory && has_deltas ? plan_published(env, ca, true, err) : rc;
}

int
crl_job_plan(struct job_env *env, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < env->cas->n; i++)
		if (crl_has_crls(env->cas->ca[i]))
			rc = plan_ca(env, env->cas->ca[i], err);
	return rc;
}
