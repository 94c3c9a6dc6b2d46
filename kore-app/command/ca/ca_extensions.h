/* Extensions of a CA's certificate beside those that the signer makes. */
#ifndef CA_EXTENSIONS_H
#define CA_EXTENSIONS_H

#include <openssl/x509.h>

#include "ca.h"
#include "error.h"

#include "options.h"

/* nameConstraints (RFC 5280, 4.2.1.10): values as OpenSSL takes them, DNs as in --subject. */
struct ca_names {
	struct option_list dns, email, ip, dn;
};
struct ca_name_constraints {
	struct ca_names permitted, excluded;
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

/*
 * parent: its CRL and certificate are named (CDP, AIA); NULL = none. old: certificate before a
 * renewal, whose other extensions are kept; or NULL. names: or NULL. *out: Extensions, DER, for
 * free(); NULL when there are none. GH_E_CONF names the option.
 */
int ca_extensions_make(const struct ca *parent, const X509 *old,
    const struct ca_name_constraints *names, unsigned char **out, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;
/* The constraints as JSON for the policy, put as "name_constraints"; nothing when there are
 * none. */
int ca_extensions_names_json(const struct ca_name_constraints *names, gh_json *policy,
    struct gh_error *err) GH_MUSTCHECK;

#endif
