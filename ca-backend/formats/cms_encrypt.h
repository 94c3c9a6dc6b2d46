/* EnvelopedData of CMS (RFC 5652, 6) made for others. */
#ifndef CA_CMS_ENCRYPT_H
#define CA_CMS_ENCRYPT_H

#include <openssl/x509.h>

#include "der.h"
#include "error.h"

/* A key that has no certificate yet: how the recipient is named (RFC 5272, 6.7). */
struct cms_recipient {
	EVP_PKEY *key; /* RSA or EC */
	const ASN1_OCTET_STRING
	    *key_id; /* subjectKeyIdentifier; NULL: an empty issuer and serial */
	uint32_t serial;
};
/* *der: malloc'd ContentInfo around content as id-data; AES-256-CBC, RSAES-OAEP with SHA-256 or
 * ECDH with a KDF of SHA-256 and AES key wrap. GH_E_INTERNAL, GH_E_NOMEM. */
int cms_encrypt(const struct cms_recipient *to, const struct gh_der *content, unsigned char **der,
    size_t *len, struct gh_error *err) GH_MUSTCHECK;

/* Can the key of this certificate be encrypted for, and may it: key agreement of EC, key
 * encipherment of RSA? */
bool cms_encrypt_can(X509 *to);
/* The same around SignedData (RFC 5272, 5) for the key of a certificate, named by issuer and serial
 * number. message: its ContentInfo, in DER. */
int cms_encrypt_signed(X509 *to, const struct gh_der *message, unsigned char **der, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;

#endif
