/* Running jobs: which is due, the lock, the record. */
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "store/status/job_row.h"

#include "job.h"

#define HOST_SIZE 128
_Static_assert(JOB_ROW_SIZE > 60 + 1 + HOST_SIZE,
    "the row of a job has the whole host in its name");
#define RETRY_FIRST_S 10
#define RETRY_MAX_S 3600

const struct job *
job_find(const char *name)
{
	for (size_t i = 0; i < job_table_len; i++)
		if (strcmp(job_table[i].name, name) == 0)
			return &job_table[i];
	return NULL;
}

int
job_interval(const struct job *job, const struct gh_conf *conf)
{
	return *(const int *)(const void *)((const char *)conf + job->interval);
}

bool
job_is_stopping(const struct job_env *env)
{
	return env->is_stopping != NULL && env->is_stopping(env->arg);
}

struct gh_progress
job_progress_of(const struct job_env *env)
{
	return (struct gh_progress){env->is_stopping, env->progress, env->arg};
}

void
job_progress(const struct job_env *env, const char *fmt, ...)
{
	char text[JOB_DETAIL_SIZE];
	va_list ap;

	if (env->progress == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	env->progress(env->arg, text);
}

bool
job_is_late(int64_t idle, int interval)
{
	return interval > 0 && idle > 3 * (int64_t)interval + 60;
}

int
job_delay(int interval, int failures)
{
	int delay = RETRY_FIRST_S;

	if (failures <= 0)
		return interval;
	while (--failures > 0 && delay < RETRY_MAX_S)
		delay *= 2;
	if (delay > RETRY_MAX_S)
		delay = RETRY_MAX_S;
	return delay < interval ? delay : interval;
}

static bool
is_due(const struct job *job, const struct gh_conf *conf, const struct store_job *state)
{
	int interval = job_interval(job, conf);

	if (state->wanted)
		return true;
	return interval > 0 &&
	    (state->idle < 0 || state->idle >= job_delay(interval, state->failures));
}

static void
name_host(char out[HOST_SIZE])
{
	if (gethostname(out, HOST_SIZE - 1) != 0)
		snprintf(out, HOST_SIZE, "localhost");
	out[HOST_SIZE - 1] = '\0';
}

void
job_row_name(const struct job *job, char out[JOB_ROW_SIZE])
{
	char host[HOST_SIZE];

	name_host(host);
	snprintf(out, JOB_ROW_SIZE, "%.60s%s%s", job->name, job->kind == JOB_PER_NODE ? "@" : "",
	    job->kind == JOB_PER_NODE ? host : "");
}

static void
name_node(char *out, size_t size)
{
	char host[HOST_SIZE];

	name_host(host);
	snprintf(out, size, "%s pid %ld", host, (long)getpid());
}

void
job_note(const struct job_env *env, const char *fmt, ...)
{
	char text[JOB_DETAIL_SIZE];
	struct gh_error err;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	job_progress(env, "%s", text);
	if (env->row != NULL && store_job_note(env->store, env->row, text, &err) != 0)
		gh_log_kv(GH_LOG_WARN, "how far a job is, is not recorded", "cause", err.detail,
		    NULL);
}

bool
job_has_long(const struct gh_conf *conf)
{
	return conf->scan.targets[0] != '\0';
}

/* Where nobody runs long jobs, somebody must say that there is nothing to do. */
static enum job_lane
lane_of(const struct job *job, const struct gh_conf *conf)
{
	if (job->kind == JOB_LONG && job_has_long(conf))
		return JOB_LANE_LONG;
	return job->kind == JOB_SLOW || job->kind == JOB_LONG ? JOB_LANE_SLOW : JOB_LANE_COMMON;
}

/* The lock is ours. */
static enum job_result
run_locked(struct job_env *env, const struct job *job, const char *row, char *detail,
    struct gh_error *err)
{
	struct gh_error why = {0};
	char node[192];
	int rc;

	name_node(node, sizeof(node));
	if (store_job_begin(env->store, row, node, err) != 0)
		return JOB_FAILED;
	env->row = row;
	rc = job->run(env, detail, JOB_DETAIL_SIZE, err);
	env->row = NULL;
	if (rc != 0)
		snprintf(detail, JOB_DETAIL_SIZE, "%.*s", JOB_DETAIL_SIZE - 1, err->detail);
	/* Not written: the row says that the run never ended, and it comes again as after a
	 * failure. */
	if (store_job_end(env->store, row, rc == 0, detail, &why) != 0)
		gh_log_kv(GH_LOG_ERROR, "the end of a job is not recorded", "job", job->name,
		    "detail", why.detail, NULL);
	return rc == 0 ? JOB_DONE : JOB_FAILED;
}

enum job_result
job_run_one(struct job_env *env, const struct job *job, bool forced, char *detail,
    struct gh_error *err)
{
	struct gh_error own = {0};
	struct store_job state;
	enum job_result result = JOB_FAILED;
	char row[JOB_ROW_SIZE];
	bool locked;

	*detail = '\0';
	job_row_name(job, row);
	if (err == NULL)
		err = &own;
	if (store_job_lock(env->store, row, &locked, err) != 0)
		return JOB_FAILED;
	if (!locked)
		return JOB_RUNNING;
	if (forced || store_job_state(env->store, row, &state, err) == 0) {
		if (forced || is_due(job, env->conf, &state))
			result = run_locked(env, job, row, detail, err);
		else
			result = JOB_NOT_DUE;
	}
	store_job_unlock(env->store, row);
	return result;
}

static void
run_and_log(struct job_env *env, const struct job *job, int *ran)
{
	char detail[JOB_DETAIL_SIZE];
	struct gh_error err = {0};
	enum job_result result = job_run_one(env, job, false, detail, &err);

	if (result == JOB_DONE || result == JOB_FAILED)
		++*ran;
	if (result == JOB_FAILED)
		gh_log_kv(GH_LOG_ERROR, "a job failed; it will be tried again", "job", job->name,
		    "cause", err.detail, NULL);
	else if (result == JOB_DONE)
		gh_log_kv(GH_LOG_DEBUG, "a job ended", "job", job->name, "detail", detail, NULL);
}

static const struct store_job *
find_state(const struct store_job *states, size_t n, const char *name)
{
	static const struct store_job never = {.idle = -1};

	for (size_t i = 0; i < n; i++)
		if (strcmp(states[i].name, name) == 0)
			return &states[i];
	return &never;
}

int
job_run_due(struct job_env *env, enum job_lane lane, int *ran, struct gh_error *err)
{
	struct store_job *states;
	size_t n;
	int rc = store_job_states(env->store, &states, &n, err);

	*ran = 0;
	for (size_t i = 0; rc == 0 && i < job_table_len && !job_is_stopping(env); i++) {
		char row[JOB_ROW_SIZE];

		job_row_name(&job_table[i], row);
		if (lane_of(&job_table[i], env->conf) == lane &&
		    is_due(&job_table[i], env->conf, find_state(states, n, row)))
			run_and_log(env, &job_table[i], ran);
	}
	free(states);
	return rc;
}
