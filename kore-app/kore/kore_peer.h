/*
 * A connection of ours: what Kore's event loop, its socket, its TLS and the protocol know of it,
 * its end, and who it counts for. Event loop thread only.
 */
#ifndef KORE_PEER_H
#define KORE_PEER_H

#include <kore/kore.h>

#include <openssl/ssl.h>

#include "http/conn_table.h"
#include "http/http_conn.h"

#define LISTENER_TLS 0
#define LISTENER_PLAIN 1

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

/* All of the worker. */
extern struct conn_table *peer_table;

struct peer *peer_of_entry(struct conn_entry *e);
struct peer *peer_of_http(struct http_conn *c);

/* A new connection of a listening socket, in its first stage and in the table; takes over fd. NULL:
 * no memory; fd is closed. handle: what Kore calls when something can be done. */
struct peer *peer_new(int fd, const struct listener *l, void (*handle)(void *arg, int error));
/* Count it for this address, and end those that give way for it. False: it cannot stay, or has
 * ended. */
bool peer_count_for(struct peer *p, const struct sockaddr *sa);
/* End those that give way for it, maybe itself. */
void peer_close_excess(struct peer *p);

/* The last answer has gone: read on for a while, write no more. */
void peer_linger(struct peer *p);
/* Frees all but *p itself: events of this round may still name it. */
void peer_end(struct peer *p);
/* Between two rounds: free those that have ended. */
void peer_free_dead(void);

#endif
