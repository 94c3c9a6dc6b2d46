/* What becomes of certificates as they age: notices before the end, removal long after it. Each
 * call is one page, so that no statement takes long whatever the number of certificates. */
#ifndef STORE_HOUSEKEEPING_H
#define STORE_HOUSEKEEPING_H

#include "store/store.h"

/* Where a walk over certificates by their end stands; zeroed = at the beginning. */
struct store_expiry {
	int64_t not_after, id; /* of the last one that was looked at; microseconds since 1970 */
	int seen, noted;       /* by the last call */
};
/*
 * The next page of certificates that end within the largest of days[n]: each that is issued and not
 * revoked gets a row for the smallest number of days that it is within, unless it has that, or
 * lives no longer than that altogether. OCSP signers and server certificates of our own, which
 * renew themselves, get none.
 */
int store_note_expiry(struct store *s, const int *days, int n, struct store_expiry *walk,
    struct gh_error *err) GH_MUSTCHECK;
/* Remove a page of certificates that ended more than so many days ago, with their revocations and
 * notices, and write one audit row "cert.removed" that lists their ids. Those whose key is archived
 * stay as long as that. The requests stay. *removed
 * 0: there are none left. */
int store_remove_ended(struct store *s, const struct requester *who, int days, int *removed,
    struct gh_error *err) GH_MUSTCHECK;

/* How many new notices a whole walk would write, and how many certificates all removals would
 * remove. */
int store_count_expiry(struct store *s, const int *days, int n, int64_t *out,
    struct gh_error *err) GH_MUSTCHECK;
int store_count_ended(struct store *s, int days, int64_t *out, struct gh_error *err) GH_MUSTCHECK;
/* How many certificates end within so many days, of those that notices are about; counted up to
 * STORE_ENDING_MAX. */
#define STORE_ENDING_MAX 10000
int store_count_ending(struct store *s, int days, int64_t *out, struct gh_error *err) GH_MUSTCHECK;

#endif
