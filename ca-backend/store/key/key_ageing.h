/* Archived keys whose time is over, and their end. kra/key_retention.h decides. */
#ifndef STORE_KEY_AGEING_H
#define STORE_KEY_AGEING_H

#include "store/key/archived_key.h"

struct store_key_rules {
	int certificate_days; /* after the end of its last certificate; 0 = never */
	int inactive_days;    /* after it was made inactive; 0 = never */
	int repeat;           /* seconds in which one that was given out may be retrieved again */
};

/* One that a rule ends, as its row and those of its certificates say. */
struct store_ageing_key {
	int64_t row;
	char id[GH_UUID_TEXT_SIZE];
	struct signer_blob spki;
	struct signer_blob cert; /* DER: the one of its certificates that ends last; empty = none */
	int64_t not_after;       /* of that, UTC seconds, as its row says */
	bool is_inactive;        /* for long enough: whatever its certificate says */
	bool is_asked_for;       /* a request for it is open, or its key may be retrieved again */
};

#define STORE_AGEING_WINDOW 5000 /* rows that one call looks at */
/* Call fn with each one behind the row `after`. *next: the row to go on behind; 0 = that was all.
 */
int store_each_ageing_key(struct store *s, const struct store_key_rules *rules, int64_t after,
    int (*fn)(void *arg, const struct store_ageing_key *k, struct gh_error *err), void *arg,
    int64_t *next, struct gh_error *err) GH_MUSTCHECK;

/* What is stored of it is gone when this returns, and an audit row is there ("key.destroyed", with
 * the reason); *is: so it is. Not so when it was asked for meanwhile, or is destroyed already: who
 * asks for it at the same time comes before or behind. */
int store_destroy_key(struct store *s, const struct requester *who, int64_t row, const char *reason,
    int repeat, bool *is, struct gh_error *err) GH_MUSTCHECK;

#endif
