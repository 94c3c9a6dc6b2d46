/*
 * How many RSA keys are made at a time: one takes a processor for seconds, and the other
 * connections want their answers meanwhile. Who waits too long is told so.
 */
#ifndef SIGNER_KRA_KEY_SLOTS_H
#define SIGNER_KRA_KEY_SLOTS_H

#include "error.h"

/* Any thread. Half of the processors, at least one. NULL: no memory. */
struct key_slots;
struct key_slots *key_slots_new(void);
void key_slots_free(struct key_slots *s); /* accepts NULL */

/* Wait for a slot, to be given back. GH_E_BUSY (public): none became free in KEY_SLOT_SECONDS. */
#define KEY_SLOT_SECONDS 5
int key_slots_take(struct key_slots *s, struct gh_error *err) GH_MUSTCHECK;
void key_slots_give(struct key_slots *s);

#endif
