/* `gatehouse audit`: who did what, and what was refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/audit/audit_seal_row.h"

#include "command.h"
#include "list.h"
#include "options.h"

#define EXPORT_PAGE 1000

int
cmd_audit_list(int argc, char **argv)
{
	static const struct output_column columns[] = {{"ID", "id"}, {"TIME", "time"},
	    {"EVENT", "event"}, {"OUTCOME", "outcome"}, {"WHO", "who"}, {"ADDRESS", "address"},
	    {"OBJECT", "object"}, {"DETAIL", "detail"}, {NULL, NULL}};
	const struct list_view view = {STORE_LIST_AUDIT, columns};
	struct store_filter filter = {.newest_first = true};
	const char *conf = NULL;
	bool json = false;
	int limit = 50;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"limit", 'n', OPTION_NUMBER, &limit, "N", "how many rows (default 50; 0: all)"},
	    {"oldest-first", 0, OPTION_UNFLAG, &filter.newest_first, NULL,
		"from the start of the record"},
	    OPTION_JSON(&json),
	    OPTION_END,
	};
	static const struct usage usage = {"", 0, 0, "Lists the audit record, newest first.",
	    "gatehouse audit list -n 200\ngatehouse audit list --limit 0 --oldest-first --json\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	return list_show(argv[0], conf, json, &view, &filter, limit);
}

/* ---- export ---- */

/* "" or NULL: *out stays. False: no id. */
static bool
parse_id(const char *text, int64_t *out)
{
	char *end;
	long long id;

	if (text == NULL)
		return true;
	errno = 0;
	id = strtoll(text, &end, 10);
	*out = id;
	return errno == 0 && *end == '\0' && end != text && id > 0;
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
export_rows(struct store *store, struct store_audit_filter *f, struct gh_error *err)
{
	gh_json *entries;
	int64_t next;
	int rc;

	do {
		rc = store_audit_page(store, f, &entries, &next, err);
		if (rc == 0)
			rc = print_lines(entries, err);
		gh_json_free(entries);
		f->after_id = next;
	} while (rc == 0 && next != 0 && !ferror(stdout));
	return rc;
}

int
cmd_audit_export(int argc, char **argv)
{
	const char *conf = NULL, *from = NULL, *to = NULL;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"from", 0, OPTION_TEXT, &from, "ID", "first row (default: the oldest)"},
	    {"to", 0, OPTION_TEXT, &to, "ID", "last row (default: the newest)"},
	    OPTION_END,
	};
	static const struct usage usage = {"", 0, 0,
	    "Writes the audit record as JSON, one row a line, oldest first.",
	    "gatehouse audit export >audit.jsonl\ngatehouse audit export --from 10001 --to 20000\n"};
	struct store_audit_filter filter = {.limit = EXPORT_PAGE};
	struct gh_error err = {0};
	struct session s;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (!parse_id(from, &filter.after_id) || !parse_id(to, &filter.until_id))
		return command_usage(argv[0], "--from and --to are ids of rows");
	if (filter.after_id > 0)
		filter.after_id--;
	rc = session_open(&s, conf, SESSION_STORE, &err);
	if (rc == 0) {
		rc = export_rows(s.store, &filter, &err);
		session_close(&s);
	}
	return rc == 0 ? output_finish() : command_fail(argv[0], &err);
}
