/* Do the rows that grant rights fit their MACs, and are they the newest that the audit trail knows
 * of? docs/security.md */
#ifndef ENROLL_GRANT_VERIFY_H
#define ENROLL_GRANT_VERIFY_H

#include "store/store.h"

struct grant_verdict {
	bool is_whole;
	int64_t revision;  /* of the rows */
	int64_t recorded;  /* newest in the audit trail; 0 = none */
	char problem[512]; /* "" when whole */
};

/* store: with the gateway secret. 0 when all was looked at, whatever was found. */
int grant_verify(struct store *store, struct grant_verdict *out, struct gh_error *err) GH_MUSTCHECK;

#endif
