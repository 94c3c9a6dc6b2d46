/*
 * The sealed CA record: a CA's key, certificate and limits, encrypted under a key derived from the
 * system key, so that it can lie in the database. See docs/signer-protocol.md for the format.
 */
#ifndef SIGNER_SEALED_H
#define SIGNER_SEALED_H

#include "record.h"

#define SEALED_RECORD_MAX (RECORD_MAX + 128) /* with what sealing adds */

/* What a process is. Each role seals under a key of its own, so that a record of one is nothing to
 * the other, even with the same system key. */
enum signer_role { SIGNER_CA = 1, SIGNER_KRA = 2 };

struct sealing_key {
	unsigned char bytes[32];
};

/* The key of the sealed records. */
int sealed_derive_key(const unsigned char system_key[32], enum signer_role role,
    struct sealing_key *out, struct gh_error *err) GH_MUSTCHECK;

/* Append the sealed record to out. */
int sealed_put(const struct sealing_key *k, const struct record *r, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;
/* To be freed with record_free, also after a failure. GH_E_SIGNER: damaged, or of another system
 * key. */
int sealed_open(const struct sealing_key *k, const unsigned char *p, size_t len, struct record *out,
    struct gh_error *err) GH_MUSTCHECK;

/* A first record: revision 1, the key in memory, no password. */
int sealed_write(const struct sealing_key *k, enum record_kind kind,
    const struct signer_limits *limits, const struct gh_buf *cert, EVP_PKEY *key,
    struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;
/* The issuer of a record. Password "" or NULL: none; where one is needed it is GH_E_CA_PASSWORD.
 * GH_E_SIGNER: as sealed_open, or key and certificate do not match. */
int sealed_issuer(const struct sealing_key *k, const unsigned char *p, size_t len,
    const char *password, struct issuer **out, struct gh_error *err) GH_MUSTCHECK;

#endif
