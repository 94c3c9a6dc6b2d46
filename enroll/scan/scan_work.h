/* A scan, as command and job make it: the endpoints are asked by a process of its own, and what it
 * answers goes into the inventory. */
#ifndef SCAN_WORK_H
#define SCAN_WORK_H

#include "progress.h"

#include "scan_record.h"
#include "scan_run.h"

struct scan_work {
	struct cert_import import;   /* where to, and as whom */
	int rate, parallel, timeout; /* as in struct scan_pace */
	/* Start the process that serves fd (scan_serve.h); fd stays ours. */
	int (*start)(void *arg, int fd, struct gh_error *err);
	void *start_arg;
	struct gh_progress progress; /* is_stopping: at once, GH_E_BUSY; tell: how far it is */
	/* What became of each target, when it is recorded; NULL: nobody wants to know. */
	void (*saw)(const struct scan_target *t, const struct scan_result *r);
};
/* text: what was read into targets. A process that ends or stands still is followed by another one;
 * the endpoint that is to blame for it is recorded with the reason, and asked last by the next
 * scan. Too many of them that are new, or one that gets nowhere, end the scan. What was answered
 * until then is recorded, and counted in *out.
 */
int scan_work(const struct scan_work *w, const char *text, const struct scan_targets *targets,
    struct scan_counts *out, struct gh_error *err) GH_MUSTCHECK;

#endif
