/* Reading lists of owners. See name_file.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "name_owners.h"
#include "utf8.h"

#include "csv_line.h"
#include "name_file.h"

#define FIELDS 4

static int
take_line(char *line, struct name_groups *out, struct gh_error *err)
{
	char *field[FIELDS] = {line, line + strlen(line), line + strlen(line), line + strlen(line)};
	char *next = line;
	int n = 0;

	for (; next != NULL; n++) {
		if (n == FIELDS)
			return gh_refuse(err, GH_E_VALIDATION, "has more than %d fields", FIELDS);
		if (!csv_line_field(next, &field[n], &next))
			return gh_refuse(err, GH_E_VALIDATION,
			    "a quoted field does not end, or a quote stands alone");
	}
	if (n < FIELDS - 1)
		return gh_refuse(err, GH_E_VALIDATION, "needs kind,pattern,owner");
	return name_groups_add(out, field[0], field[1], field[2], field[3], err);
}

static int
read_lines(FILE *f, const char *path, struct name_groups *out, size_t *wrong, struct gh_error *err)
{
	char line[CSV_LINE_SIZE], *text;
	size_t number = 0;
	ssize_t n;
	int rc = 0;

	while (*wrong < NAME_FILE_ERRORS && (n = csv_line_read(f, line)) >= 0) {
		rc = csv_line_trim(line, (size_t)n, ++number == 1, &text, err);
		if (rc == 0 &&
		    (*text == '\0' ||
			(number == 1 && strncmp(text, "kind,pattern,owner", 18) == 0)))
			continue;
		if (rc == 0)
			rc = take_line(text, out, err);
		if (rc == 0 && out->n > NAME_OWNERS_MAX)
			rc = gh_refuse(err, GH_E_VALIDATION, "is the first of more than %d names",
			    NAME_OWNERS_MAX);
		if (rc == 0)
			continue;
		if (rc != GH_E_VALIDATION)
			break;
		gh_utf8_clean(err->message);
		fprintf(stderr, "%s:%zu: %s\n", path, number, err->message);
		(*wrong)++;
		rc = 0;
		if (out->n > NAME_OWNERS_MAX)
			break;
	}
	if (rc == 0 && ferror(f))
		rc = gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	return rc;
}

int
name_file_read(const char *path, struct name_groups *out, struct gh_error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	size_t wrong = 0;
	int rc;

	if (f == NULL)
		return gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	rc = read_lines(f, is_stdin ? "standard input" : path, out, &wrong, err);
	if (!is_stdin)
		fclose(f);
	if (rc == 0 && wrong > 0)
		rc = gh_refuse(err, GH_E_VALIDATION, "%s: %s%zu wrong lines: nothing was imported",
		    path, wrong >= NAME_FILE_ERRORS ? "more than " : "", wrong);
	return rc;
}
