/* Wrong passwords of the KRA's storage keys are counted in their rows: for all of them together,
 * since one question tries each. docs/kra.md */
#ifndef STORE_KRA_PASSWORD_ROW_H
#define STORE_KRA_PASSWORD_ROW_H

#include "store/store.h"

struct store_kra_tries {
	int attempts; /* wrong ones since the last right one, or the end of the last lockout */
	int lockouts; /* in a row */
	int64_t now;  /* of the database, UTC seconds */
	int64_t locked_until; /* 0 when it has passed */
};

/* Begin a transaction: who tries next waits for its end. Archiving goes on. GH_E_BUSY. No
 * transaction is open after a failure. */
int store_kra_tries_lock(struct store *s, struct store_kra_tries *out,
    struct gh_error *err) GH_MUSTCHECK;
/* One more. The attempts_max'th locks as lockout.h says, first for lock_seconds: t->locked_until.
 */
int store_kra_tries_put_wrong(struct store *s, struct store_kra_tries *t, int attempts_max,
    int lock_seconds, struct gh_error *err) GH_MUSTCHECK;
int store_kra_tries_put_right(struct store *s, struct gh_error *err) GH_MUSTCHECK;
int store_kra_tries_commit(struct store *s, struct gh_error *err) GH_MUSTCHECK;
void store_kra_tries_abandon(struct store *s);

#endif
