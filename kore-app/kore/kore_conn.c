/*
 * Sockets, TLS and time limits of the connections. Kore has the event loop and the listening
 * sockets, and tells us when something can be done; everything between accept and close is here, so
 * that one place owns a connection's life: docs/kore.md says why. The protocol is http_conn.c, who
 * may stay when there are too many is conn_table.c.
 */
#include <kore/kore.h>

#include <malloc.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "http/client_address.h"
#include "http/conn_table.h"
#include "exchange/exchange_serve.h"
#include "log.h"
#include "http/proxy_header.h"

#include "kore_app.h"

#define LISTENER_TLS 0
#define LISTENER_PLAIN 1
#define IDLE_MS 60000  /* kept alive and silent */
#define LINGER_MS 2000 /* for a client to read the last answer, while it may still be sending */
#define LINGER_BYTES (1024 * 1024)
#define TRIM_FROM 256 /* connections */
#define STEPS_MAX 64  /* reads and writes of one connection, before others have their turn */

enum stage { STAGE_PROXY, STAGE_HANDSHAKE, STAGE_HTTP, STAGE_LINGER, STAGE_DEAD };

struct peer {
	struct kore_event evt; /* first member: Kore calls evt.handle with it */
	struct conn_entry entry;
	struct http_conn http;
	enum stage stage;
	int fd;
	SSL *ssl;          /* NULL: plain */
	bool is_at_work;   /* a step is under way: answers need not wake it */
	bool has_progress; /* bytes of an answer have gone since it was settled */
	uint64_t requests; /* http.requests when it was settled */
	size_t discarded;  /* bytes, while it lingers */
	struct peer *next_dead;
};

static struct conn_table *table;
static struct peer *dead;    /* events of one round may still name them: freed by the timer */
static struct peer *at_work; /* whose step is under way */

static struct peer *
peer_of_entry(struct conn_entry *e)
{
	return (struct peer *)(void *)((char *)e - offsetof(struct peer, entry));
}

static struct peer *
peer_of_http(struct http_conn *c)
{
	return (struct peer *)(void *)((char *)c - offsetof(struct peer, http));
}

/* ---- the end of a connection ---- */

static void
end(struct peer *p)
{
	if (p->stage == STAGE_DEAD)
		return;
	p->stage = STAGE_DEAD;
	http_conn_clear(&p->http);
	if (p->ssl != NULL) {
		ERR_clear_error();
		if (SSL_is_init_finished(p->ssl))
			(void)SSL_shutdown(p->ssl); /* close_notify, if it can still be sent */
		SSL_free(p->ssl);
	}
	close(p->fd);
	conn_table_remove(table, &p->entry);
	p->next_dead = dead;
	dead = p;
}

/* The last answer has gone. To close now could destroy it on its way, if the client is still
 * sending (RFC 9112, 9.6). */
static void
linger(struct peer *p)
{
	p->stage = STAGE_LINGER;
	http_conn_clear(&p->http);
	if (p->ssl != NULL) {
		ERR_clear_error();
		(void)SSL_shutdown(p->ssl);
	}
	(void)shutdown(p->fd, SHUT_WR);
}

/* ---- who it is, and who gives way ---- */

static void
close_excess(struct peer *p)
{
	struct conn_entry *e;

	while (p->stage != STAGE_DEAD && (e = conn_table_excess(table, &p->entry)) != NULL)
		end(peer_of_entry(e));
}

/* False: it cannot stay. */
static bool
count_for(struct peer *p, const struct sockaddr *sa)
{
	struct client_address from;
	struct gh_error err;

	client_address_set(&from, sa);
	memcpy(p->http.address, from.text, sizeof(p->http.address));
	if (conn_table_set_source(table, &p->entry, from.source, &err) != 0)
		return false;
	close_excess(p);
	return p->stage != STAGE_DEAD;
}

/* ---- one step: read or write once ---- */

enum step { STEP_AGAIN, STEP_BLOCKED, STEP_END };

static enum step
blocked(struct peer *p, int flag)
{
	p->evt.flags &= ~flag;
	return STEP_BLOCKED;
}

/* After SSL_read, SSL_write or SSL_accept said n. With TLS 1.3, either may want either. */
static enum step
tls_failed(struct peer *p, int n)
{
	switch (SSL_get_error(p->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		return blocked(p, KORE_EVENT_READ);
	case SSL_ERROR_WANT_WRITE:
		return blocked(p, KORE_EVENT_WRITE);
	default:
		return STEP_END;
	}
}

static enum step
socket_failed(struct peer *p, int flag)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return blocked(p, flag);
	return errno == EINTR ? STEP_AGAIN : STEP_END;
}

