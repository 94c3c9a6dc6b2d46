/* Files of `gatehouse cert import`. See cert_import_files.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

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
refuse(struct import_files *f, const char *path, const char *why, struct gh_error *err)
{
	f->import.name = path;
	return cert_import_refuse(&f->import, why, &f->report, err);
}

static int
take_read(struct import_files *f, const char *path, int fd, struct gh_error *err)
{
	struct gh_error why;
	char *data;
	size_t len;
	int rc;

	if (file_read_fd(fd, path, CERT_BUNDLE_BYTES, &data, &len, &why) != 0)
		return refuse(f, path, why.message, err);
	rc = take_bytes(f, path, data, len, err);
	OPENSSL_cleanse(data, len); /* there may be private keys in it */
	free(data);
	return rc;
}

/* One that the user has named, who may mean a FIFO by it. */
static int
take_file(struct import_files *f, const char *path, struct gh_error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return refuse(f, path, strerror(errno), err);
	rc = take_read(f, path, fd, err);
	if (!is_stdin)
		close(fd);
	return rc;
}

/* ---- what a folder or a list has ---- */

/* Others may write there, and change it meanwhile: what is opened is what is looked at, nobody is
 * waited for, and no device is touched. -1: *what is NULL, or why it cannot be opened. */
static int
open_found(int at, const char *name, bool follow, struct stat *st, const char **what)
{
	int fd = -1;

	*what = NULL;
	if (fstatat(at, name, st, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0) {
		*what = strerror(errno);
		return -1;
	}
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return -1;
	fd = openat(at, name,
	    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0 || fstat(fd, st) != 0) {
		*what = errno == ELOOP && !follow ? NULL : strerror(errno);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static int take_folder(struct import_files *f, const char *path, int fd, int depth,
    struct gh_error *err);

/* Takes fd. */
static int
take_found(struct import_files *f, const char *path, int fd, mode_t mode, int depth,
    struct gh_error *err)
{
	int rc = 0;

	if (S_ISREG(mode))
		rc = take_read(f, path, fd, err);
	else if (S_ISDIR(mode) && depth < DEPTH_MAX)
		rc = take_folder(f, path, fd, depth + 1, err);
	else
		f->passed_over++;
	close(fd);
	return rc;
}

static int
take_entry(struct import_files *f, const char *folder, int at, const char *name, int depth,
    struct gh_error *err)
{
	struct stat st;
	const char *why = NULL;
	char *path;
	int rc = 0, fd = *name != '.' ? open_found(at, name, false, &st, &why) : -1;

	if (fd < 0 && why == NULL) {
		f->passed_over++;
		return 0;
	}
	if (asprintf(&path, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name) <
	    0) {
		if (fd >= 0)
			close(fd);
		return gh_fail(err, GH_E_NOMEM, "folder");
	}
	rc = fd >= 0 ? take_found(f, path, fd, st.st_mode, depth, err) : refuse(f, path, why, err);
	free(path);
	return rc;
}

static int
take_folder(struct import_files *f, const char *path, int fd, int depth, struct gh_error *err)
{
	struct dirent **names;
	int n = scandirat(fd, ".", &names, NULL, alphasort), rc = 0;

	if (n < 0)
		return refuse(f, path, strerror(errno), err);
	for (int i = 0; i < n; i++) {
		if (rc == 0 && strcmp(names[i]->d_name, ".") != 0 &&
		    strcmp(names[i]->d_name, "..") != 0)
			rc = take_entry(f, path, fd, names[i]->d_name, depth, err);
		free(names[i]);
	}
	free(names);
	return rc;
}

int
import_files_add(struct import_files *f, const char *path, struct gh_error *err)
{
	int fd = strcmp(path, "-") != 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, rc;

	if (fd < 0)
		return take_file(f, path, err);
	rc = take_folder(f, path, fd, 0, err);
	close(fd);
	return rc;
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
	const char *why;
	struct stat st;
	char *path;
	int fd, rc;

	l->f->import.metadata = line->metadata;
	if (line->certificate != NULL)
		return take_bytes(l->f, l->name, line->certificate, strlen(line->certificate), err);
	if (asprintf(&path, "%s%s", *line->file == '/' ? "" : l->folder, line->file) < 0)
		return gh_fail(err, GH_E_NOMEM, "list");
	fd = open_found(AT_FDCWD, path, true, &st, &why);
	if (fd >= 0 && S_ISREG(st.st_mode))
		rc = take_read(l->f, path, fd, err);
	else
		rc = refuse(l->f, path, fd < 0 && why != NULL ? why : "it is no file", err);
	if (fd >= 0)
		close(fd);
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
	char line[CSV_LINE_SIZE], *text;
	struct gh_error why;
	int number = 0, rc = 0;
	ssize_t n;

	while (rc == 0 && (n = csv_line_read(in, line)) >= 0) {
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
