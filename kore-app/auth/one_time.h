/* One-time passwords of EST users. */
#ifndef ONE_TIME_H
#define ONE_TIME_H

#include "catalog/est_user.h"
#include "requester.h"

/*
 * who->one_time: what a request is recorded under, once (enroll/est/est_one_time.h). A function of
 * the user's row and password, so that another password is another time. Keyed by nothing: who
 * reads it learns nothing, since what it is made of is sealed. GH_E_INTERNAL.
 */
int one_time_mark(const struct est_user *u, struct requester *who,
    struct gh_error *err) GH_MUSTCHECK;

#endif
