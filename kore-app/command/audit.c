/* `gatehouse audit`: who did what, and what was refused. */
#include "command.h"
#include "list.h"
#include "options.h"

int
cmd_audit_list(int argc, char **argv)
{
	static const struct output_column columns[] = {{"ID", "id"}, {"TIME", "time"}, {"EVENT", "event"},
		{"OUTCOME", "outcome"}, {"WHO", "who"}, {"ADDRESS", "address"}, {"OBJECT", "object"},
		{"DETAIL", "detail"}, {NULL, NULL}};
	const struct list_view view = {STORE_LIST_AUDIT, columns};
	struct store_filter filter = {.newest_first = true};
	const char *conf = NULL;
	bool json = false;
	int limit = 50;
	const struct option_row rows[] = {
		OPTION_CONFIG(&conf),
		{"limit", 'n', OPTION_NUMBER, &limit, "N", "how many rows (default 50; 0: all)"},
		{"oldest-first", 0, OPTION_UNFLAG, &filter.newest_first, NULL, "from the start of the record"},
		OPTION_JSON(&json),
		OPTION_END,
	};
	static const struct usage usage = {"", 0, 0, "Lists the audit record, newest first.",
		"gatehouse audit list -n 200\ngatehouse audit list --limit 0 --oldest-first --json\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return (rc);
	return (list_show(argv[0], conf, json, &view, &filter, limit));
}
