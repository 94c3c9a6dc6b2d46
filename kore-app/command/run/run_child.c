/* fork, drop, exec. What goes wrong in the child comes back through a pipe that a successful exec
 * closes. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run_child.h"

struct failure {
	int error;
	char step[32];
};

/* Keep one capability over the change of user and exec: ambient capabilities, capabilities(7). */
static int
keep_bind_capability(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	uint32_t bit = 1u << CAP_NET_BIND_SERVICE;

	data[0].effective = data[0].permitted = data[0].inheritable = bit;
	if (syscall(SYS_capset, &head, data) != 0)
		return -1;
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0);
}

static int
change_user(const char *user, bool may_bind_low)
{
	const struct passwd *pw;

	if (user[0] == '\0')
		return 0;
	pw = getpwnam(user);
	/* started as this user, as systemd does: there is nothing to change, and no right to */
	if (pw != NULL && pw->pw_uid != 0 && pw->pw_uid == geteuid())
		return 0;
	if (pw == NULL || initgroups(user, pw->pw_gid) != 0)
		return -1;
	if (may_bind_low && prctl(PR_SET_KEEPCAPS, 1) != 0)
		return -1;
	if (setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
		return -1;
	return may_bind_low ? keep_bind_capability() : 0;
}

static int
set_descriptors(const struct run_child *c)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return -1;
	if (c->stdout_fd >= 0 && dup2(c->stdout_fd, STDOUT_FILENO) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		if (c->inherit_fd[i] >= 0 && fcntl(c->inherit_fd[i], F_SETFD, 0) != 0)
			return -1;
	return 0;
}

/* Own process group: a Ctrl-C at the terminal reaches us alone. */
static int
set_signals(const struct run_child *c, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	if (setpgid(0, 0) != 0 || sigprocmask(SIG_SETMASK, &none, NULL) != 0)
		return -1;
	signal(SIGPIPE, SIG_DFL);
	/* after the change of user, which clears it; the parent may be gone already */
	if (prctl(PR_SET_PDEATHSIG, c->death_signal != 0 ? c->death_signal : SIGTERM) != 0)
		return -1;
	return getppid() == parent ? 0 : -1;
}

static void
run_program(const struct run_child *c, pid_t parent, int report)
{
	struct failure f = {0};

	umask(077);
	if (set_descriptors(c) != 0) {
		strcpy(f.step, "descriptors");
	} else if (change_user(c->user, c->may_bind_low) != 0) {
		strcpy(f.step, "change of user");
	} else if (set_signals(c, parent) != 0) {
		strcpy(f.step, "signals");
	} else {
		execvpe(c->argv[0], c->argv, c->env != NULL ? c->env : environ);
		strcpy(f.step, "exec");
	}
	f.error = errno;
	if (write(report, &f, sizeof(f)) < 0)
		_exit(126);
	_exit(127);
}

int
run_child_start(const struct run_child *c, pid_t *out, struct gh_error *err)
{
	struct failure f;
	pid_t parent = getpid(), pid;
	int report[2];
	ssize_t n;

	*out = 0;
	if (pipe2(report, O_CLOEXEC) != 0)
		return gh_fail(err, GH_E_INTERNAL, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0)
		run_program(c, parent, report[1]);
	close(report[1]);
	if (pid < 0) {
		close(report[0]);
		return gh_fail(err, GH_E_INTERNAL, "fork: %s", strerror(errno));
	}
	do
		n = read(report[0], &f, sizeof(f));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n == (ssize_t)sizeof(f)) {
		waitpid(pid, NULL, 0);
		return gh_refuse(err, GH_E_CONF, "cannot start %.120s (%s): %s", c->argv[0], f.step,
		    strerror(f.error));
	}
	*out = pid;
	return 0;
}
