/* One process asks some of the targets of a scan, and what it answers is recorded. */
#ifndef SCAN_ASK_H
#define SCAN_ASK_H

#include "scan_work.h"

enum scan_state {
	SCAN_WAITS,
	SCAN_SUSPECT, /* it was being asked when a process was lost */
	SCAN_LATE,    /* the last scan has lost a process with it */
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

/* What became of a process. */
enum scan_end {
	SCAN_DONE,  /* or ended by us, for another reason */
	SCAN_ENDED, /* before it was done; or it says what it may not */
	SCAN_STILL  /* it says nothing for too long: we end it */
};

/* Start a process that asks those that are in a state, so many at a time. *end: where it was lost,
 * err tells, and those that it was asking are SCAN_ASKED. *moved: it got anywhere. Other errors are
 * ours, or GH_E_BUSY. */
int scan_ask(struct scan_ask *a, enum scan_state which, int parallel, enum scan_end *end,
    bool *moved, struct gh_error *err) GH_MUSTCHECK;

#endif
