/*
 * A secret as it lies in the database: encrypted under a key of its own (AES-256-GCM), which is
 * wrapped for the KRA's storage key. What is known about the secret is authenticated with it, so
 * that nobody who can write the database gives a secret to another owner, or puts a weaker policy
 * of recovery beside it. docs/kra.md has the format.
 */
#ifndef SIGNER_KRA_STORED_KEY_H
#define SIGNER_KRA_STORED_KEY_H

#include "signer/protocol/protocol_kra.h"

#include "signer/wrap/key_wrap.h"

/* Points into foreign memory. */
struct stored_key {
	unsigned char storage_id[KRA_KEY_ID_SIZE];
	struct wrapped_key key;
	struct gh_der message;
};

/* Append the stored form. storage: the public half is enough. GH_E_SIGNER: not a storage key;
 * GH_E_INTERNAL, GH_E_NOMEM. */
int stored_key_seal(EVP_PKEY *storage, const unsigned char storage_id[KRA_KEY_ID_SIZE],
    const struct kra_facts *facts, const struct gh_der *secret, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Take it apart. GH_E_SIGNER: not a stored key of a known version. */
int stored_key_read(const struct gh_der *in, struct stored_key *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Append the secret to out (make it secret). GH_E_SIGNER: another storage key, altered, or facts
 * that are not those it was sealed with; GH_E_CA_UNAVAILABLE: the token is away. */
int stored_key_open(EVP_PKEY *storage, const struct stored_key *k, const struct kra_facts *facts,
    struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;
/* Append the same for another storage key: only the wrapped key is made anew, the secret is not
 * touched. The same errors. */
int stored_key_rewrap(EVP_PKEY *from, EVP_PKEY *to, const unsigned char to_id[KRA_KEY_ID_SIZE],
    const struct stored_key *k, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

#endif
