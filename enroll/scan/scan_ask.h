/* One process asks some of the targets of a scan, and what it answers is recorded. */
#ifndef SCAN_ASK_H
#define SCAN_ASK_H

#include "scan_work.h"

enum scan_state {
	SCAN_WAITS,
	SCAN_SUSPECT, /* it was being asked when a process ended */
	SCAN_ASKED,
	SCAN_ANSWERED
};

struct scan_ask {
	const struct scan_work *work;
	const char *text; /* the list */
	const struct scan_targets *targets;
	unsigned char *state; /* of each: enum scan_state */
	size_t answered;
	struct scan_counts *counts;
	int64_t told;         /* microseconds: when it was said how far it is */
	size_t told_answered; /* and that was */
};

/* Start a process that asks those that are in a state, so many at a time. *lost: it has ended
 * before it was done, stands still, or says what it may not, and err tells; those that it was
 * asking are SCAN_ASKED. *moved: it got anywhere. Other errors are ours, or GH_E_BUSY. */
int scan_ask(struct scan_ask *a, enum scan_state which, int parallel, bool *lost, bool *moved,
    struct gh_error *err) GH_MUSTCHECK;

#endif
