/* `gatehouse metadata apply`, `import`, `runs` and `cancel`: the metadata of many certificates. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inventory/metadata_csv.h"
#include "inventory/metadata_run.h"
#include "store/inventory/metadata_run_row.h"
#include "store/status/job_row.h"

#include "client/client_request.h"
#include "command.h"
#include "file.h"
#include "prompt.h"
#include "verb.h"

#define SLICE_MS 500    /* of work at a time, and of the pause behind it */
#define ITEMS_PAGE 1000 /* rows of one page */
#define FILE_MAX ((size_t)64 * 1024 * 1024)

static const char *query;
static struct option_list sets, removes;
static bool overwrites, is_dry, takes_away;

/* ---- what is shown ---- */

static const struct output_column item_columns[] = {{"N", "n"}, {"CERTIFICATE", "certificate_id"},
    {"OUTCOME", "outcome"}, {"DETAIL", "detail"}, {"CHANGES", "changes"}, {NULL, NULL}};

static int64_t
number(const gh_json *o, const char *name)
{
	int64_t n = 0;

	(void)gh_json_int(gh_json_get(o, name), &n);
	return n;
}

static const char *
text(const gh_json *o, const char *name)
{
	const char *s = gh_json_string(gh_json_get(o, name));

	return s != NULL ? s : "";
}

/* What a run did, in c->out: {"run", "items"}. */
static int
read_result(struct verb_call *c, int64_t id, struct gh_error *err)
{
	struct store_metadata_items q = {.run_id = id, .limit = ITEMS_PAGE};
	gh_json *run = NULL, *page, *items = gh_json_new_array();
	int64_t next = 0;
	int rc = store_get_metadata_run(c->env.store, id, &run, err);

	do {
		if (rc != 0 ||
		    (rc = store_list_metadata_items(c->env.store, &q, &page, &next, err)) != 0)
			break;
		for (size_t i = 0; rc == 0 && i < gh_json_size(page); i++)
			if (gh_json_append(items, gh_json_ref(gh_json_at(page, i))) != 0)
				rc = gh_fail(err, GH_E_NOMEM, "run");
		gh_json_free(page);
		q.after = next;
	} while (next != 0);
	gh_json_free(c->out);
	c->out = rc == 0 ? gh_json_new_object() : NULL;
	if (rc == 0 &&
	    (gh_json_set(c->out, "run", gh_json_ref(run)) |
		gh_json_set(c->out, "items", gh_json_ref(items))) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "run");
	gh_json_free(run);
	gh_json_free(items);
	return rc;
}

static void
tell(const gh_json *run, FILE *f)
{
	bool dry = gh_json_bool(gh_json_get(run, "dry_run"), false);

	fprintf(f,
	    "run %" PRId64 " %s%s: %" PRId64 " certificates %s, %" PRId64 " the same, %" PRId64
	    " refused\n",
	    number(run, "id"), text(run, "state"), dry ? " (dry run)" : "", number(run, "changed"),
	    dry ? "would be changed" : "changed", number(run, "same"), number(run, "refused"));
	if (*text(run, "problem") != '\0') {
		output_safe(f, text(run, "problem"));
		fputc('\n', f);
	}
}

static int
show_result(struct verb_call *c)
{
	tell(gh_json_get(c->out, "run"), stdout);
	if (gh_json_size(gh_json_get(c->out, "items")) == 0)
		return output_finish();
	return output_table(gh_json_get(c->out, "items"), item_columns);
}

/* ---- driving it ---- */

static int
work_slice(struct verb_call *c, struct gh_error *err)
{
	static const struct gh_progress never = {NULL, NULL, NULL};
	struct cert_metadata_env e = {.store = c->env.store};
	struct catalog *catalog;
	bool has_more;
	int rc = enroll_load_catalog(c->env.store, c->env.secret, &catalog, err);

	if (rc != 0)
		return rc;
	e.catalog = catalog;
	rc = metadata_run_work(&e, SLICE_MS, &never, &has_more, err);
	catalog_free(catalog);
	return rc;
}

