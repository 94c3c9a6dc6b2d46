/* The nodes of the house, by the job that each of them runs; and all jobs. See house.h. */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "calendar.h"
#include "jobs/job.h"
#include "store/status/job_row.h"

#include "house.h"

#define GONE (7 * GH_DAY_SECONDS) /* a node not seen for so long was taken away */

/* ---- nodes ---- */

static const struct job *
job_of_nodes(void)
{
	size_t i = 0;

	while (i < job_table_len && job_table[i].kind != JOB_PER_NODE)
		i++;
	return i < job_table_len ? &job_table[i] : NULL;
}

static void
judge_node(struct findings *f, const char *name, int64_t idle, int interval)
{
	char span[FINDING_SPAN_SIZE];

	if (idle < 0)
		return;
	finding_span(idle, span);
	if (!job_is_late(idle, interval))
		finding_ok(f, "node", "%s: seen %s ago", name, span);
	else if (idle < GONE)
		finding_wrong(f, FINDING_WARNING, "node", "does the gateway run there?",
		    "%s was last seen %s ago", name, span);
	else
		finding_ok(f, "node", "%s: gone, last seen %s ago", name, span);
}

void
house_nodes(struct findings *f, const struct worker_env *env)
{
	const struct job *job = job_of_nodes();
	int interval = job != NULL ? job_interval(job, env->conf) : 0;
	struct store_job *states = NULL;
	struct gh_error err = {0};
	size_t n = 0;

	if (env->store == NULL || interval == 0)
		return;
	if (store_job_states(env->store, &states, &n, &err) != 0)
		finding_wrong(f, FINDING_ERROR, "node", "try again", "%s", err.detail);
	for (size_t i = 0; i < n; i++) {
		const char *at = strchr(states[i].name, '@');

		if (at != NULL)
			judge_node(f, at + 1, states[i].idle, interval);
	}
	free(states);
}

/* ---- jobs ---- */

#define FAILURES_ERROR 3 /* in a row, as the alert GatehouseJobFails has it */
#define NEVER_MAX 8192   /* names of all jobs, one with that of the node */

static void
check_job(struct findings *f, const char *row, const struct store_job *state, int interval)
{
	int failures = state->failures - state->running;

	if (failures == 1)
		finding_wrong(f, FINDING_WARNING, "job", "`gatehouse job list` shows why",
		    "the last run of %s failed", row);
	else if (failures > 1)
		finding_wrong(f, failures < FAILURES_ERROR ? FINDING_WARNING : FINDING_ERROR, "job",
		    "`gatehouse job list` shows why", "%s failed %d times in a row", row, failures);
	else if (interval > 0 && job_is_late(state->idle, interval))
		finding_wrong(f, FINDING_WARNING, "job", "does the gateway run?",
		    "%s last ran %lld s ago, and is due every %d s", row, (long long)state->idle,
		    interval);
	else
		finding_ok(f, "job", "%s ran %lld s ago", row, (long long)state->idle);
}

/* All of a house that has not been started yet, and for seconds some of one that has: one line. */
static void
tell_never(struct findings *f, const struct gh_buf *never)
{
	if (never->len > 0)
		finding_wrong(f, FINDING_WARNING, "job",
		    "start the gateway, which runs them at once; or `gatehouse job run NAME`",
		    "never run: %.*s", (int)never->len, (const char *)never->data);
}

void
house_jobs(struct findings *f, const struct worker_env *env)
{
	struct gh_buf never;

	gh_buf_init(&never, NEVER_MAX);
	for (size_t i = 0; env->store != NULL && i < job_table_len; i++) {
		int interval = job_interval(&job_table[i], env->conf);
		struct store_job state;
		struct gh_error err = {0};
		char row[JOB_ROW_SIZE];

		job_row_name(&job_table[i], row);
		if (store_job_state(env->store, row, &state, &err) != 0) {
			finding_wrong(f, FINDING_ERROR, "job", "try again", "%s: %s", row,
			    err.detail);
			break;
		}
		if (interval > 0 && state.idle >= 0)
			check_job(f, row, &state, interval);
		else if (interval > 0)
			gh_buf_putf(&never, "%s%s", never.len > 0 ? ", " : "", row);
	}
	tell_never(f, &never);
	f->failed |= never.failed;
	gh_buf_free(&never);
}
