/*
 * A worker has secrets and starts no programs, so the supervisor starts the process that asks
 * endpoints for a scan (enroll/scan/scan_serve.h). A worker sends it one end of a socket pair
 * through a socket that all workers inherit, and keeps the other.
 */
#ifndef PROBER_DOOR_H
#define PROBER_DOOR_H

#include "error.h"

#define PROBER_DOOR_FD_ENV "GATEHOUSE_PROBER_FD" /* number of the inherited descriptor */

/* The supervisor's end is *inside, the workers' *outside; both are closed on exec. GH_E_INTERNAL.
 */
int prober_door_open(int *inside, int *outside, struct gh_error *err) GH_MUSTCHECK;

/* The worker's side, as struct scan_work wants it: fd stays the caller's. arg: none. */
int prober_door_send(void *arg, int fd, struct gh_error *err) GH_MUSTCHECK;

/* The supervisor's: the next descriptor that a worker has sent; -1: none now. */
int prober_door_take(int inside);

#endif
