/* Transport keys of the KRA, seen from their certificates: who issued them, and which have ended.
 */
#ifndef STORE_TRANSPORT_KEY_H
#define STORE_TRANSPORT_KEY_H

#include "store/store.h"

struct store_kra_issuer {
	int64_t ca_id; /* row of the CA */
	bool is_revoked;
};
/* Of a transport certificate. GH_E_NOT_FOUND. */
int store_find_kra_issuer(struct store *s, int64_t certificate_id, struct store_kra_issuer *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Old transport keys whose certificate has ended open nothing any more: their records are removed
 * ("kra.transport-retired"). *n: how many. */
int store_retire_transports(struct store *s, const struct requester *who, int *n,
    struct gh_error *err) GH_MUSTCHECK;

#endif
