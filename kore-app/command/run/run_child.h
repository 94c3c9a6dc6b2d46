/* Starting a program as a child that dies with us, under another user if wanted. */
#ifndef RUN_CHILD_H
#define RUN_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

struct run_child {
	char *const *argv; /* argv[0]: path, or name looked up in PATH */
	char *const *env;  /* its environment; NULL = ours */
	const char *user;  /* "" = as we are */
	int inherit_fd[2]; /* stay open in the child; -1 = none */
	int stdout_fd;     /* its standard output; -1 = ours */
	int death_signal;  /* which it gets when we are gone; 0 = SIGTERM, to end in order */
	bool may_bind_low; /* may bind a port below 1024 though it is not root */
};

/* Returns when the program runs. GH_E_CONF: it cannot be run, the message says why. */
int run_child_start(const struct run_child *c, pid_t *out, struct gh_error *err) GH_MUSTCHECK;

#endif
