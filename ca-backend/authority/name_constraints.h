/* nameConstraints of a CA's certificate (RFC 5280, 4.2.1.10). */
#ifndef AUTHORITY_NAME_CONSTRAINTS_H
#define AUTHORITY_NAME_CONSTRAINTS_H

#include <openssl/x509.h>

#include "error.h"
#include "json.h"

#include "authority_words.h"

/* NULL-ended lists, NULL: none. Values as OpenSSL takes them, networks as ADDRESS/PREFIX, DNs as
 * gh_dn_parse takes them. */
struct ca_names {
	const char *const *dns, *const *email, *const *ip, *const *dn;
};
struct ca_name_constraints {
	struct ca_names permitted, excluded;
};

/* Append the extension, critical; nothing when there are no names. GH_E_CONF names the value. */
int ca_names_add(X509_EXTENSIONS **exts, const struct ca_name_constraints *names,
    const struct authority_words *words, struct gh_error *err) GH_MUSTCHECK;
/* As JSON for the policy, put as "name_constraints"; nothing when there are none. */
int ca_names_json(const struct ca_name_constraints *names, gh_json *policy,
    struct gh_error *err) GH_MUSTCHECK;

#endif
