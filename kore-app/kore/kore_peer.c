/* A connection of ours. See kore_peer.h. */
#include <kore/kore.h>

#include <openssl/err.h>

#include "http/client_address.h"

#include "kore_app.h"
#include "kore_peer.h"

struct conn_table *peer_table;
static struct peer *dead; /* until peer_free_dead */

struct peer *
peer_of_entry(struct conn_entry *e)
{
	return (struct peer *)(void *)((char *)e - offsetof(struct peer, entry));
}

struct peer *
peer_of_http(struct http_conn *c)
{
	return (struct peer *)(void *)((char *)c - offsetof(struct peer, http));
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

struct peer *
peer_new(int fd, const struct listener *l, void (*handle)(void *arg, int error))
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
	p->evt.handle = handle;
	p->fd = fd;
	p->stage = is_plain ? STAGE_HTTP : STAGE_HANDSHAKE;
	http_conn_init(&p->http, &app_state.http, "", is_plain);
	conn_table_add(peer_table, &p->entry, is_plain ? LISTENER_PLAIN : LISTENER_TLS,
	    (int64_t)kore_time_ms());
	return p;
}

/* ---- the end of a connection ---- */

void
peer_end(struct peer *p)
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
	conn_table_remove(peer_table, &p->entry);
	p->next_dead = dead;
	dead = p;
}

void
peer_free_dead(void)
{
	while (dead != NULL) {
		struct peer *p = dead;

		dead = p->next_dead;
		free(p);
	}
}

/* The last answer has gone. To close now could destroy it on its way, if the client is still
 * sending (RFC 9112, 9.6). */
void
peer_linger(struct peer *p)
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

void
peer_close_excess(struct peer *p)
{
	struct conn_entry *e;

	while (p->stage != STAGE_DEAD && (e = conn_table_excess(peer_table, &p->entry)) != NULL)
		peer_end(peer_of_entry(e));
}

bool
peer_count_for(struct peer *p, const struct sockaddr *sa)
{
	struct client_address from;
	struct gh_error err;

	client_address_set(&from, sa);
	memcpy(p->http.address, from.text, sizeof(p->http.address));
	if (conn_table_set_source(peer_table, &p->entry, from.source, &err) != 0)
		return false;
	peer_close_excess(p);
	return p->stage != STAGE_DEAD;
}
