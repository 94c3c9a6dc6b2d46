/* A key with its certificate as PKCS#12 (RFC 7292) under a password. */
#ifndef SIGNER_KRA_PKCS12_H
#define SIGNER_KRA_PKCS12_H

#include "signer/protocol/protocol_kra.h"

#define PKCS12_ITERATIONS 200000 /* of PBKDF2, and of the MAC */
#define PKCS12_ITERATIONS_MIN 2048
#define PKCS12_ITERATIONS_MAX 1000000 /* three derivations: about two seconds */

/* Modern: PBES2 with AES-256-CBC and HMAC-SHA256 (RFC 8018), MAC with SHA-256. Legacy:
 * pbeWithSHAAnd3-KeyTripleDES-CBC, MAC with SHA-1. */
struct pkcs12_content {
	struct gh_der pkcs8;
	struct gh_der cert;                 /* DER, of this key */
	struct gh_der chain[KRA_CHAIN_MAX]; /* DER, its issuers */
	size_t chain_len;
	const char *name;     /* friendlyName, UTF-8; "" = none */
	const char *password; /* UTF-8 */
	enum kra_form form;
	uint32_t iterations;
};

/* Append the PFX, DER. GH_E_VALIDATION (public): the certificate is not that of the key, one of
 * them cannot be read, iterations out of range; GH_E_INTERNAL, GH_E_NOMEM. */
int pkcs12_make(const struct pkcs12_content *c, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
