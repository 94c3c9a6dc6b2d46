/* One step of a connection: PROXY header, handshake, requests and answers, and what is left behind
 * the last one. See kore_step.h. */
#include <kore/kore.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "http/proxy_header.h"
#include "http/tls_facts.h"

#include "kore_step.h"

#define LINGER_BYTES (1024 * 1024) /* read and thrown away behind the last answer */

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
		peer_linger(p);
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
	if (!is_local && !peer_count_for(p, (struct sockaddr *)&sa))
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
	tls_facts_read(p->ssl, &p->http.tls);
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

enum step
step_once(struct peer *p)
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
