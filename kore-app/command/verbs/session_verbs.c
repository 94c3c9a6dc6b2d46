/* `gatehouse session`: log-ins of browsers. docs/sessions.md */
#include <string.h>

#include "store/session/session_list.h"
#include "timestamp.h"

#include "command.h"
#include "verb.h"

/* ---- list ---- */

static struct store_session_filter wanted;
static int limit = 100;
#define PAGE 1000 /* rows read at once */

static const struct option_row list_options[] = {
    {"user", 'u', OPTION_TEXT, &wanted.name, "NAME",
	"only those of NAME, as the list has it: DOMAIN\\user"},
    {"limit", 'n', OPTION_NUMBER, &limit, "N", "how many rows (default 100; 0: all)"},
    VERB_CONFIG,
    VERB_JSON,
    OPTION_END,
};

static int
list(struct verb_call *c, struct gh_error *err)
{
	struct store_session_page page = {.now = gh_now(), .idle = c->env.conf->pages.session_idle};
	gh_json *rows;
	int rc = 0;

	if ((c->out = gh_json_new_array()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "list");
	do {
		size_t left = limit > 0 ? (size_t)limit - gh_json_size(c->out) : PAGE;

		page.limit = left < PAGE ? (int)left : PAGE;
		rc = store_list_sessions(c->env.store, &wanted, &page, &rows, &page.after, err);
		if (rc == 0)
			rc = verb_append_rows(c, rows, err);
		gh_json_free(rows);
	} while (
	    rc == 0 && page.after != 0 && (limit == 0 || gh_json_size(c->out) < (size_t)limit));
	return rc;
}

static const struct output_column columns[] = {{"SESSION", "session"}, {"NAME", "name"},
    {"KIND", "kind"}, {"METHOD", "method"}, {"ADDRESS", "address"}, {"SINCE", "created"},
    {"USED", "used"}, {"ENDS", "ends"}, {NULL, NULL}};
const struct verb verb_session_list = {
    .usage = {"", 0, 0, "Lists the log-ins of browsers that are open, newest first.",
	"gatehouse session list --user 'EXAMPLE\\alice'\n"},
    .options = list_options,
    .needs = NEEDS_STORE,
    .work = list,
    .columns = columns,
};

/* ---- end ---- */

static bool all;
static const struct option_row end_options[] = {
    {"user", 'u', OPTION_TEXT, &wanted.name, "NAME",
	"those of NAME, as `session list` has it: DOMAIN\\user"},
    {"all", 0, OPTION_FLAG, &all, NULL, "those of everybody"},
    VERB_CONFIG,
    VERB_JSON,
    OPTION_END,
};

static int
check_end(const struct verb_call *c)
{
	if ((c->operands == 1) + (wanted.name != NULL) + all != 1)
		return command_usage(c->who, "one of SESSION, --user and --all is needed");
	if (c->operands == 1 &&
	    (strlen(c->operand[0]) != STORE_SESSION_HANDLE ||
		strspn(c->operand[0], "0123456789abcdef") != STORE_SESSION_HANDLE))
		return command_usage(c->who,
		    "a session is named by %d hex digits, as `session list` shows them",
		    STORE_SESSION_HANDLE);
	return COMMAND_OK;
}

static int
end(struct verb_call *c, struct gh_error *err)
{
	const struct store_session_end how = {.who = &c->env.who,
	    .event = "session.ended",
	    .detail = "by an administrator"};
	int n = 0, rc;

	wanted.handle = c->operands == 1 ? c->operand[0] : NULL;
	rc = store_end_sessions(c->env.store, &wanted, &how, &n, err);
	if (rc == 0 && n == 0 && wanted.handle != NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no session \"%.20s\": see `gatehouse session list`", wanted.handle);
	c->out = gh_json_new_object();
	if (rc == 0 && gh_json_set_int(c->out, "ended", n) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "count");
	return rc;
}

const struct verb verb_session_end = {
    .usage = {"[SESSION]", 0, 1,
	"Ends log-ins of browsers: whoever uses one has to log in again, with his next click.",
	"gatehouse session end --user 'EXAMPLE\\alice'\n"},
    .options = end_options,
    .needs = NEEDS_STORE,
    .check = check_end,
    .work = end,
};
