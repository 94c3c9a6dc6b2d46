/* A scan. See scan_work.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#include "scan_ask.h"
#include "scan_recall.h"
#include "scan_work.h"

/* Processes that a scan may lose: an endpoint that ends them costs it two, the first time. */
#define LOST_MAX 100

static size_t
count(const struct scan_ask *a, enum scan_state which)
{
	size_t n = 0;

	for (size_t i = 0; i < a->targets->n; i++)
		n += a->state[i] == which;
	return n;
}

/* It was asked alone, and not for the first time: nobody else is to blame. */
static int
record_loss(struct scan_ask *a, size_t i, bool ended, bool is_known, struct gh_error *err)
{
	const struct scan_target *t = &a->targets->v[i];
	struct scan_result r = {.ended_process = ended, .stood_still = !ended};
	char port[12];
	int rc;

	snprintf(r.error, sizeof(r.error), "%s, %s",
	    ended ? "what it sends has ended the process that asks"
		  : "the process that asks got neither an answer nor an end in time",
	    is_known ? "as in the last scan" : "twice");
	snprintf(port, sizeof(port), "%d", t->port);
	gh_log_kv(GH_LOG_WARN, "an endpoint is left out: the scan goes on without it", "host",
	    t->host, "port", port, "cause", r.error, NULL);
	a->state[i] = SCAN_ANSWERED;
	a->answered++;
	if ((rc = scan_record(&a->work->import, t, &r, a->counts, err)) == 0 &&
	    a->work->saw != NULL)
		a->work->saw(t, &r);
	return rc;
}

/* Those that were being asked when it was lost. */
static int
take_suspects(struct scan_ask *a, enum scan_state which, enum scan_end end, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < a->targets->n; i++)
		if (a->state[i] == SCAN_ASKED && which != SCAN_WAITS)
			rc = record_loss(a, i, end == SCAN_ENDED, which == SCAN_LATE, err);
		else if (a->state[i] == SCAN_ASKED)
			a->state[i] = SCAN_SUSPECT;
	return rc;
}

/* A process that an endpoint ends takes others with it that were asked at the same moment: they are
 * asked anew, one by one, and then the rest. Those that the last scan knows for it come last, each
 * alone, so that no scan ends before all others were asked; that they do it again is expected. */
static int
ask_all(struct scan_ask *a, struct gh_error *err)
{
	int rc = 0, losses = 0;

	while (rc == 0 && a->answered < a->targets->n) {
		enum scan_state which = count(a, SCAN_SUSPECT) > 0 ? SCAN_SUSPECT
		    : count(a, SCAN_WAITS) > 0                     ? SCAN_WAITS
								   : SCAN_LATE;
		enum scan_end end;
		bool moved;

		rc = scan_ask(a, which, which == SCAN_WAITS ? a->work->parallel : 1, &end, &moved,
		    err);
		if (end == SCAN_DONE || !moved)
			continue;
		if (which != SCAN_LATE && ++losses == LOST_MAX)
			return gh_fail(err, GH_E_INTERNAL,
			    "%d processes that ask endpoints were lost: %zu targets are not asked",
			    LOST_MAX, a->targets->n - a->answered);
		gh_log_kv(GH_LOG_WARN, "a scan begins anew behind those that were answered",
		    "cause", err->detail, NULL);
		rc = take_suspects(a, which, end, err);
	}
	return rc;
}

static int
recall(struct scan_ask *a, struct gh_error *err)
{
	bool *is_known = calloc(a->targets->n + 1, sizeof(*is_known));
	int rc = is_known != NULL ? scan_recall(a->work->import.store, a->targets, is_known, err)
				  : gh_fail(err, GH_E_NOMEM, "scan");

	for (size_t i = 0; rc == 0 && i < a->targets->n; i++)
		if (is_known[i])
			a->state[i] = SCAN_LATE;
	free(is_known);
	return rc;
}

int
scan_work(const struct scan_work *w, const char *text, const struct scan_targets *targets,
    struct scan_counts *out, struct gh_error *err)
{
	struct scan_ask a = {.work = w,
	    .text = text,
	    .targets = targets,
	    .state = calloc(targets->n + 1, 1),
	    .counts = out};
	int rc;

	memset(out, 0, sizeof(*out));
	rc = a.state != NULL ? recall(&a, err) : gh_fail(err, GH_E_NOMEM, "scan");
	if (rc == 0)
		rc = ask_all(&a, err);
	free(a.state);
	return rc;
}
