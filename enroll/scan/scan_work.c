/* A scan. See scan_work.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#include "scan_ask.h"
#include "scan_work.h"

/* Processes that a scan may lose: an endpoint that ends them costs it two. */
#define LOST_MAX 100

static size_t
count(const struct scan_ask *a, enum scan_state which)
{
	size_t n = 0;

	for (size_t i = 0; i < a->targets->n; i++)
		n += a->state[i] == which;
	return n;
}

/* It was asked alone, and the second time: nobody else has ended the process. */
static int
record_end(struct scan_ask *a, size_t i, struct gh_error *err)
{
	const struct scan_target *t = &a->targets->v[i];
	const struct scan_result r = {.error =
					  "what it sends has ended the process that asks, twice",
	    .ended_process = true};
	char port[12];
	int rc;

	snprintf(port, sizeof(port), "%d", t->port);
	gh_log_kv(GH_LOG_WARN,
	    "an endpoint ends the process that asks: the scan goes on without it", "host", t->host,
	    "port", port, NULL);
	a->state[i] = SCAN_ANSWERED;
	a->answered++;
	if ((rc = scan_record(&a->work->import, t, &r, a->counts, err)) == 0 &&
	    a->work->saw != NULL)
		a->work->saw(t, &r);
	return rc;
}

/* Those that were being asked. */
static int
take_suspects(struct scan_ask *a, bool were_alone, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < a->targets->n; i++)
		if (a->state[i] == SCAN_ASKED && were_alone)
			rc = record_end(a, i, err);
		else if (a->state[i] == SCAN_ASKED)
			a->state[i] = SCAN_SUSPECT;
	return rc;
}

/* A process that an endpoint ends takes others with it that were asked at the same moment: they are
 * asked anew, one by one, and then the rest. */
static int
ask_all(struct scan_ask *a, struct gh_error *err)
{
	size_t suspects = 0;
	int rc = 0, losses = 0;

	while (rc == 0 && a->answered < a->targets->n) {
		bool lost, moved;

		rc = suspects > 0 ? scan_ask(a, SCAN_SUSPECT, 1, &lost, &moved, err)
				  : scan_ask(a, SCAN_WAITS, a->work->parallel, &lost, &moved, err);
		if (lost && moved && ++losses < LOST_MAX) {
			gh_log_kv(GH_LOG_WARN, "a scan begins anew behind those that were answered",
			    "cause", err->message, NULL);
			rc = take_suspects(a, suspects > 0, err);
		}
		suspects = count(a, SCAN_SUSPECT);
	}
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
	rc = a.state != NULL ? ask_all(&a, err) : gh_fail(err, GH_E_NOMEM, "scan");
	free(a.state);
	return rc;
}
