/*
 * The sealed CA record: a CA's key, certificate and limits, encrypted under a key derived from the
 * system key, so that it can lie in the database. See docs/signer-protocol.md for the format.
 */
#ifndef SIGNER_SEALED_H
#define SIGNER_SEALED_H

#include "issuer.h"

#define SEALED_RECORD_MAX (64 * 1024)

struct sealing_key {
	unsigned char bytes[32];
};

/* HKDF-SHA256 (RFC 5869) of the system key, without salt; info says what for. */
int sealed_hkdf(const unsigned char system_key[32], const char *info, unsigned char out[32],
    struct gh_error *err) GH_MUSTCHECK;
/* The key of the sealed records. */
int sealed_derive_key(
    const unsigned char system_key[32], struct sealing_key *out, struct gh_error *err) GH_MUSTCHECK;

/* Append the record to out. */
int sealed_write(const struct sealing_key *k, const struct signer_limits *limits,
    const struct gh_buf *cert, EVP_PKEY *key, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;
/* GH_E_SIGNER: damaged, of another system key, or key and certificate do not match. */
int sealed_read(const struct sealing_key *k, const unsigned char *record, size_t len,
    struct issuer **out, struct gh_error *err) GH_MUSTCHECK;

#endif
