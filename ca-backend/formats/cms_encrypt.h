/* EnvelopedData of CMS (RFC 5652, 6) made for a key that has no certificate yet. */
#ifndef CA_CMS_ENCRYPT_H
#define CA_CMS_ENCRYPT_H

#include <openssl/x509.h>

#include "der.h"
#include "error.h"

/* How the recipient is named (RFC 5272, 6.7). */
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

#endif
