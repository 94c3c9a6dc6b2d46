/* No new code: what is refused in a process that has said so, and what still works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "exec_memory.h"
#include "sanitizer.h"

#define SIZE 4096

static void *
map(int protection)
{
	return mmap(NULL, SIZE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Status 0: every way to run new memory is closed. */
static int
try_all(void)
{
	void *p = map(PROT_READ | PROT_WRITE);

	if (p == MAP_FAILED)
		return 1;
	if (map(PROT_READ | PROT_EXEC) != MAP_FAILED || errno != EACCES)
		return 2;
	if (map(PROT_EXEC) != MAP_FAILED || map(PROT_READ | PROT_WRITE | PROT_EXEC) != MAP_FAILED)
		return 3;
	if (mprotect(p, SIZE, PROT_READ | PROT_EXEC) == 0 || errno != EACCES)
		return 4;
	if (syscall(SYS_pkey_mprotect, p, SIZE, PROT_EXEC, -1) == 0)
		return 5;
	if (mprotect(p, SIZE, PROT_READ) != 0)
		return 6;
	return 0;
}

static void *
run_thread(void *arg)
{
	*(int *)arg = try_all();
	return NULL;
}

/* A thread that starts later is bound, too, and names can still be looked up. */
static int
child(void)
{
	struct addrinfo *found = NULL;
	struct gh_error err;
	pthread_t thread;
	int rc, of_thread = -1;

	gh_exec_memory_preload();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || map(PROT_READ | PROT_EXEC) == MAP_FAILED)
		return 20;
	if (gh_exec_memory_forbid(&err) != 0)
		return 21;
	if ((rc = try_all()) != 0)
		return rc;
	if (pthread_create(&thread, NULL, run_thread, &of_thread) != 0 ||
	    pthread_join(thread, NULL) != 0)
		return 22;
	if (getaddrinfo("localhost", "80", NULL, &found) != 0 || getpwuid(0) == NULL)
		return 23;
	freeaddrinfo(found);
	return of_thread == 0 ? 0 : 30 + of_thread;
}

static void
forbid__every_way(void **state)
{
	pid_t pid = fork();
	int status = -1;

	(void)state;
	if (pid == 0)
		_exit(child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- from outside ----------------------------------------------------------------------------- */

#define NOBODY 65534

/* 0: the memory of pid cannot be opened for writing. The worker's own is behind such a file, too,
 * without regard to what is mapped read-only. */
static int
try_to_write_into(pid_t pid)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDWR);
	if (fd < 0 && errno == EACCES)
		fd = open("/proc/self/mem", O_RDWR);
	return fd >= 0 ? 1 : errno == EACCES ? 0 : 2;
}

/* As Kore begins: a fresh program of a user who is not root. The child of it is the worker. Its
 * status. */
static int
start_parent(bool is_closed)
{
	pid_t parent = getpid(), worker;
	int status;

	if ((geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) != 0) ||
	    prctl(PR_SET_DUMPABLE, 1) != 0)
		return 10;
	if (is_closed && gh_exec_memory_close(NULL) != 0)
		return 11;
	if ((worker = fork()) == 0)
		_exit(try_to_write_into(parent));
	return worker > 0 && waitpid(worker, &status, 0) == worker && WIFEXITED(status)
	    ? WEXITSTATUS(status)
	    : 12;
}

static int
run_parent(bool is_closed)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(start_parent(is_closed));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
exec_memory__keeps_workers_out_of_their_parent(void **state)
{
	(void)state;
	assert_in_range(run_parent(false), 0, 1); /* 1, unless Yama forbids it */
#ifndef HAS_SANITIZER
	assert_int_equal(run_parent(true), 0);
#endif
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(forbid__every_way),
	    cmocka_unit_test(exec_memory__keeps_workers_out_of_their_parent)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
