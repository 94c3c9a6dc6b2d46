/* Reading device tables. See est_device_file.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/listed_device.h"
#include "timestamp.h"
#include "utf8.h"

#include "csv_line.h"
#include "est_device_file.h"

#define COLUMNS_MAX 10

enum kind { TEXT, SERIAL, HEX, YES, TIME };

static const struct column {
	const char *name;   /* in the first line, and of options */
	const char *member; /* of the row */
	enum kind kind;
} columns[COLUMNS_MAX] = {
    {"serial", "serial", SERIAL},
    {"anchor", "anchor", HEX},
    {"spki", "spki", HEX},
    {"labels", "labels", TEXT},
    {"subject", "subject", TEXT},
    {"san", "san", TEXT},
    {"user", "est_user", TEXT},
    {"enabled", "enabled", YES},
    {"expires", "expires", TIME},
    {"note", "note", TEXT},
};

static const struct column *
find_column(const char *name)
{
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		if (strcasecmp(columns[i].name, name) == 0)
			return &columns[i];
	return NULL;
}

/* ---- one value ---- */

static int
no_memory(struct gh_error *err)
{
	return gh_fail(err, GH_E_NOMEM, "devices");
}

static int
put_serial(gh_json *row, const char *text, struct gh_error *err)
{
	char serial[LISTED_DEVICE_SERIAL_SIZE];

	if (!listed_device_serial(text, strlen(text), serial))
		return gh_refuse(err, GH_E_CONF,
		    "serial: not 1 to %d printable characters of ASCII",
		    LISTED_DEVICE_SERIAL_SIZE - 1);
	return gh_json_set_string(row, "serial", serial) == 0 ? 0 : no_memory(err);
}

/* As openssl prints them, too: "AB:CD:..." */
static int
put_hex(gh_json *row, const char *member, const char *text, struct gh_error *err)
{
	char hex[LISTED_DEVICE_KEY_SIZE];
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == ':')
			continue;
		if (n == sizeof(hex) - 1)
			return gh_refuse(err, GH_E_CONF, "%s: not the SHA-256 of a public key",
			    member);
		hex[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
	}
	hex[n] = '\0';
	return gh_json_set_string(row, member, hex) == 0 ? 0 : no_memory(err);
}

static int
put_yes(gh_json *row, const char *member, const char *text, struct gh_error *err)
{
	bool is_yes = strcasecmp(text, "yes") == 0 || strcasecmp(text, "true") == 0;

	if (!is_yes && strcasecmp(text, "no") != 0 && strcasecmp(text, "false") != 0)
		return gh_refuse(err, GH_E_CONF, "%s: not yes or no", member);
	return gh_json_set_bool(row, member, is_yes) == 0 ? 0 : no_memory(err);
}

static int
put_time(gh_json *row, const char *member, const char *text, struct gh_error *err)
{
	int64_t at;

	if (!gh_day_parse(text, &at) && gh_timestamp_parse(text, &at, NULL) != 0)
		return gh_refuse(err, GH_E_CONF, "%s: not a day as in 2027-01-31", member);
	return gh_json_set_int(row, member, at) == 0 ? 0 : no_memory(err);
}

int
est_device_member(gh_json *row, const char *name, const char *text, struct gh_error *err)
{
	const struct column *c = find_column(name);

	if (c == NULL)
		return gh_refuse(err, GH_E_CONF, "\"%.60s\" is no column of devices", name);
	if (*text == '\0' && c->kind == YES)
		text = "yes";
	if (*text == '\0' && strcmp(c->member, "anchor") != 0 && c->kind != SERIAL)
		return gh_json_set_string(row, c->member, NULL) == 0 ? 0 : no_memory(err);
	switch (c->kind) {
	case SERIAL:
		return put_serial(row, text, err);
	case HEX:
		return put_hex(row, c->member, text, err);
	case YES:
		return put_yes(row, c->member, text, err);
	case TIME:
		return put_time(row, c->member, text, err);
	default:
		return gh_json_set_string(row, c->member, text) == 0 ? 0 : no_memory(err);
	}
}

/* ---- lines ---- */

struct file {
	char *column[COLUMNS_MAX]; /* of the first line */
	int columns;
	gh_json *rows, *seen; /* seen: {"serial anchor": true} */
};

