/* Secrets that a KRA makes itself. */
#ifndef SIGNER_KRA_GENERATE_H
#define SIGNER_KRA_GENERATE_H

#include "kra.h"

#define KRA_KEEP_MAX 2678400 /* seconds: a month */

/* What is made, each part as in struct kra_generated. To be freed, also after a failure. */
struct kra_made {
	enum kra_kind kind;
	struct gh_buf spki, archived, kept, csr, iv, out;
};
void kra_made_free(struct kra_made *m);

/*
 * Make a secret and what was asked for of it. Its storage key may be locked,
 * unless the secret is also kept. The errors of kra.h; GH_E_VALIDATION (public) also: no such
 * algorithm, a secret that nobody would have, a subject that is no Name or for a symmetric key, a
 * time that has passed or is too far away; GH_E_BUSY (public): too many RSA keys are being made, or
 * too many of this owner.
 */
int kra_generate(const struct kra *k, const struct kra_generate *f, struct kra_made *m,
    struct gh_error *err) GH_MUSTCHECK;

#endif
