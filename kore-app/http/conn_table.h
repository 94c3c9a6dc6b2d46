/*
 * Which connections a worker has: for each listener a quota, for each client address a cap, and
 * which of them gives way when there are too many. Connections of one phase stand in the order in
 * which they entered it, so that the oldest is found at once, for time limits, too. No Kore type
 * here; one thread.
 */
#ifndef CONN_TABLE_H
#define CONN_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define CONN_LISTENERS 2

/* In the order in which connections give way; those behind CONN_SEND never do: we owe them an
 * answer. */
enum conn_phase {
	CONN_CLOSING,  /* the answer has gone; waiting for the client to close */
	CONN_GREETING, /* no request has come yet: handshake, or silence */
	CONN_IDLE,     /* between two requests */
	CONN_HEAD,     /* part of a request's header has come */
	CONN_BODY,
	CONN_SEND, /* an answer goes out; entered again when some of it has gone */
	CONN_WAIT, /* the request is at work */
	CONN_PHASES
};

/* Of a client's address: IPv4 as IPv4-mapped IPv6, IPv6 without the lower 64 bits, which a client
 * chooses itself. */
#define CONN_SOURCE_SIZE 16

struct conn_source;

/* Member of what the caller calls a connection. */
struct conn_entry {
	struct conn_entry *prev, *next;
	unsigned listener;
	enum conn_phase phase;
	int64_t since_ms; /* when it entered the phase */
	struct conn_source *source;
};

struct conn_table;

struct conn_limits {
	unsigned per_listener[CONN_LISTENERS]; /* connections */
	unsigned per_source;                   /* connections; 0 = no cap */
};

int conn_table_new(const struct conn_limits *limits, struct conn_table **out,
    struct gh_error *err) GH_MUSTCHECK;
void conn_table_free(struct conn_table *t); /* accepts NULL; entries are the caller's */

/* e is added in CONN_GREETING, its source not known. */
void conn_table_add(struct conn_table *t, struct conn_entry *e, unsigned listener, int64_t now_ms);
void conn_table_remove(struct conn_table *t, struct conn_entry *e);
/* To the end of a phase, also of the one it is in. */
void conn_table_move(struct conn_table *t, struct conn_entry *e, enum conn_phase phase,
    int64_t now_ms);
/* Count e for this address, instead of the one before. GH_E_NOMEM: e counts for none. */
int conn_table_set_source(struct conn_table *t, struct conn_entry *e,
    const unsigned char source[CONN_SOURCE_SIZE], struct gh_error *err) GH_MUSTCHECK;

/* Which connection has to end, so that e may stay; NULL: none. It is e itself when all others are
 * at work. */
struct conn_entry *conn_table_excess(const struct conn_table *t, const struct conn_entry *e);
/* The oldest of a phase on any listener, but not this one; NULL: none. */
struct conn_entry *conn_table_oldest(const struct conn_table *t, enum conn_phase phase,
    const struct conn_entry *but);
unsigned conn_table_count(const struct conn_table *t, unsigned listener);

#endif
