/* One run: how far it is, and what it did. See console_runs.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rest/rest_metadata_run.h"

#include "pages/page.h"

#include "console_ask.h"
#include "console_list.h"
#include "console_page.h"
#include "console_run_row.h"
#include "console_runs.h"

#define NAME_SIZE 256
#define PATH_SIZE 64

static const struct console_choice outcomes[] = {
    {"", "certificates.any"},
    {"changed", "metadata_run_outcome.changed"},
    {"same", "metadata_run_outcome.same"},
    {"refused", "metadata_run_outcome.refused"},
    {NULL, NULL},
};

/* --- what is ordered -------------------------------------------------------------------------- */

/* [{name, id, value, is_taken}]: for people, and for the form that does what was tried. */
static gh_json *
ordered(const gh_json *values)
{
	gh_json *list = gh_json_new_array();
	int bad = list != NULL ? 0 : -1;

	for (void *it = gh_json_iter(values); bad == 0 && it != NULL;
	     it = gh_json_next(values, it)) {
		const char *name = gh_json_iter_name(it);
		char number_text[CONSOLE_VALUE_SIZE], id[NAME_SIZE];
		const char *value = console_value(gh_json_iter_value(it), number_text);
		bool is_taken = *value == '\0';
		gh_json *o = gh_json_new_object();

		snprintf(id, sizeof(id), "%s%s", is_taken ? CONSOLE_RUN_TAKE : CONSOLE_RUN_SET,
		    name);
		bad = gh_json_set_string(o, "name", name) | gh_json_set_string(o, "id", id) |
		    gh_json_set_string(o, "value", is_taken ? "yes" : value) |
		    gh_json_set_bool(o, "is_taken", is_taken) | gh_json_append(list, o);
	}
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

/* --- what it did ------------------------------------------------------------------------------ */

static int
complete_change(gh_json *change)
{
	char was[CONSOLE_VALUE_SIZE], is[CONSOLE_VALUE_SIZE];

	return gh_json_set_string(change, "before",
		   console_value(gh_json_get(change, "old"), was)) |
	    gh_json_set_string(change, "after", console_value(gh_json_get(change, "new"), is));
}

static int
complete_item(const struct worker_env *env, const struct call *call, gh_json *item)
{
	const gh_json *changes = gh_json_get(item, "changes"), *key = gh_json_get(item, "key");
	int bad = gh_json_type(key) == GH_JSON_OBJECT
	    ? console_set(item, "called", console_texts(key))
	    : 0;

	(void)env;
	(void)call;
	for (size_t i = 0; i < gh_json_size(changes); i++)
		bad |= complete_change(gh_json_at(changes, i));
	return bad;
}

/* --- the page --------------------------------------------------------------------------------- */

/* A dry run that would change something: one by query can be done as it was tried. */
static bool
was_tried(const gh_json *run)
{
	const char *state = gh_json_string(gh_json_get(run, "state"));
	int64_t changed = 0;

	return gh_json_bool(gh_json_get(run, "dry_run"), false) && state != NULL &&
	    strcmp(state, "done") == 0 && gh_json_int(gh_json_get(run, "changed"), &changed) &&
	    changed > 0;
}

static int
put_run(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	bool is_officer = (call->requester->roles & REQUESTER_ROLE_OFFICER) != 0, is_file;
	gh_json *run = NULL;
	int bad, rc = console_get(env, call, rest_metadata_run, NULL, &run, err);

	if (rc != 0)
		return rc;
	is_file = gh_json_string(gh_json_get(run, "query")) == NULL;
	bad = console_run_complete(env, call, run) | gh_json_set(data, "run", gh_json_ref(run)) |
	    gh_json_set_string(data, "state", gh_json_string(gh_json_get(run, "state"))) |
	    console_set(data, "ordered", ordered(gh_json_get(run, "values"))) |
	    gh_json_set_bool(data, "may_stop", is_officer && console_run_is_open(run)) |
	    gh_json_set_bool(data, "may_do", is_officer && !is_file && was_tried(run)) |
	    gh_json_set_bool(data, "may_send_again", is_officer && is_file && was_tried(run)) |
	    gh_json_set_bool(data, "has_script", true);
	gh_json_free(run);
	return bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "metadata run");
}

void
console_run(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct console_list_filter filters[] = {{"outcome", outcomes}, {NULL, NULL}};
	char path[PATH_SIZE];
	const struct console_list items = {.page = "metadata_run",
	    .path = path,
	    .api = rest_metadata_run_items,
	    .query = "limit=100",
	    .cursor = "after",
	    .filters = filters,
	    .row = complete_item,
	    .more = put_run};

	snprintf(path, sizeof(path), CONSOLE_RUNS "/%" PRId64, call_number(call->parts, "id"));
	console_list_reply(&items, env, call, rep);
}

void
console_run_cancel(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *body = gh_json_new_object();
	const struct console_ask what = {.handler = rest_metadata_run_cancel,
	    .method = GH_HTTP_PUT,
	    .body = body};
	const struct gh_error no_memory = {.code = GH_E_NOMEM};
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), CONSOLE_RUNS "/%" PRId64, call_number(call->parts, "id"));
	if (gh_json_set_string(body, "status", "cancelled") == 0)
		console_do(env, call, &what, path, rep);
	else
		page_refuse(call, &no_memory, rep);
	gh_json_free(body);
}
