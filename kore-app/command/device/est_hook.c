/* See est_hook.h. */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "est_hook.h"

extern char **environ;

int
est_hook_run(const char *command, const char *dir, struct gh_error *err)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
	int status = 0, code;
	pid_t pid;

	if (setenv("GATEHOUSE_EST_DIR", dir, 1) != 0)
		return gh_fail(err, GH_E_NOMEM, "environment");
	/* what the hook does is none of the caller's secrets */
	(void)unsetenv("GATEHOUSE_PASSWORD");
	code = posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ);
	if (code != 0)
		return gh_refuse(err, GH_E_CONF, "the hook was not started: %s", strerror(code));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return gh_fail(err, GH_E_INTERNAL, "waitpid: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return gh_refuse(err, GH_E_CONF,
	    "the new certificate is in use, but the hook failed (%s %d)",
	    WIFEXITED(status) ? "exit code" : "signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}
