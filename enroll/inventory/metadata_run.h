/*
 * Metadata of many certificates changed by one order: a run, by a query or by the lines of a file.
 * Officers alone give it. It works in small steps, each of which is one transaction with the place
 * where the run stands; whoever goes on, goes on from there (the job "metadata", or the command
 * that gave the order). What a value may be, and what may be changed, is decided by metadata_change
 * as for a single certificate. docs/metadata.md
 */
#ifndef ENROLL_METADATA_RUN_H
#define ENROLL_METADATA_RUN_H

#include "cert_metadata.h"
#include "progress.h"

#define METADATA_RUN_LINES_MAX 100000
#define METADATA_RUN_JOB "metadata" /* its name, and its lock's */

struct metadata_run_order {
	const char *query;     /* NULL: lines */
	const gh_json *values; /* of a query: object name -> value, null takes one away */
	const gh_json *lines;  /* metadata_csv_read */
	bool overwrites, is_dry;
	const char *request_id; /* of the HTTP request, or NULL */
};
/* Checks and keeps it; the gateway begins within a second. GH_E_FORBIDDEN: he is no officer;
 * GH_E_BAD_REQUEST: the query is wrong, as query_parse says, or the number of lines; GH_E_METADATA:
 * a value is. */
int metadata_run_start(const struct cert_metadata_env *env, const struct requester *who,
    const struct metadata_run_order *o, int64_t *id, struct gh_error *err) GH_MUSTCHECK;
/* GH_E_NOT_FOUND; GH_E_CONFLICT: it has ended; GH_E_FORBIDDEN. */
int metadata_run_cancel(struct store *store, const struct requester *who, int64_t id,
    const char *request_id, struct gh_error *err) GH_MUSTCHECK;

/*
 * Steps of the runs whose turn it is, for about so long, by whoever has the lock of the job.
 * *has_more false: there is none any more. A run that cannot go on is ended as failed; errors are
 * those of the store, and the step comes again. Others who change the same certificate between
 * reading and writing are read anew.
 */
int metadata_run_work(const struct cert_metadata_env *env, int ms, const struct gh_progress *p,
    bool *has_more, struct gh_error *err) GH_MUSTCHECK;

#endif
