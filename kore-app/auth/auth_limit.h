/*
 * Failed attempts, in tables of fixed size (declared in auth.h), by three keys:
 *
 * - a user from an address: `failures` of them in a window block this pair until the window ends.
 * Nobody locks a user out from elsewhere.
 * - an address, whoever it names: AUTH_LIMIT_FACTOR times as many block it until the window ends.
 * - a user from anywhere: after AUTH_LIMIT_FACTOR times as many in a window he is slowed down to
 * one attempt each window / failures seconds, until a window has passed without a failure.
 *
 * An address from which the user has logged in with the right password within
 * AUTH_LIMIT_GOOD_SECONDS is good for him: only the first rule holds there. Time is handed in,
 * monotonic seconds, so that the rules can be tested without waiting. Safe in any thread; a NULL
 * limiter limits nothing.
 */
#ifndef AUTH_LIMIT_H
#define AUTH_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth.h"
#include "calendar.h"

#define AUTH_LIMIT_FACTOR 5
#define AUTH_LIMIT_GOOD_SECONDS (30 * GH_DAY_SECONDS)
#define AUTH_LIMIT_LABEL 64 /* bytes of a name that are shown, with NUL */

/* Seconds until the next attempt is allowed; 0 = now. */
int auth_limiter_wait_address(struct auth_limiter *l, const char *address, int64_t now);
int auth_limiter_wait_user(struct auth_limiter *l, const char *user, const char *address,
    int64_t now);

/* The same of now, as an error: GH_E_RATE_LIMITED with err->retry_after. */
int auth_limiter_check_user(struct auth_limiter *l, const char *user, const char *address,
    struct gh_error *err) GH_MUSTCHECK;

/* Count a failure. Seconds of the block when it is the one that reached the limit, else 0. */
int auth_limiter_fail_address(struct auth_limiter *l, const char *address, int64_t now);
int auth_limiter_fail_user(struct auth_limiter *l, const char *user, const char *address,
    int64_t now);

/* The right password came: the pair's failures are forgotten, and the address is good for the
 * user. */
void auth_limiter_succeed(struct auth_limiter *l, const char *user, const char *address,
    int64_t now);
bool auth_limiter_is_good(struct auth_limiter *l, const char *user, const char *address,
    int64_t now);

/* Refusals that are counted for the audit trail alone: true for the first `failures` of a
 * window. */
bool auth_limiter_may_audit(struct auth_limiter *l, const char *subject, const char *address,
    int64_t now);

/* Sessions of browsers that ended on this node, by their handle: a row that whoever writes the
 * database puts back is not taken for one. Some thousands of them, for longer than a session can
 * last. */
void auth_limiter_end_session(struct auth_limiter *l, const char *session, int64_t now);
bool auth_limiter_has_ended(struct auth_limiter *l, const char *session, int64_t now);

/* One open count, for administrators. */
struct auth_limit_row {
	char user[AUTH_LIMIT_LABEL];    /* "" = the count of an address */
	char address[AUTH_LIMIT_LABEL]; /* "" = the count of a user from anywhere */
	int failures;
	int wait; /* seconds until the next attempt; 0 = not blocked */
};
/* At most max rows, blocked ones first; returns how many there are in all. */
size_t auth_limiter_list(struct auth_limiter *l, int64_t now, struct auth_limit_row *out,
    size_t max);
/* Forget the failures of a user, from an address, or of a user from an address; both NULL: all. A
 * user matches without case (ASCII), by the first AUTH_LIMIT_LABEL - 1 bytes; what is good stays
 * good. Returns how many counts were forgotten. */
size_t auth_limiter_clear(struct auth_limiter *l, const char *user, const char *address);

#endif
