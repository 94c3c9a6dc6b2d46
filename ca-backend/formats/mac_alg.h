/* Algorithms of shared secrets, by their identifiers: SHA-2 and HMAC with it (RFC 5754; RFC 8018,
 * B.1.2). Nothing weaker has an entry. */
#ifndef CA_MAC_ALG_H
#define CA_MAC_ALG_H

#include <openssl/evp.h>

#include "der.h"

/* Take an AlgorithmIdentifier without parameters, or with NULL. false: another form; *md NULL:
 * another algorithm. */
bool mac_alg_take_hash(struct gh_der *in, const EVP_MD **md);
bool mac_alg_take_hmac(struct gh_der *in, const EVP_MD **md);

#endif
