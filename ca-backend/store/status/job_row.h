/* Rows of table job, and the lock that lets one node at a time run a job. */
#ifndef STORE_JOB_H
#define STORE_JOB_H

#include "store/store.h"

#define STORE_JOB_NAME_SIZE 192

/* First half of the lock's key: jobs have a space of their own ("ghjn"). */
#define STORE_JOB_LOCK_SPACE "1734894446"

/* SQL, over a row of job: a run is under way, and its lock is held. */
#define STORE_JOB_RUNNING \
	"(coalesce(started_at > coalesce(finished_at, '-infinity'), false) AND EXISTS (SELECT 1 FROM pg_locks " \
	"WHERE locktype = 'advisory' AND granted AND classid = " STORE_JOB_LOCK_SPACE \
	" AND objsubid = 2 " \
	"AND objid::bigint = hashtext(name)::bigint & 4294967295 " \
	"AND database = (SELECT oid FROM pg_database WHERE datname = current_database())))"
/* SQL: runs that failed in a row, for those who watch. A run under way is not one of them. */
#define STORE_JOB_FAILURES "(failures - " STORE_JOB_RUNNING "::int)"

struct store_job {
	char name[STORE_JOB_NAME_SIZE];
	int64_t
	    idle; /* seconds since it last began or ended, by the database's clock; -1 = never */
	bool wanted;
	int failures; /* in a row, a run that never ended included, and one that is under way: */
	bool running;
};
/* *jobs: array to be freed. Jobs that never ran and are not wanted have no row. */
int store_job_states(struct store *s, struct store_job **jobs, size_t *n,
    struct gh_error *err) GH_MUSTCHECK;
/* One of them; a job without a row is idle -1. */
int store_job_state(struct store *s, const char *name, struct store_job *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Lock of this connection, until store_job_unlock or the connection's end. *locked false: another
 * one has it. Not inside a transaction. */
int store_job_lock(struct store *s, const char *name, bool *locked,
    struct gh_error *err) GH_MUSTCHECK;
void store_job_unlock(struct store *s, const char *name);

/* node: who runs it. A run that begins counts as failed until it has ended. */
int store_job_begin(struct store *s, const char *name, const char *node,
    struct gh_error *err) GH_MUSTCHECK;
int store_job_end(struct store *s, const char *name, bool success, const char *detail,
    struct gh_error *err) GH_MUSTCHECK;
/* How far the run is that has begun. */
int store_job_note(struct store *s, const char *name, const char *detail,
    struct gh_error *err) GH_MUSTCHECK;
/* Ask for a run at once, on any node; with an audit row by who. */
int store_job_want(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err) GH_MUSTCHECK;
/* The same where a job has something to do that somebody ordered elsewhere, or more than it did. */
int store_job_go_on(struct store *s, const char *name, struct gh_error *err) GH_MUSTCHECK;
/* [{"name","started","finished","outcome","detail","node","wanted","running","failures"}], by name.
 */
int store_job_list(struct store *s, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

#endif
