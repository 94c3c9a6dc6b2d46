/* `gatehouse db counters`: are the counters of the inventory right? */
#include <stdio.h>
#include <unistd.h>

#include "store/inventory/cert_recount.h"
#include "store/status/job_row.h"

#include "command.h"
#include "verb.h"

#define LOCK "db-counters" /* two would repair twice */

static bool repair;

static void
tell(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

static int
check_counters(struct verb_call *c, struct gh_error *err)
{
	const struct gh_progress p = {.tell = isatty(STDERR_FILENO) ? tell : NULL};
	int64_t different = 0;
	bool locked;
	int rc = store_job_lock(c->env.store, LOCK, &locked, err);

	if (rc == 0 && !locked)
		return gh_refuse(err, GH_E_CONFLICT, "another command counts at this moment");
	if (rc != 0)
		return rc;
	rc = store_check_cert_counts(c->env.store, &c->env.who, repair, &p, &c->out, err);
	store_job_unlock(c->env.store, LOCK);
	if (rc == 0 && gh_json_int(gh_json_get(c->out, "different"), &different) && different > 0 &&
	    !repair)
		c->exit = COMMAND_FAILED;
	return rc;
}

static int
show_counters(struct verb_call *c)
{
	static const struct output_column columns[] = {{"COUNTER", "counter"}, {"OF", "of"},
	    {"COUNTED", "counted"}, {"THERE", "there"}, {NULL, NULL}};
	int64_t certificates = 0, different = 0;

	(void)gh_json_int(gh_json_get(c->out, "certificates"), &certificates);
	(void)gh_json_int(gh_json_get(c->out, "different"), &different);
	if (different == 0)
		printf("ok: all counters fit %lld certificates\n", (long long)certificates);
	else
		printf("%lld counters %s %lld certificates\n", (long long)different,
		    repair ? "were wrong, and are right now, of" : "do not fit",
		    (long long)certificates);
	return different > 0 ? output_table(gh_json_get(c->out, "differences"), columns)
			     : output_finish();
}

static const struct option_row counters_options[] = {VERB_CONFIG,
    {"repair", 0, OPTION_FLAG, &repair, NULL, "make them right"}, VERB_JSON, OPTION_END};
const struct verb verb_db_counters = {
    .usage = {"", 0, 0,
	"Compares the counters of the inventory, which the statistics come from, with the certificates of the same moment, "
	"while certificates are issued. Wrong ones are listed, the first 100 of them, and the exit code is 1.",
	"gatehouse db counters\ngatehouse db counters --repair\n"},
    .options = counters_options,
    .needs = NEEDS_STORE,
    .work = check_counters,
    .show = show_counters,
};
