/* `gatehouse doctor`: the workers of this node. */
#include "buf.h"

#include "doctor.h"
#include "metrics_value.h"
#include "run/run_probe.h"

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
