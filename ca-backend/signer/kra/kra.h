/*
 * What a KRA does: secrets come in wrapped, lie in the database as stored_key.h has them, and go
 * out wrapped. In the clear they are in this process alone, and only while a question is answered.
 */
#ifndef SIGNER_KRA_H
#define SIGNER_KRA_H

#include "signer/keys/issuer_table.h"
#include "signer/keys/sealed.h"

#include "key_slots.h"
#include "recovery_policy.h"

/* What all connections share. */
struct kra {
	const struct sealing_key *sealing;
	struct issuer_table *keys; /* storage and transport keys */
	struct policy_table *policies;
	struct key_slots *slots; /* of those who make RSA keys */
	bool needs_policy;       /* of what is archived */
	bool allows_legacy;      /* RSA PKCS#1 v1.5, AES-CBC, PKCS#12 with 3DES */
};

/* A storage or transport key: appends its SubjectPublicKeyInfo and its sealed record.
 * GH_E_VALIDATION (public): a kind of key that nothing is wrapped for; GH_E_CA_UNAVAILABLE: the
 * token is away. */
int kra_create_key(const struct kra *k, const struct kra_create_key *f, struct gh_buf *spki,
    struct gh_buf *sealed, struct gh_error *err) GH_MUSTCHECK;

/*
 * All of these: GH_E_NOT_FOUND: a storage or transport key is not loaded; GH_E_CA_LOCKED: it is
 * locked; GH_E_CA_UNAVAILABLE: its token is away; GH_E_VALIDATION (public): what the client sent
 * cannot be opened, or is not what it is said to be; GH_E_SIGNER: a stored secret that was altered,
 * or what is said about it.
 */
/* Unwrap a secret, look at it (secret.h), append it as it is stored. */
int kra_archive(const struct kra *k, const struct kra_archive *f, struct gh_buf *stored,
    struct gh_error *err) GH_MUSTCHECK;
/* Append the IV and the secret in the form that was asked for. GH_E_CONFLICT (public): too few
 * approvals, or the request has expired. A policy that is named in the facts is checked here, when
 * its approvals are signed; else whoever asks has counted them. */
int kra_recover(const struct kra *k, const struct kra_recover *f, struct gh_buf *iv,
    struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;
/* Append the secret as it is stored under another storage key, whose public half is enough.
 * GH_E_CA_POLICY: that was made before the one which it is under. */
int kra_rewrap(const struct kra *k, const struct kra_rewrap *f, struct gh_buf *stored,
    struct gh_error *err) GH_MUSTCHECK;

#endif
