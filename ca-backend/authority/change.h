/* Policy and URLs of a CA that is there: for what it issues from now on. */
#ifndef AUTHORITY_CHANGE_H
#define AUTHORITY_CHANGE_H

#include "authority.h"

/* What is not named stays. *out: the CA with its new settings, without certificates, for ca_free.
 * GH_E_NOT_FOUND; GH_E_CONFLICT: it is retired, or somebody else was faster; GH_E_CA_UNAVAILABLE: a
 * policy is for a key that is not here; GH_E_CONF names the setting. */
int authority_change(const struct authority *a, const char *name,
    const struct ca_policy_change *policy, const struct ca_urls_change *urls, struct ca **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
