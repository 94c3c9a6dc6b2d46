/*
 * A private key for its owner alone: AsymmetricKeyPackage (RFC 5958), signed by who made the key,
 * encrypted for a key that the owner has already (RFC 7030, 4.4.2).
 */
#ifndef SIGNER_KRA_KEY_PACKAGE_H
#define SIGNER_KRA_KEY_PACKAGE_H

#include "signer/protocol/protocol_kra.h"

/*
 * content_alg: "AES-128-CBC", "AES-192-CBC", "AES-256-CBC": EnvelopedData has nothing better (RFC
 * 5652, 6). key_alg, for an RSA key: "RSA1_5", "RSA-OAEP" (SHA-1, RFC 8017), "RSA-OAEP-256",
 * "-384",
 * "-512"; for an EC key: "ECDH-SHA256", "-SHA384", "-SHA512" (RFC 5753: the hash of the KDF), with
 * AES key wrap of the content key's length; for a kek: empty, AES key wrap of its length.
 */
struct key_package_content {
	struct gh_der pkcs8;
	struct gh_der
	    cert; /* DER, of this key: goes with it, as attribute and in the signed message */
	const struct kra_key_package *ask;
};

/*
 * Append ContentInfo{EnvelopedData}, DER. What is encrypted is a SignedData, not its ContentInfo,
 * and is said to be one. The recipient is named by the identifier of its kek (4.4.2.1), or by the
 * subject key identifier of its certificate; by issuer and serial number where it has none. Answers
 * name the package by the SHA-256 of its certificate, DER (RFC 7191, 3); a receipt is wanted.
 * GH_E_VALIDATION (public): a certificate or key that cannot be read or does not belong to the
 * other, an algorithm that is none or not of this key; GH_E_INTERNAL, GH_E_NOMEM.
 */
int key_package_make(const struct key_package_content *c, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
