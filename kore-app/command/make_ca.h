/* Making a CA: key and certificate by a signer of our own, then the row in the database. */
#ifndef MAKE_CA_H
#define MAKE_CA_H

#include <stdbool.h>

#include "ca.h"

#include "own_signer.h"
#include "session.h"

struct make_ca {
	const char *name;
	const char *subject;                 /* DN as text */
	const char *key_alg;
	const char *parent;                  /* name of the CA that signs it; NULL = root */
	int years;
	struct signer_limits limits;
	const char *const *cdp, *const *aia, *const *ocsp; /* URLs in what it issues; NULL-ended or NULL */
};

/* GH_E_NOT_FOUND: no such parent; GH_E_CONFLICT: name taken; GH_E_SIGNER: beyond the parent's limits.
 * *out: the CA as stored, for ca_free. */
int make_ca(struct session *s, struct own_signer *signer, const struct make_ca *spec, struct ca **out,
    struct gh_error *err) GH_MUSTCHECK;

bool make_ca_is_key_alg(const char *name);
#define MAKE_CA_KEY_ALGS "P-256, P-384, RSA-2048, RSA-3072, RSA-4096 or Ed25519"

#endif
