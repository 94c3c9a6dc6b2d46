/* Losing the answer of PostgreSQL. */
#ifndef PROXY_H
#define PROXY_H

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define PROXY_CONNINFO_SIZE 1024

/* A proxy before PostgreSQL's socket, for connections one after the other. When it is told to, it
 * passes the next question on and hangs up on the answer; with skip, that
 * of a later question. */
static struct {
	pthread_t thread;
	int listener;
	char dir[64], server[128];
	atomic_bool lose, stop;
	atomic_int lost, skip;
} proxy;

static int
unix_socket(const char *path, struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	assert_true(fd >= 0 && strlen(path) < sizeof(a->sun_path));
	strcpy(a->sun_path, path);
	return fd;
}

static bool
pass(int from, int to)
{
	char buf[65536];
	ssize_t n = read(from, buf, sizeof(buf));

	return n > 0 && write(to, buf, (size_t)n) == n;
}

static void
serve(int client)
{
	struct sockaddr_un a;
	int server = unix_socket(proxy.server, &a);
	bool go = connect(server, (struct sockaddr *)&a, sizeof(a)) == 0, is_asked = false;

	while (go && !atomic_load(&proxy.stop)) {
		struct pollfd p[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};

		if (poll(p, 2, 50) < 0)
			break;
		if (p[0].revents != 0) {
			is_asked =
			    atomic_load(&proxy.lose) && atomic_fetch_sub(&proxy.skip, 1) <= 0;
			go = pass(client, server);
		}
		if (p[1].revents != 0 && is_asked && go) {
			atomic_store(&proxy.lose, false);
			atomic_fetch_add(&proxy.lost, 1);
			break;
		}
		if (p[1].revents != 0 && go)
			go = pass(server, client);
	}
	close(server);
	close(client);
}

static void *
run_proxy(void *arg)
{
	while (!atomic_load(&proxy.stop)) {
		struct pollfd p = {proxy.listener, POLLIN, 0};

		if (poll(&p, 1, 50) == 1)
			serve(accept4(proxy.listener, NULL, NULL, SOCK_CLOEXEC));
	}
	return arg;
}

/* conninfo: that of the server, by way of the proxy. */
static void
start_proxy(char conninfo[PROXY_CONNINFO_SIZE])
{
	const char *direct = getenv("PGCONNINFO"), *port = strstr(direct, "port=");
	char path[128];
	struct sockaddr_un a;
	int number = port != NULL ? atoi(port + 5) : 5432;

	strcpy(proxy.dir, "/tmp/gh-proxy.XXXXXX");
	assert_non_null(mkdtemp(proxy.dir));
	snprintf(path, sizeof(path), "%s/.s.PGSQL.%d", proxy.dir, number);
	snprintf(proxy.server, sizeof(proxy.server), "%s/.s.PGSQL.%d", getenv("PGSOCKETDIR"),
	    number);
	proxy.listener = unix_socket(path, &a);
	assert_int_equal(bind(proxy.listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(proxy.listener, 8), 0);
	atomic_store(&proxy.stop, false);
	assert_int_equal(pthread_create(&proxy.thread, NULL, run_proxy, NULL), 0);
	/* the last host counts */
	snprintf(conninfo, PROXY_CONNINFO_SIZE, "%s host=%s", direct, proxy.dir);
}

static void
stop_proxy(void)
{
	char path[128];

	atomic_store(&proxy.stop, true);
	pthread_join(proxy.thread, NULL);
	close(proxy.listener);
	snprintf(path, sizeof(path), "rm -rf '%s'", proxy.dir);
	assert_int_equal(system(path), 0);
}

#endif
