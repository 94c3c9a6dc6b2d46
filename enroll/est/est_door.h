/* The label of a call of EST, and its operations that need no body. */
#ifndef ENROLL_EST_DOOR_H
#define ENROLL_EST_DOOR_H

#include "call.h"
#include "catalog/est_label.h"

/* The label of a path; where it has none, the one that the configuration names. GH_E_NOT_FOUND
 * (public): there is none of this name, or it is disabled. Borrowed from the catalog. */
int est_door_label(const struct worker_env *env, const struct call_parts *parts,
    const struct est_label **out, struct gh_error *err) GH_MUSTCHECK;

#endif
