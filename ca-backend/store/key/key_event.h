/* What happens to keys of the KRA, as it is counted: gh_measure(GH_MEASURE_KEY) with one of these.
 * Told by who has committed it, or has refused it. */
#ifndef STORE_KEY_EVENT_H
#define STORE_KEY_EVENT_H

#include <stdint.h>

enum key_event {
	KEY_EVENT_ARCHIVED,
	KEY_EVENT_GENERATED,
	KEY_EVENT_REQUESTED,
	KEY_EVENT_APPROVED, /* each approval of an agent */
	KEY_EVENT_REJECTED,
	KEY_EVENT_CANCELED,
	KEY_EVENT_EXPIRED,
	KEY_EVENT_FAILED,
	KEY_EVENT_RELEASED,
	KEY_EVENT_RELEASED_AGAIN,
	KEY_EVENT_REFUSED, /* a call, for its caller or what it says */
	KEY_EVENTS
};

/* "archived" ... Static. */
const char *key_event_name(enum key_event e);
void key_event_count(enum key_event e, int64_t n);

#endif
