/* The life of a key request: which state follows which, and by whom. The one table; statements take
 * the states that they may change from it. docs/kra.md */
#ifndef STORE_KEY_TRANSITION_H
#define STORE_KEY_TRANSITION_H

#include <stdbool.h>
#include <stddef.h>

enum key_state {
	KEY_PENDING,
	KEY_APPROVED,
	KEY_COMPLETE,
	KEY_REJECTED,
	KEY_CANCELED,
	KEY_EXPIRED,
	KEY_FAILED,
	KEY_STATES
};
/* "pending" ... Static. */
const char *key_state_name(enum key_state state);
/* false: unknown. */
bool key_state_parse(const char *name, enum key_state *out);

enum key_actor {
	KEY_BY_AGENT,
	KEY_BY_REQUESTER,
	KEY_BY_TIME, /* its expiry has come */
	KEY_BY_KRA,  /* it cannot open the secret */
	KEY_ACTORS
};

bool key_transition_is_allowed(enum key_state from, enum key_state to, enum key_actor by);

/* The states that may become `to` by this actor, NULL-ended; static texts. Returns out. */
#define KEY_FROM_SIZE (KEY_STATES + 1)
char **key_transition_from(enum key_state to, enum key_actor by, char *out[KEY_FROM_SIZE]);

#endif
