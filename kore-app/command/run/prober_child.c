/* See prober_child.h. */
#include <stdio.h>
#include <unistd.h>

#include "run_child.h"

#include "prober_child.h"

#define OURSELVES "/proc/self/exe" /* also while an upgrade has replaced the file */

int
prober_child_start(const struct gh_conf *conf, int fd, pid_t *out, struct gh_error *err)
{
	char number[16];
	char *argv[] = {OURSELVES, "scan", "probe", "--fd", number, NULL};
	const struct run_child child = {.argv = argv,
	    .user = geteuid() == 0 ? conf->gateway.user : "",
	    .inherit_fd = {fd, -1},
	    .stdout_fd = -1};

	snprintf(number, sizeof(number), "%d", fd);
	return run_child_start(&child, out, err);
}

int
prober_child_begin(void *arg, int fd, struct gh_error *err)
{
	pid_t pid;

	return prober_child_start(arg, fd, &pid, err);
}
