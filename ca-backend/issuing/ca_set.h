/*
 * All CAs that the database has, in any state: one immutable value, read as a whole and borrowed by
 * all that need CAs and nothing else that is configured.
 */
#ifndef CA_SET_H
#define CA_SET_H

#include "ca.h"
#include "ca_identity.h"
#include "json.h"

/* Read after ca_set_load; an empty one is zeroed. */
struct ca_set {
	struct ca **ca; /* by name */
	size_t n;
	struct gh_ca_identities identities; /* of all, past and foreign ones too */
};

/* rows: "cas" of store_load_catalog. A CA that cannot be read is left out and logged; the rest
 * works. *out is empty after a failure: GH_E_NOMEM. */
int ca_set_load(const gh_json *rows, struct ca_set *out, struct gh_error *err) GH_MUSTCHECK;
void ca_set_clear(struct ca_set *s); /* accepts an empty one, and leaves it empty */

/* NULL when there is none; names without ASCII case. Borrowed from the set. */
const struct ca *ca_set_find(const struct ca_set *s, const char *name);
/* For paths: by slug, which never changes its meaning, else by name. */
const struct ca *ca_set_find_slug(const struct ca_set *s, const char *slug_or_name);
const struct ca *ca_set_find_id(const struct ca_set *s, int64_t id);
/* Where nothing names a CA there must be no choice: the one that may issue and is no root. */
const struct ca *ca_set_only_issuing(const struct ca_set *s);

/* Nobody gets a certificate for what is a CA's. GH_E_CA_POLICY: subject or a directoryName is the
 * name of a CA; GH_E_CSR_WEAK: the key is one's; GH_E_SUBJECT: a name that cannot be compared. All
 * public. */
int ca_set_check_identity(const struct ca_set *s, const struct cert_spec *spec,
    struct gh_error *err) GH_MUSTCHECK;

#endif
