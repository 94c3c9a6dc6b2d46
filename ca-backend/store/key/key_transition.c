/* The life of a key request. See key_transition.h. */
#include <string.h>

#include "key_transition.h"

static const char *const names[KEY_STATES] = {
    [KEY_PENDING] = "pending",
    [KEY_APPROVED] = "approved",
    [KEY_COMPLETE] = "complete",
    [KEY_REJECTED] = "rejected",
    [KEY_CANCELED] = "canceled",
    [KEY_EXPIRED] = "expired",
    [KEY_FAILED] = "failed",
};

/* Complete, rejected, canceled, expired and failed are final. Archival and generation are born
 * complete. */
static const struct {
	enum key_state from, to;
	enum key_actor by;
} transitions[] = {
    {KEY_PENDING, KEY_APPROVED, KEY_BY_AGENT},      /* the last approval that is needed */
    {KEY_APPROVED, KEY_COMPLETE, KEY_BY_REQUESTER}, /* he has the key */
    {KEY_PENDING, KEY_REJECTED, KEY_BY_AGENT},
    {KEY_APPROVED, KEY_REJECTED, KEY_BY_AGENT},
    {KEY_PENDING, KEY_CANCELED, KEY_BY_REQUESTER},
    {KEY_APPROVED, KEY_CANCELED, KEY_BY_REQUESTER},
    {KEY_PENDING, KEY_EXPIRED, KEY_BY_TIME},
    {KEY_APPROVED, KEY_EXPIRED, KEY_BY_TIME},
    {KEY_APPROVED, KEY_FAILED, KEY_BY_KRA},
};
#define TRANSITIONS (sizeof(transitions) / sizeof(transitions[0]))

const char *
key_state_name(enum key_state state)
{
	return names[state];
}

bool
key_state_parse(const char *name, enum key_state *out)
{
	for (int i = 0; i < KEY_STATES; i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum key_state)i;
			return true;
		}
	return false;
}

bool
key_transition_is_allowed(enum key_state from, enum key_state to, enum key_actor by)
{
	for (size_t i = 0; i < TRANSITIONS; i++)
		if (transitions[i].from == from && transitions[i].to == to &&
		    transitions[i].by == by)
			return true;
	return false;
}

char **
key_transition_from(enum key_state to, enum key_actor by, char *out[KEY_FROM_SIZE])
{
	size_t n = 0;

	for (int i = 0; i < KEY_STATES; i++)
		if (key_transition_is_allowed((enum key_state)i, to, by))
			out[n++] = (char *)names[i];
	out[n] = NULL;
	return out;
}
