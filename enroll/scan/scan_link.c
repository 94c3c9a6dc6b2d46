/* Connections of a scan. See scan_link.h. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "timestamp.h"

#include "scan_link.h"

#define ADDRESSES_MAX 4 /* of a name, which are tried */

static bool
fail(struct scan_link *l, const char *why)
{
	snprintf(l->why, sizeof(l->why), "%s", why);
	return false;
}

static bool
wait_for(struct scan_link *l, short events)
{
	struct pollfd p = {.fd = l->fd, .events = events};
	int64_t left;
	int n;

	do {
		left = l->end - gh_now_us();
		n = left > 0 ? poll(&p, 1, (int)((left + 999) / 1000)) : 0;
	} while (n < 0 && errno == EINTR);
	return n > 0 || fail(l, n < 0 ? strerror(errno) : "no answer in time");
}

static bool
connect_to(struct scan_link *l, const struct addrinfo *to)
{
	socklen_t len = sizeof(int);
	int failure = 0;

	l->fd =
	    socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol);
	if (l->fd < 0)
		return fail(l, strerror(errno));
	if (connect(l->fd, to->ai_addr, to->ai_addrlen) == 0)
		return true;
	if (errno != EINPROGRESS)
		return fail(l, strerror(errno));
	if (!wait_for(l, POLLOUT))
		return false;
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0)
		failure = errno;
	return failure == 0 || fail(l, strerror(failure));
}

bool
scan_link_open(struct scan_link *l, const char *host, int port, int timeout)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	bool is_open = false;
	char text[12];
	int64_t end;
	int code, tried = 0;

	*l = (struct scan_link){.fd = -1, .left = SCAN_BYTES_MAX};
	snprintf(text, sizeof(text), "%d", port);
	if ((code = getaddrinfo(host, text, &hints, &found)) != 0)
		return fail(l, gai_strerror(code));
	end = gh_now_us() + (int64_t)timeout * 1000000;
	/* An address that is silent leaves time for the next one. Who writes the name's records
	 * would have us begin thousands of connections, wherever he likes. */
	for (const struct addrinfo *to = found; to != NULL && !is_open && tried < ADDRESSES_MAX;
	     to = to->ai_next) {
		bool is_last = to->ai_next == NULL || ++tried == ADDRESSES_MAX;
		int64_t now = gh_now_us();

		l->end = !is_last && end > now ? now + (end - now) / 2 : end;
		scan_link_close(l);
		is_open = connect_to(l, to);
	}
	l->end = end;
	freeaddrinfo(found);
	return is_open;
}

void
scan_link_close(struct scan_link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

size_t
scan_link_read(struct scan_link *l, void *p, size_t n)
{
	ssize_t got;

	if (l->left == 0) {
		fail(l, "it sends too much");
		return 0;
	}
	do {
		if (!wait_for(l, POLLIN))
			return 0;
		got = recv(l->fd, p, n < l->left ? n : l->left, 0);
	} while (got < 0 && (errno == EAGAIN || errno == EINTR));
	if (got <= 0) {
		fail(l, got == 0 ? "it hung up" : strerror(errno));
		return 0;
	}
	l->left -= (size_t)got;
	return (size_t)got;
}

bool
scan_link_write(struct scan_link *l, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t put = send(l->fd, at, n, MSG_NOSIGNAL);

		if (put < 0 && errno != EAGAIN && errno != EINTR)
			return fail(l, strerror(errno));
		if (put < 0 && !wait_for(l, POLLOUT))
			return false;
		if (put > 0) {
			at += put;
			n -= (size_t)put;
		}
	}
	return true;
}
