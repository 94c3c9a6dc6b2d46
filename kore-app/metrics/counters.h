/* What the worker processes count together: the layout of the memory. Private to metrics.c, which
 * counts, and metrics_text.c, which reads. */
#ifndef METRICS_COUNTERS_H
#define METRICS_COUNTERS_H

#include "formats/revocation_reason.h"
#include "model.h"
#include "ocsp/responder.h"
#include "store/key/key_event.h"

#include "auth/login_event.h"
#include "histogram.h"
#include "metrics.h"

#define STATUS_MIN 100
#define STATUS_MAX 599
#define STATUSES (STATUS_MAX - STATUS_MIN + 1)
#define TEMPLATES_MAX 512 /* distinct names that are counted; more go to "other" */

/* Those of gh_measure that are durations, which are its first ones. */
#define BACKENDS (GH_MEASURE_KRA + 1)

enum slot_state { SLOT_FREE, SLOT_CLAIMED, SLOT_READY };

/* A claimer that dies leaves SLOT_CLAIMED behind: the slot is lost, nothing else. */
struct issued {
	atomic_int state;
	char name[TMPL_NAME_MAX + 1];
	_Atomic uint64_t count;
};

struct route_counts {
	_Atomic uint64_t status[STATUSES];
	struct histogram duration;
};

struct common_counts {
	struct histogram backend[BACKENDS];
	struct issued issued[TEMPLATES_MAX];
	_Atomic uint64_t issued_other;
	_Atomic uint64_t ocsp[OCSP_EVENTS];
	_Atomic uint64_t revoked[REASON_MAX + 1];
	_Atomic uint64_t key[KEY_EVENTS];
	_Atomic uint64_t login[LOGIN_EVENTS];
	_Atomic int64_t clock_skew_ms;
	/* Two texts, written alternately: a reader has many seconds before its text is written
	 * again. */
	_Atomic int64_t state_claimed;
	atomic_int state_current; /* 0: none yet; else 1 or 2 */
	char state_text[2][METRICS_STATE_MAX];
};

/* The mapping: one of these, then the slots of the workers, then the counts of the routes and those
 * of requests without a route. */
struct counters {
	struct common_counts *common; /* NULL: before metrics_init */
	struct metrics_worker *worker;
	struct route_counts *route;
	int workers;
	size_t routes;
	const char *(*route_name)(size_t);
};
extern struct counters counters;

#endif
