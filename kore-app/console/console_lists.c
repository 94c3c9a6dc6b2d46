/* Labels of EST and messages in the console. See console_admin.h. */
#include "rest/rest_stored.h"
#include "rest/rest_switch.h"
#include "rest/rest_user.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_page.h"

#define LABELS "/console/labels"
#define MESSAGES "/console/messages"

/* A page of what a list answers, which is "entries" there. complete: adds to each entry; NULL:
 * nothing. */
static void
show(struct worker_env *env, const struct call *call, const struct console_ask *what,
    const char *page, int (*complete)(const struct call *call, gh_json *entry),
    struct gh_http_reply *rep)
{
	bool is_admin = (call->requester->roles & REQUESTER_ROLE_ADMIN) != 0;
	gh_json *answer = NULL, *data = gh_json_new_object(), *entries;
	struct gh_error err = {0};
	int rc = console_ask(env, call, what, &answer, &err), bad = 0;

	entries = rc == 0 ? gh_json_get(answer, "entries") : NULL;
	for (size_t i = 0; complete != NULL && i < gh_json_size(entries); i++)
		bad |= complete(call, gh_json_at(entries, i));
	if (rc == 0)
		bad |= gh_json_set(data, "entries", gh_json_ref(entries)) |
		    gh_json_set_bool(data, "has_rows", gh_json_size(entries) > 0) |
		    gh_json_set_bool(data, "is_admin", is_admin);
	if (rc == 0 && bad != 0)
		rc = gh_fail(&err, GH_E_NOMEM, "page");
	if (rc == 0) {
		console_reply(env, call, 200, page, data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
	gh_json_free(answer);
}

/* --- labels ----------------------------------------------------------------------------------- */

/* Its settings: {setting, texts}. */
static int
put_settings(const struct call *call, gh_json *label)
{
	const gh_json *settings = gh_json_get(label, "settings");
	gh_json *list = gh_json_new_array();
	int bad = 0;

	(void)call;
	for (void *it = gh_json_iter(settings); it != NULL; it = gh_json_next(settings, it)) {
		gh_json *o = gh_json_new_object();

		bad |= gh_json_set_string(o, "setting", gh_json_iter_name(it)) |
		    gh_json_set(o, "texts", console_texts(gh_json_iter_value(it)));
		bad |= gh_json_append(list, o);
	}
	return bad | gh_json_set(label, "facts", list);
}

void
console_labels(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = rest_labels,
	    .method = GH_HTTP_GET,
	    .query = "limit=1000"};

	show(env, call, &what, "labels", put_settings, rep);
}

void
console_label_enable(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *body = console_enabled(call);
	const struct console_ask what = {.handler = rest_label_enable,
	    .method = GH_HTTP_PUT,
	    .body = body};

	console_do(env, call, &what, LABELS, rep);
	gh_json_free(body);
}

/* --- messages --------------------------------------------------------------------------------- */

void
console_messages(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = rest_messages,
	    .method = GH_HTTP_GET,
	    .query = "state=dead&order=newest&limit=200"};

	show(env, call, &what, "messages", NULL, rep);
}

void
console_message_retry(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = rest_message_retry, .method = GH_HTTP_POST};

	console_do(env, call, &what, MESSAGES, rep);
}
