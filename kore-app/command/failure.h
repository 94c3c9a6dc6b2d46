/* Exit codes, and how a failure is told: the same for all subcommands. */
#ifndef FAILURE_H
#define FAILURE_H

#include "error.h"

enum command_exit {
	COMMAND_OK = 0,
	COMMAND_FAILED = 1, /* failed, or the request was denied */
	COMMAND_USAGE = 2,  /* wrong options or configuration */
	COMMAND_PENDING = 3 /* enroll: taken under submission */
};

/* Print what went wrong and what to do about it on stderr; the exit code that fits. who:
 * argv[0]. */
int command_fail(const char *who, const struct gh_error *err);
/* A mistake on the command line: message and where to look; COMMAND_USAGE. */
int command_usage(const char *who, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
