/* How far the trail has been sent to the collector. docs/monitoring.md#syslog */
#ifndef STORE_SYSLOG_CURSOR_H
#define STORE_SYSLOG_CURSOR_H

#include "requester.h"
#include "store/store.h"

struct store_syslog_cursor {
	int64_t seal, position; /* of the next row: seal 1 or more, position 0 or more */
};

/* The first time it stands behind the newest seal: what is older was there before the collector. A
 * row of the trail, by who, tells of it: that the cursor was lost and made anew must not stay
 * unseen. */
int store_syslog_cursor(struct store *s, const struct requester *who,
    struct store_syslog_cursor *out, struct gh_error *err) GH_MUSTCHECK;
int store_syslog_cursor_move(struct store *s, const struct store_syslog_cursor *to,
    struct gh_error *err) GH_MUSTCHECK;
/* Sealed rows from it on; counted up to 10000. None when there is no cursor yet. */
int store_syslog_waiting(struct store *s, int64_t *out, struct gh_error *err) GH_MUSTCHECK;

#endif
