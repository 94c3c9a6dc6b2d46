/* See key_event.h. */
#include <stddef.h>

#include "measure.h"

#include "key_event.h"

static const char *const names[KEY_EVENTS] = {
    [KEY_EVENT_ARCHIVED] = "archived",
    [KEY_EVENT_GENERATED] = "generated",
    [KEY_EVENT_REQUESTED] = "requested",
    [KEY_EVENT_APPROVED] = "approved",
    [KEY_EVENT_REJECTED] = "rejected",
    [KEY_EVENT_CANCELED] = "canceled",
    [KEY_EVENT_EXPIRED] = "expired",
    [KEY_EVENT_FAILED] = "failed",
    [KEY_EVENT_RELEASED] = "released",
    [KEY_EVENT_RELEASED_AGAIN] = "released_again",
    [KEY_EVENT_REFUSED] = "refused",
};

const char *
key_event_name(enum key_event e)
{
	return names[e];
}

void
key_event_count(enum key_event e, int64_t n)
{
	gh_measure(GH_MEASURE_KEY, e, n, NULL);
}
