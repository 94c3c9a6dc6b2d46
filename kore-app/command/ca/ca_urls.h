/* Where a CA's CRL, certificate and OCSP responder are, as its certificates say it. */
#ifndef CA_URLS_H
#define CA_URLS_H

#include "ca.h"
#include "error.h"

#include "options.h"

#define CA_URLS_UNSET (-1)

struct ca_url_options {
	const char *base; /* "http://pki.corp.example" */
	int shards;       /* CA_URLS_UNSET: not given */
	struct option_list cdp, aia, ocsp;
	bool none; /* none is given, by wish */
};
#define CA_URL_OPTIONS_INIT \
	{ \
		.shards = CA_URLS_UNSET \
	}

#define CA_URL_OPTION_ROWS(u) \
	{"base-url", 0, OPTION_TEXT, &(u)->base, "URL", \
	    "plain HTTP address of the gateways: makes the URLs of CRL, certificate and OCSP responder that stand in " \
	    "what the CA issues"}, \
	    {"shards", 0, OPTION_NUMBER, &(u)->shards, "N", \
		"divide the CRL into N (up to 1024; 0: one CRL), for CAs with very many certificates"}, \
	    {"cdp-url", 0, OPTION_LIST, &(u)->cdp, "URL", \
		"CRL, in place of what --base-url makes; repeat"}, \
	    {"aia-url", 0, OPTION_LIST, &(u)->aia, "URL", \
		"certificate of the CA, likewise; repeat"}, \
	{ \
		"ocsp-url", 0, OPTION_LIST, &(u)->ocsp, "URL", "OCSP responder, likewise; repeat" \
	}

bool ca_urls_is_given(const struct ca_url_options *u);
#define CA_NO_URLS_ROW(u) \
	{ \
		"no-urls", 0, OPTION_FLAG, &(u)->none, NULL, \
		    "a CA whose certificates say nothing of CRL and OCSP: relying parties cannot learn of revocations" \
	}
/* For a new CA. Certificates that name neither CRL nor OCSP responder cannot be revoked for anybody
 * who does not know the CA, and the URLs cannot be added to what is issued: GH_E_CONF without URLs,
 * unless that is wanted. */
int ca_urls_apply_new(const struct ca_url_options *u, struct ca *ca,
    struct gh_error *err) GH_MUSTCHECK;
/* Replace what is given; ca->slug is set. GH_E_CONF names the option. */
int ca_urls_apply(const struct ca_url_options *u, struct ca *ca, struct gh_error *err) GH_MUSTCHECK;
/* For a new key: copies with /NEW in place of /OLD before ".", "-" or the end. *all: every URL had
 * it. NULL when out of memory. */
char **ca_urls_renamed(char *const *urls, const char *old_slug, const char *new_slug, bool *all);

#endif
