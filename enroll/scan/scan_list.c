/* The file. See scan_list.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scan_list.h"

/* Whoever writes it says which endpoints this machine asks, those of inner networks among them. Of
 * the open file: a folder where others write gets them no further than to files of root, or ours.
 */
static int
check_rights(const char *path, const struct stat *st, struct gh_error *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return gh_refuse(err, GH_E_CONF,
		    "%.150s: it belongs to another user, who could write any target into it: `chown root` it",
		    path);
	return (st->st_mode & (S_IWGRP | S_IWOTH)) == 0
	    ? 0
	    : gh_refuse(err, GH_E_CONF, "%.150s: others may write in it (mode %o): `chmod go-w` it",
		  path, (unsigned)(st->st_mode & 07777));
}

static int
read_text(int fd, const char *path, char **text, struct gh_error *err)
{
	struct stat st;
	size_t n = 0;
	ssize_t got = 1;
	int rc;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)SCAN_LIST_MAX)
		return gh_refuse(err, GH_E_CONF, "%.150s: it is no file of at most %zu bytes", path,
		    SCAN_LIST_MAX);
	if ((rc = check_rights(path, &st, err)) != 0)
		return rc;
	if ((*text = malloc((size_t)st.st_size + 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "list of targets");
	while (n < (size_t)st.st_size && got > 0)
		if ((got = read(fd, *text + n, (size_t)st.st_size - n)) > 0)
			n += (size_t)got;
	(*text)[n] = '\0';
	if (got < 0)
		return gh_refuse(err, GH_E_CONF, "%.150s: %s", path, strerror(errno));
	return strlen(*text) == n ? 0 : gh_refuse(err, GH_E_CONF, "%.150s: it is no text", path);
}

int
scan_list_read(const char *path, char **text, struct scan_targets *targets, struct gh_error *err)
{
	struct gh_error why;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	*text = NULL;
	memset(targets, 0, sizeof(*targets));
	if (fd < 0)
		return gh_refuse(err, GH_E_CONF, "%.150s: %s", path, strerror(errno));
	rc = read_text(fd, path, text, err);
	close(fd);
	if (rc == 0 && (rc = scan_targets_read(*text, targets, &why)) != 0)
		rc = gh_refuse(err, rc, "%.150s: %s", path, why.message);
	if (rc != 0) {
		free(*text);
		*text = NULL;
	}
	return rc;
}
