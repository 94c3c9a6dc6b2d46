/* What is asked of other rows before a notification is sent. */
#ifndef STORE_NOTIFICATION_LOOK_H
#define STORE_NOTIFICATION_LOOK_H

#include "notification.h"

/* How often within a day somebody without a name was written to at this address, or the requester
 * had us write to an address that his request or its metadata names, before n: the larger of the
 * two, counted up to max. */
int store_count_written(struct store *s, const struct notification *n, const char *address,
    const char *requester, int max, int64_t *count, struct gh_error *err) GH_MUSTCHECK;

/* How many requests the requester of this one made before it: within the same hour (of the clock),
 * or with still_wait those that wait, too, whenever they were made; counted up to max. */
int store_count_requests_before(struct store *s, int64_t request, bool still_wait, int max,
    int64_t *count, struct gh_error *err) GH_MUSTCHECK;

/* The value of a metadata field of the certificate, or else the request, that n is about. *out
 * NULL: there is none. malloc'd. */
int store_notification_owner(struct store *s, const struct notification *n, const char *field,
    char **out, struct gh_error *err) GH_MUSTCHECK;

#endif
