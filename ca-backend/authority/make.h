/* Making a CA: key and certificate by the signer, then the row in the database. */
#ifndef AUTHORITY_MAKE_H
#define AUTHORITY_MAKE_H

#include "authority.h"
#include "name_constraints.h"

/* A CA whose key is made here, or in a token. */
struct authority_new_ca {
	struct authority_settings settings;
	const char *subject; /* as gh_dn_parse takes it */
	const char *key_alg; /* one of GH_KEY_NAMES; not used with settings.key_uri */
	const char *parent;  /* name of the CA that signs it; NULL = root, or a CA elsewhere */
	/* AUTHORITY_NOT_GIVEN, but one of them is: days come first. Not looked at when a CA
	 * elsewhere signs it. */
	int years, days;
	/* CAs that may stand below it in a chain; 0 = it signs no CAs; AUTHORITY_NOT_GIVEN: 1 of a
	 * root made here, else 0 */
	int path_len;
	struct ca_name_constraints names;
};

/* What can be said of spec alone; authority_make begins with it. GH_E_CONF names the setting. */
int authority_make_check(const struct authority_new_ca *spec, const struct authority_words *words,
    struct gh_error *err) GH_MUSTCHECK;

/* GH_E_NOT_FOUND: no such parent; GH_E_CONFLICT: name taken; GH_E_SIGNER, GH_E_CA_POLICY: beyond
 * the parent's limits; GH_E_CA_PASSWORD; GH_E_CONF names the setting. *out: the CA as stored, for
 * ca_free. */
int authority_make(const struct authority *a, const struct authority_new_ca *spec, struct ca **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
