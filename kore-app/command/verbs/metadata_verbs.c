/* `gatehouse metadata`: definitions of the metadata fields that certificates carry. */
#include "catalog/metadata.h"

#include "command.h"
#include "file.h"
#include "list.h"
#include "verb.h"

static struct list_query all = {.what = STORE_LIST_METADATA_FIELDS};
static const struct output_column columns[] = {{"NAME", "name"}, {"TYPE", "type"},
    {"REQUIRED", "required"}, {"OPTIONS", "options"}, {"REGEX", "regex"}, {"DEFAULT", "default"},
    {NULL, NULL}};

const struct verb verb_metadata_list = {
    .usage = {"", 0, 0,
	"Lists the metadata fields. Types: 1 string, 2 integer, 3 date, 4 boolean, 5 multiple choice, "
	"6 big text, 7 email.",
	NULL},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .work = list_rows,
    .columns = columns,
    .arg = &all,
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

/* All definitions are checked before the first is stored. */
static int
read_fields(const struct verb_call *c)
{
	struct gh_error err;
	int rc = file_read_json(c->operand[0], &fields, &err);

	if (rc == 0)
		rc = check_fields(&err);
	return rc == 0 ? COMMAND_OK : command_fail(c->who, &err);
}

static int
store_fields(struct verb_call *c, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < gh_json_size(fields); i++)
		rc =
		    store_set_metadata_field(c->env.store, &c->env.who, gh_json_at(fields, i), err);
	return rc;
}

static int
show_count(struct verb_call *c)
{
	(void)c;
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
    .usage = {"FILE", 1, 1,
	"Defines metadata fields, or replaces those of the same name. FILE is a JSON array of objects with "
	"name, type (1 to 7, see `metadata list --help`), required, regex, options, default, message, hint.",
	"gatehouse metadata set fields.json\n"},
    .options = verb_options,
    .needs = NEEDS_GRANTS,
    .check = read_fields,
    .work = store_fields,
    .show = show_count,
    .clear = free_fields,
};
