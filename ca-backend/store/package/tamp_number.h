/* Sequence numbers of TAMP messages (RFC 5934, 4.1): clients take no message of a signer whose
 * number is not greater than the last. */
#ifndef STORE_TAMP_NUMBER_H
#define STORE_TAMP_NUMBER_H

#include "store/store.h"

/* Greater than each one before, on all nodes, and at least the time (UTC seconds): so they are
 * greater, too, than what was given out between a backup and its restore. GH_E_CONFLICT (public):
 * there is none left. GH_E_SEAL (public): the last one is more than a day ahead of the clock. */
int store_next_tamp_number(struct store *s, int64_t *out, struct gh_error *err) GH_MUSTCHECK;

#endif