static enum step
receive(struct peer *p, unsigned char *room, size_t size)
{
	ssize_t n;

	if (!(p->evt.flags & KORE_EVENT_READ))
		return STEP_BLOCKED;
	ERR_clear_error();
	n = p->ssl != NULL ? SSL_read(p->ssl, room, size < INT_MAX ? (int)size : INT_MAX)
			   : recv(p->fd, room, size, 0);
	if (n > 0) {
		http_conn_received(&p->http, (size_t)n);
		return STEP_AGAIN;
	}
	if (p->ssl != NULL)
		return tls_failed(p, (int)n);
	return n == 0 ? STEP_END : socket_failed(p, KORE_EVENT_READ);
}

static enum step
transmit(struct peer *p, const unsigned char *data, size_t size)
{
	ssize_t n;

	if (!(p->evt.flags & KORE_EVENT_WRITE))
		return STEP_BLOCKED;
	ERR_clear_error();
	n = p->ssl != NULL ? SSL_write(p->ssl, data, size < INT_MAX ? (int)size : INT_MAX)
			   : send(p->fd, data, size, MSG_NOSIGNAL);
	if (n > 0) {
		p->has_progress = true;
		http_conn_sent(&p->http, (size_t)n);
		return STEP_AGAIN;
	}
	return p->ssl != NULL ? tls_failed(p, (int)n) : socket_failed(p, KORE_EVENT_WRITE);
}

static enum step
serve(struct peer *p)
{
	const unsigned char *data;
	unsigned char *room;
	size_t n;

	if ((data = http_conn_pending(&p->http, &n)) != NULL)
		return transmit(p, data, n);
	if (p->http.phase == HTTP_END) {
		linger(p);
		return STEP_AGAIN;
	}
	if ((room = http_conn_room(&p->http, &n)) != NULL)
		return receive(p, room, n);
	return p->http.phase == HTTP_WAIT ? STEP_BLOCKED : STEP_END; /* no memory */
}

static enum step
first_stage_behind_proxy(struct peer *p)
{
	p->stage = p->ssl != NULL ? STAGE_HANDSHAKE : STAGE_HTTP;
	return STEP_AGAIN;
}

/* Left in the socket until all of it is there: nothing behind it may be taken with it. */
static enum step
read_proxy_header(struct peer *p)
{
	static unsigned char header[PROXY_HEADER_MAX];
	struct sockaddr_storage sa;
	struct gh_error err;
	bool is_local;
	size_t size;
	ssize_t n;

	if (!(p->evt.flags & KORE_EVENT_READ))
		return STEP_BLOCKED;
	n = recv(p->fd, header, sizeof(header), MSG_PEEK);
	if (n < 0)
		return socket_failed(p, KORE_EVENT_READ);
	if (n == 0)
		return STEP_END;
	if (n < PROXY_HEADER_FIXED)
		return blocked(p, KORE_EVENT_READ);
	if (proxy_header_size(header, &size, &err) != 0)
		return STEP_END;
	if ((size_t)n < size)
		return blocked(p, KORE_EVENT_READ);
	if (recv(p->fd, header, size, 0) != (ssize_t)size ||
	    proxy_header_parse(header, size, &sa, &is_local, &err) != 0)
		return STEP_END;
	if (!is_local && !count_for(p, (struct sockaddr *)&sa))
		return STEP_END;
	return first_stage_behind_proxy(p);
}

static enum step
shake_hands(struct peer *p)
{
	int n;

	ERR_clear_error();
	n = SSL_accept(p->ssl);
	if (n <= 0)
		return tls_failed(p, n);
	p->stage = STAGE_HTTP;
	return STEP_AGAIN;
}

static enum step
discard(struct peer *p)
{
	static unsigned char waste[16384];
	ssize_t n;

	if (!(p->evt.flags & KORE_EVENT_READ))
		return STEP_BLOCKED;
	n = recv(p->fd, waste, sizeof(waste), 0);
	if (n < 0)
		return socket_failed(p, KORE_EVENT_READ);
	p->discarded += (size_t)n;
	return n == 0 || p->discarded > LINGER_BYTES ? STEP_END : STEP_AGAIN;
}

static enum step
step(struct peer *p)
{
	switch (p->stage) {
	case STAGE_PROXY:
		return read_proxy_header(p);
	case STAGE_HANDSHAKE:
		return shake_hands(p);
	case STAGE_HTTP:
		return serve(p);
	case STAGE_LINGER:
		return discard(p);
	default:
		return STEP_END;
	}
}

