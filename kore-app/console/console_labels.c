/* Labels of EST in the console. See console_admin.h. */
#include <stdio.h>
#include <string.h>

#include "rest/rest_stored.h"
#include "rest/rest_switch.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_confirm.h"
#include "console_list.h"
#include "console_page.h"

#define LABELS "/console/labels"

static int
put_rights(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	bool is_admin = (call->requester->roles & REQUESTER_ROLE_ADMIN) != 0;

	(void)env;
	return gh_json_set_bool(data, "is_admin", is_admin) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "page of the console");
}

#define OPTION_SIZE 64

/* Of `gatehouse est label set`: that of "renewal_days" is "--renewal-days". */
static const char *
option_of(const char *setting, char out[OPTION_SIZE])
{
	snprintf(out, OPTION_SIZE, "--%s", strcmp(setting, "groups") == 0 ? "group" : setting);
	for (char *c = out; *c != '\0'; c++)
		if (*c == '_')
			*c = '-';
	return out;
}

static int
append(gh_json *list, const char *setting, const gh_json *value)
{
	gh_json *o = gh_json_new_object();
	char option[OPTION_SIZE];
	int bad = gh_json_set_string(o, "option", option_of(setting, option)) |
	    gh_json_set_bool(o, "is_template", strcmp(setting, "template") == 0) |
	    gh_json_set_bool(o, "is_ca", strcmp(setting, "ca") == 0) |
	    gh_json_set(o, "texts", console_texts(value));

	return bad | gh_json_append(list, o);
}

/* Its settings, each by the option that changes it: facts. */
static int
put_settings(const struct worker_env *env, const struct call *call, gh_json *label)
{
	const gh_json *settings = gh_json_get(label, "settings");
	gh_json *list = gh_json_new_array();
	int bad = 0;

	(void)env;
	(void)call;
	for (void *it = gh_json_iter(settings); it != NULL; it = gh_json_next(settings, it))
		bad |= append(list, gh_json_iter_name(it), gh_json_iter_value(it));
	return bad | gh_json_set(label, "facts", list);
}

static const struct console_list labels = {.page = "labels",
    .path = LABELS,
    .api = rest_labels,
    .query = "limit=1000",
    .row = put_settings,
    .more = put_rights};

void
console_labels(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&labels, env, call, rep);
}

void
console_label_enable(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *body = console_enabled(call);
	const struct console_ask what = {.handler = rest_label_enable,
	    .method = GH_HTTP_PUT,
	    .body = body};

	if (console_confirmed(env, call, "label", call_text(call->parts, "profile"), LABELS, rep))
		console_do(env, call, &what, LABELS, rep);
	gh_json_free(body);
}
