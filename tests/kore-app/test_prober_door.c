/* Descriptors that workers send to the supervisor, also those that no worker of ours would send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "watch/prober_door.h"

#define SENT_MAX 4

struct door {
	int inside, outside;
};

static int
set_up(void **state)
{
	static struct door d;
	struct gh_error err;
	char number[16];

	if (prober_door_open(&d.inside, &d.outside, &err) != 0)
		return -1;
	snprintf(number, sizeof(number), "%d", d.outside);
	*state = &d;
	return setenv(PROBER_DOOR_FD_ENV, number, 1);
}

static int
tear_down(void **state)
{
	const struct door *d = *state;

	close(d->inside);
	return close(d->outside);
}

static int
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* n times standard error, with so many bytes. */
static void
send_raw(const struct door *d, size_t n, size_t bytes)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(SENT_MAX * sizeof(int))];
	} control = {.room = {0}};
	char text[2] = {1, 1};
	struct iovec iov = {text, bytes};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	int fd[SENT_MAX];

	for (size_t i = 0; i < n; i++)
		fd[i] = STDERR_FILENO;
	if (n > 0) {
		m.msg_control = control.room;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		CMSG_FIRSTHDR(&m)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&m)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&m)->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), fd, n * sizeof(int));
	}
	assert_int_equal(sendmsg(d->outside, &m, 0), bytes);
}

static void
door__one_goes_through(void **state)
{
	const struct door *d = *state;
	struct gh_error err;
	int pair[2], fd;
	char c = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(prober_door_send(NULL, pair[1], &err), 0);
	close(pair[1]);
	fd = prober_door_take(d->inside);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(pair[0], &c, 1), 1);
	assert_int_equal(c, 'x');
	assert_int_equal(prober_door_take(d->inside), -1);
	close(fd);
	close(pair[0]);
}

static void
door__none_stays_open(void **state)
{
	const struct door *d = *state;
	int before = open_descriptors();

	for (size_t n = 0; n <= SENT_MAX; n++)
		for (size_t bytes = 0; bytes <= 2; bytes++) {
			int fd;

			send_raw(d, n, bytes);
			if ((fd = prober_door_take(d->inside)) >= 0)
				close(fd);
			assert_int_equal(open_descriptors(), before);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(door__one_goes_through, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(door__none_stays_open, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
