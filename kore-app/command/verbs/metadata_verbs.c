/* `gatehouse metadata`: definitions of the metadata fields that certificates carry. */
#include <stdlib.h>

#include "catalog/metadata.h"
#include "store/catalog/metadata_row.h"

#include "command.h"
#include "file.h"
#include "list.h"
#include "metadata_index_verb.h"
#include "prompt.h"
#include "verb.h"

/* ---- what the options say ---- */

static const char *type, *regex, *fallback, *message, *hint, *description;
static int display_order = -1;
static struct option_list choices;
static bool required, optional, internal, external, explicit_update, implicit_update, owner,
    no_owner, indexed, no_indexed;

static const struct option_row options[] = {
    VERB_CONFIG,
    {"type", 't', OPTION_TEXT, &type, "TYPE",
	"String, Integer, Date, Boolean, MultipleChoice, BigText or Email"},
    {"required", 0, OPTION_FLAG, &required, NULL, "no request is taken without it"},
    {"optional", 0, OPTION_FLAG, &optional, NULL, "requests may come without it"},
    {"regex", 0, OPTION_TEXT, &regex, "PATTERN",
	"Perl-compatible expression that values must match; \"\": none"},
    {"message", 0, OPTION_TEXT, &message, "TEXT", "told when the pattern does not match"},
    {"option", 'o', OPTION_LIST, &choices, "VALUE",
	"of MultipleChoice: a value that may be chosen; repeat for more"},
    {"default", 0, OPTION_TEXT, &fallback, "VALUE", "of requests that come without it; \"\": none"},
    {"hint", 0, OPTION_TEXT, &hint, "TEXT", "for people who fill it in"},
    {"description", 0, OPTION_TEXT, &description, "TEXT", "for administrators"},
    {"order", 0, OPTION_NUMBER, &display_order, "NUMBER",
	"place in forms and lists: small numbers first"},
    {"no-api", 0, OPTION_FLAG, &internal, NULL,
	"clients of Keyfactor do not see it, and officers alone change it afterwards"},
    {"api", 0, OPTION_FLAG, &external, NULL, "clients of Keyfactor see it"},
    {"explicit-update", 0, OPTION_FLAG, &explicit_update, NULL,
	"a value that is there is overwritten only where the call says so"},
    {"no-explicit-update", 0, OPTION_FLAG, &implicit_update, NULL,
	"a value is overwritten by any call that may set it"},
    {"owner", 0, OPTION_FLAG, &owner, NULL, "who asked for a certificate may change it afterwards"},
    {"no-owner", 0, OPTION_FLAG, &no_owner, NULL, "officers alone change it afterwards"},
    {"indexed", 0, OPTION_FLAG, &indexed, NULL,
	"an index is made: searches by its values, and the order by it, take no longer than others"},
    {"no-indexed", 0, OPTION_FLAG, &no_indexed, NULL, "the index is dropped"},
    OPTION_END,
};

/* What the definition says; the index is no part of that. */
static bool
has_definition(void)
{
	return type != NULL || regex != NULL || fallback != NULL || message != NULL ||
	    hint != NULL || description != NULL || display_order >= 0 || choices.n > 0 ||
	    required || optional || internal || external || explicit_update || implicit_update ||
	    owner || no_owner;
}

static bool
has_options(void)
{
	return has_definition() || indexed || no_indexed;
}

static int
set_choices(gh_json *o)
{
	gh_json *list = gh_json_new_array();
	int bad = list == NULL;

	for (size_t i = 0; i < choices.n; i++)
		bad |= gh_json_append(list, gh_json_new_string(choices.v[i])) != 0;
	return bad | gh_json_set(o, "options", list);
}

/* "" is none. */
static int
set_text(gh_json *o, const char *name, const char *value)
{
	return value == NULL ? 0 : gh_json_set_string(o, name, *value != '\0' ? value : NULL);
}

/* Members of o are replaced by what the options say. */
static int
put_options(gh_json *o, struct gh_error *err)
{
	int bad = set_text(o, "type", type) | set_text(o, "regex", regex) |
	    set_text(o, "default", fallback) | set_text(o, "message", message) |
	    set_text(o, "hint", hint) | set_text(o, "description", description);

	if (display_order >= 0)
		bad |= gh_json_set_int(o, "display_order", display_order);
	if (choices.n > 0)
		bad |= set_choices(o);
	if (required || optional)
		bad |= gh_json_set_bool(o, "required", required);
	if (internal || external)
		bad |= gh_json_set_bool(o, "allow_api", external);
	if (explicit_update || implicit_update)
		bad |= gh_json_set_bool(o, "explicit_update", explicit_update);
	if (owner || no_owner)
		bad |= gh_json_set_bool(o, "owner_sets", owner);
	return bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "metadata field");
}