/* The gateway may be at it, too: whoever has the lock goes on. */
static int
await_run(struct verb_call *c, int64_t id, struct gh_error *err)
{
	gh_json *run = NULL;
	bool locked, is_open;
	int rc;

	do {
		if ((rc = store_job_lock(c->env.store, METADATA_RUN_JOB, &locked, err)) != 0)
			return rc;
		if (locked) {
			rc = work_slice(c, err);
			store_job_unlock(c->env.store, METADATA_RUN_JOB);
		}
		if (rc != 0 || (rc = store_get_metadata_run(c->env.store, id, &run, err)) != 0)
			return rc;
		is_open = strcmp(text(run, "state"), "running") == 0;
		if (is_open && isatty(STDERR_FILENO))
			tell(run, stderr);
		gh_json_free(run);
		if (is_open)
			usleep(SLICE_MS * 1000);
	} while (is_open);
	if ((rc = read_result(c, id, err)) == 0 &&
	    strcmp(text(gh_json_get(c->out, "run"), "state"), "done") != 0)
		c->exit = COMMAND_FAILED;
	return rc;
}

static int
run_once(struct verb_call *c, struct metadata_run_order *o, struct gh_error *err)
{
	struct cert_metadata_env e = {.store = c->env.store};
	struct catalog *catalog;
	int64_t id = 0;
	int rc = enroll_load_catalog(c->env.store, c->env.secret, &catalog, err);

	if (rc != 0)
		return rc;
	e.catalog = catalog;
	rc = metadata_run_start(&e, &c->env.who, o, &id, err);
	catalog_free(catalog);
	return rc == 0 ? await_run(c, id, err) : rc;
}

/* Without --yes it is tried first, and shown. */
static int
try_and_run(struct verb_call *c, struct metadata_run_order *o, struct gh_error *err)
{
	int rc;

	o->is_dry = is_dry || !verb_shared.is_sure;
	if ((rc = run_once(c, o, err)) != 0 || is_dry || verb_shared.is_sure || c->exit != 0 ||
	    number(gh_json_get(c->out, "run"), "changed") == 0)
		return rc;
	if (show_result(c) != COMMAND_OK)
		return gh_refuse(err, GH_E_INTERNAL, "the output cannot be written");
	if ((rc = prompt_confirm("Change these certificates?", err)) != 0)
		return rc;
	o->is_dry = false;
	return run_once(c, o, err);
}

/* ---- apply ---- */

static int
read_values(gh_json *values, struct gh_error *err)
{
	int rc = values != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "metadata");

	for (size_t i = 0; rc == 0 && i < sets.n; i++)
		rc = client_request_add_metadata(values, sets.v[i], err);
	for (size_t i = 0; rc == 0 && i < removes.n; i++) {
		if (gh_json_get(values, removes.v[i]) != NULL)
			return gh_refuse(err, GH_E_METADATA,
			    "metadata field \"%.64s\" is given twice", removes.v[i]);
		if (gh_json_set_string(values, removes.v[i], NULL) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "metadata");
	}
	return rc;
}

static int
check_apply(const struct verb_call *c)
{
	if (query == NULL)
		return command_usage(c->who, "--query is needed");
	if (sets.n + removes.n == 0)
		return command_usage(c->who,
		    "say what to change: --set FIELD=VALUE, --remove FIELD");
	return COMMAND_OK;
}

static int
apply(struct verb_call *c, struct gh_error *err)
{
	gh_json *values = gh_json_new_object();
	struct metadata_run_order o = {.query = query, .values = values, .overwrites = overwrites};
	int rc = read_values(values, err);

	if (rc == 0)
		rc = try_and_run(c, &o, err);
	gh_json_free(values);
	return rc;
}

#define RUN_OPTIONS \
	{"overwrite", 0, OPTION_FLAG, &overwrites, NULL, \
	    "also values of fields with --explicit-update"}, \
	    {"dry-run", 0, OPTION_FLAG, &is_dry, NULL, \
		"say what would be changed and what refused, and change nothing"}, \
	    VERB_YES, VERB_JSON, OPTION_END

static const struct option_row apply_options[] = {
    VERB_CONFIG,
    {"query", 'q', OPTION_TEXT, &query, "QUERY",
	"which certificates, in the query language of docs/inventory.md"},
    {"set", 's', OPTION_LIST, &sets, "FIELD=VALUE", "what they get; repeat for more"},
    {"remove", 0, OPTION_LIST, &removes, "FIELD", "what is taken away; repeat for more"},
    RUN_OPTIONS,
};

