/* What a connection can do now, in its stage: read or write once. Event loop thread only. */
#ifndef KORE_STEP_H
#define KORE_STEP_H

#include "kore_peer.h"

enum step { STEP_AGAIN, STEP_BLOCKED, STEP_END };

/* STEP_AGAIN: there may be more to do; STEP_BLOCKED: Kore says when there is; STEP_END: end it. */
enum step step_once(struct peer *p);

#endif
