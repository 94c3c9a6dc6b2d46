/* The people and addresses that an audience means at this moment. */
#ifndef NOTIFY_AUDIENCE_H
#define NOTIFY_AUDIENCE_H

#include "notify_recipient.h"

/*
 * Those of one row are added to *out. People of the directory by the id of their entry, unless they
 * are disabled, and local administrators who have an address; who has a role or is in a group is
 * looked up now. An address that somebody wrote into a request or into the metadata field
 * notify.owner_field comes without a name, and at most notify.address_per_day times a day. What
 * passes is an error: GH_E_DIR_DOWN, GH_E_DB_DOWN, GH_E_BUSY, GH_E_NOMEM.
 */
int audience_add(const struct worker_env *env, const struct notification *n, struct recipients *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
