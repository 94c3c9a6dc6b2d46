/*
 * Keys that sign for a CA beside its own: those of OCSP answers (RFC 6960, 4.2.2.2), sealed by the
 * signer, and those of CMC responses (RFC 5272, 4.2), of private keys and of packages for EST
 * clients that are made here, sealed under the gateway secret.
 */
#ifndef STORE_DELEGATED_SIGNER_H
#define STORE_DELEGATED_SIGNER_H

#include "store/store.h"

enum store_signer_use {
	STORE_SIGNER_OCSP,
	STORE_SIGNER_CMC,
	STORE_SIGNER_KEYS,    /* of private keys that are made here (RFC 7030, 4.4.2) */
	STORE_SIGNER_PACKAGE, /* of packages for EST clients that are made here */
	STORE_SIGNER_USES
};

struct store_signer {
	unsigned char *cert, *sealed; /* malloc'd */
	size_t cert_len, sealed_len;
	int64_t not_before, not_after;
};
void store_signer_clear(struct store_signer *o);
/* The one that is valid now and ends last, if that is after `until`. Revoked ones do not count.
 * GH_E_NOT_FOUND. */
int store_find_signer(struct store *s, enum store_signer_use use, int64_t ca_id, int64_t until,
    struct store_signer *out, struct gh_error *err) GH_MUSTCHECK;
/* Gives one after the other to take, the newest first, until it says that this was the one: those
 * of all CAs that are valid now and not revoked. */
int store_each_signer(struct store *s, enum store_signer_use use,
    bool (*take)(void *arg, const struct store_signer *o), void *arg,
    struct gh_error *err) GH_MUSTCHECK;
/*
 * store_find_signer, and when there is none, one that make() gives: recorded as certificate, signer
 * and audit row in one transaction, which one node at a time does for a CA (the others wait and
 * find it).
 */
struct store_signer_issue {
	enum store_signer_use use;
	const struct ca *ca;
	const struct requester *who;
	int64_t until;
	int (*make)(void *arg, struct store_signer *out, struct gh_error *err);
	void *arg;
};
int store_issue_signer(struct store *s, const struct store_signer_issue *i,
    struct store_signer *out, bool *is_new, struct gh_error *err) GH_MUSTCHECK;

/* Remove the keys of signers that ended more than age seconds ago. */
int store_purge_signers(struct store *s, enum store_signer_use use, int age,
    struct gh_error *err) GH_MUSTCHECK;
/* How many that are. */
int store_count_ended_signers(struct store *s, enum store_signer_use use, int age, int64_t *n,
    struct gh_error *err) GH_MUSTCHECK;

#endif