static int
take_header(struct file *f, char *line, struct gh_error *err)
{
	bool has_serial = false;
	char *next = line, *field;

	while (next != NULL) {
		const struct column *c;

		if (!csv_line_field(next, &field, &next) || (c = find_column(field)) == NULL)
			return gh_refuse(err, GH_E_VALIDATION,
			    "the first line names columns: serial, anchor, spki, labels, subject, san, "
			    "user, enabled, expires, note");
		for (int i = 0; i < f->columns; i++)
			if (strcmp(f->column[i], c->name) == 0)
				return gh_refuse(err, GH_E_VALIDATION, "column %s is there twice",
				    c->name);
		f->column[f->columns++] = (char *)(uintptr_t)c->name;
		has_serial |= c->kind == SERIAL;
	}
	return has_serial ? 0 : gh_refuse(err, GH_E_VALIDATION, "there is no column \"serial\"");
}

static int
fill(const struct file *f, char *line, gh_json *row, struct gh_error *err)
{
	char *next = line, *field;
	int n = 0,
	    rc = gh_json_set_bool(row, "enabled", true) == 0 &&
		gh_json_set_string(row, "anchor", "") == 0
	    ? 0
	    : no_memory(err);

	while (rc == 0 && next != NULL) {
		if (!csv_line_field(next, &field, &next))
			return gh_refuse(err, GH_E_VALIDATION,
			    "a quoted field does not end, or a quote stands alone");
		if (n == f->columns)
			return gh_refuse(err, GH_E_VALIDATION, "has more than %d fields", n);
		rc = est_device_member(row, f->column[n++], field, err);
	}
	if (rc == 0 && n < f->columns)
		rc = gh_refuse(err, GH_E_VALIDATION, "has %d fields, not %d", n, f->columns);
	return rc == 0 ? listed_device_check(row, err) : rc;
}

static int
take_line(struct file *f, char *line, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	char key[2 * LISTED_DEVICE_KEY_SIZE + 2];
	int rc = row != NULL ? fill(f, line, row, err) : no_memory(err);

	if (rc == 0) {
		snprintf(key, sizeof(key), "%s\n%s", gh_json_string(gh_json_get(row, "serial")),
		    gh_json_string(gh_json_get(row, "anchor")));
		if (gh_json_get(f->seen, key) != NULL)
			rc = gh_refuse(err, GH_E_VALIDATION, "the device is there twice");
		else if (gh_json_set_bool(f->seen, key, true) != 0)
			rc = no_memory(err);
	}
	if (rc == 0 && gh_json_size(f->rows) >= LISTED_DEVICES_MAX)
		rc = gh_refuse(err, GH_E_VALIDATION, "is the first of more than %d devices",
		    LISTED_DEVICES_MAX);
	if (rc != 0) {
		gh_json_free(row);
		return rc == GH_E_CONF ? err->code = GH_E_VALIDATION : rc;
	}
	return gh_json_append(f->rows, row) == 0 ? 0 : no_memory(err);
}

static int
read_lines(FILE *in, const char *path, struct file *f, size_t *wrong, struct gh_error *err)
{
	char line[CSV_LINE_SIZE], *text;
	size_t number = 0;
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = csv_line_read(in, line)) >= 0) {
		bool is_header = ++number == 1;

		rc = csv_line_trim(line, (size_t)n, is_header, &text, err);
		if (rc == 0 && is_header)
			rc = take_header(f, text, err);
		else if (rc == 0 && *text != '\0')
			rc = take_line(f, text, err);
		if (rc != GH_E_VALIDATION)
			continue;
		gh_utf8_clean(err->message);
		fprintf(stderr, "%s:%zu: %s\n", path, number, err->message);
		(*wrong)++;
		rc = is_header ? rc : 0;
	}
	if (rc == 0 && ferror(in))
		rc = gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	return rc;
}

int
est_device_file_read(const char *path, bool skips, gh_json **out, size_t *wrong,
    struct gh_error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(path, "re");
	struct file f = {.columns = 0};
	int rc = 0;

	*out = NULL;
	*wrong = 0;
	if (in == NULL)
		return gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	f.rows = gh_json_new_array();
	f.seen = gh_json_new_object();
	rc = f.rows != NULL && f.seen != NULL
	    ? read_lines(in, is_stdin ? "standard input" : path, &f, wrong, err)
	    : no_memory(err);
	if (!is_stdin)
		fclose(in);
	gh_json_free(f.seen);
	if (rc == 0 && *wrong > 0 && !skips)
		rc = gh_refuse(err, GH_E_VALIDATION,
		    "%s: %zu wrong lines: nothing was imported (--skip-errors leaves them out)",
		    path, *wrong);
	if (rc == 0)
		*out = f.rows;
	else
		gh_json_free(f.rows);
	return rc;
}
