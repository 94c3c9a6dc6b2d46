/* `gatehouse setup`: what relying parties ask for, made once by the jobs that make it later. */
#include "authority/loaded_ca.h"
#include "jobs/job.h"

#include "setup.h"

static int
run_job(struct setup *s, const struct ca_set *cas, const char *name, struct gh_error *err)
{
	struct job_env env = {.conf = s->env.conf,
	    .server_secret = s->env.secret,
	    .store = s->env.store,
	    .signer = s->made.signer.client,
	    .cas = cas,
	    .who = s->env.who};
	char detail[JOB_DETAIL_SIZE];

	/* one that runs at this moment does the same */
	if (job_run_one(&env, job_find(name), true, detail, err) == JOB_FAILED)
		return err->code;
	return report_add(&s->made.report, "jobs", name, true, err);
}

int
setup_publish(struct setup *s, struct gh_error *err)
{
	struct ca_set cas;
	int rc = loaded_ca_open_all(s->env.store, &cas, err);

	if (rc == 0 && s->made.signer.client == NULL)
		rc = own_signer_start(s->env.conf, SIGNER_PROCESS_CA, &s->made.signer, err);
	if (rc == 0)
		rc = run_job(s, &cas, "crl", err);
	if (rc == 0)
		rc = run_job(s, &cas, "ocsp-signer", err);
	ca_set_clear(&cas);
	return rc;
}
