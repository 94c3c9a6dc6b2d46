/* What time does to pending requests: officers are reminded, and in the end they expire.
 * docs/approval.md */
#ifndef STORE_REQUEST_EXPIRY_H
#define STORE_REQUEST_EXPIRY_H

#include "store/store.h"

#define STORE_REQUEST_EXPIRED 0x800705B4 /* HRESULT of ERROR_TIMEOUT: their status code */

/* Ends at most 1000 that were submitted so many days ago, each with its audit row; a private key
 * that waits with one is removed. *n 0: there are none left. */
int store_expire_requests(struct store *s, const struct requester *who, int days, int *n,
    struct gh_error *err) GH_MUSTCHECK;
/* Notifications "request.reminder" for at most 1000 that have waited so many days since they were
 * submitted, or since the last one. *n 0: there are none left. */
int store_remind_requests(struct store *s, int days, int *n, struct gh_error *err) GH_MUSTCHECK;
/* Wrong approval passwords that count no more. */
int store_forget_attempts(struct store *s, struct gh_error *err) GH_MUSTCHECK;

/* How many all of the first, and of the second, would be. */
int store_count_waiting(struct store *s, int expiry_days, int reminder_days, int64_t *expire,
    int64_t *remind, struct gh_error *err) GH_MUSTCHECK;

#endif
