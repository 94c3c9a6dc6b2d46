/* `gatehouse doctor`: the nodes of the house, and the workers of this one. */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "calendar.h"
#include "jobs/job.h"
#include "store/status/job_row.h"

#include "doctor.h"
#include "metrics_value.h"
#include "run/run_probe.h"

#define GONE (7 * GH_DAY_SECONDS) /* a node not seen for so long was taken away */

/* ---- nodes ---- */

static const struct job *
job_of_nodes(void)
{
	size_t i = 0;

	while (i < job_table_len && job_table[i].kind != JOB_PER_NODE)
		i++;
	return i < job_table_len ? &job_table[i] : NULL;
}

static void
judge_node(struct findings *f, const char *name, int64_t idle, int interval)
{
	char span[FINDING_SPAN_SIZE];

	if (idle < 0)
		return;
	finding_span(idle, span);
	if (!job_is_late(idle, interval))
		finding_ok(f, "node", "%s: seen %s ago", name, span);
	else if (idle < GONE)
		finding_wrong(f, FINDING_WARNING, "node", "does the gateway run there?",
		    "%s was last seen %s ago", name, span);
	else
		finding_ok(f, "node", "%s: gone, last seen %s ago", name, span);
}

void
doctor_nodes(struct doctor *d)
{
	const struct job *job = job_of_nodes();
	int interval = job != NULL ? job_interval(job, d->env.conf) : 0;
	struct store_job *states = NULL;
	struct gh_error err = {0};
	size_t n = 0;

	if (d->env.store == NULL || interval == 0)
		return;
	if (store_job_states(d->env.store, &states, &n, &err) != 0)
		finding_wrong(&d->findings, FINDING_ERROR, "node", "try again", "%s", err.detail);
	for (size_t i = 0; i < n; i++) {
		const char *at = strchr(states[i].name, '@');

		if (at != NULL)
			judge_node(&d->findings, at + 1, states[i].idle, interval);
	}
	free(states);
}

/* ---- workers ---- */

static void
judge_workers(struct findings *f, const char *text)
{
	int64_t workers = metrics_value(text, "gatehouse_workers");
	int64_t queue = metrics_value(text, "gatehouse_pool_queue_length");
	int64_t room = metrics_value(text, "gatehouse_pool_queue_capacity");

	if (workers < 0)
		return;
	finding_value(f, &(struct finding_value){"workers", NULL, workers, "", NULL, "1:"});
	finding_value(f, &(struct finding_value){"queue", NULL, queue, "", NULL, NULL});
	if (workers == 0)
		finding_wrong(f, FINDING_ERROR, "workers", "journalctl -u gatehouse",
		    "no worker answers");
	else if (room > 0 && queue > room / 5 * 4)
		finding_wrong(f, FINDING_WARNING, "workers", "docs/sizing.md",
		    "%lld workers, and %lld of %lld places in their queues are taken",
		    (long long)workers, (long long)queue, (long long)room);
	else
		finding_ok(f, "workers", "%lld answer, %lld requests wait", (long long)workers,
		    (long long)queue);
	if (metrics_value(text, "gatehouse_configuration_refused") > 0)
		finding_wrong(f, FINDING_ERROR, "configuration",
		    "`gatehouse db status` names the row",
		    "the configuration in the database was changed past Gatehouse, and is not used");
}

void
doctor_workers(struct doctor *d)
{
	struct gh_buf text;

	if (run_probe_metrics(d->env.conf, &text))
		judge_workers(&d->findings, (const char *)text.data);
	gh_buf_free(&text);
}
