/* Extensions of a CA's certificate beside those that the signer makes. */
#ifndef AUTHORITY_CA_EXTENSIONS_H
#define AUTHORITY_CA_EXTENSIONS_H

#include <openssl/x509.h>

#include "issuing/ca.h"
#include "error.h"

#include "name_constraints.h"
#include "authority_words.h"

/*
 * parent: its CRL and certificate are named (CDP, AIA); NULL = none. old: certificate before a
 * renewal, whose other extensions are kept; or NULL. names (with the words of their errors): or
 * NULL. *out: Extensions, DER, for free(); NULL when there are none. GH_E_CONF names the setting.
 */
int ca_extensions_make(const struct ca *parent, const X509 *old,
    const struct ca_name_constraints *names, const struct authority_words *words,
    unsigned char **out, size_t *len, struct gh_error *err) GH_MUSTCHECK;

#endif
