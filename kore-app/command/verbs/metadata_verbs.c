/* `gatehouse metadata`: definitions of the metadata fields that certificates carry. */
#include "metadata.h"

#include "command.h"
#include "file.h"
#include "list.h"
#include "options.h"

int
cmd_metadata_list(int argc, char **argv)
{
	static const struct output_column columns[] = {{"NAME", "name"}, {"TYPE", "type"},
	    {"REQUIRED", "required"}, {"OPTIONS", "options"}, {"REGEX", "regex"},
	    {"DEFAULT", "default"}, {NULL, NULL}};
	const struct list_view view = {STORE_LIST_METADATA_FIELDS, columns};
	const struct store_filter filter = {0};
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"", 0, 0,
	    "Lists the metadata fields. Types: 1 string, 2 integer, 3 date, 4 boolean, 5 multiple choice, "
	    "6 big text, 7 email.",
	    NULL};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	return list_show(argv[0], conf, json, &view, &filter, 0);
}

/* All definitions are checked before the first is stored. */
static int
check_fields(const gh_json *fields, struct gh_error *err)
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

static int
store_fields(struct session *s, const gh_json *fields, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < gh_json_size(fields); i++)
		rc = store_set_metadata_field(s->store, &s->who, gh_json_at(fields, i), err);
	return rc;
}

int
cmd_metadata_set(int argc, char **argv)
{
	const char *conf = NULL;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_END};
	static const struct usage usage = {"FILE", 1, 1,
	    "Defines metadata fields, or replaces those of the same name. FILE is a JSON array of objects with "
	    "name, type (1 to 7, see `metadata list --help`), required, regex, options, default, message, hint.",
	    "gatehouse metadata set fields.json\n"};
	struct gh_error err;
	struct session s;
	gh_json *fields;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	rc = file_read_json(argv[1], &fields, &err);
	if (rc != 0)
		return command_fail(argv[0], &err);
	rc = check_fields(fields, &err);
	if (rc == 0)
		rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);
	if (rc == 0) {
		rc = store_fields(&s, fields, &err);
		session_close(&s);
	}
	if (rc == 0)
		printf("%zu fields set\n", gh_json_size(fields));
	gh_json_free(fields);
	return rc == 0 ? output_finish() : command_fail(argv[0], &err);
}
