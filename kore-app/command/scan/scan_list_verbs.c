/* `gatehouse scan list|show`: endpoints, and what they served. */
#include "store/inventory/endpoint_row.h"

#include "command.h"
#include "verb.h"

#define PAGE 1000

static struct store_endpoint_filter filter;
static int limit = 50;
static const struct option_row list_options[] = {
    VERB_CONFIG,
    {"host", 0, OPTION_TEXT, &filter.host, "NAME",
	"only endpoints of this host, as the list of targets has it"},
    {"failing", 0, OPTION_FLAG, &filter.failing, NULL,
	"only those that gave no certificate when they were asked last"},
    {"limit", 'n', OPTION_NUMBER, &limit, "N", "how many rows (default 50; 0: all)"},
    VERB_JSON,
    OPTION_END,
};

static int
list(struct verb_call *c, struct gh_error *err)
{
	int64_t next = 0;
	gh_json *page;
	int rc = 0;

	if ((c->out = gh_json_new_array()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "list");
	do {
		size_t left = limit > 0 ? (size_t)limit - gh_json_size(c->out) : PAGE;

		filter.limit = left < PAGE ? (int)left : PAGE;
		filter.after_id = next;
		if ((rc = store_page_endpoints(c->env.store, &filter, &page, &next, err)) == 0)
			rc = verb_append_rows(c, page, err);
		gh_json_free(page);
	} while (rc == 0 && next != 0 && (limit == 0 || gh_json_size(c->out) < (size_t)limit));
	return rc;
}

static const struct output_column columns[] = {{"ID", "id"}, {"ENDPOINT", "endpoint"},
    {"STARTTLS", "starttls"}, {"CERTIFICATE", "certificate_id"}, {"SUBJECT", "subject"},
    {"NOT AFTER", "not_after"}, {"SINCE", "first_seen"}, {"LAST SEEN", "last_seen"},
    {"VERIFY", "verify"}, {"ERROR", "error"}, {NULL, NULL}};

const struct verb verb_scan_list = {
    .usage = {"", 0, 0, "Lists endpoints that were scanned, with what they serve.",
	"gatehouse scan list --failing\ngatehouse scan list --host www.example.com --json\n"},
    .options = list_options,
    .needs = NEEDS_STORE,
    .work = list,
    .columns = columns,
};

/* ---- show ---- */

static int
show_one(struct verb_call *c, struct gh_error *err)
{
	return store_get_endpoint(c->env.store, c->id, &c->out, err);
}

static int
print_one(struct verb_call *c)
{
	static const struct output_column history[] = {{"CERTIFICATE", "certificate_id"},
	    {"SUBJECT", "subject"}, {"FIRST SEEN", "first_seen"}, {"LAST SEEN", "last_seen"},
	    {"VERIFY", "verify"}, {NULL, NULL}};
	int rc = output_object(c->out, "history");

	putchar('\n');
	return output_table(gh_json_get(c->out, "history"), history) != COMMAND_OK ? COMMAND_FAILED
										   : rc;
}

const struct verb verb_scan_show = {
    .usage = {"ID", 1, 1,
	"Shows an endpoint, and the certificates that it served one after the other.",
	"gatehouse scan show 7\n"},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .operand = OPERAND_ID,
    .object = "endpoint",
    .work = show_one,
    .show = print_one,
};