/* ---- all that can be done now ---- */

static enum conn_phase
phase_of(const struct peer *p)
{
	static const enum conn_phase of_http[] = {
	    [HTTP_IDLE] = CONN_IDLE,
	    [HTTP_HEAD] = CONN_HEAD,
	    [HTTP_BODY] = CONN_BODY,
	    [HTTP_WAIT] = CONN_WAIT,
	    [HTTP_SEND] = CONN_SEND,
	    [HTTP_END] = CONN_SEND,
	};

	if (p->stage == STAGE_LINGER)
		return CONN_CLOSING;
	if (p->stage < STAGE_HTTP || (p->http.phase == HTTP_IDLE && p->http.requests == 0))
		return CONN_GREETING;
	return of_http[p->http.phase];
}

/* Where it stands from now on, and since when. */
static void
settle(struct peer *p, enum stage before)
{
	enum conn_phase phase = phase_of(p);

	if (phase != p->entry.phase || p->stage != before || p->requests != p->http.requests ||
	    p->has_progress)
		conn_table_move(table, &p->entry, phase, (int64_t)kore_time_ms());
	p->requests = p->http.requests;
	p->has_progress = false;
	http_conn_rest(&p->http);
}

static void
work(struct peer *p)
{
	struct peer *outer = at_work;
	enum stage before = p->stage;
	enum step s = STEP_AGAIN;

	p->is_at_work = true;
	at_work = p;
	for (int i = 0; i < STEPS_MAX && s == STEP_AGAIN; i++)
		s = step(p);
	at_work = outer;
	p->is_at_work = false;
	if (s == STEP_END || p->stage == STAGE_DEAD) {
		end(p);
		return;
	}
	if (s == STEP_AGAIN) /* tell me again in the next round */
		kore_platform_event_all(p->fd, p);
	settle(p, before);
}

static void
on_event(void *arg, int error)
{
	struct peer *p = arg;

	if (p->stage == STAGE_DEAD)
		return;
	if (error) /* what it is, reading and writing tell */
		p->evt.flags |= KORE_EVENT_READ | KORE_EVENT_WRITE;
	/* the client has closed, or its side of it: nobody waits for the answer */
	if (error && p->stage == STAGE_HTTP && p->http.phase == HTTP_WAIT)
		end(p);
	else
		work(p);
}

/* ---- for http_conn.c ---- */

static void
on_answered(struct http_conn *c)
{
	struct peer *p = peer_of_http(c);

	if (!p->is_at_work)
		work(p);
}

static unsigned char *
client_cert(struct http_conn *c, size_t *len)
{
	return app_tls_client_cert(peer_of_http(c)->ssl, len);
}

static const struct http_transport transport = {.answered = on_answered,
    .client_cert = client_cert};

/* Another body needs the memory: the one that has been coming in for longest gives way. */
static bool
make_room(void *arg)
{
	struct conn_entry *e =
	    conn_table_oldest(table, CONN_BODY, at_work != NULL ? &at_work->entry : NULL);
	struct gh_error err;
	struct peer *p;

	(void)arg;
	if (e == NULL)
		return false;
	p = peer_of_entry(e);
	/* its body may be complete already and its request be served, with this one's answer in
	 * between: there is nothing to give up then, and to say so would be asked again for ever */
	if (p->is_at_work)
		return false;
	gh_fail(&err, GH_E_BUSY, "its memory went to a newer request");
	http_conn_give_up(&p->http, &err);
	return true;
}

/* ---- new connections ---- */

static SSL *
new_tls(int fd)
{
	SSL *ssl = SSL_new(app_tls_context());

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_accept_state(ssl);
	return ssl;
}

static struct peer *
new_peer(int fd, const struct listener *l)
{
	bool is_plain = strcmp(l->server->name, APP_PLAIN_SERVER) == 0;
	struct peer *p = calloc(1, sizeof(*p));

	if (p != NULL && !is_plain)
		p->ssl = new_tls(fd);
	if (p == NULL || (!is_plain && p->ssl == NULL)) {
		free(p);
		close(fd);
		return NULL;
	}
	p->evt.type = KORE_TYPE_CONNECTION;
	p->evt.handle = on_event;
	p->fd = fd;
	p->stage = is_plain ? STAGE_HTTP : STAGE_HANDSHAKE;
	http_conn_init(&p->http, &app_state.http, "", is_plain);
	conn_table_add(table, &p->entry, is_plain ? LISTENER_PLAIN : LISTENER_TLS,
	    (int64_t)kore_time_ms());
	return p;
}

