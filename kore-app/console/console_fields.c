/* Metadata fields on the page of the inventory. See console_fields.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "catalog/metadata.h"
#include "inventory/query_field.h"

#include "console_fields.h"
#include "console_query_test.h"
#include "console_page.h"

#define QUERY_NAME_SIZE 300

static const struct console_choice truths[] = {
    {"", "certificates.any"},
    {"yes", "certificates.yes"},
    {"no", "certificates.no"},
    {NULL, NULL},
};

size_t
console_fields_count(const struct catalog *c)
{
	return c->fields < CONSOLE_FIELDS_MAX ? c->fields : CONSOLE_FIELDS_MAX;
}

char *
console_field_name(const struct catalog *c, size_t i, int param, char out[CONSOLE_FIELD_NAME_SIZE])
{
	static const char *const forms[FIELD_PARAMS][2] = {{"m", ""}, {"m", "_from"}, {"m", "_to"},
	    {"show_m", ""}};

	snprintf(out, CONSOLE_FIELD_NAME_SIZE, "%s%" PRId64 "%s", forms[param][0], c->field[i].id,
	    forms[param][1]);
	return out;
}

static const char *
value_of(const struct rest_param *p, size_t i, int param)
{
	return p[i * FIELD_PARAMS + (size_t)param].value;
}

static bool
is_range(const struct metadata_field *f)
{
	return f->type == METADATA_INTEGER || f->type == METADATA_DATE;
}

static bool
is_choice(const struct metadata_field *f)
{
	return f->type == METADATA_BOOLEAN || f->type == METADATA_MULTIPLE_CHOICE;
}

/* --- the query -------------------------------------------------------------------------------- */

static void
put_test(struct gh_buf *b, const char *name, const char *op, const char *value)
{
	if (value != NULL)
		console_query_test(b, name, op, value);
}

/* How a query calls it: one that is called like a field of every certificate has a prefix. */
static const char *
query_name(const struct catalog *c, size_t i, char out[QUERY_NAME_SIZE])
{
	const struct query_env env = {.field = c->field, .fields = c->fields, .me = ""};
	struct query_field found;
	bool is_plain =
	    query_field_find(&env, c->field[i].name, &found) && found.column == CERT_COL_METADATA;

	snprintf(out, QUERY_NAME_SIZE, "%s%s", is_plain ? "" : "Metadata.", c->field[i].name);
	return out;
}

void
console_fields_write(struct gh_buf *b, const struct catalog *c, const struct rest_param *p)
{
	for (size_t i = 0; i < console_fields_count(c); i++) {
		const struct metadata_field *f = &c->field[i];
		const char *is = value_of(p, i, FIELD_IS);
		char name[QUERY_NAME_SIZE];

		query_name(c, i, name);
		if (is != NULL && f->type == METADATA_BOOLEAN)
			is = strcmp(is, "yes") == 0 ? "true" : strcmp(is, "no") == 0 ? "false" : is;
		if (is_range(f)) {
			put_test(b, name, "-ge", value_of(p, i, FIELD_FROM));
			put_test(b, name, "-le", value_of(p, i, FIELD_TO));
		} else {
			put_test(b, name, is_choice(f) ? "-eq" : "-contains", is);
		}
	}
}

/* --- the form --------------------------------------------------------------------------------- */

static gh_json *
options_of(const struct metadata_field *f, const char *chosen, const struct words *w)
{
	gh_json *list = gh_json_new_array();
	int bad = console_option(list, "", words_get(w, "certificates.any"), chosen);

	for (char *const *option = f->options; bad == 0 && option != NULL && *option != NULL;
	     option++)
		bad = console_option(list, *option, *option, chosen);
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

static int
put_field(gh_json *o, const struct catalog *c, size_t i, const struct rest_param *p,
    const struct words *w)
{
	static const struct {
		int param;
		const char *name, *value;
	} members[] = {{FIELD_IS, "param", "is"}, {FIELD_FROM, "param_from", "from"},
	    {FIELD_TO, "param_to", "to"}};
	const struct metadata_field *f = &c->field[i];
	char name[CONSOLE_FIELD_NAME_SIZE];
	int bad = gh_json_set_string(o, "name", f->name) |
	    gh_json_set_bool(o, "is_range", is_range(f)) |
	    gh_json_set_bool(o, "is_choice", is_choice(f)) |
	    gh_json_set_bool(o, "is_text", !is_range(f) && !is_choice(f)) |
	    gh_json_set_string(o, "input_type", f->type == METADATA_DATE ? "date" : "number");

	for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++)
		bad |= gh_json_set_string(o, members[k].name,
			   console_field_name(c, i, members[k].param, name)) |
		    gh_json_set_string(o, members[k].value, value_of(p, i, members[k].param));
	if (f->type == METADATA_BOOLEAN)
		bad |=
		    console_set(o, "choices", console_options(truths, value_of(p, i, FIELD_IS), w));
	else if (is_choice(f))
		bad |= console_set(o, "choices", options_of(f, value_of(p, i, FIELD_IS), w));
	return bad;
}

