/*
 * Housekeeping: jobs that run by interval in one worker of one node at a time, under an advisory
 * lock of the database. The runner (kore-app/watch/job_runner.c) and `gatehouse job run` call what
 * is here. docs/jobs.md
 *
 * The lock belongs to the connection env->store: a node that dies frees it at once. A connection
 * that is lost in the middle of a run frees it too, and another node may begin; so what a job
 * writes must be safe by its own transactions and constraints. The lock only spares double work.
 */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "dir.h"
#include "error.h"
#include "issuing/ca_set.h"
#include "progress.h"
#include "requester.h"
#include "signer/client/signer_client.h"
#include "store/store.h"

#define JOB_DETAIL_SIZE 256

/* What a run works with; all borrowed from the caller, who uses it in no other thread. */
struct job_env {
	const struct gh_conf *conf;
	const unsigned char *server_secret; /* 32 bytes; NULL in a command that does not need it */
	struct store *store;
	struct signer_client *signer;
	struct signer_client *kra; /* NULL: none is configured */
	struct dir *dir;           /* may be NULL */
	const struct ca_set *cas;  /* the snapshot of this run; never NULL in run() */
	struct requester who; /* actor of audit rows: kind REQUESTER_COMMAND, "job@host" or user */
	/* Asked by job_is_stopping; NULL = never. */
	bool (*is_stopping)(void *arg);
	/* Called with a line of text from time to time, for people who wait; NULL = nobody does. */
	void (*progress)(void *arg, const char *text);
	void *arg; /* of both */
	/* Start the process that asks endpoints, which serves fd (scan/scan_serve.h). */
	int (*start_prober)(void *arg, int fd, struct gh_error *err);
	void *prober_arg;
	const char *row; /* of the run under way: job_run_one's */
};

enum job_kind {
	JOB_ORDINARY,
	JOB_PER_NODE, /* about one node: each has a row, "NAME@HOST" */
	/* It waits for servers of others, which may be slow: a thread of its own runs it, so that
	 * it holds up no CRL. */
	JOB_SLOW,
	/* It may last for hours: a thread of its own, where it has anything to do at all. */
	JOB_LONG,
};

/* Jobs that wait for each other; each has a thread. */
enum job_lane { JOB_LANE_COMMON, JOB_LANE_SLOW, JOB_LANE_LONG };

struct job {
	const char *name;  /* row of table job, `gatehouse job run NAME` */
	const char *about; /* one line */
	size_t interval;   /* offsetof(struct gh_conf, jobs.NAME): int, seconds */
	/* detail: what was done, one line for the list ("3 CRLs, 1 delta"); may be left empty. A
	 * long run asks job_is_stopping between its steps and returns GH_E_BUSY when it has to go.
	 */
	int (*run)(struct job_env *env, char *detail, size_t size, struct gh_error *err);
	/* Say with job_progress, line by line, what a run would do now; nothing is changed. No
	 * line: nothing. */
	int (*plan)(struct job_env *env, struct gh_error *err);
	enum job_kind kind;
};

extern const struct job job_table[];
extern const size_t job_table_len;

const struct job *job_find(const char *name); /* NULL: none */
/* Name of its row and lock, on this node. */
#define JOB_ROW_SIZE 192
void job_row_name(const struct job *job, char out[JOB_ROW_SIZE]);
/* [{"name","about","interval","started","finished","outcome","failures","wanted","running","node",
 * "detail"}], in the order of the table; a job of each node once for each of them. What comes from
 * the database is null where the job never ran. *out by gh_json_free. */
int job_list(struct store *s, const struct gh_conf *conf, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
/* Seconds between two runs; 0 = only on demand. */
int job_interval(const struct job *job, const struct gh_conf *conf);
/* The process or thread wants to end: return soon. */
bool job_is_stopping(const struct job_env *env);
/* The same for work below enroll/. */
struct gh_progress job_progress_of(const struct job_env *env);
void job_progress(const struct job_env *env, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* How far the run is that has begun: for the list of jobs, and for job_progress. Not inside a
 * transaction. A failure is logged. */
void job_note(const struct job_env *env, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Is there a job that may last for hours? Else nobody need wait for its lane. */
bool job_has_long(const struct gh_conf *conf);
/* Seconds from the end of a run to the next one, after so many failures in a row. Doubled from 10 s
 * with each, at most the interval and at most an hour. */
int job_delay(int interval, int failures);
/* Nobody has run it for so long that no node may be there: idle, interval in seconds. */
bool job_is_late(int64_t idle, int interval);

enum job_result {
	JOB_NOT_DUE, /* another node ran it meanwhile */
	JOB_RUNNING, /* another one runs it now */
	JOB_DONE,
	JOB_FAILED, /* *err tells; the row is written */
};
/* Run one job now: lock, look again unless forced, run, write its row. Never leaves the lock
 * behind. detail (JOB_DETAIL_SIZE) receives what was done. JOB_FAILED also when the database is
 * unreachable. */
enum job_result job_run_one(struct job_env *env, const struct job *job, bool forced, char *detail,
    struct gh_error *err);
/* One look at all jobs of a lane: run those that are due or wanted, one after another. Failures are
 * logged and recorded. *ran: how many were run. An error is that of the look itself: GH_E_DB_DOWN,
 * ... */
int job_run_due(struct job_env *env, enum job_lane lane, int *ran,
    struct gh_error *err) GH_MUSTCHECK;

/* The runs; each writes its audit rows itself where it decides something. */
int audit_seal_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int audit_verify_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int ca_notice_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int inventory_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int confirmation_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int est_records_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int expiry_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int key_request_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int key_retention_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int kra_rotate_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int kra_transport_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int metadata_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int notification_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int notify_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int request_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int retention_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int scan_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err) GH_MUSTCHECK;
int session_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int syslog_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
/* What they would do. */
int request_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int audit_seal_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int audit_verify_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int ca_notice_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int inventory_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int confirmation_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int est_records_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int expiry_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int key_request_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int key_retention_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int kra_rotate_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int kra_transport_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int metadata_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int notification_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int notify_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int retention_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int scan_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int session_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;
int syslog_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;

#endif