const struct verb verb_metadata_apply = {
    .usage = {"", 0, 0,
	"Changes metadata of all certificates that a query finds, tries that first and asks. A run that is interrupted is "
	"finished by the gateway.",
	"gatehouse metadata apply --query 'Department -eq \"IT\"' --set Department=Operations --dry-run\n"
	"gatehouse metadata apply --query 'Template -eq \"Server\"' --set Stage=production --remove Owner --yes\n"},
    .options = apply_options,
    .needs = NEEDS_GRANTS,
    .check = check_apply,
    .work = apply,
    .show = show_result,
};

/* ---- import ---- */

static int
read_lines(struct verb_call *c, gh_json **lines, struct gh_error *err)
{
	struct catalog *catalog;
	char *data = NULL;
	size_t n;
	int rc = file_read_long(c->operand[0], FILE_MAX, &data, &n, err);

	if (rc != 0)
		return rc;
	if ((rc = enroll_load_catalog(c->env.store, c->env.secret, &catalog, err)) == 0) {
		rc = metadata_csv_read(catalog->field, catalog->fields, data, n, takes_away, lines,
		    err);
		catalog_free(catalog);
	}
	free(data);
	return rc;
}

static int
import(struct verb_call *c, struct gh_error *err)
{
	struct metadata_run_order o = {.overwrites = overwrites};
	gh_json *lines = NULL;
	int rc = read_lines(c, &lines, err);

	o.lines = lines;
	if (rc == 0)
		rc = try_and_run(c, &o, err);
	gh_json_free(lines);
	return rc;
}

static const struct option_row import_options[] = {
    VERB_CONFIG,
    {"remove-empty", 0, OPTION_FLAG, &takes_away, NULL,
	"an empty cell takes the value away, instead of leaving it"},
    RUN_OPTIONS,
};

const struct verb verb_metadata_import = {
    .usage = {"FILE", 1, 1,
	"Changes metadata of certificates as the lines of a CSV file say. Its first line names the columns: id, thumbprint, or "
	"serial and issuer; and metadata fields. Lines that are refused are listed, the others count.",
	"gatehouse metadata import owners.csv --dry-run\n"},
    .options = import_options,
    .needs = NEEDS_GRANTS,
    .work = import,
    .show = show_result,
};

/* ---- runs, cancel ---- */

static int
read_runs(struct verb_call *c, struct gh_error *err)
{
	int64_t id, next;

	if (c->operands == 0)
		return store_list_metadata_runs(c->env.store, 0, ITEMS_PAGE, true, &c->out, &next,
		    err);
	(void)options_parse_id(c->operand[0], &id);
	return read_result(c, id, err);
}

static int
check_runs(const struct verb_call *c)
{
	int64_t id;

	if (c->operands == 1 && !options_parse_id(c->operand[0], &id))
		return command_usage(c->who, "\"%s\" is no id of a run", c->operand[0]);
	return COMMAND_OK;
}

static int
show_runs(struct verb_call *c)
{
	static const struct output_column columns[] = {{"ID", "id"}, {"STARTED", "created"},
	    {"WHO", "actor"}, {"STATE", "state"}, {"DRY", "dry_run"}, {"CHANGED", "changed"},
	    {"SAME", "same"}, {"REFUSED", "refused"}, {"PLACE", "place"}, {"LAST", "last"},
	    {"QUERY", "query"}, {NULL, NULL}};

	return c->operands == 0 ? output_table(c->out, columns) : show_result(c);
}

const struct verb verb_metadata_runs = {
    .usage = {"[ID]", 0, 1,
	"Lists the runs of `metadata apply` and `metadata import`, the newest first; or shows one and what it refused.",
	"gatehouse metadata runs\ngatehouse metadata runs 7 --json\n"},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .check = check_runs,
    .work = read_runs,
    .show = show_runs,
};

static int
cancel(struct verb_call *c, struct gh_error *err)
{
	return metadata_run_cancel(c->env.store, &c->env.who, c->id, NULL, err);
}

static int
show_cancelled(struct verb_call *c)
{
	printf("run %" PRId64 " is cancelled\n", c->id);
	return output_finish();
}

const struct verb verb_metadata_cancel = {
    .usage = {"ID", 1, 1, "Ends a run that goes on. What it has changed stays changed.",
	"gatehouse metadata cancel 7\n"},
    .options = verb_options,
    .needs = NEEDS_STORE,
    .operand = OPERAND_ID,
    .work = cancel,
    .show = show_cancelled,
};
