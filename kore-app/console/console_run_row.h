/* A run, as the list of runs and its own page show it. */
#ifndef CONSOLE_RUN_ROW_H
#define CONSOLE_RUN_ROW_H

#include "call.h"
#include "json.h"

bool console_run_is_open(const gh_json *run);
/* Adds what the API does not say: percent, started (to the minute), is_open, is_file. 0 or -1. */
int console_run_complete(const struct worker_env *env, const struct call *call, gh_json *run);

#endif
