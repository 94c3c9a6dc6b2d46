/*
 * Failed attempts per user and per address, in a table of fixed size (declared in auth.h). Time is handed in,
 * monotonic seconds, so that the rules can be tested without waiting. Safe in any thread; a NULL limiter
 * limits nothing.
 */
#ifndef AUTH_LIMIT_H
#define AUTH_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "auth.h"

enum auth_limit_kind { AUTH_LIMIT_USER, AUTH_LIMIT_ADDRESS, AUTH_LIMIT_KINDS };

/* Seconds until the next attempt is allowed; 0 = now. */
int auth_limiter_wait(struct auth_limiter *l, enum auth_limit_kind kind, const char *key, int64_t now);
/* Count a failure. Seconds of the block when it is the one that reached the limit, else 0. */
int auth_limiter_fail(struct auth_limiter *l, enum auth_limit_kind kind, const char *key, int64_t now);
/* The right password came: forget the user's failures. */
void auth_limiter_forget(struct auth_limiter *l, enum auth_limit_kind kind, const char *key);

#endif
