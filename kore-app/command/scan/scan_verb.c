/* `gatehouse scan`: what is served where, by the operator's list. docs/inventory.md */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "enroll.h"
#include "scan/scan_list.h"
#include "scan/scan_work.h"

#include "command.h"
#include "file.h"
#include "run/prober_child.h"
#include "verb.h"

static const char *list;
static int rate = 10, parallel = 8, timeout = 10;
static bool is_quiet;
static const struct option_row options[] = {
    VERB_CONFIG,
    {"targets", 't', OPTION_TEXT, &list, "FILE",
	"a line for each: HOST[:PORT] [starttls=smtp|imap|ldap|postgres] [sni=NAME]; \"-\": standard input"},
    {"rate", 'r', OPTION_NUMBER, &rate, "N",
	"connections begun in a second (default 10; at most 1000)"},
    {"parallel", 0, OPTION_NUMBER, &parallel, "N", "connections at a time (default 8; at most 64)"},
    {"timeout", 0, OPTION_NUMBER, &timeout, "SECONDS", "for each target (default 10; at most 120)"},
    {"quiet", 'q', OPTION_FLAG, &is_quiet, NULL, "only the sum"},
    VERB_JSON,
    OPTION_END,
};

static int
check(const struct verb_call *c)
{
	if (list == NULL)
		return command_usage(c->who, "name the list of targets: --targets FILE");
	if (rate < 1 || rate > 1000 || parallel < 1 || parallel > SCAN_PARALLEL_MAX ||
	    timeout < 1 || timeout > 120)
		return command_usage(c->who,
		    "--rate is 1 to 1000, --parallel 1 to %d, --timeout 1 to 120",
		    SCAN_PARALLEL_MAX);
	return COMMAND_OK;
}

/* On standard output as they come, so that it can be watched and cut. */
static void
say(const struct scan_target *t, const struct scan_result *r)
{
	bool has_colons = strchr(t->host, ':') != NULL;

	printf("%s%s%s:%d %s", has_colons ? "[" : "", t->host, has_colons ? "]" : "", t->port,
	    t->start != SCAN_TLS ? scan_start_name(t->start) : "");
	fputs(t->start != SCAN_TLS ? " " : "", stdout);
	output_safe(stdout, r->chain.n > 0 ? r->verify : r->error);
	putchar('\n');
	fflush(stdout);
}

static int
read_targets(char **text, struct scan_targets *targets, struct gh_error *err)
{
	struct gh_error why;
	size_t len;
	int rc;

	if (strcmp(list, "-") != 0)
		return scan_list_read(list, text, targets, err);
	memset(targets, 0, sizeof(*targets));
	if ((rc = file_read_long(list, SCAN_LIST_MAX, text, &len, err)) != 0)
		return rc;
	rc = strlen(*text) == len ? scan_targets_read(*text, targets, &why)
				  : gh_refuse(&why, GH_E_CONF, "it is no text");
	return rc == 0 ? 0 : gh_refuse(err, rc, "standard input: %s", why.message);
}

static int
conclude(struct verb_call *c, const struct scan_targets *targets, const struct scan_counts *n,
    struct gh_error *err)
{
	gh_json *o = c->out = gh_json_new_object();
	int bad = gh_json_set_int(o, "targets", (int64_t)targets->n);

	bad |= gh_json_set_int(o, "served", n->served);
	bad |= gh_json_set_int(o, "failed", n->failed);
	bad |= gh_json_set_int(o, "changed", n->changed);
	bad |= gh_json_set_int(o, "ended_process", n->ended_process);
	return bad != 0 ? gh_fail(err, GH_E_NOMEM, "scan") : 0;
}

static int
scan(struct verb_call *c, const char *text, const struct scan_targets *targets,
    struct scan_counts *counts, struct gh_error *err)
{
	struct scan_work w = {.rate = rate,
	    .parallel = parallel,
	    .timeout = timeout,
	    .start = prober_child_begin,
	    .start_arg = c->env.conf,
	    .saw = is_quiet || c->json ? NULL : say};
	struct catalog *catalog;
	int rc = enroll_load_catalog(c->env.store, c->env.secret, &catalog, err);

	if (rc != 0)
		return rc;
	w.import = (struct cert_import){.store = c->env.store,
	    .cas = &catalog->cas,
	    .who = &c->env.who,
	    .name = "scan"};
	rc = scan_work(&w, text, targets, counts, err);
	catalog_free(catalog);
	return rc;
}

static int
work(struct verb_call *c, struct gh_error *err)
{
	struct scan_targets targets;
	struct scan_counts counts;
	char *text = NULL;
	int rc = read_targets(&text, &targets, err);

	if (rc == 0)
		rc = scan(c, text, &targets, &counts, err);
	if (rc == 0)
		rc = conclude(c, &targets, &counts, err);
	free(text);
	scan_targets_clear(&targets);
	return rc;
}

const struct verb verb_scan = {
    .usage = {"", 0, 0,
	"Asks each endpoint of a list for its TLS certificates, and writes down what is served where and since when. Nothing else is "
	"asked, and nothing that is not on the list. The certificates go into the inventory.",
	"gatehouse scan --targets /etc/gatehouse/targets --rate 50\n"
	"echo 'mail.example.com starttls=smtp' | gatehouse scan --targets -\n"
	"gatehouse scan list --failing\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .check = check,
    .work = work,
};
