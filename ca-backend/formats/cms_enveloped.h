/*
 * EnvelopedData of CMS (RFC 5652, 6) for an EC key of ours: ephemeral-static ECDH with a KDF of
 * SHA-2 (RFC 5753), AES key wrap, AES-CBC. No key of ours takes RSA key transport, so that there is
 * nothing for who guesses at paddings of RSA. CBC is not authenticated: what comes out must be
 * believed for the signature in it, and whoever sent it must not hear which step failed.
 */
#ifndef CA_CMS_ENVELOPED_H
#define CA_CMS_ENVELOPED_H

#include <openssl/cms.h>

#include "der.h"
#include "error.h"

#define CMS_ENVELOPED_MAX (512 * 1024) /* bytes */
#define CMS_RECIPIENTS_MAX 16          /* with the keys of each */

struct cms_enveloped {
	CMS_ContentInfo *cms;
	struct gh_buf der;
	struct gh_der type; /* of what is inside: content of the OID, in der */
};

/* By its outer type alone. */
bool cms_enveloped_is(const unsigned char *ber, size_t len);
/* The content of the OID id-envelopedData. */
extern const struct gh_der cms_type_enveloped;
/* BER. GH_E_BAD_REQUEST (public): malformed, or too many recipients; GH_E_CSR_WEAK (public): its
 * content is encrypted otherwise. *out is empty after a failure. */
int cms_enveloped_read(const unsigned char *ber, size_t len, struct cms_enveloped *out,
    struct gh_error *err) GH_MUSTCHECK;
void cms_enveloped_clear(struct cms_enveloped *m); /* accepts an empty one */
/* Is it for the key of this certificate? By issuer and serial, or subjectKeyIdentifier. */
bool cms_enveloped_is_for(const struct cms_enveloped *m, X509 *cert);
/* Append the ContentInfo that is inside, BER as it came. GH_E_CSR_WEAK (public): another key
 * agreement; GH_E_SIGNATURE: anything else, always with the same text. */
int cms_enveloped_open(const struct cms_enveloped *m, EVP_PKEY *key, X509 *cert, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The text of that: also for what fails later and must not be told apart. */
int cms_enveloped_refuse(struct gh_error *err);

#endif
