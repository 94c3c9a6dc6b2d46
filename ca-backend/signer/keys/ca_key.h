/*
 * The private key of a CA, an OCSP signer or a KRA: made, and put into a record or taken out of it,
 * however it is protected there. The only place that knows where keys are.
 */
#ifndef SIGNER_CA_KEY_H
#define SIGNER_CA_KEY_H

#include "record.h"

/* A new key. alg as in struct signer_create_ca; uri "" or NULL: in memory, else in the token it
 * names. GH_E_SIGNER: unknown algorithm. */
int ca_key_make(const char *alg, const char *uri, EVP_PKEY **out,
    struct gh_error *err) GH_MUSTCHECK;

/* The key of a record; password "" or NULL: none, else it is needed where there is one.
 * GH_E_CA_PASSWORD: wrong or missing; GH_E_SIGNER: damaged. */
int ca_key_open(const struct record *r, const char *password, EVP_PKEY **out,
    struct gh_error *err) GH_MUSTCHECK;

/* Set protection and key of the record: a key in memory, under a password unless it is "" or
 * NULL; or in a token (uri). */
int ca_key_put(EVP_PKEY *key, const char *uri, const char *password, struct record *r,
    struct gh_error *err) GH_MUSTCHECK;
/* As they are in another record. */
int ca_key_copy(const struct record *from, struct record *to, struct gh_error *err) GH_MUSTCHECK;

/* PKCS#8 (DER, not encrypted). NULL when it is malformed, or something is behind it. */
EVP_PKEY *ca_key_from_pkcs8(const unsigned char *der, size_t len);
/* Append the SubjectPublicKeyInfo (DER) of a key. GH_E_INTERNAL, GH_E_NOMEM. */
int ca_key_put_public(EVP_PKEY *key, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

#endif
