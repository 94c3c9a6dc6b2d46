/* A template over REST. See rest_template.h. */
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "tmpl.h"

#include "rest.h"
#include "rest_template.h"

/* What the file says, in words; of one that cannot be used any more, why. 0 or -1. */
static int
put_reading(gh_json *o, const gh_json *body)
{
	char *text = gh_json_print(body, false);
	struct gh_error why = {0};
	struct tmpl *t = NULL;
	int bad;

	if (text == NULL)
		return -1;
	if (tmpl_load(text, strlen(text), &t, &why) == 0)
		bad = gh_json_set(o, "form", tmpl_describe_form(t)) |
		    gh_json_set(o, "findings", tmpl_findings(t)) |
		    gh_json_set_string(o, "acknowledge_reason", tmpl_acknowledge_reason(t)) |
		    gh_json_set_string(o, "error", NULL);
	else
		bad = gh_json_set_string(o, "form", NULL) |
		    gh_json_set(o, "findings", gh_json_new_array()) |
		    gh_json_set_string(o, "acknowledge_reason", NULL) |
		    gh_json_set_string(o, "error", why.message);
	tmpl_free(t);
	free(text);
	return bad;
}

static gh_json *
template_json(const gh_json *row)
{
	static const char *const members[] = {"id", "name", "version", "body"};
	gh_json *o = gh_json_new_object();
	int bad = 0;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		bad |= gh_json_set(o, members[i], gh_json_ref(gh_json_get(row, members[i])));
	bad |= put_reading(o, gh_json_get(row, "body"));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
rest_template(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *row;

	if (store_get_template(env->store, call_text(call->parts, "profile"), &row, &err) == 0) {
		gh_http_reply_header(rep, "Cache-Control", "no-store");
		rest_json(rep, 200, template_json(row));
	} else {
		rest_error(&err, call->http->request_id, NULL, rep);
	}
	gh_json_free(row);
}
