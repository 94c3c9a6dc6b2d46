/* The command that is run when a new certificate is in use. */
#ifndef EST_HOOK_H
#define EST_HOOK_H

#include "error.h"

/* By /bin/sh, with GATEHOUSE_EST_DIR = dir, its output where ours goes; waits for its end.
 * GH_E_CONF: it failed, or could not be started. */
int est_hook_run(const char *command, const char *dir, struct gh_error *err) GH_MUSTCHECK;

#endif
