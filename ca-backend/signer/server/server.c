/* The signer's socket. See server.h. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "server.h"

#define BACKLOG 128
#define SOCKET_UMASK 0117  /* mode 0660 */
#define STOP_SECONDS 10    /* for connections to end after SIGTERM */
#define ACCEPT_RETRY_MS 50 /* when descriptors or memory run out */
#define EXPIRE_MS 1000     /* a key whose time is over is freed within this */

struct server {
	struct server_options options;
	struct signer *signer;
	struct sockaddr_un addr;
	int listen_fd, signal_fd;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t ended;
	unsigned active;
	int *fd; /* of each connection's slot; -1 = free */
};

struct connection {
	struct server *server;
	unsigned slot;
};

/* --- socket ----------------------------------------------------------------------------------- */

/* A socket file that nobody answers is left over from a killed signer. */
static int
remove_stale(const struct sockaddr_un *addr, struct gh_error *err)
{
	struct stat st;
	int fd, answered;

	if (lstat(addr->sun_path, &st) != 0)
		return errno == ENOENT
		    ? 0
		    : gh_refuse(err, GH_E_CONF, "%s: %s", addr->sun_path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return gh_refuse(err, GH_E_CONF, "%s: is there, and is no socket", addr->sun_path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
		return gh_refuse(err, GH_E_CONF, "socket: %s", strerror(errno));
	/* EAGAIN: it lives, and its backlog is full */
	answered =
	    connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN;
	close(fd);
	if (answered)
		return gh_refuse(err, GH_E_CONF, "%s: another signer answers there",
		    addr->sun_path);
	if (unlink(addr->sun_path) != 0)
		return gh_refuse(err, GH_E_CONF, "%s: %s", addr->sun_path, strerror(errno));
	return 0;
}

static int
open_socket(struct server *s, struct gh_error *err)
{
	mode_t old;
	int rc, bound;

	s->addr.sun_family = AF_UNIX;
	if (strlen(s->options.socket_path) >= sizeof(s->addr.sun_path))
		return gh_refuse(err, GH_E_CONF, "%.100s...: path too long for a socket",
		    s->options.socket_path);
	strcpy(s->addr.sun_path, s->options.socket_path);
	if ((rc = remove_stale(&s->addr, err)) != 0)
		return rc;
	if ((s->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
		return gh_refuse(err, GH_E_CONF, "socket: %s", strerror(errno));
	/* only one thread runs yet, so the process-wide umask is ours */
	old = umask(SOCKET_UMASK);
	bound = bind(s->listen_fd, (struct sockaddr *)&s->addr, sizeof(s->addr));
	umask(old);
	if (bound != 0 || listen(s->listen_fd, BACKLOG) != 0)
		return gh_refuse(err, GH_E_CONF, "%s: %s", s->addr.sun_path, strerror(errno));
	return 0;
}

/* Threads inherit the mask, so that only server_run sees the signals. */
static int
open_signals(struct server *s, struct gh_error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return gh_fail(err, GH_E_INTERNAL, "pthread_sigmask");
	if ((s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC)) < 0)
		return gh_fail(err, GH_E_INTERNAL, "signalfd: %s", strerror(errno));
	return 0;
}

static int
open_all(struct server *s, struct gh_error *err)
{
	unsigned i;
	int rc;

	s->fd = calloc(s->options.max_connections, sizeof(*s->fd));
	if (s->fd == NULL)
		return gh_fail(err, GH_E_NOMEM, "%u connections", s->options.max_connections);
	for (i = 0; i < s->options.max_connections; i++)
		s->fd[i] = -1;
	if ((rc = open_signals(s, err)) != 0)
		return rc;
	return open_socket(s, err);
}

int
server_new(const struct server_options *options, struct signer *signer, struct server **out,
    struct gh_error *err)
{
	struct server *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (s == NULL)
		return gh_fail(err, GH_E_NOMEM, "server");
	s->options = *options;
	s->signer = signer;
	s->listen_fd = s->signal_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->ended, NULL);
	if ((rc = open_all(s, err)) != 0) {
		server_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	pthread_cond_destroy(&s->ended);
	pthread_mutex_destroy(&s->lock);
	free(s->fd);
	free(s);
}

/* --- connections ------------------------------------------------------------------------------ */

static void
release_slot(struct server *s, unsigned slot)
{
	pthread_mutex_lock(&s->lock);
	close(s->fd[slot]);
	s->fd[slot] = -1;
	s->active--;
	pthread_cond_signal(&s->ended);
	pthread_mutex_unlock(&s->lock);
}

static void *
connection_main(void *arg)
{
	struct connection c = *(struct connection *)arg;

	free(arg);
	session_run(c.server->signer, c.server->fd[c.slot], false);
	release_slot(c.server, c.slot);
	return NULL;
}

/* Takes over fd when it returns true. */
static bool
take_slot(struct server *s, int fd, unsigned *slot)
{
	unsigned i;

	pthread_mutex_lock(&s->lock);
	for (i = 0; i < s->options.max_connections && s->fd[i] >= 0; i++)
		;
	if (i < s->options.max_connections) {
		s->fd[i] = fd;
		s->active++;
	}
	pthread_mutex_unlock(&s->lock);
	*slot = i;
	return i < s->options.max_connections;
}

static void
start_connection(struct server *s, int fd)
{
	struct connection *c = malloc(sizeof(*c));
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	if (c == NULL || !take_slot(s, fd, &c->slot)) {
		gh_log(GH_LOG_WARN, "connection refused: %u are open", s->options.max_connections);
		close(fd);
		free(c);
		return;
	}
	c->server = s;
	if ((rc = pthread_attr_init(&attr)) == 0) {
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
		rc = pthread_create(&thread, &attr, connection_main, c);
		pthread_attr_destroy(&attr);
	}
	if (rc != 0) {
		gh_log(GH_LOG_ERROR, "no thread for a connection: %s", strerror(rc));
		release_slot(s, c->slot);
		free(c);
	}
}

static bool
may_connect(const struct server *s, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	size_t i;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	for (i = 0; i < s->options.peers; i++) {
		if (s->options.peer[i] == peer.uid)
			return true;
	}
	gh_log(GH_LOG_WARN, "connection refused: uid %u is no peer of the signer",
	    (unsigned)peer.uid);
	return false;
}

static void
accept_one(struct server *s)
{
	int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			gh_log(GH_LOG_ERROR, "accept: %s", strerror(errno));
			(void)poll(NULL, 0, ACCEPT_RETRY_MS);
		}
		return;
	}
	if (may_connect(s, fd))
		start_connection(s, fd);
	else
		close(fd);
}

/* --- life ------------------------------------------------------------------------------------- */

/* No further question is read; threads that sign finish and send their answer. */
static void
stop(struct server *s)
{
	struct timespec until;
	unsigned i;
	int rc = 0;

	(void)unlink(s->addr.sun_path);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_SECONDS;
	pthread_mutex_lock(&s->lock);
	for (i = 0; i < s->options.max_connections; i++) {
		if (s->fd[i] >= 0)
			(void)shutdown(s->fd[i], SHUT_RD);
	}
	while (s->active > 0 && rc == 0)
		rc = pthread_cond_timedwait(&s->ended, &s->lock, &until);
	i = s->active;
	pthread_mutex_unlock(&s->lock);
	if (i > 0) {
		/* their threads still use what our caller would free */
		gh_log(GH_LOG_ERROR, "%u connections did not end", i);
		_exit(1);
	}
}

int
server_run(struct server *s, struct gh_error *err)
{
	struct pollfd pfd[2] = {{s->listen_fd, POLLIN, 0}, {s->signal_fd, POLLIN, 0}};

	gh_log_kv(GH_LOG_INFO, "signer is ready", "socket", s->addr.sun_path, NULL);
	while (pfd[1].revents == 0) {
		if (poll(pfd, 2, EXPIRE_MS) < 0) {
			if (errno == EINTR)
				continue;
			stop(s);
			return gh_fail(err, GH_E_INTERNAL, "poll: %s", strerror(errno));
		}
		if ((pfd[0].revents & POLLIN) != 0)
			accept_one(s);
		issuer_table_expire(s->signer->issuers);
	}
	gh_log(GH_LOG_INFO, "signer stops");
	stop(s);
	return 0;
}
