/*
 * The life of the connections. Kore has the event loop and the listening sockets, and tells us when
 * something can be done; everything between accept and close is here and in kore_peer.c (one
 * connection) and kore_step.c (what it does), so that one place owns a connection's life:
 * docs/kore.md says why. The protocol is http_conn.c, who may stay when there are too many is
 * conn_table.c.
 */
#include <kore/kore.h>

#include <malloc.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include "exchange/exchange_serve.h"
#include "http/client_address.h"
#include "http/client_chain.h"

#include "kore_app.h"
#include "kore_peer.h"
#include "kore_step.h"

#define IDLE_MS 60000  /* kept alive and silent */
#define LINGER_MS 2000 /* for a client to read the last answer, while it may still be sending */
#define TRIM_FROM 256  /* connections */
#define STEPS_MAX 64   /* reads and writes of one connection, before others have their turn */

static struct peer *at_work; /* whose step is under way */

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
		conn_table_move(peer_table, &p->entry, phase, (int64_t)kore_time_ms());
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
		s = step_once(p);
	at_work = outer;
	p->is_at_work = false;
	if (s == STEP_END || p->stage == STAGE_DEAD) {
		peer_end(p);
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
		peer_end(p);
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

static unsigned char *
client_chain(struct http_conn *c, size_t *len)
{
	return client_chain_read(peer_of_http(c)->ssl, len);
}

static const struct http_transport transport = {.answered = on_answered,
    .client_cert = client_cert,
    .client_chain = client_chain};

/* Another body needs the memory: the one that has been coming in for longest gives way. */
static bool
make_room(void *arg)
{
	struct conn_entry *e =
	    conn_table_oldest(peer_table, CONN_BODY, at_work != NULL ? &at_work->entry : NULL);
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

/* A proxy's connections count for its clients, once it has said for which. */
static void
identify(struct peer *p, const struct sockaddr *sa)
{
	struct client_address from;

	client_address_set(&from, sa);
	if (gh_ip_list_has(app_state.conf->gateway.proxies, from.ip)) {
		p->stage = STAGE_PROXY;
		memcpy(p->http.address, from.text, sizeof(p->http.address));
		peer_close_excess(p);
	} else if (!peer_count_for(p, sa)) {
		peer_end(p);
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
	p = peer_new(fd, l, on_event);
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
		peer_end(p);
		return;
	}
	gh_fail(&err, GH_E_REQUEST_TIMEOUT, "not complete after %d s",
	    app_state.conf->gateway.request_timeout);
	http_conn_give_up(&p->http, &err);
	if (p->entry.phase == phase) /* never the same one again in this round */
		peer_end(p);
}

/* glibc keeps what it has once had, 14 kB for each TLS connection: it is given back when the crowd
 * has left. */
static void
trim_memory(void)
{
	static unsigned most;
	unsigned n = conn_table_count(peer_table, LISTENER_TLS) +
	    conn_table_count(peer_table, LISTENER_PLAIN);

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
		while ((e = conn_table_oldest(peer_table, phase, NULL)) != NULL &&
		    (int64_t)now - e->since_ms >= limit[phase])
			expire(peer_of_entry(e), phase);
	peer_free_dead();
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
	int rc = conn_table_new(&limits, &peer_table, err);

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
	while ((e = conn_table_oldest(peer_table, CONN_IDLE, NULL)) != NULL)
		peer_end(peer_of_entry(e));
}

bool
app_conn_is_busy(void)
{
	for (int phase = CONN_BODY; phase < CONN_PHASES; phase++)
		if (conn_table_oldest(peer_table, phase, NULL) != NULL)
			return true;
	return false;
}
