/* Options about a CA's settings, as tables, and what they say as the values of
 * ca-backend/authority. */
#ifndef CA_OPTIONS_H
#define CA_OPTIONS_H

#include "authority/authority.h"
#include "authority/make.h"
#include "authority/name_constraints.h"

#include "key_alg.h"
#include "options.h"

/* The options' names, for messages. */
extern const struct authority_words ca_option_words;

/* ---- policy ---- */

struct ca_policy_options {
	int max_validity; /* days; CA_POLICY_KEEP: not given */
	struct option_list keys, ekus, extensions, groups;
	bool approval, no_approval, anybody;
};
#define CA_POLICY_OPTIONS_INIT \
	{ \
		.max_validity = CA_POLICY_KEEP \
	}

#define CA_POLICY_OPTION_ROWS(o) \
	{"max-validity", 0, OPTION_NUMBER, &(o)->max_validity, "DAYS", \
	    "what it issues lives at most so long; 0: up to its own end"}, \
	    {"allow-key", 0, OPTION_LIST, &(o)->keys, "TYPE", \
		"key it certifies: RSA, RSA:MINBITS, EC or Ed25519; repeat; \"any\": all of them (default)"}, \
	    {"allow-eku", 0, OPTION_LIST, &(o)->ekus, "EKU", \
		"extended key usage it certifies, by name or OID; repeat; \"any\": all (default)"}, \
	    {"allow-extension", 0, OPTION_LIST, &(o)->extensions, "OID", \
		"extension it certifies beside the usual ones; repeat; \"any\": all (default)"}, \
	    {"allow-group", 0, OPTION_LIST, &(o)->groups, "GROUP", \
		"only members of GROUP (DN, name or SID) may use it, by any door; repeat"}, \
	    {"allow-anybody", 0, OPTION_FLAG, &(o)->anybody, NULL, \
		"everybody whom template and application permit may use it (default)"}, \
	    {"approval-required", 0, OPTION_FLAG, &(o)->approval, NULL, \
		"an officer must approve each request, whatever the template says"}, \
	{ \
		"no-approval-required", 0, OPTION_FLAG, &(o)->no_approval, NULL, \
		    "the template decides (default)" \
	}

/* Borrowed from the options. GH_E_CONF: two of them exclude each other. */
int ca_policy_options_read(const struct ca_policy_options *o, struct ca_policy_change *out,
    struct gh_error *err) GH_MUSTCHECK;

/* ---- URLs ---- */

struct ca_url_options {
	const char *base; /* "http://pki.corp.example" */
	int shards;       /* CA_URLS_KEEP: not given */
	struct option_list cdp, aia, ocsp;
	bool none; /* none is given, by wish */
};
#define CA_URL_OPTIONS_INIT \
	{ \
		.shards = CA_URLS_KEEP \
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
#define CA_NO_URLS_ROW(u) \
	{ \
		"no-urls", 0, OPTION_FLAG, &(u)->none, NULL, \
		    "a CA whose certificates say nothing of CRL and OCSP: relying parties cannot learn of revocations" \
	}

/* Borrowed from the options. */
struct ca_urls_change ca_url_options_read(const struct ca_url_options *u);

/* ---- name constraints ---- */

struct ca_names_options {
	struct option_list dns, email, ip, dn;
};
struct ca_name_options {
	struct ca_names_options permitted, excluded;
};

#define CA_NAMES_OPTION_ROWS(c) \
	{"permit-dns", 0, OPTION_LIST, &(c)->permitted.dns, "NAME", \
	    "name constraints: DNS names at or below NAME only; repeat"}, \
	    {"permit-email", 0, OPTION_LIST, &(c)->permitted.email, "NAME", \
		"mail addresses of host or domain NAME only"}, \
	    {"permit-ip", 0, OPTION_LIST, &(c)->permitted.ip, "NET", \
		"addresses of NET/PREFIX only"}, \
	    {"permit-dn", 0, OPTION_LIST, &(c)->permitted.dn, "DN", "subjects below DN only"}, \
	    {"exclude-dns", 0, OPTION_LIST, &(c)->excluded.dns, "NAME", \
		"no DNS names at or below NAME; repeat"}, \
	    {"exclude-email", 0, OPTION_LIST, &(c)->excluded.email, "NAME", \
		"no mail addresses of NAME"}, \
	    {"exclude-ip", 0, OPTION_LIST, &(c)->excluded.ip, "NET", \
		"no addresses of NET/PREFIX"}, \
	{ \
		"exclude-dn", 0, OPTION_LIST, &(c)->excluded.dn, "DN", "no subjects below DN" \
	}

/* Borrowed from the options. */
struct ca_name_constraints ca_name_options_read(const struct ca_name_options *o);

/* ---- a CA that is to be made, here or with a certificate from elsewhere ---- */

struct ca_new_options {
	struct ca_url_options urls;
	struct ca_policy_options policy;
	struct ca_name_options names;
};
#define CA_NEW_OPTIONS_INIT \
	{ \
		.urls = CA_URL_OPTIONS_INIT, .policy = CA_POLICY_OPTIONS_INIT \
	}

/* spec: a struct authority_new_ca. */
#define CA_NEW_KEY_ROWS(spec) \
	{"key-alg", 0, OPTION_TEXT, &(spec)->key_alg, "ALG", GH_KEY_NAMES " (default: P-256)"}, \
	{ \
		"key-uri", 0, OPTION_TEXT, &(spec)->settings.key_uri, "URI", \
		    "a key pair in a PKCS#11 token, in place of a new key: pkcs11:token=...;object=..." \
	}
#define CA_NEW_OPTION_ROWS(o) \
	CA_URL_OPTION_ROWS(&(o)->urls), CA_NO_URLS_ROW(&(o)->urls), \
	    CA_POLICY_OPTION_ROWS(&(o)->policy), CA_NAMES_OPTION_ROWS(&(o)->names)

/* Into the settings and names of *spec, borrowed from the options. GH_E_CONF. */
int ca_new_options_read(const struct ca_new_options *o, struct authority_new_ca *spec,
    struct gh_error *err) GH_MUSTCHECK;

#endif
