/* Descriptors over a socket (unix(7)). See prober_door.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "prober_door.h"

union control {
	struct cmsghdr head; /* for its alignment */
	char room[CMSG_SPACE(sizeof(int))];
};

int
prober_door_open(int *inside, int *outside, struct gh_error *err)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) != 0)
		return gh_fail(err, GH_E_INTERNAL, "socketpair: %s", strerror(errno));
	*inside = fd[0];
	*outside = fd[1];
	return 0;
}

static struct msghdr
message(struct iovec *byte, union control *control)
{
	return (struct msghdr){.msg_iov = byte,
	    .msg_iovlen = 1,
	    .msg_control = control->room,
	    .msg_controllen = sizeof(control->room)};
}

int
prober_door_send(void *arg, int fd, struct gh_error *err)
{
	const char *number = getenv(PROBER_DOOR_FD_ENV);
	char one = 1;
	struct iovec byte = {&one, 1};
	union control control = {.room = {0}};
	struct msghdr m = message(&byte, &control);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	(void)arg;
	if (number == NULL)
		return gh_fail(err, GH_E_INTERNAL,
		    "nobody starts the process that asks endpoints: %s is not set",
		    PROBER_DOOR_FD_ENV);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(atoi(number), &m, MSG_NOSIGNAL) != 1)
		return gh_fail(err, GH_E_INTERNAL, "the process that asks endpoints: %s",
		    strerror(errno));
	return 0;
}

/* A worker may have been taken over. There is room for one descriptor and no other: whatever comes,
 * none is left open that nobody knows of. */
int
prober_door_take(int inside)
{
	char one;
	struct iovec byte = {&one, 1};
	union control control;
	struct msghdr m = message(&byte, &control);
	struct cmsghdr *c;
	int fd = -1;

	m.msg_controllen = CMSG_LEN(sizeof(int));
	if (recvmsg(inside, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}
