/* Job confirmations: what its client did not confirm in time is revoked. docs/cmc.md */
#include <inttypes.h>
#include <stdio.h>

#include "authority/revoke.h"
#include "store/status/confirmation.h"

#include "job.h"

/* One that changed since it was read is another's matter, or confirmed at the last moment. */
static int
revoke_one(struct job_env *env, const struct store_unconfirmed *u, long long *total,
    struct gh_error *err)
{
	struct requester who = env->who;
	char etag[REVOKE_ETAG_SIZE];
	struct revoke_request what = {.key = {.id = u->id},
	    .to = STORE_CERT_REVOKED,
	    .reason = REASON_CESSATION_OF_OPERATION,
	    .comment = "its client did not confirm it in time",
	    .if_match = revoke_etag(u->version, etag)};
	struct store_cert_status status;
	int rc;

	who.roles |= REQUESTER_ROLE_OFFICER;
	rc = revoke_set_status(env->store, env->conf, &who, &what, &status, err);
	*total += rc == 0;
	return rc == GH_E_PRECONDITION || rc == GH_E_CONFLICT || rc == GH_E_NOT_FOUND ? 0 : rc;
}

int
confirmation_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	struct store_unconfirmed page[STORE_UNCONFIRMED_MAX];
	long long total = 0;
	size_t n = 1;
	int rc = 0;

	while (rc == 0 && n > 0) {
		rc = store_list_unconfirmed(env->store, page, &n, err);
		for (size_t i = 0; rc == 0 && i < n; i++)
			rc = revoke_one(env, &page[i], &total, err);
		if (rc == 0 && n > 0 && job_is_stopping(env))
			rc = gh_fail(err, GH_E_BUSY,
			    "stopped after %lld certificates; the rest is for the next run", total);
	}
	snprintf(detail, size, "%lld certificates revoked that were not confirmed", total);
	return rc;
}

int
confirmation_job_plan(struct job_env *env, struct gh_error *err)
{
	int64_t n;
	int rc = store_count_unconfirmed(env->store, &n, err);

	if (rc == 0 && n > 0)
		job_progress(env, "would revoke %" PRId64 " certificates that were not confirmed",
		    n);
	return rc;
}
