/* `gatehouse notification`: who is to be told of what. */
#include "command.h"
#include "list.h"
#include "verb.h"

static struct list_query query = {STORE_LIST_NOTIFICATIONS, {.newest_first = true}, 50};
static const struct option_row options[] = {
    VERB_CONFIG,
    {"recipient", 'r', OPTION_TEXT, &query.filter.name, "NAME",
	"only those for NAME, as the list has it: DOMAIN\\user"},
    {"limit", 'n', OPTION_NUMBER, &query.limit, "N", "how many rows (default 50; 0: all)"},
    {"oldest-first", 0, OPTION_UNFLAG, &query.filter.newest_first, NULL, "from the first one"},
    VERB_JSON,
    OPTION_END,
};
static const struct output_column columns[] = {{"ID", "id"}, {"TIME", "time"}, {"EVENT", "event"},
    {"AUDIENCE", "audience"}, {"RECIPIENT", "recipient"}, {"OBJECT", "object"}, {"STATE", "state"},
    {NULL, NULL}};

const struct verb verb_notification_list = {
    .usage = {"", 0, 0,
	"Lists what happened and who is to hear of it, newest first. What was sent: gatehouse notify list.",
	"gatehouse notification list --json --oldest-first\n"},
    .options = options,
    .needs = NEEDS_STORE,
    .work = list_rows,
    .columns = columns,
    .arg = &query,
};
