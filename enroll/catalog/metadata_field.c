/* The definition of a metadata field, from JSON. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"

#include "metadata.h"
#include "metadata_regex.h"
#include "metadata_value.h"

#define DISPLAY_ORDER_MAX 1000000

/* Members a definition may have; the id is the store's. */
static const char *const member[] = {"name", "type", "required", "regex", "options", "default",
    "message", "hint", "description", "id", "display_order", "allow_api", "explicit_update",
    "owner_sets", "indexed", NULL};

static const char *const type_names[] = {[METADATA_STRING] = "String",
    [METADATA_INTEGER] = "Integer",
    [METADATA_DATE] = "Date",
    [METADATA_BOOLEAN] = "Boolean",
    [METADATA_MULTIPLE_CHOICE] = "MultipleChoice",
    [METADATA_BIG_TEXT] = "BigText",
    [METADATA_EMAIL] = "Email"};

static bool
is_member(const char *name)
{
	for (size_t i = 0; member[i] != NULL; i++)
		if (strcmp(member[i], name) == 0)
			return true;
	return false;
}

static int
refuse_unknown(const gh_json *json, struct gh_error *err)
{
	if (gh_json_type(json) != GH_JSON_OBJECT)
		return gh_refuse(err, GH_E_METADATA, "field definition is no object");
	for (void *it = gh_json_iter(json); it != NULL; it = gh_json_next(json, it))
		if (!is_member(gh_json_iter_name(it)))
			return gh_refuse(err, GH_E_METADATA, "%.64s: unknown member",
			    gh_json_iter_name(it));
	return 0;
}

