/*
 * Is this node's clock right? Certificates, tokens and time windows take the node's time, all that
 * nodes share takes the database's; a node whose clock is away from it issues nothing. One state
 * for the process: whoever talks to the database regularly measures (store_clock_skew) and tells.
 */
#ifndef ENROLL_CLOCK_H
#define ENROLL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "error.h"

/* ms: this clock less the database's. */
void clock_set_skew(int64_t ms);
/* Last measured; 0 before. */
int64_t clock_skew(void);
/* GH_E_CLOCK when it is more than database.clock_skew seconds away, either way. */
int clock_check(const struct gh_conf *conf, struct gh_error *err) GH_MUSTCHECK;

#endif
