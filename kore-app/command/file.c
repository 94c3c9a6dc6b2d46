/* Reading files, and giving them away. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

static int
read_all(int fd, size_t max, char *data, size_t *len)
{
	ssize_t got;

	while (*len < max + 1) {
		got = read(fd, data + *len, max + 1 - *len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			return 0;
		*len += (size_t)got;
	}
	errno = EFBIG;
	return -1;
}

int
file_read(const char *path, char **data, size_t *len, struct gh_error *err)
{
	return file_read_long(path, FILE_READ_MAX, data, len, err);
}

int
file_read_fd(int fd, const char *path, size_t max, char **data, size_t *len, struct gh_error *err)
{
	int rc = 0;

	*len = 0;
	*data = malloc(max + 2);
	if (*data == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "%s", path);
	else if (read_all(fd, max, *data, len) != 0)
		rc = gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	else
		(*data)[*len] = '\0';
	if (rc != 0) {
		free(*data);
		*data = NULL;
		*len = 0;
	}
	return rc;
}

int
file_read_long(const char *path, size_t max, char **data, size_t *len, struct gh_error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), rc;

	*data = NULL;
	*len = 0;
	if (fd < 0)
		return gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	rc = file_read_fd(fd, path, max, data, len, err);
	if (!is_stdin)
		close(fd);
	return rc;
}

int
file_read_json(const char *path, gh_json **out, struct gh_error *err)
{
	char *text;
	size_t len;
	struct gh_error why;
	int rc = file_read(path, &text, &len, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	rc = gh_json_parse(text, len, GH_JSON_STRICT, out, &why);
	explicit_bzero(text, len); /* tickets of recoveries are read, too */
	free(text);
	return rc == 0 ? 0 : gh_refuse(err, GH_E_CONF, "%s: %.200s", path, why.message);
}

int
file_give(const char *path, uid_t owner, gid_t group, mode_t mode, struct gh_error *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc = 0;
	struct stat st;

	if (fd < 0)
		return gh_refuse(err, GH_E_CONF, "%.160s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0)
		rc = gh_refuse(err, GH_E_CONF, "%.160s: %s", path, strerror(errno));
	else if (!S_ISDIR(st.st_mode) && (!S_ISREG(st.st_mode) || st.st_nlink != 1))
		rc = gh_refuse(err, GH_E_CONF, "%.160s: not a file with this one name", path);
	/* chown clears the set-group-ID bit: mode last */
	else if (fchown(fd, owner, group) != 0 || fchmod(fd, mode) != 0)
		rc = gh_refuse(err, GH_E_CONF, "%.160s: %s", path, strerror(errno));
	close(fd);
	return rc;
}
