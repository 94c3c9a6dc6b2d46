/* Is a requester still there? Asked at each log-in and before each certificate. */
#ifndef ENROLL_REQUESTER_CHECK_H
#define ENROLL_REQUESTER_CHECK_H

#include "env.h"
#include "requester.h"

/* What his certificates go back to (requester.h). GH_E_FORBIDDEN (public): it was removed or
 * disabled. Of users of the directory nothing is asked here: dir_find says it of them. */
int requester_check(const struct worker_env *env, const struct requester *who,
    struct gh_error *err) GH_MUSTCHECK;

#endif
