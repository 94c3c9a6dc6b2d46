/* Files of `gatehouse cert import`. See cert_import_files.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "csv_line.h"
#include "file.h"
#include "prompt.h"

#include "cert_import_files.h"

#define DEPTH_MAX 16 /* of folders */
#define COLUMNS_MAX 64
#define NAME_SIZE 420

/* ---- files ---- */

static int
find_password(struct import_files *f, const void *bytes, size_t len, struct gh_error *err)
{
	int rc = 0;

	f->import.password = NULL;
	if (!cert_bundle_is_pkcs12(bytes, len))
		return 0;
	if (f->password == NULL && (f->password_file != NULL || prompt_has_terminal()))
		rc = prompt_password(f->password_file, "password of the PKCS#12 file", false,
		    &f->password, err);
	f->import.password = f->password;
	return rc;
}

static int
take_bytes(struct import_files *f, const char *name, const void *bytes, size_t len,
    struct gh_error *err)
{
	int rc = find_password(f, bytes, len, err);

	f->import.name = name;
	if (rc == 0)
		rc = cert_import(&f->import, bytes, len, &f->report, err);
	f->files++;
	if (rc == 0 && f->progress != NULL)
		f->progress(f);
	return rc;
}

static int
take_file(struct import_files *f, const char *path, struct gh_error *err)
{
	struct gh_error why;
	char *data;
	size_t len;
	int rc;

	if (file_read_long(path, CERT_BUNDLE_BYTES, &data, &len, &why) != 0) {
		f->import.name = path;
		return cert_import_refuse(&f->import, why.message, &f->report, err);
	}
	rc = take_bytes(f, path, data, len, err);
	OPENSSL_cleanse(data, len); /* there may be private keys in it */
	free(data);
	return rc;
}

/* ---- folders ---- */

static int take_folder(struct import_files *f, const char *path, int depth, struct gh_error *err);

static int
take_entry(struct import_files *f, const char *folder, const char *name, int depth,
    struct gh_error *err)
{
	struct stat st = {0};
	char *path;
	int rc = 0;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return gh_fail(err, GH_E_NOMEM, "folder");
	if (*name != '.' && lstat(path, &st) != 0)
		st.st_mode = S_IFREG; /* to be told why it cannot be read */
	if (S_ISREG(st.st_mode))
		rc = take_file(f, path, err);
	else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
		rc = take_folder(f, path, depth + 1, err);
	else
		f->passed_over++;
	free(path);
	return rc;
}

static int
take_folder(struct import_files *f, const char *path, int depth, struct gh_error *err)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), rc = 0;

	if (n < 0) {
		f->import.name = path;
		return cert_import_refuse(&f->import, strerror(errno), &f->report, err);
	}
	for (int i = 0; i < n; i++) {
		if (rc == 0 && strcmp(names[i]->d_name, ".") != 0 &&
		    strcmp(names[i]->d_name, "..") != 0)
			rc = take_entry(f, path, names[i]->d_name, depth, err);
		free(names[i]);
	}
	free(names);
	return rc;
}

int
import_files_add(struct import_files *f, const char *path, struct gh_error *err)
{
	struct stat st;

	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return take_folder(f, path, 0, err);
	return take_file(f, path, err);
}

/* ---- lists ---- */

struct list {
	struct import_files *f;
	char *folder; /* of the list, with "/" behind it; "": it is here */
	char *column[COLUMNS_MAX];
	size_t columns;
	char name[NAME_SIZE]; /* "servers.csv:12" */
};

/* A line of it; texts point into the line. */
struct list_line {
	const char *file, *certificate; /* NULL: empty */
	gh_json *metadata;
};

