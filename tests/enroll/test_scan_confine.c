/* What the process that asks endpoints may still do, tried out in a child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/landlock.h>

#include <cmocka.h>

#include "scan/scan_confine.h"

#include "../sanitizer.h"

#ifdef HAS_SANITIZER /* which makes calls of its own: the plain build is tested */
static const bool has_filter = false;
#else
static const bool has_filter = true;
#endif
static pid_t other; /* another process of this user */

/* Exit status of trial() in a confined child. */
static int
confined(int (*trial)(void))
{
	struct gh_error err = {0};
	int status;
	pid_t pid;

	other = getpid();
	pid = fork();
	if (pid == 0)
		_exit(scan_confine(&err) == 0 ? trial() : 99);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
refused(bool done)
{
	return done ? 1 : errno != EPERM && errno != EACCES;
}

static int
open_secret(void)
{
	return refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
}

static int
open_other_process(void)
{
	return refused(open("/proc/1/environ", O_RDONLY | O_CLOEXEC) >= 0);
}

static int
write_file(void)
{
	return refused(open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0);
}

static int
speak_to_the_machine(void)
{
	return refused(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
}

static int
run_program(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return refused(false);
}

static int
fork_process(void)
{
	return refused(fork() >= 0);
}

static int
leave(void *arg)
{
	(void)arg;
	return 0;
}

/* One with our memory, which is no thread: it would stay when we end. */
static int
leave_process(void)
{
	static char stack[65536];

	return refused(clone(leave, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL) >= 0);
}

static int
kill_other(void)
{
	return refused(kill(other, 0) == 0);
}

/* A descriptor's owner gets a signal of our choice. */
static int
signal_other(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? 2 : refused(fcntl(fd, F_SETOWN, other) == 0);
}

/* By a limit whose address looks like none in its lower half. */
static int
limit_other(void)
{
	struct rlimit *l = mmap((void *)0x700000000, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (l != (void *)0x700000000 || syscall(SYS_prlimit64, other, RLIMIT_CORE, NULL, l) != 0)
		return 2;
	return refused(syscall(SYS_prlimit64, other, RLIMIT_CORE, l, NULL) == 0);
}

static int
listen_to_others(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? 2 : refused(listen(fd, 1) == 0);
}

static void *
nothing(void *arg)
{
	return arg;
}

/* Its work. */
static int
ask(void)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	pthread_t thread;

	if (getaddrinfo("localhost", "443", &hints, &found) != 0)
		return 1;
	if (socket(found->ai_family, SOCK_STREAM, 0) < 0)
		return 2;
	if (open("/etc/ssl/certs", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 && errno != ENOENT)
		return 3;
	if (pthread_create(&thread, NULL, nothing, NULL) != 0)
		return 4;
	return 0;
}

static void
confine__it_can_ask(void **state)
{
	(void)state;
	assert_int_equal(confined(ask), 0);
}

static void
confine__files_are_closed(void **state)
{
	(void)state;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1)
		skip();
	assert_int_equal(confined(open_secret), 0);
	assert_int_equal(confined(open_other_process), 0);
	assert_int_equal(confined(write_file), 0);
}

static void
confine__nothing_of_the_machine(void **state)
{
	(void)state;
	if (!has_filter)
		return;
	assert_int_equal(confined(speak_to_the_machine), 0);
	assert_int_equal(confined(run_program), 0);
	assert_int_equal(confined(fork_process), 0);
	assert_int_equal(confined(leave_process), 0);
	assert_int_equal(confined(kill_other), 0);
	assert_int_equal(confined(signal_other), 0);
	assert_int_equal(confined(limit_other), 0);
	assert_int_equal(confined(listen_to_others), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(confine__it_can_ask),
	    cmocka_unit_test(confine__files_are_closed),
	    cmocka_unit_test(confine__nothing_of_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
