/* What it takes to keep and recover keys: the database, the KRA, and rules. docs/kra.md */
#ifndef KRA_MEANS_H
#define KRA_MEANS_H

#include "issuing/ca_set.h"
#include "signer/client/signer_client_kra.h"
#include "store/store.h"

struct kra_rules {
	/* Approvals by distinct agents for a key that names no policy of recovery, 1 to
	 * KRA_APPROVALS_MAX. At 1 an agent needs nobody else. */
	int required;
	int request_expiry; /* seconds that a request for recovery lives */
	int open_requests;  /* of recovery that a requester may have at a time; 0 = any number */
	int repeat; /* seconds after a key was given out, in which the requester may take it again
		     */
};

/* Borrowed, and used by one thread at a time. */
struct kra_means {
	struct store *store;
	struct signer_client *kra; /* of a signer whose role is KRA; NULL = there is none */
	const struct ca_set *cas;  /* issuers for a PKCS#12 */
	struct kra_rules rules;
};

#endif
