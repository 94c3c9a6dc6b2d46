/* A form is asked again. See console_confirm.h. */
#include <string.h>

#include "form.h"

#include "console_confirm.h"
#include "console_page.h"

/* That forms which are asked again may have. */
static const char *const fields[] = {"enabled", "new_key", "roles", "user"};

static bool
is_yes(const struct call *call, const char *field)
{
	const char *text = gh_form_get(call->form, field);

	return text != NULL && strcmp(text, "yes") == 0;
}

/* All values that a field has. */
static int
put_values(gh_json *list, const struct call *call, const char *name)
{
	const struct gh_form_field *field = NULL;
	int bad = 0;

	while ((field = gh_form_next(call->form, name, field)) != NULL) {
		gh_json *o = gh_json_new_object();

		bad |= gh_json_set_string(o, "name", name) |
		    gh_json_set_string(o, "value", field->is_text ? field->value : "");
		bad |= gh_json_set_bool(o, "is_role", strcmp(name, "roles") == 0);
		bad |= gh_json_append(list, o);
	}
	return bad;
}

static int
put_fields(gh_json *data, const struct call *call)
{
	gh_json *list = gh_json_new_array();
	int bad = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		bad |= put_values(list, call, fields[i]);
	return bad | gh_json_set_bool(data, "has_roles", gh_form_get(call->form, "roles") != NULL) |
	    console_set(data, "fields", list);
}

bool
console_confirmed(const struct worker_env *env, const struct call *call, const char *what,
    const char *name, const char *back, struct gh_http_reply *rep)
{
	gh_json *data;

	if (is_yes(call, "enabled") || is_yes(call, "confirmed"))
		return true;
	data = gh_json_new_object();
	if ((gh_json_set_string(data, "what", what) | gh_json_set_string(data, "called", name) |
		gh_json_set_string(data, "action", call->http->path) |
		gh_json_set_string(data, "back", back) | put_fields(data, call)) != 0) {
		gh_json_free(data);
		data = NULL;
	}
	console_reply(env, call, 200, "confirm", data, rep);
	return false;
}
