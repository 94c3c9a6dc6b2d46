/* MACs of rows that grant rights, seen by a person: which rows lack theirs, and sealing all
 * anew. */
#ifndef STORE_RESEAL_H
#define STORE_RESEAL_H

#include "store/store.h"

#define STORE_RESEAL_DIGEST_SIZE 32

struct store_grant_macs {
	bool is_whole; /* every row fits */
	bool is_first; /* never sealed, and the audit trail says the same */
	size_t rows;   /* that grant rights */
	int64_t revision;
	char problem[512];    /* "" when whole; names the first table and key */
	gh_json *differences; /* array of {"table","key","name","what": "added", "changed" or
				 "removed"} */
	unsigned char digest[STORE_RESEAL_DIGEST_SIZE]; /* of the content of all rows */
};
void store_grant_macs_clear(struct store_grant_macs *seals);

/* Nothing is refused here. Needs store_use_secret. */
int store_grant_macs_look(struct store *s, struct store_grant_macs *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Seal all rows as they are, with an audit row by who. digest: of what was looked at.
 * GH_E_CONFLICT: the rows have changed since. */
int store_reseal(struct store *s, const struct requester *who,
    const unsigned char digest[STORE_RESEAL_DIGEST_SIZE], struct gh_error *err) GH_MUSTCHECK;

#endif
