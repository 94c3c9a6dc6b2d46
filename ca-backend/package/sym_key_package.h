/* Symmetric keys for clients (RFC 6031). */
#ifndef PACKAGE_SYM_KEY_PACKAGE_H
#define PACKAGE_SYM_KEY_PACKAGE_H

#include "der.h"

/* SymmetricKeyPackage (2), DER. false: malformed, a version other than 1, no key, a key with
 * neither attributes nor octets, or an attribute of a key that the package has too. *bits: of the
 * longest key. */
bool sym_key_package_read(struct gh_der in, size_t *bits) GH_MUSTCHECK;

#endif
