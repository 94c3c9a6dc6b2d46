/* `gatehouse audit list|export`: who did what, and what was refused. */
#include <stdio.h>
#include <stdlib.h>

#include "store/audit/audit_seal_row.h"

#include "command.h"
#include "list.h"
#include "verb.h"

#define EXPORT_PAGE 1000

/* ---- list ---- */

static struct list_query query = {STORE_LIST_AUDIT, {.newest_first = true}, 50};
static const struct option_row list_options[] = {
    VERB_CONFIG,
    {"limit", 'n', OPTION_NUMBER, &query.limit, "N", "how many rows (default 50; 0: all)"},
    {"oldest-first", 0, OPTION_UNFLAG, &query.filter.newest_first, NULL,
	"from the start of the record"},
    VERB_JSON,
    OPTION_END,
};
static const struct output_column columns[] = {{"ID", "id"}, {"TIME", "time"}, {"EVENT", "event"},
    {"OUTCOME", "outcome"}, {"WHO", "who"}, {"ADDRESS", "address"}, {"OBJECT", "object"},
    {"DETAIL", "detail"}, {NULL, NULL}};

const struct verb verb_audit_list = {
    .usage = {"", 0, 0, "Lists the audit record, newest first.",
	"gatehouse audit list -n 200\ngatehouse audit list --limit 0 --oldest-first --json\n"},
    .options = list_options,
    .needs = NEEDS_STORE,
    .work = list_rows,
    .columns = columns,
    .arg = &query,
};

/* ---- export ---- */

static const char *from, *to;
static struct store_audit_filter filter = {.limit = EXPORT_PAGE};
static const struct option_row export_options[] = {
    VERB_CONFIG,
    {"from", 0, OPTION_TEXT, &from, "ID", "first row (default: the oldest)"},
    {"to", 0, OPTION_TEXT, &to, "ID", "last row (default: the newest)"},
    OPTION_END,
};

static int
check_export(const struct verb_call *c)
{
	if ((from != NULL && !options_parse_id(from, &filter.after_id)) ||
	    (to != NULL && !options_parse_id(to, &filter.until_id)))
		return command_usage(c->who, "--from and --to are ids of rows");
	if (filter.after_id > 0)
		filter.after_id--;
	return COMMAND_OK;
}

static int
print_lines(const gh_json *entries, struct gh_error *err)
{
	for (size_t i = 0; i < gh_json_size(entries); i++) {
		char *line = gh_json_print(gh_json_at(entries, i), false);

		if (line == NULL)
			return gh_fail(err, GH_E_NOMEM, "audit export");
		puts(line);
		free(line);
		if (ferror(stdout))
			return 0; /* output_finish tells */
	}
	return 0;
}

static int
export_rows(struct verb_call *c, struct gh_error *err)
{
	gh_json *entries;
	int64_t next;
	int rc;

	do {
		rc = store_audit_page(c->env.store, &filter, &entries, &next, err);
		if (rc == 0)
			rc = print_lines(entries, err);
		gh_json_free(entries);
		filter.after_id = next;
	} while (rc == 0 && next != 0 && !ferror(stdout));
	return rc;
}

const struct verb verb_audit_export = {
    .usage = {"", 0, 0, "Writes the audit record as JSON, one row a line, oldest first.",
	"gatehouse audit export >audit.jsonl\ngatehouse audit export --from 10001 --to 20000\n"},
    .options = export_options,
    .needs = NEEDS_STORE,
    .check = check_export,
    .work = export_rows,
};
