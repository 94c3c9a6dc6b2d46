/* Where a CA's CRL, certificate and OCSP responder are, as its certificates say it. */
#ifndef AUTHORITY_URLS_H
#define AUTHORITY_URLS_H

#include "issuing/ca.h"
#include "error.h"

#include "authority_words.h"

#define CA_URLS_KEEP (-1)

/* What is to be otherwise. Lists are NULL-ended; NULL: as base makes them, else as before. */
struct ca_urls_change {
	const char *base; /* "http://pki.corp.example"; NULL: not given */
	int shards;       /* CA_URLS_KEEP */
	const char *const *cdp, *const *aia, *const *ocsp;
	bool none; /* of a new CA: none is given, by wish */
};
#define CA_URLS_CHANGE_NONE \
	{ \
		.shards = CA_URLS_KEEP \
	}

/* Does it change anything? */
bool ca_urls_is_changed(const struct ca_urls_change *c);
/* For a new CA. Certificates that name neither CRL nor OCSP responder cannot be revoked for anybody
 * who does not know the CA, and the URLs cannot be added to what is issued: GH_E_CONF without URLs,
 * unless that is wanted. */
int ca_urls_apply_new(const struct ca_urls_change *c, struct ca *ca,
    const struct authority_words *words, struct gh_error *err) GH_MUSTCHECK;
/* Replace what is given; ca->slug is set. GH_E_CONF names the setting. */
int ca_urls_apply(const struct ca_urls_change *c, struct ca *ca,
    const struct authority_words *words, struct gh_error *err) GH_MUSTCHECK;
/* For a new key: copies with /NEW in place of /OLD before ".", "-" or the end. *all: every URL had
 * it. NULL when out of memory. */
char **ca_urls_renamed(char *const *urls, const char *old_slug, const char *new_slug, bool *all);

#endif