/* A proxy's connections count for its clients, once it has said for which. */
static void
identify(struct peer *p, const struct sockaddr *sa)
{
	struct client_address from;

	client_address_set(&from, sa);
	if (gh_ip_list_has(app_state.conf->gateway.proxies, from.ip)) {
		p->stage = STAGE_PROXY;
		memcpy(p->http.address, from.text, sizeof(p->http.address));
		close_excess(p);
	} else if (!count_for(p, sa)) {
		end(p);
	}
}

static void
on_accept(void *arg, int error)
{
	struct listener *l = arg;
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct peer *p;
	int fd, yes = 1;

	if (error)
		fatal("error on a listening socket");
	fd = accept4(l->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	/* one each: another worker has the next one */
	kore_worker_make_busy();
	if (fd < 0)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	p = new_peer(fd, l);
	if (p == NULL)
		return;
	identify(p, (struct sockaddr *)&sa);
	if (p->stage != STAGE_DEAD)
		kore_platform_event_all(fd, p);
}

/* ---- time ---- */

static void
expire(struct peer *p, enum conn_phase phase)
{
	struct gh_error err;

	if (phase != CONN_HEAD && phase != CONN_BODY) {
		end(p);
		return;
	}
	gh_fail(&err, GH_E_REQUEST_TIMEOUT, "not complete after %d s",
	    app_state.conf->gateway.request_timeout);
	http_conn_give_up(&p->http, &err);
	if (p->entry.phase == phase) /* never the same one again in this round */
		end(p);
}

/* glibc keeps what it has once had, 14 kB for each TLS connection: it is given back when the crowd
 * has left. */
static void
trim_memory(void)
{
	static unsigned most;
	unsigned n =
	    conn_table_count(table, LISTENER_TLS) + conn_table_count(table, LISTENER_PLAIN);

	if (n > most)
		most = n;
	if (most < TRIM_FROM || n > most / 2)
		return;
	(void)malloc_trim(0);
	most = n;
}

static void
on_tick(void *arg, u_int64_t now)
{
	const int64_t request_ms = (int64_t)app_state.conf->gateway.request_timeout * 1000;
	const int64_t limit[CONN_PHASES] = {
	    [CONN_CLOSING] = LINGER_MS,
	    [CONN_GREETING] = request_ms,
	    [CONN_IDLE] = IDLE_MS,
	    [CONN_HEAD] = request_ms,
	    [CONN_BODY] = request_ms,
	    [CONN_SEND] = request_ms,
	    [CONN_WAIT] = INT64_MAX,
	};
	struct conn_entry *e;

	(void)arg;
	for (int phase = 0; phase < CONN_WAIT; phase++)
		while ((e = conn_table_oldest(table, phase, NULL)) != NULL &&
		    (int64_t)now - e->since_ms >= limit[phase])
			expire(peer_of_entry(e), phase);
	while (dead != NULL) {
		struct peer *p = dead;

		dead = p->next_dead;
		free(p);
	}
	trim_memory();
}

/* ---- start and end ---- */

#define TICK_MS 100

int
app_conn_start(struct gh_error *err)
{
	const struct gh_conf *conf = app_state.conf;
	struct conn_limits limits = {
	    .per_listener = {(unsigned)conf->gateway.max_connections,
		(unsigned)conf->gateway.http_max_connections},
	    .per_source = (unsigned)conf->gateway.max_per_address,
	};
	struct kore_server *srv;
	struct listener *l;
	int rc = conn_table_new(&limits, &table, err);

	if (rc != 0)
		return rc;
	app_state.http = (struct http_server){
	    .app = &exchange_app,
	    .transport = &transport,
	    .bodies = {.max = (size_t)conf->gateway.body_memory * 1024 * 1024,
		.make_room = make_room},
	};
	LIST_FOREACH(srv, &kore_servers, list)
	{
		LIST_FOREACH(l, &srv->listeners, list)
		{
			l->evt.handle = on_accept;
		}
	}
	kore_timer_add(on_tick, TICK_MS, NULL, 0);
	return 0;
}

void
app_conn_drain(void)
{
	struct conn_entry *e;

	app_state.http.is_draining = true;
	if (worker->has_lock) /* as long as it has it, Kore watches the listening sockets */
		kore_platform_disable_accept();
	kore_worker_make_busy();
	while ((e = conn_table_oldest(table, CONN_IDLE, NULL)) != NULL)
		end(peer_of_entry(e));
}

bool
app_conn_is_busy(void)
{
	for (int phase = CONN_BODY; phase < CONN_PHASES; phase++)
		if (conn_table_oldest(table, phase, NULL) != NULL)
			return true;
	return false;
}
