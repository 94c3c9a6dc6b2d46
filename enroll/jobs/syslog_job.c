/* Job syslog: new rows of the audit trail go to the collector. docs/monitoring.md#syslog */
#include <stdio.h>

#include "store/audit/syslog_cursor.h"
#include "syslog/syslog_send.h"

#include "job.h"

int
syslog_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	const struct gh_progress progress = {.is_stopping = env->is_stopping, .arg = env->arg};
	struct syslog_sent sent;
	int rc;

	if (env->conf->syslog.host[0] == '\0') {
		snprintf(detail, size, "no collector: syslog.host is empty");
		return 0;
	}
	rc = syslog_send(env->conf, env->store, &env->who, &progress, &sent, err);
	if (sent.wrong > 0)
		snprintf(detail, size,
		    "%lld rows sent, %lld of them are not as they were sealed: gatehouse audit verify",
		    (long long)sent.rows, (long long)sent.wrong);
	else
		snprintf(detail, size, "%lld rows sent", (long long)sent.rows);
	return rc;
}

int
syslog_job_plan(struct job_env *env, struct gh_error *err)
{
	int64_t n = 0;
	int rc;

	if (env->conf->syslog.host[0] == '\0')
		return 0;
	rc = store_syslog_waiting(env->store, &n, err);
	if (rc == 0 && n > 0)
		job_progress(env, "would send %lld rows%s", (long long)n,
		    n >= 10000 ? " or more" : "");
	return rc;
}
