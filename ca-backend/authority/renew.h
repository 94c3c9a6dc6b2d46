/* A new certificate for a CA, for the same key or a new one. */
#ifndef AUTHORITY_RENEW_H
#define AUTHORITY_RENEW_H

#include "authority.h"

struct authority_renewal {
	const char *name;
	bool new_key;
	const char *key_alg; /* of the new key; NULL: as the present one's */
	const char *key_uri; /* the new key is in a token; or NULL */
	/* AUTHORITY_NOT_GIVEN; days come first; neither: as long as the present certificate */
	int years, days;
};

/* What can be said of spec alone; authority_renew begins with it. GH_E_CONF names the setting. */
int authority_renew_check(const struct authority_renewal *spec, const struct authority_words *words,
    struct gh_error *err) GH_MUSTCHECK;

/* What came of it; for authority_renewed_clear. */
struct authority_renewed {
	struct ca *ca;  /* as stored */
	char *old_name; /* of the CA that has the old key; NULL: it is the same key */
	/* URLs of CRL or certificate that do not hold "/SLUG" of the old key were not renamed, and
	 * the new key needs its own; NULL: all were */
	char *kept_slug;
};

/*
 * The parent is the CA that has its name now; a root signs itself, and with a new key also
 * OldWithNew and NewWithOld (RFC 4210, 4.4). GH_E_NOT_FOUND; GH_E_CONFLICT: its state, or its
 * parent is not here; GH_E_CA_UNAVAILABLE: a key is not here; GH_E_CA_PASSWORD; GH_E_CONF names the
 * setting.
 */
int authority_renew(const struct authority *a, const struct authority_renewal *spec,
    struct authority_renewed *out, struct gh_error *err) GH_MUSTCHECK;
void authority_renewed_clear(struct authority_renewed *r);

#endif
