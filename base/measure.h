/*
 * What any layer tells of its work, for whoever counts it: a process has one listener at most, the
 * metrics in a worker, nobody in a command.
 */
#ifndef GH_MEASURE_H
#define GH_MEASURE_H

#include <stdint.h>

enum gh_measure {
	GH_MEASURE_SIGNER,    /* value: microseconds of one call */
	GH_MEASURE_DIRECTORY, /* value: microseconds of one operation */
	GH_MEASURE_DATABASE,  /* value: microseconds of one statement, where store_measure asked */
	GH_MEASURE_KRA,       /* value: microseconds of one call */
	GH_MEASURE_DECIDED,   /* a request; kind: DB_DISP_*; name: the template's */
	GH_MEASURE_REVOKED,   /* kind: REASON_*; REASON_REMOVE_FROM_CRL: a hold has ended */
	GH_MEASURE_OCSP,      /* kind: enum ocsp_event; value: how many */
	GH_MEASURE_KEY,       /* kind: enum key_event; value: how many */
	GH_MEASURE_LOGIN,     /* kind: enum login_event; value: how many */
};

/* name is read during the call; NULL where there is none. Any thread. */
typedef void (*gh_measure_fn)(enum gh_measure m, int kind, int64_t value, const char *name);

/* Set once, before any thread works; NULL: nobody listens. */
void gh_measure_listen(gh_measure_fn fn);
void gh_measure(enum gh_measure m, int kind, int64_t value, const char *name);

#endif