static int
check_options(const struct verb_call *c)
{
	if ((required && optional) || (internal && external) ||
	    (explicit_update && implicit_update) || (owner && no_owner) || (indexed && no_indexed))
		return command_usage(c->who, "two of these options exclude each other");
	return COMMAND_OK;
}

/* As the store keeps it, once the field is one. */
static int
row_of(const gh_json *definition, gh_json **row, struct gh_error *err)
{
	struct metadata_field field;
	int rc = metadata_field_load(definition, &field, err);

	*row = NULL;
	if (rc != 0)
		return rc;
	*row = metadata_field_row(&field);
	metadata_field_clear(&field);
	return *row != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "metadata field");
}

/* ---- list, show ---- */

static const struct output_column columns[] = {{"NAME", "name"}, {"TYPE", "type"},
    {"REQUIRED", "required"}, {"OPTIONS", "options"}, {"REGEX", "regex"}, {"DEFAULT", "default"},
    {"API", "allow_api"}, {"OWNER", "owner_sets"}, {"EXPLICIT", "explicit_update"},
    {"INDEXED", "indexed"}, {NULL, NULL}};

/* The definition of a row, in the words that add and set take. */
static int
view_of(const gh_json *row, gh_json **view, struct gh_error *err)
{
	struct metadata_field field;
	int rc = metadata_field_load(row, &field, err);

	*view = NULL;
	if (rc != 0)
		return rc;
	*view = metadata_field_view(&field);
	metadata_field_clear(&field);
	return *view != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "metadata field");
}

static int
list_fields(struct verb_call *c, struct gh_error *err)
{
	gh_json *rows = NULL, *view;
	int rc = list_load(c->env.store, STORE_LIST_METADATA_FIELDS, (struct store_filter){0}, 0,
	    &rows, err);

	c->out = gh_json_new_array();
	for (size_t i = 0; rc == 0 && i < gh_json_size(rows); i++) {
		rc = view_of(gh_json_at(rows, i), &view, err);
		if (rc == 0 && gh_json_append(c->out, view) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "metadata fields");
	}
	gh_json_free(rows);
	return rc;
}

const struct verb verb_metadata_list = {
    .usage = {"", 0, 0, "Lists the metadata fields.", NULL},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .work = list_fields,
    .columns = columns,
};

static int
show_field(struct verb_call *c, struct gh_error *err)
{
	gh_json *row;
	int rc = list_find(c->env.store, STORE_LIST_METADATA_FIELDS, c->operand[0], &row, err);

	if (rc == 0)
		rc = view_of(row, &c->out, err);
	gh_json_free(row);
	return rc;
}

const struct verb verb_metadata_show = {
    .usage = {"NAME", 1, 1, "Shows a metadata field.", NULL},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .work = show_field,
};

/* ---- add ---- */

static int
check_add(const struct verb_call *c)
{
	return type == NULL ? command_usage(c->who, "--type is needed") : check_options(c);
}

static int
add_field(struct verb_call *c, struct gh_error *err)
{
	gh_json *definition = gh_json_new_object(), *row = NULL;
	int rc = gh_json_set_string(definition, "name", c->operand[0]) == 0
	    ? put_options(definition, err)
	    : gh_fail(err, GH_E_NOMEM, "metadata field");

	if (rc == 0 && (rc = row_of(definition, &row, err)) == 0)
		rc = store_add_metadata_field(c->env.store, &c->env.who, row, err);
	gh_json_free(row);
	gh_json_free(definition);
	return rc == 0 && indexed ? metadata_index_set(c, c->operand[0], true, err) : rc;
}

static int
show_added(struct verb_call *c)
{
	printf("metadata field %s is defined\n", c->operand[0]);
	return output_finish();
}

