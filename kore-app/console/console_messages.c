/* Messages about what happened, in the console. See console_admin.h. */
#include <string.h>

#include "form.h"
#include "rest/rest_message.h"
#include "rest/rest_stored.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_list.h"
#include "console_object.h"
#include "console_page.h"

#define MESSAGES "/console/messages"
#define TO "to"

static const struct console_choice states[] = {
    {"", "message_state.any"},
    {"waiting", "message_state.waiting"},
    {"sent", "message_state.sent"},
    {"dead", "message_state.dead"},
    {NULL, NULL},
};
static const struct console_list_filter filters[] = {{"state", states}, {"address", NULL},
    {NULL, NULL}};

/* Who may be told by a test. */
static const struct console_choice audiences[] = {
    {"caller", "message_to.caller"},
    {"administrators", "message_to.administrators"},
    {NULL, NULL},
};

static bool
is_admin(const struct call *call)
{
	return (call->requester->roles & REQUESTER_ROLE_ADMIN) != 0;
}

static bool
is_word(const gh_json *row, const char *name, const char *word)
{
	const char *text = gh_json_string(gh_json_get(row, name));

	return text != NULL && strcmp(text, word) == 0;
}

static int
complete(const struct worker_env *env, const struct call *call, gh_json *row)
{
	bool is_dead = is_word(row, "state", "dead");

	(void)env;
	return console_object_put(row, gh_json_string(gh_json_get(row, "object"))) |
	    gh_json_set_bool(row, "is_webhook", is_word(row, "channel", "webhook")) |
	    gh_json_set_bool(row, "may_retry", is_dead && is_admin(call)) |
	    console_set_minute(row, "created_at", gh_json_string(gh_json_get(row, "created"))) |
	    console_set_minute(row, "next_at", gh_json_string(gh_json_get(row, "next"))) |
	    console_set_minute(row, "ended_at", gh_json_string(gh_json_get(row, "ended")));
}

/* The form of a test, in which what was chosen stands after a refusal. */
static int
put_test(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	const char *to = call->form != NULL ? gh_form_get(call->form, TO) : NULL;
	gh_json *options = gh_json_get(data, "options");
	int bad = gh_json_set_bool(data, "is_admin", is_admin(call)) |
	    console_set(options, TO,
		console_options(audiences, to != NULL ? to : "caller", page_words(call->http)));

	(void)env;
	return bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "messages");
}

static const struct console_list messages = {.page = "messages",
    .path = MESSAGES,
    .api = rest_messages,
    .query = "order=newest&limit=50",
    .cursor = "after",
    .filters = filters,
    .row = complete,
    .more = put_test};

void
console_messages(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&messages, env, call, rep);
}

void
console_message_retry(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = rest_message_retry, .method = GH_HTTP_POST};

	console_do(env, call, &what, MESSAGES, rep);
}

/* What is missing, or that it was enough for now, stands beside the form. */
void
console_message_test(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *body = gh_json_new_object(), *answer = NULL;
	const struct console_ask what = {.handler = rest_message_test,
	    .method = GH_HTTP_POST,
	    .body = body};
	struct gh_error err = {0};
	int rc = console_take(body, call, TO) == 0 ? console_ask(env, call, &what, &answer, &err)
						   : gh_fail(&err, GH_E_NOMEM, "message");

	gh_json_free(body);
	gh_json_free(answer);
	if (rc == 0)
		page_redirect(rep, MESSAGES);
	else if (rc == GH_E_VALIDATION || rc == GH_E_CONFLICT || rc == GH_E_RATE_LIMITED)
		console_list_refuse(&messages, env, call, &err, console_errors(TO, &err), rep);
	else
		page_refuse(call, &err, rep);
}
