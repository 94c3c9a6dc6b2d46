/*
 * A key that the device has already, and that the server encrypts the one for which it makes (RFC
 * 7030, 4.4.1): what the request says of it, and the envelope of the answer.
 */
#ifndef EST_DECRYPT_H
#define EST_DECRYPT_H

#include <openssl/x509.h>

#include "buf.h"
#include "der.h"
#include "error.h"

/* A key-encryption key, or a private key with its certificate; owned. */
struct est_decrypt {
	unsigned char *kek;
	size_t kek_len;
	EVP_PKEY *key;
	X509 *cert;
	unsigned char *id; /* what the server knows it by */
	size_t id_len;
};

/*
 * key_file: PEM of a private key, RSA or EC; its certificate stands in cert_file, or where that is
 * NULL behind the key. Or the first line of it is a kek of 16, 24 or 32 bytes ("hex:...",
 * "base64:..."), which id_text (hex) names. GH_E_CONF. Release with est_decrypt_clear, in any case.
 */
int est_decrypt_read(const char *key_file, const char *cert_file, const char *id_text,
    struct est_decrypt *out, struct gh_error *err) GH_MUSTCHECK;
void est_decrypt_clear(struct est_decrypt *d); /* accepts an empty one; wipes */

/* Attributes of the request: the identifier, and SMIMECapabilities. It is to be signed after it. */
int est_decrypt_ask(const struct est_decrypt *d, X509_REQ *req, struct gh_error *err) GH_MUSTCHECK;

/* What is inside of EnvelopedData (BER of a ContentInfo), appended to out, which must be secret: a
 * SignedData, so it says. GH_E_BAD_REQUEST: it is none, or not for this key. */
int est_decrypt_open(const struct est_decrypt *d, const struct gh_der *ber, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
