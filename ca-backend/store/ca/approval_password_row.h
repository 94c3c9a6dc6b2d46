/*
 * Approval passwords of CAs. The bcrypt hash is the member "approval_password" of the CA's policy:
 * a row that grants rights (store/grant/), known to all workers by the catalog. Wrong tries are
 * counted in the database, for each person who tries (table approval_attempt).
 */
#ifndef STORE_APPROVAL_PASSWORD_ROW_H
#define STORE_APPROVAL_PASSWORD_ROW_H

#include "store/store.h"

#define STORE_APPROVAL_PASSWORD "approval_password" /* member of the policy */

/* hash NULL: there is none any more. With its audit row. GH_E_NOT_FOUND; GH_E_CONFLICT: there was
 * none to remove. */
int store_set_approval_password(struct store *s, const struct requester *who, const char *ca,
    const char *hash, struct gh_error *err) GH_MUSTCHECK;

/* The tries of one person at one CA, under a lock. Times are UTC seconds of the database. */
struct store_attempt {
	int64_t ca;
	char who[400];        /* key of the person */
	int attempts;         /* wrong ones that count */
	int lockouts;         /* in a row */
	int64_t locked_until; /* 0 when it has passed */
	int64_t now;
	int of_others; /* wrong ones of other people at this CA within the last hour */
};

/* Begins a transaction that locks his tries: those of a person follow each other, on all nodes. No
 * transaction is open after a failure. GH_E_BUSY, without waiting: another try of his is at work.
 */
int store_attempt_begin(struct store *s, int64_t ca, const struct requester *who,
    struct store_attempt *out, struct gh_error *err) GH_MUSTCHECK;
/* A wrong one; lock_seconds: 0, or how long he is locked out the first time, twice that with each
 * further one, at most a day. *a becomes what was written. */
int store_attempt_put_failure(struct store *s, struct store_attempt *a, int lock_seconds,
    struct gh_error *err) GH_MUSTCHECK;
/* A right one: nothing is counted any more. */
int store_attempt_put_success(struct store *s, const struct store_attempt *a,
    struct gh_error *err) GH_MUSTCHECK;
int store_attempt_commit(struct store *s, struct gh_error *err) GH_MUSTCHECK;
void store_attempt_abandon(struct store *s);

/* How many people are locked out at this CA now, and until when the last of them. */
int store_count_locked_out(struct store *s, int64_t ca, int *n, int64_t *until,
    struct gh_error *err) GH_MUSTCHECK;

#endif
