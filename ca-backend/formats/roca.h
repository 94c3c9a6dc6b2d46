/* Fingerprint of RSA keys made by the faulty Infineon library (CVE-2017-15361, "ROCA"). */
#ifndef CA_ROCA_H
#define CA_ROCA_H

#include <stdbool.h>

#include <openssl/bn.h>

/* false positives: about one normal modulus in 2^28 */
bool roca_has_fingerprint(const BIGNUM *modulus);
/* true when a prime of at most 167 divides it */
bool roca_has_small_factor(const BIGNUM *modulus);

#endif