gh_json *
console_fields_form(const struct catalog *c, const struct rest_param *p, const struct words *w)
{
	gh_json *list = gh_json_new_array();
	int bad = list != NULL ? 0 : -1;

	for (size_t i = 0; i < console_fields_count(c) && bad == 0; i++) {
		gh_json *o = gh_json_new_object();

		bad = put_field(o, c, i, p, w) | gh_json_append(list, o);
	}
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

/* --- columns ---------------------------------------------------------------------------------- */

int
console_fields_columns(gh_json *list, const struct catalog *c, const struct rest_param *p)
{
	int bad = 0;

	for (size_t i = 0; i < console_fields_count(c) && bad == 0; i++) {
		gh_json *o = gh_json_new_object();
		char name[CONSOLE_FIELD_NAME_SIZE];

		bad = gh_json_set_string(o, "name", console_field_name(c, i, FIELD_SHOWN, name)) |
		    gh_json_set_string(o, "text", c->field[i].name) |
		    gh_json_set_bool(o, "is_shown", value_of(p, i, FIELD_SHOWN) != NULL);
		bad |= gh_json_append(list, o);
	}
	return bad;
}

bool
console_is_member(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; at != NULL && *at != '\0'; at += *at == ',') {
		size_t len = strcspn(at, ",");

		if (len == n && strncasecmp(at, name, n) == 0)
			return true;
		at += len;
	}
	return false;
}

/* As the API calls it, where it stands beside what each certificate has. */
static char *
full_name(const struct catalog *c, size_t i, char out[QUERY_NAME_SIZE])
{
	snprintf(out, QUERY_NAME_SIZE, METADATA_PREFIX "%s", c->field[i].name);
	return out;
}

bool
console_field_is_member(const char *list, const struct catalog *c, size_t i)
{
	char name[QUERY_NAME_SIZE];

	return console_is_member(list, full_name(c, i, name));
}

void
console_fields_members(struct gh_buf *b, const struct catalog *c, const struct rest_param *p)
{
	char name[QUERY_NAME_SIZE];

	for (size_t i = 0; i < console_fields_count(c); i++)
		if (value_of(p, i, FIELD_SHOWN) != NULL)
			gh_buf_putf(b, ",%s", full_name(c, i, name));
}

int
console_fields_orders(gh_json *list, const struct catalog *c, const char *chosen)
{
	int bad = 0;

	for (size_t i = 0; i < console_fields_count(c) && bad == 0; i++) {
		char name[QUERY_NAME_SIZE];
		bool is_chosen;

		if (!c->field[i].indexed)
			continue;
		full_name(c, i, name);
		is_chosen = strcasecmp(chosen, name) == 0 ||
		    strcasecmp(chosen, name + strlen(METADATA_PREFIX)) == 0;
		bad = console_option(list, name, c->field[i].name, is_chosen ? name : NULL);
	}
	return bad;
}

bool
console_fields_are_shown(const struct catalog *c, const struct rest_param *p)
{
	for (size_t i = 0; i < console_fields_count(c); i++)
		if (value_of(p, i, FIELD_SHOWN) != NULL)
			return true;
	return false;
}

int
console_fields_put(gh_json *row, const struct catalog *c, const struct rest_param *p)
{
	const gh_json *metadata = gh_json_get(row, "metadata");
	gh_json *list = gh_json_new_array();
	int bad = list != NULL ? 0 : -1;

	for (size_t i = 0; i < console_fields_count(c) && bad == 0; i++) {
		char number[CONSOLE_VALUE_SIZE];
		gh_json *o;

		if (value_of(p, i, FIELD_SHOWN) == NULL)
			continue;
		o = gh_json_new_object();
		bad = gh_json_set_string(o, "name", c->field[i].name) |
		    gh_json_set_string(o, "value",
			console_value(gh_json_get(metadata, c->field[i].name), number));
		bad |= gh_json_append(list, o);
	}
	return bad | console_set(row, "fields", list);
}
