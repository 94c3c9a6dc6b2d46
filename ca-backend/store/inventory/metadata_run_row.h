/* Runs that change the metadata of many certificates, and what they did. docs/metadata.md */
#ifndef STORE_METADATA_RUN_ROW_H
#define STORE_METADATA_RUN_ROW_H

#include "store/store.h"

/* Items that a run by query keeps: of those that it changed and of those that were refused. A run
 * by lines keeps all its lines. */
#define STORE_RUN_SAMPLE_MAX 20
#define STORE_RUN_REFUSED_MAX 10000

struct store_metadata_order {
	const char *query;      /* NULL: lines */
	const gh_json *values;  /* of a query */
	const gh_json *lines;   /* [{"n","key","given"}], or with "outcome" and "detail" */
	const char *detail;     /* of its audit row */
	const char *request_id; /* of the HTTP request, or NULL */
	bool overwrites, is_dry;
};
/* A run that waits for its turn, with its audit row. *id: of it. */
int store_add_metadata_run(struct store *s, const struct requester *who,
    const struct store_metadata_order *o, int64_t *id, struct gh_error *err) GH_MUSTCHECK;

/* {"id","created","actor","query","values","overwrite","dry_run","place","last","changed",
 * "same","refused","state","problem","ended"}. GH_E_NOT_FOUND. */
int store_get_metadata_run(struct store *s, int64_t id, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
/* The one whose turn it is, dry ones first, with "at", when it was created in UTC seconds, and
 * "actor_kind". JSON null: none. */
int store_next_metadata_run(struct store *s, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
int store_list_metadata_runs(struct store *s, int64_t after_id, int limit, bool newest_first,
    gh_json **entries, int64_t *next, struct gh_error *err) GH_MUSTCHECK;

/* What is known of its items, by n: [{"n","certificate_id","outcome","detail","changes","key"}].
 * outcome: NULL = all. */
struct store_metadata_items {
	int64_t run_id, after;
	int limit;
	const char *outcome;
};
int store_list_metadata_items(struct store *s, const struct store_metadata_items *q,
    gh_json **entries, int64_t *next, struct gh_error *err) GH_MUSTCHECK;
/* The lines behind `after`: [{"n","key","given","outcome"}]. */
int store_list_metadata_lines(struct store *s, int64_t run_id, int64_t after, int limit,
    gh_json **lines, struct gh_error *err) GH_MUSTCHECK;
/* The line of this run that has named the certificate before line n; 0: none. */
int store_find_metadata_line(struct store *s, int64_t run_id, int64_t n, int64_t certificate_id,
    int64_t *line, struct gh_error *err) GH_MUSTCHECK;

/* One step of a run, from one place to the next. */
struct store_metadata_step {
	int64_t run_id, from, to;
	bool is_last;
	const gh_json
	    *changes; /* [{"id","old","new","changes","detail"}]: values before and after */
	const gh_json
	    *items; /* [{"n","certificate_id","outcome","detail","changes"}], to be kept */
	int64_t changed, same, refused;
};
/*
 * One statement: values, their history, an audit row for each certificate, the items, and the
 * place. *is_taken false: nothing was done, as the run is not at `from` any more, or was ended,
 * or a certificate has not the values `old` any more.
 */
int store_take_metadata_step(struct store *s, const struct requester *who,
    const struct store_metadata_step *step, bool *is_taken, struct gh_error *err) GH_MUSTCHECK;
/* Ends a run that goes on, with an audit row. state: "cancelled" or "failed". *is_ended false: it
 * had ended. */
int store_end_metadata_run(struct store *s, const struct requester *who, int64_t id,
    const char *state, const char *problem, const char *request_id, bool *is_ended,
    struct gh_error *err) GH_MUSTCHECK;
/* Runs that ended so long ago, and their items. */
int store_remove_metadata_runs(struct store *s, int days, struct gh_error *err) GH_MUSTCHECK;

#endif