static int
read_fields(const struct list *l, char *line, struct list_line *out, struct gh_error *err)
{
	char *next = line, *value;

	for (size_t i = 0; next != NULL; i++) {
		if (i == l->columns)
			return gh_refuse(err, GH_E_VALIDATION,
			    "it has more fields than the first line");
		if (!csv_line_field(next, &value, &next))
			return gh_refuse(err, GH_E_VALIDATION, "a quote is wrong");
		if (*value == '\0')
			continue;
		if (strcasecmp(l->column[i], "file") == 0)
			out->file = value;
		else if (strcasecmp(l->column[i], "certificate") == 0)
			out->certificate = value;
		else if (gh_json_set_string(out->metadata, l->column[i], value) != 0)
			return gh_fail(err, GH_E_NOMEM, "list");
	}
	return (out->file == NULL) == (out->certificate == NULL)
	    ? gh_refuse(err, GH_E_VALIDATION, "it has to have a file or a certificate")
	    : 0;
}

static int
take_listed(struct list *l, const struct list_line *line, struct gh_error *err)
{
	char *path;
	int rc;

	l->f->import.metadata = line->metadata;
	if (line->certificate != NULL)
		return take_bytes(l->f, l->name, line->certificate, strlen(line->certificate), err);
	if (asprintf(&path, "%s%s", *line->file == '/' ? "" : l->folder, line->file) < 0)
		return gh_fail(err, GH_E_NOMEM, "list");
	rc = take_file(l->f, path, err);
	free(path);
	return rc;
}

static int
take_line(struct list *l, char *text, struct gh_error *err)
{
	struct list_line line = {.metadata = gh_json_new_object()};
	struct gh_error why;
	int rc = line.metadata != NULL ? read_fields(l, text, &line, &why)
				       : gh_fail(&why, GH_E_NOMEM, "list");

	l->f->import.name = l->name;
	rc = rc == 0 ? take_listed(l, &line, err)
		     : cert_import_refuse(&l->f->import, why.message, &l->f->report, err);
	gh_json_free(line.metadata);
	return rc;
}

static int
take_header(struct list *l, char *line, struct gh_error *err)
{
	char *next = line, *name;
	bool is_named = false;

	while (next != NULL) {
		if (!csv_line_field(next, &name, &next) || *name == '\0' ||
		    l->columns == COLUMNS_MAX || (l->column[l->columns++] = strdup(name)) == NULL)
			return gh_refuse(err, GH_E_CONF,
			    "the first line names no columns, or more than %d", COLUMNS_MAX);
		is_named |= strcasecmp(name, "file") == 0 || strcasecmp(name, "certificate") == 0;
	}
	return is_named
	    ? 0
	    : gh_refuse(err, GH_E_CONF, "the first line has no column \"file\" or \"certificate\"");
}

static int
read_lines(struct list *l, FILE *in, const char *path, struct gh_error *err)
{
	char *line = NULL, *text;
	struct gh_error why;
	int number = 0, rc = 0;
	size_t cap = 0;
	ssize_t n;

	while (rc == 0 && (n = getline(&line, &cap, in)) >= 0) {
		bool is_wrong = csv_line_trim(line, (size_t)n, ++number == 1, &text, &why) != 0;

		snprintf(l->name, sizeof(l->name), "%.400s:%d", path, number);
		l->f->import.name = l->name;
		if (is_wrong && number == 1)
			rc = gh_refuse(err, GH_E_CONF, "%s", why.message);
		else if (is_wrong)
			rc = cert_import_refuse(&l->f->import, why.message, &l->f->report, err);
		else if (number == 1)
			rc = take_header(l, text, err);
		else if (*text != '\0')
			rc = take_line(l, text, err);
	}
	if (rc == 0 && ferror(in))
		rc = gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	free(line);
	return rc;
}

int
import_files_csv(struct import_files *f, const char *path, struct gh_error *err)
{
	const char *slash = strrchr(path, '/');
	const gh_json *metadata = f->import.metadata;
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	struct list l = {.f = f};
	int rc;

	if (in == NULL)
		return gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	l.folder = strndup(path, slash != NULL ? (size_t)(slash - path) + 1 : 0);
	rc = l.folder != NULL ? read_lines(&l, in, path, err) : gh_fail(err, GH_E_NOMEM, "list");
	if (in != stdin)
		fclose(in);
	for (size_t i = 0; i < l.columns; i++)
		free(l.column[i]);
	free(l.folder);
	f->import.metadata = metadata;
	return rc;
}