const struct verb verb_metadata_add = {
    .usage = {"NAME", 1, 1,
	"Defines a metadata field. Its name has letters, digits, - and _, and does not change.",
	"gatehouse metadata add CostCenter --type String --regex '^[0-9]{4}$' --message 'four digits'\n"
	"gatehouse metadata add Stage --type MultipleChoice --option test --option production\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .check = check_add,
    .work = add_field,
    .show = show_added,
};

/* ---- set ---- */

static gh_json *fields;

static int
check_fields(struct gh_error *err)
{
	struct metadata_field field;
	int rc;

	if (gh_json_type(fields) != GH_JSON_ARRAY)
		return gh_refuse(err, GH_E_METADATA,
		    "the file must hold an array of field definitions");
	for (size_t i = 0; i < gh_json_size(fields); i++) {
		rc = metadata_field_load(gh_json_at(fields, i), &field, err);
		if (rc != 0)
			return rc;
		metadata_field_clear(&field);
	}
	return 0;
}

/* All definitions are checked before the first is stored. With options, the operand is a name. */
static int
read_fields(const struct verb_call *c)
{
	struct gh_error err;
	int rc;

	if (has_options())
		return check_options(c);
	rc = file_read_json(c->operand[0], &fields, &err);
	if (rc == 0)
		rc = check_fields(&err);
	return rc == 0 ? COMMAND_OK : command_fail(c->who, &err);
}

static int
store_field(struct verb_call *c, const gh_json *definition, struct gh_error *err)
{
	gh_json *row;
	bool is_new;
	int rc = row_of(definition, &row, err);

	if (rc == 0)
		rc = store_set_metadata_field(c->env.store, &c->env.who, row, &is_new, err);
	gh_json_free(row);
	return rc;
}

static int
change_field(struct verb_call *c, struct gh_error *err)
{
	gh_json *old = NULL;
	int rc = 0;

	if (no_indexed) /* before its type may change */
		rc = metadata_index_set(c, c->operand[0], false, err);
	if (rc == 0 && has_definition()) {
		rc = list_find(c->env.store, STORE_LIST_METADATA_FIELDS, c->operand[0], &old, err);
		if (rc == 0 && (rc = put_options(old, err)) == 0)
			rc = store_field(c, old, err);
		gh_json_free(old);
	}
	return rc == 0 && indexed ? metadata_index_set(c, c->operand[0], true, err) : rc;
}

static int
set_fields(struct verb_call *c, struct gh_error *err)
{
	int rc = 0;

	if (has_options())
		return change_field(c, err);
	for (size_t i = 0; rc == 0 && i < gh_json_size(fields); i++)
		rc = store_field(c, gh_json_at(fields, i), err);
	return rc;
}

static int
show_count(struct verb_call *c)
{
	if (has_options())
		printf("metadata field %s is changed\n", c->operand[0]);
	else
		printf("%zu fields set\n", gh_json_size(fields));
	return output_finish();
}

static void
free_fields(void)
{
	gh_json_free(fields);
	fields = NULL;
}

const struct verb verb_metadata_set = {
    .usage = {"NAME|FILE", 1, 1,
	"Changes the metadata field NAME by options; values that certificates have stay as they are. Without options, "
	"defines all fields of FILE, or replaces those of the same name: a JSON array of objects with name, type (1 to 7 "
	"or its word, see `metadata add --help`), required, regex, options, default, message, hint, description, "
	"display_order, allow_api, explicit_update, owner_sets. --indexed makes an index while certificates are issued; "
	"it may take minutes, and may be interrupted and begun again.",
	"gatehouse metadata set CostCenter --required\ngatehouse metadata set CostCenter --indexed\ngatehouse metadata set fields.json\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .check = read_fields,
    .work = set_fields,
    .show = show_count,
    .clear = free_fields,
};

/* ---- remove ---- */

static const struct option_row remove_options[] = {VERB_CONFIG, VERB_YES, OPTION_END};

static int
remove_field(struct verb_call *c, struct gh_error *err)
{
	int rc = verb_shared.is_sure
	    ? 0
	    : prompt_confirm("Remove this field? Certificates keep their values.", err);

	if (rc == 0)
		rc = metadata_index_set(c, c->operand[0], false, err);
	return rc == 0 ? store_remove_metadata_field(c->env.store, &c->env.who, c->operand[0], err)
		       : rc;
}

static int
show_removed(struct verb_call *c)
{
	printf("metadata field %s is removed\n", c->operand[0]);
	return output_finish();
}

const struct verb verb_metadata_remove = {
    .usage = {"NAME", 1, 1,
	"Removes a metadata field: nobody can set it or search by it any more. Certificates keep "
	"their values, and show them.",
	NULL},
    .options = remove_options,
    .needs = NEEDS_GRANTS,
    .work = remove_field,
    .show = show_removed,
};
