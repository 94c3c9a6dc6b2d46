/* How a value of metadata is asked for. See console_input.h. */
#include <string.h>

#include "console_input.h"
#include "console_page.h"

/* What may be chosen; a value that is no longer among it stays one, so that it can be kept. */
static gh_json *
options_of(const gh_json *field, const char *type, const char *value)
{
	const gh_json *defined = gh_json_get(field, "options");
	gh_json *list = gh_json_new_array();
	bool is_among = *value == '\0';
	int bad = console_option(list, "", "–", value);

	if (strcmp(type, "Boolean") == 0) {
		is_among |= strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
		bad |= console_option(list, "true", "true", value) |
		    console_option(list, "false", "false", value);
	}
	for (size_t i = 0; i < gh_json_size(defined); i++) {
		const char *text = gh_json_string(gh_json_at(defined, i));

		is_among |= strcmp(text, value) == 0;
		bad |= console_option(list, text, text, value);
	}
	if (!is_among)
		bad |= console_option(list, value, value, value);
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

int
console_input_put(gh_json *o, const gh_json *field, const char *value)
{
	const char *type = gh_json_string(gh_json_get(field, "type"));
	bool is_choice, is_area;
	int bad;

	if (type == NULL)
		return -1;
	is_choice = strcmp(type, "MultipleChoice") == 0 || strcmp(type, "Boolean") == 0;
	is_area = strcmp(type, "BigText") == 0;
	bad = gh_json_set_bool(o, "is_choice", is_choice) |
	    gh_json_set_bool(o, "is_area", is_area) |
	    gh_json_set_bool(o, "is_line", !is_choice && !is_area) |
	    gh_json_set_bool(o, "is_integer", strcmp(type, "Integer") == 0) |
	    gh_json_set_string(o, "input_type", strcmp(type, "Date") == 0 ? "date" : "text");
	return is_choice ? bad | console_set(o, "choices", options_of(field, type, value)) : bad;
}
