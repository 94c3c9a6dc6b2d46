/*
 * Reading requests and certificates without decoding their public keys, and decoding a key when it
 * is wanted.
 *
 * OpenSSL 3.0 decodes the key inside every d2i_X509 and d2i_X509_REQ, and collects the decoders of
 * all providers anew each time: about 95 µs against 4 µs for the rest. (From 3.2 on it remembers
 * them; these functions can go with Debian 12.) Most readers want names only; who wants the key
 * asks for it.
 */
#ifndef CA_LAZY_KEY_H
#define CA_LAZY_KEY_H

#include <openssl/x509.h>

/* As d2i_X509_REQ(NULL, p, len) and d2i_X509(NULL, p, len), but X509_REQ_get0_pubkey and
 * X509_get0_pubkey may give NULL on the result. NULL when malformed or out of memory. */
X509_REQ *ca_lazy_req(const unsigned char **p, long len);
X509 *ca_lazy_cert(const unsigned char **p, long len);

/* The public key of a SubjectPublicKeyInfo in DER. RSA (RFC 3279, 2.3.1), EC on a named curve (RFC
 * 5480; the point is checked to lie on it) and Ed25519 (RFC 8410) are made from their parts,
 * anything else by OpenSSL's decoders. To be freed by the caller; NULL when it cannot be read. */
EVP_PKEY *ca_lazy_key(const unsigned char *spki, size_t len);

#endif
