/* Files of metadata. See metadata_csv.h. */
#include <string.h>
#include <strings.h>

#include "csv_line.h"
#include "metadata_run.h"

#include "metadata_csv.h"

#define PREFIX "Metadata."
#define NAME_SHOWN 64 /* of a column, in messages */

enum key { KEY_ID, KEY_THUMBPRINT, KEY_SERIAL, KEY_ISSUER, KEYS };
static const char *const key_name[KEYS] = {[KEY_ID] = "id",
    [KEY_THUMBPRINT] = "thumbprint",
    [KEY_SERIAL] = "serial",
    [KEY_ISSUER] = "issuer"};

struct file {
	const struct metadata_field *field;
	size_t fields;
	bool takes_away;
	/* Of each column: the name of a field, or one of key_name. */
	const char *column[METADATA_CSV_COLUMNS_MAX];
	size_t columns, fields_named;
	bool has_key[KEYS];
	gh_json *lines;
};

static int
no_memory(struct gh_error *err)
{
	return gh_fail(err, GH_E_NOMEM, "file of metadata");
}

/* ---- the first line ---- */

static const char *
find_column(struct file *f, const char *name)
{
	const struct metadata_field *field;

	for (int k = 0; k < KEYS; k++) {
		if (strcasecmp(name, key_name[k]) == 0) {
			f->has_key[k] = true;
			return key_name[k];
		}
	}
	if (strncasecmp(name, PREFIX, strlen(PREFIX)) == 0)
		name += strlen(PREFIX);
	field = metadata_field_find(f->field, f->fields, name);
	f->fields_named += field != NULL;
	return field != NULL ? field->name : NULL;
}

static int
add_column(struct file *f, const char *name, struct gh_error *err)
{
	const char *column = find_column(f, name);

	if (column == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The column \"%.*s\" is neither id, thumbprint, serial or issuer nor a metadata "
		    "field.",
		    NAME_SHOWN, name);
	for (size_t i = 0; i < f->columns; i++)
		if (f->column[i] == column)
			return gh_refuse(err, GH_E_BAD_REQUEST, "The column \"%s\" is there twice.",
			    column);
	if (f->columns == METADATA_CSV_COLUMNS_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "There are more than %d columns.",
		    METADATA_CSV_COLUMNS_MAX);
	f->column[f->columns++] = column;
	return 0;
}

static int
read_header(struct file *f, char *text, struct gh_error *err)
{
	char *cell, *next = text;
	int rc = 0;

	while (rc == 0 && next != NULL) {
		if (!csv_line_field(next, &cell, &next))
			return gh_refuse(err, GH_E_BAD_REQUEST,
			    "The first line has a quote in the wrong place.");
		rc = add_column(f, cell, err);
	}
	if (rc == 0 && !f->has_key[KEY_ID] && !f->has_key[KEY_THUMBPRINT] &&
	    !f->has_key[KEY_SERIAL])
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "The first line has none of the columns id, thumbprint and serial.");
	if (rc == 0 && f->fields_named == 0)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "The first line names no metadata field.");
	return rc;
}

/* ---- other lines ---- */

static bool
is_key(const char *column)
{
	for (int k = 0; k < KEYS; k++)
		if (column == key_name[k])
			return true;
	return false;
}

static int
put_cell(const struct file *f, const char *column, const char *cell, gh_json *key, gh_json *given,
    struct gh_error *err)
{
	bool bad = false;

	if (is_key(column))
		bad = *cell != '\0' && gh_json_set_string(key, column, cell) != 0;
	else if (*cell != '\0' || f->takes_away)
		bad = gh_json_set_string(given, column, *cell != '\0' ? cell : NULL) != 0;
	return bad ? no_memory(err) : 0;
}

static int
read_cells(const struct file *f, char *text, gh_json *key, gh_json *given, struct gh_error *err)
{
	char *cell, *next = text;
	int64_t id;
	size_t n = 0;
	int rc = 0;

	for (; rc == 0 && next != NULL; n++) {
		if (!csv_line_field(next, &cell, &next))
			return gh_refuse(err, GH_E_VALIDATION, "A quote is in the wrong place.");
		if (n < f->columns)
			rc = put_cell(f, f->column[n], cell, key, given, err);
	}
	if (rc == 0 && n != f->columns)
		rc = gh_refuse(err, GH_E_VALIDATION, "It has %zu columns, not %zu.", n, f->columns);
	if (rc == 0 && gh_json_size(key) == 0)
		rc = gh_refuse(err, GH_E_VALIDATION, "It names no certificate.");
	if (rc == 0 && gh_json_get(key, "id") != NULL &&
	    (!gh_json_int(gh_json_get(key, "id"), &id) || id < 1))
		rc = gh_refuse(err, GH_E_VALIDATION, "The id is no number.");
	return rc;
}

/* What is wrong with a line stands in it, and the others are taken. */
static int
add_line(struct file *f, char *text, size_t len, int64_t n, struct gh_error *err)
{
	gh_json *o = gh_json_new_object(), *key = gh_json_new_object(),
		*given = gh_json_new_object();
	struct gh_error why = {0};
	char *line;
	int bad, rc = csv_line_trim(text, len, false, &line, &why);

	if (rc == 0)
		rc = read_cells(f, line, key, given, &why);
	bad = gh_json_set_int(o, "n", n) != 0 || (rc != 0 && rc != GH_E_VALIDATION);
	if (rc == GH_E_VALIDATION)
		bad |= gh_json_set_string(o, "outcome", "refused") |
		    gh_json_set_string(o, "detail", why.message);
	else
		bad |= gh_json_set(o, "key", gh_json_ref(key)) |
		    gh_json_set(o, "given", gh_json_ref(given));
	gh_json_free(key);
	gh_json_free(given);
	if (bad != 0) {
		gh_json_free(o);
		return no_memory(err);
	}
	return gh_json_append(f->lines, o) == 0 ? 0 : no_memory(err);
}

static int
read_lines(struct file *f, char *text, char *end, struct gh_error *err)
{
	char *next, *line;
	int64_t n = 0;
	int rc = 0;

	for (; rc == 0 && text < end; text = next) {
		size_t len;

		next = memchr(text, '\n', (size_t)(end - text));
		len = (size_t)((next != NULL ? next : end) - text);
		next = next != NULL ? next + 1 : end;
		text[len] = '\0';
		if (++n == 1) {
			if (csv_line_trim(text, len, true, &line, err) != 0)
				return gh_refuse(err, GH_E_BAD_REQUEST,
				    "The first line is not UTF-8 text, or is too long.");
			rc = read_header(f, line, err);
		} else if (len > 0 && (len > 1 || *text != '\r')) {
			if (gh_json_size(f->lines) == METADATA_RUN_LINES_MAX)
				return gh_refuse(err, GH_E_BAD_REQUEST,
				    "The file has more than %d lines.", METADATA_RUN_LINES_MAX);
			rc = add_line(f, text, len, n, err);
		}
	}
	if (rc == 0 && gh_json_size(f->lines) == 0)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "There are no lines behind the first one.");
	return rc;
}

int
metadata_csv_read(const struct metadata_field *fields, size_t fields_n, char *text, size_t n,
    bool takes_away, gh_json **lines, struct gh_error *err)
{
	struct file f = {.field = fields,
	    .fields = fields_n,
	    .takes_away = takes_away,
	    .lines = gh_json_new_array()};
	int rc = f.lines != NULL ? read_lines(&f, text, text + n, err) : no_memory(err);

	*lines = NULL;
	if (rc == 0)
		*lines = f.lines;
	else
		gh_json_free(f.lines);
	return rc;
}
