/*
 * How many RSA keys are made at a time: one takes a processor for seconds, and the other
 * connections want their answers meanwhile. Who waits too long is told so, and so is who has too
 * many under way, since the others wait behind his.
 */
#ifndef SIGNER_KRA_KEY_SLOTS_H
#define SIGNER_KRA_KEY_SLOTS_H

#include "der.h"
#include "error.h"

/* Any thread. Half of the processors, at least one. NULL: no memory. */
struct key_slots;
struct key_slots *key_slots_new(void);
void key_slots_free(struct key_slots *s); /* accepts NULL */

#define KEY_SLOT_SECONDS 5
#define KEY_SLOT_COST_MAX 8 /* of an owner's keys that are under way, for each slot */
/* The caller's, until the slot is given back. */
struct key_turn {
	struct gh_der owner; /* whose key it will be; borrowed */
	unsigned cost;       /* of the key, 1 to KEY_SLOT_COST_MAX; about 0.2 seconds each */
	struct key_turn *next;
};
/* Wait for a slot, to be given back. GH_E_BUSY (public): none became free in KEY_SLOT_SECONDS, or
 * this owner has too many under way. */
int key_slots_take(struct key_slots *s, struct key_turn *turn, struct gh_error *err) GH_MUSTCHECK;
void key_slots_give(struct key_slots *s, struct key_turn *turn);

#endif
