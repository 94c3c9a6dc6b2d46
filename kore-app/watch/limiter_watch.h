/* Answers `gatehouse limiter` for the node: one thread in one of its workers, since all share the
 * tables. */
#ifndef LIMITER_WATCH_H
#define LIMITER_WATCH_H

#include "auth/auth_limit.h"
#include "conf.h"
#include "error.h"

struct limiter_watch;

/* Starts the thread. secret, conf and limiter must outlive it. GH_E_NOMEM, GH_E_INTERNAL. */
int limiter_watch_new(const struct gh_conf *conf, const unsigned char secret[32],
    struct auth_limiter *limiter, struct limiter_watch **out, struct gh_error *err) GH_MUSTCHECK;

#endif
