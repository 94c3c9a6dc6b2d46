/* All targets of a list: some at a time, not too fast. */
#ifndef SCAN_RUN_H
#define SCAN_RUN_H

#include "scan_probe.h"

#define SCAN_PARALLEL_MAX 64

struct scan_pace {
	int rate;     /* connections begun in a second, 1 to 1000 */
	int parallel; /* at a time, 1 to SCAN_PARALLEL_MAX */
	int timeout;  /* seconds for each */
	/* It is asked now, and what became of it: said by any thread, one at a time. Who asks waits
	 * for who is told. A failure ends the scan. */
	int (*begin)(void *arg, const struct scan_target *t, struct gh_error *err);
	int (*take)(void *arg, const struct scan_target *t, const struct scan_result *r,
	    struct gh_error *err);
	void *arg;
};
int scan_run(const struct scan_targets *targets, X509_STORE *trust, const struct scan_pace *pace,
    struct gh_error *err) GH_MUSTCHECK;

#endif
