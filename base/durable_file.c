/* Writing files so that a crash leaves either nothing or all. See durable_file.h. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "durable_file.h"

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, data, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		data += put;
		len -= (size_t)put;
	}
	return fsync(fd);
}

/* The name itself is on disk only after its folder is synced. */
static void
sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* Some file systems cannot; the file is complete either way. */
	(void)fsync(fd);
	close(fd);
}

/* link(2) fails when the name is taken, rename(2) replaces it: both in one step. */
static int
give_name(const char *tmp, const char *path, bool replace)
{
	if (replace)
		return rename(tmp, path);
	if (link(tmp, path) != 0)
		return -1;
	unlink(tmp);
	return 0;
}

int
gh_file_write(const char *path, const void *data, size_t len, mode_t mode, bool replace,
    struct gh_error *err)
{
	char tmp[PATH_MAX];
	int fd, rc = 0;

	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return gh_refuse(err, GH_E_CONF, "%.100s...: name too long", path);
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	if (fchmod(fd, mode) != 0 || write_all(fd, data, len) != 0)
		rc = gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	if (close(fd) != 0 && rc == 0)
		rc = gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	if (rc == 0 && give_name(tmp, path, replace) != 0)
		rc = errno == EEXIST ? gh_refuse(err, GH_E_CONFLICT, "%s is there already", path)
				     : gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	if (rc != 0)
		unlink(tmp);
	else
		sync_folder(path);
	return rc;
}
