/* A key that a client chose and wrapped for a transport key, opened. */
#ifndef SIGNER_KRA_WRAPPING_H
#define SIGNER_KRA_WRAPPING_H

#include "kra.h"
#include "signer/wrap/payload_wrap.h"

struct session_key {
	const struct payload_alg *alg;
	unsigned char bytes[32];
};

/* A loaded, unlocked key of this kind, to be given back with issuer_unref. GH_E_NOT_FOUND,
 * GH_E_CA_LOCKED. */
int kra_find_key(const struct kra *k, enum issuer_kind kind,
    const unsigned char id[KRA_KEY_ID_SIZE], struct issuer **out,
    struct gh_error *err) GH_MUSTCHECK;
/* The same; a locked one will do where only its public half is used. */
int kra_find_public_key(const struct kra *k, enum issuer_kind kind,
    const unsigned char id[KRA_KEY_ID_SIZE], struct issuer **out,
    struct gh_error *err) GH_MUSTCHECK;
/* GH_E_VALIDATION (public): RSA PKCS#1 v1.5 or AES-CBC, and neither is allowed. */
int wrapping_check(const struct kra *k, bool is_v15, const struct payload_alg *alg,
    struct gh_error *err) GH_MUSTCHECK;
/* For what goes in, or comes back: what was wrapped for the one opens nothing of the other. Where
 * approvals are signed that is so; else what comes back may also be wrapped as what goes in. */
enum wrapping_use { WRAPPING_IN, WRAPPING_RELEASE };
/* To be wiped. The errors of kra.h. */
int wrapping_open(const struct kra *k, const struct kra_wrapping *w, enum wrapping_use use,
    struct session_key *out, struct gh_error *err) GH_MUSTCHECK;

#endif