/* Optional string, copied; "" counts as absent. */
static int
text_member(const gh_json *json, const char *name, size_t max, char **out, struct gh_error *err)
{
	const gh_json *v = gh_json_get(json, name);
	const char *s = gh_json_string(v);

	if (gh_json_type(v) == GH_JSON_NULL || (s != NULL && *s == '\0'))
		return 0;
	if (s == NULL)
		return gh_refuse(err, GH_E_METADATA, "%s: not a string", name);
	if (strlen(s) > max)
		return gh_refuse(err, GH_E_METADATA, "%s: longer than %zu bytes", name, max);
	if ((*out = strdup(s)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "metadata field");
	return 0;
}

/* Letters, digits, '-' and '_': the rule of the API that the clients know. */
static int
load_name(const gh_json *json, struct metadata_field *f, struct gh_error *err)
{
	int rc = text_member(json, "name", METADATA_NAME_MAX, &f->name, err);

	if (rc != 0)
		return rc;
	if (f->name == NULL)
		return gh_refuse(err, GH_E_METADATA, "name: missing");
	for (const char *p = f->name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			return gh_refuse(err, GH_E_METADATA,
			    "name: only letters, digits, '-' and '_' are allowed");
	return 0;
}

static bool
read_type(const gh_json *v, int64_t *type)
{
	const char *name = gh_json_string(v);

	for (int i = METADATA_STRING; name != NULL && i <= METADATA_EMAIL; i++) {
		if (strcasecmp(type_names[i], name) == 0) {
			*type = i;
			return true;
		}
	}
	return gh_json_int(v, type) && *type >= METADATA_STRING && *type <= METADATA_EMAIL;
}

/* Absent or null: fallback. */
static int
load_flag(const gh_json *json, const char *name, bool fallback, bool *out, struct gh_error *err)
{
	const gh_json *v = gh_json_get(json, name);

	if (gh_json_type(v) != GH_JSON_NULL && gh_json_type(v) != GH_JSON_BOOL)
		return gh_refuse(err, GH_E_METADATA, "%s: not a boolean", name);
	*out = gh_json_bool(v, fallback);
	return 0;
}

static int
load_type(const gh_json *json, struct metadata_field *f, struct gh_error *err)
{
	const gh_json *order = gh_json_get(json, "display_order");
	int64_t type, n = 0;
	int rc;

	if (!read_type(gh_json_get(json, "type"), &type))
		return gh_refuse(err, GH_E_METADATA,
		    "type: not a number from 1 to 7, or a word: String, Integer, Date, Boolean, "
		    "MultipleChoice, BigText or Email");
	f->type = (enum metadata_type)type;
	if (gh_json_type(order) != GH_JSON_NULL &&
	    (!gh_json_int(order, &n) || n < 0 || n > DISPLAY_ORDER_MAX))
		return gh_refuse(err, GH_E_METADATA, "display_order: not a number from 0 to %d",
		    DISPLAY_ORDER_MAX);
	f->display_order = (int)n;
	if (!gh_json_int(gh_json_get(json, "id"), &f->id))
		f->id = 0;
	if ((rc = load_flag(json, "required", false, &f->required, err)) != 0 ||
	    (rc = load_flag(json, "allow_api", true, &f->allow_api, err)) != 0)
		return rc;
	rc = load_flag(json, "explicit_update", false, &f->explicit_update, err);
	if (rc == 0)
		rc = load_flag(json, "owner_sets", false, &f->owner_sets, err);
	return rc == 0 ? load_flag(json, "indexed", false, &f->indexed, err) : rc;
}

static int
load_regex(const gh_json *json, struct metadata_field *f, struct gh_error *err)
{
	int rc = text_member(json, "regex", METADATA_REGEX_MAX, &f->regex, err);

	if (rc != 0 || f->regex == NULL)
		return rc;
	if (f->type != METADATA_STRING && f->type != METADATA_BIG_TEXT && f->type != METADATA_EMAIL)
		return gh_refuse(err, GH_E_METADATA, "regex: only for String, BigText and Email");
	return metadata_regex_check(f->regex, err);
}

static int
copy_options(const gh_json *options, struct metadata_field *f, struct gh_error *err)
{
	size_t n = gh_json_size(options);

	if ((f->options = calloc(n + 1, sizeof(*f->options))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "metadata field");
	for (size_t i = 0; i < n; i++) {
		const char *s = gh_json_string(gh_json_at(options, i));

		if (s == NULL || *s == '\0' || strlen(s) > METADATA_STRING_MAX)
			return gh_refuse(err, GH_E_METADATA,
			    "options[%zu]: not a string of 1 to %d bytes", i, METADATA_STRING_MAX);
		if ((f->options[i] = strdup(s)) == NULL)
			return gh_fail(err, GH_E_NOMEM, "metadata field");
	}
	return 0;
}

static int
load_options(const gh_json *json, struct metadata_field *f, struct gh_error *err)
{
	const gh_json *options = gh_json_get(json, "options");
	size_t n = gh_json_size(options);

	if (gh_json_type(options) != GH_JSON_NULL && gh_json_type(options) != GH_JSON_ARRAY)
		return gh_refuse(err, GH_E_METADATA, "options: not an array");
	if (n > METADATA_OPTIONS_MAX)
		return gh_refuse(err, GH_E_METADATA, "options: more than %d", METADATA_OPTIONS_MAX);
	if (f->type == METADATA_MULTIPLE_CHOICE)
		return n > 0 ? copy_options(options, f, err)
			     : gh_refuse(err, GH_E_METADATA, "options: missing");
	if (n > 0)
		return gh_refuse(err, GH_E_METADATA, "options: only for MultipleChoice");
	return 0;
}

/* Files of administrators have it as a number or boolean, too. */
static int
read_default(const gh_json *json, struct metadata_field *f, struct gh_error *err)
{
	const gh_json *v = gh_json_get(json, "default");
	enum gh_json_type type = gh_json_type(v);

	if (type != GH_JSON_INT && type != GH_JSON_BOOL && type != GH_JSON_REAL)
		return text_member(json, "default", METADATA_BIG_TEXT_MAX, &f->default_value, err);
	f->default_value = gh_json_print(v, false);
	return f->default_value != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "metadata field");
}

/* A default that the field itself would refuse makes every request fail: say so now. */
static int
load_default(const gh_json *json, struct metadata_field *f, struct gh_error *err)
{
	gh_json *value, *typed = NULL;
	struct gh_error why;
	int rc = read_default(json, f, err);

	if (rc != 0 || f->default_value == NULL)
		return rc;
	if ((value = gh_json_new_string(f->default_value)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "metadata field");
	rc = metadata_value(f, value, &typed, &why);
	gh_json_free(value);
	gh_json_free(typed);
	return rc == 0 ? 0 : gh_refuse(err, GH_E_METADATA, "default: %.200s", why.message);
}

int
metadata_field_load(const gh_json *json, struct metadata_field *out, struct gh_error *err)
{
	struct metadata_field f = {0};
	int rc;

	if ((rc = refuse_unknown(json, err)) != 0 || (rc = load_name(json, &f, err)) != 0 ||
	    (rc = load_type(json, &f, err)) != 0 || (rc = load_regex(json, &f, err)) != 0 ||
	    (rc = load_options(json, &f, err)) != 0 ||
	    (rc = text_member(json, "message", METADATA_STRING_MAX, &f.message, err)) != 0 ||
	    (rc = text_member(json, "hint", METADATA_STRING_MAX, &f.hint, err)) != 0 ||
	    (rc = text_member(json, "description", METADATA_STRING_MAX, &f.description, err)) !=
		0 ||
	    (rc = load_default(json, &f, err)) != 0) {
		metadata_field_clear(&f);
		memset(out, 0, sizeof(*out));
		return rc;
	}
	*out = f;
	return 0;
}

const char *
metadata_type_name(enum metadata_type type)
{
	return type_names[type];
}

static gh_json *
options_json(const struct metadata_field *f)
{
	gh_json *list = gh_json_new_array();

	for (char **o = f->options; o != NULL && *o != NULL; o++) {
		if (gh_json_append(list, gh_json_new_string(*o)) != 0) {
			gh_json_free(list);
			return NULL;
		}
	}
	return list;
}

/* What has its value when it is not said is left out of a row: rows from before there were such
 * members have the same MAC. */
static int
set_later(gh_json *o, const struct metadata_field *f, bool is_row)
{
	int bad = 0;

	if (!is_row || f->description != NULL)
		bad |= gh_json_set_string(o, "description", f->description);
	if (!is_row || f->display_order != 0)
		bad |= gh_json_set_int(o, "display_order", f->display_order);
	if (!is_row || !f->allow_api)
		bad |= gh_json_set_bool(o, "allow_api", f->allow_api);
	if (!is_row || f->explicit_update)
		bad |= gh_json_set_bool(o, "explicit_update", f->explicit_update);
	if (!is_row || f->owner_sets)
		bad |= gh_json_set_bool(o, "owner_sets", f->owner_sets);
	if (!is_row || f->indexed)
		bad |= gh_json_set_bool(o, "indexed", f->indexed);
	return bad;
}

static gh_json *
to_json(const struct metadata_field *f, bool is_row)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_string(o, "name", f->name) |
	    (is_row ? gh_json_set_int(o, "type", f->type)
		    : gh_json_set_string(o, "type", type_names[f->type])) |
	    gh_json_set_bool(o, "required", f->required) |
	    gh_json_set_string(o, "regex", f->regex) | gh_json_set(o, "options", options_json(f)) |
	    gh_json_set_string(o, "default", f->default_value) |
	    gh_json_set_string(o, "message", f->message) | gh_json_set_string(o, "hint", f->hint) |
	    set_later(o, f, is_row);

	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

gh_json *
metadata_field_row(const struct metadata_field *f)
{
	return to_json(f, true);
}

gh_json *
metadata_field_view(const struct metadata_field *f)
{
	return to_json(f, false);
}

const struct metadata_field *
metadata_field_find(const struct metadata_field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

void
metadata_fields_sort(struct metadata_field *fields, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct metadata_field f = fields[i];
		size_t k = i;

		for (; k > 0 && fields[k - 1].display_order > f.display_order; k--)
			fields[k] = fields[k - 1];
		fields[k] = f;
	}
}

void
metadata_field_clear(struct metadata_field *f)
{
	free(f->name);
	free(f->regex);
	free(f->default_value);
	free(f->message);
	free(f->hint);
	free(f->description);
	for (char **o = f->options; o != NULL && *o != NULL; o++)
		free(*o);
	free(f->options);
	memset(f, 0, sizeof(*f));
}
