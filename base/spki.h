/* SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), as far as telling keys apart needs. */
#ifndef GH_SPKI_H
#define GH_SPKI_H

#include <stdbool.h>

#include "der.h"

/*
 * What two encodings of one public key have in common; points into spki. RSA: the modulus. EC: the
 * x coordinate, which a point has compressed or not (so that a point and its negative count as one
 * key). Other kinds: the key bits. false: not a SubjectPublicKeyInfo with bits of whole octets.
 */
bool gh_spki_core(const struct gh_der *spki, struct gh_der *core);
/* The SubjectPublicKeyInfo of a certificate (DER), whole element. false: it is not one. */
bool gh_spki_of_cert(const struct gh_der *cert, struct gh_der *spki);

#endif
