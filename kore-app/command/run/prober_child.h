/* The process that asks endpoints, as a child of this one: this program itself, started anew, so
 * that it has nothing of our memory. */
#ifndef PROBER_CHILD_H
#define PROBER_CHILD_H

#include <sys/types.h>

#include "conf.h"
#include "error.h"

/* fd: what it serves; stays ours, too. It runs as gateway.user where we are root, and dies with
 * us. */
int prober_child_start(const struct gh_conf *conf, int fd, pid_t *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The same for struct scan_work. arg: struct gh_conf. */
int prober_child_begin(void *arg, int fd, struct gh_error *err) GH_MUSTCHECK;

#endif
