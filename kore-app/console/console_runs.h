/* Metadata of many certificates in the console: orders and how far they are. docs/metadata.md */
#ifndef CONSOLE_RUNS_H
#define CONSOLE_RUNS_H

#include "call.h"

#define CONSOLE_RUNS "/console/metadata-runs"
/* Fields of the form for an order by query: what a field of metadata gets, and that its value is
 * taken away. */
#define CONSOLE_RUN_SET "m-"
#define CONSOLE_RUN_TAKE "x-"

/* GET /console/metadata-runs: all of them */
void console_runs(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /console/metadata-runs/new?query=: forms for ... */
void console_run_new(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* ... POST /console/metadata-runs: query, m-NAME, x-NAME, overwrite, do: without it, it is tried */
void console_run_add(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* ... POST /console/metadata-runs/file: file, remove_empty, overwrite, do */
void console_run_file(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /console/metadata-runs/{id}?outcome=: how far it is, and what it did; officers end it by ...
 */
void console_run(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* ... POST /console/metadata-runs/{id}/cancel */
void console_run_cancel(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
