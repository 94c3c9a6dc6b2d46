/* Renewal of OCSP signers. See ocsp_job.h. */
#include <stdio.h>
#include <string.h>

#include "asn1_time.h"
#include "calendar.h"
#include "log.h"
#include "timestamp.h"

#include "store/status/crl_row.h"
#include "store/status/delegated_signer.h"

#include "ocsp_job.h"
#include "ocsp/ocsp_signer.h"

/* A failure that goes on is in the audit trail once in this time. */
#define AUDIT_AGAIN_SECONDS 3600
/* Keys of signers that ended so long ago are removed; their certificates stay. */
#define KEEP_ENDED_SECONDS (7 * GH_DAY_SECONDS)

static bool
has_signers(const struct ca *ca, int64_t now, int64_t *end)
{
	if (ca->sealed == NULL || ca->state == CA_PENDING || ca->state == CA_RETIRED ||
	    ca->cert == NULL || !gh_asn1_time_get(X509_get0_notAfter(ca->cert), end))
		return false;
	return *end > now;
}

/* A signer that ends before that is renewed. */
static int64_t
renewed_before(const struct gh_conf *conf, int64_t now, int64_t end)
{
	int64_t until = now + (int64_t)conf->ocsp.signer_days * GH_DAY_SECONDS / 3;

	/* nothing that the CA signs is valid longer than itself */
	return until < end ? until : end - 1;
}

static int
renew_one(struct job_env *env, const struct ca *ca, int64_t now, int64_t end, bool *is_new,
    struct gh_error *err)
{
	const struct ocsp_issuing i = {.conf = env->conf,
	    .store = env->store,
	    .signer = env->signer,
	    .ca = ca};
	int64_t until = renewed_before(env->conf, now, end);
	struct store_signer signer;
	int rc = store_find_signer(env->store, STORE_SIGNER_OCSP, ca->id, until, &signer, err);

	*is_new = false;
	if (rc == GH_E_NOT_FOUND)
		rc = ocsp_signer_issue(&i, &env->who, until, &signer, is_new, err);
	store_signer_clear(&signer);
	return rc;
}

static void
audit_failure(struct job_env *env, const struct ca *ca, const struct gh_error *why)
{
	struct store_audit audit = {.event = "ocsp.signer-failed",
	    .outcome = "failure",
	    .who = &env->who,
	    .object = ca->name,
	    .detail = why->detail};
	struct gh_error err = {0};

	if (store_crl_audit_failure(env->store, &audit, AUDIT_AGAIN_SECONDS, &err) != 0)
		gh_log_kv(GH_LOG_ERROR, "a failure is not in the audit trail", "event", audit.event,
		    "object", ca->name, "cause", err.detail, NULL);
}

int
ocsp_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	int64_t now = gh_now(), end;
	int made = 0, failed = 0, rc = 0;

	for (size_t i = 0; i < env->cas->n; i++) {
		const struct ca *ca = env->cas->ca[i];
		struct gh_error own = {0};
		bool is_new;

		if (job_is_stopping(env))
			return gh_fail(err, GH_E_BUSY, "stopping");
		if (!has_signers(ca, now, &end))
			continue;
		if (renew_one(env, ca, now, end, &is_new, &own) == 0) {
			made += is_new;
			continue;
		}
		failed++;
		audit_failure(env, ca, &own);
		if (rc == 0) {
			rc = own.code;
			*err = own;
		}
	}
	snprintf(detail, size, "%d new signers, %d CAs without", made, failed);
	if (rc == 0)
		rc = store_purge_signers(env->store, STORE_SIGNER_OCSP, KEEP_ENDED_SECONDS, err);
	return rc;
}

int
ocsp_job_plan(struct job_env *env, struct gh_error *err)
{
	int64_t now = gh_now(), end;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < env->cas->n; i++) {
		const struct ca *ca = env->cas->ca[i];
		struct store_signer signer;

		if (!has_signers(ca, now, &end))
			continue;
		rc = store_find_signer(env->store, STORE_SIGNER_OCSP, ca->id,
		    renewed_before(env->conf, now, end), &signer, err);
		store_signer_clear(&signer);
		if (rc != GH_E_NOT_FOUND)
			continue;
		job_progress(env, "would make an OCSP signer of CA %s", ca->name);
		rc = 0;
	}
	return rc;
}
