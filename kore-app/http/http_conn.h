/*
 * One HTTP/1.1 connection as a state machine: bytes in, requests to the application, answers out
 * (RFC 9112). It does no I/O and knows no clock: a transport (kore_step.c; a fuzzer) moves the
 * bytes and measures the time. Requests are served one after another, pipelined ones in their
 * order. One thread.
 *
 *     HTTP_IDLE -> HTTP_HEAD -> HTTP_BODY -> HTTP_WAIT -> HTTP_SEND -> HTTP_IDLE, or HTTP_END
 *                                                 <- (more of an open body)
 *
 * HTTP_IDLE: nothing has come; HTTP_HEAD, HTTP_BODY: a part of it has; HTTP_WAIT: the application
 * has it; HTTP_SEND: the answer goes out; HTTP_END: nothing more comes or goes.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include "http_body.h"
#include "http_head.h"
#include "http_output.h"

enum http_phase { HTTP_IDLE, HTTP_HEAD, HTTP_BODY, HTTP_WAIT, HTTP_SEND, HTTP_END };

struct http_conn;

/* Who serves the requests. Both answering functions call http_conn_answer, now or later, once. */
struct http_app {
	/* A request with a body is about to be received. 0: up to *max bytes; else it is refused
	 * with *err unread. */
	int (*admit)(struct http_conn *c, size_t *max, struct gh_error *err);
	/* A request is complete: http_conn_head, http_conn_take_body. */
	void (*serve)(struct http_conn *c);
	/* A request that cannot be served; its head may lack what was wrong. The connection ends
	 * behind the answer. */
	void (*refuse)(struct http_conn *c, const struct gh_error *err);
	/* The client has gone while there was a c->exchange: no answer any more, or no more of
	 * it. */
	void (*gone)(struct http_conn *c);
	/* All that is there of an open body has gone: http_conn_feed or http_conn_cut, now or
	 * later, once. Not before http_conn_answer has been called with one. */
	void (*more)(struct http_conn *c);
};

/* Who moves the bytes. */
struct http_transport {
	/* An answer came when the transport was not at work on this connection. */
	void (*answered)(struct http_conn *c);
	/* The verified certificate of the TLS client: malloc'd DER, NULL when there is none. */
	unsigned char *(*client_cert)(struct http_conn *c, size_t *len);
	/* All certificates that the client sent, as client_chain_read. */
	unsigned char *(*client_chain)(struct http_conn *c, size_t *len);
};

/* What all connections of a worker share. */
struct http_server {
	const struct http_app *app;
	const struct http_transport *transport;
	struct http_budget bodies;
	bool is_draining; /* every answer is the last one of its connection */
};

struct http_input;

struct http_conn {
	struct http_server *server;
	enum http_phase phase;
	char address[64];      /* peer, numeric */
	bool is_plain;         /* no TLS */
	struct gh_tls tls;     /* the transport's, before the first request */
	bool closes;           /* behind the answer at work */
	uint64_t requests;     /* begun so far */
	void *exchange;        /* the application's, in HTTP_WAIT, and until an open body ends */
	struct http_input *in; /* NULL: nothing has come */
	struct http_body body;
	struct http_output out;
};

void http_conn_init(struct http_conn *c, struct http_server *server, const char *address,
    bool is_plain);
/* The connection has ended: tells the application, wipes and frees what c holds. */
void http_conn_clear(struct http_conn *c);

/* ---- for the transport ---- */

/* Where the next bytes belong, *n > 0 of them at most; NULL: nothing is wanted now, or no
 * memory. */
unsigned char *http_conn_room(struct http_conn *c, size_t *n);
/* n bytes were put there. May call the application. */
void http_conn_received(struct http_conn *c, size_t n);
/* The next bytes to be sent; NULL when there are none. The same until http_conn_sent. */
const unsigned char *http_conn_pending(const struct http_conn *c, size_t *n);
/* n of them have gone. May call the application, when a request waits behind the answer. */
void http_conn_sent(struct http_conn *c, size_t n);
/* Of a request in HTTP_HEAD or HTTP_BODY no more is received: it is refused. */
void http_conn_give_up(struct http_conn *c, const struct gh_error *why);
/* Give back memory that an idle connection does not need. */
void http_conn_rest(struct http_conn *c);

/* ---- for the application ---- */

/* The request at work: until it is answered. */
const struct http_head *http_conn_head(const struct http_conn *c);
/* Its body, as http_body_take_out. */
unsigned char *http_conn_take_body(struct http_conn *c, size_t *len, size_t *reserved);

/* Answer the request at work. False: no memory; the connection ends without an answer, and what
 * was to be taken over is freed. */
bool http_conn_answer(struct http_conn *c, const struct http_answer *a);
/* More of an open body, taken over (malloc'd, may be NULL); is_end: nothing follows. Without memory
 * the connection ends. c may have ended when it returns. */
void http_conn_feed(struct http_conn *c, unsigned char *data, size_t len, bool is_end);
/* An open body cannot go on: the connection ends, and the client sees that its last chunk is
 * missing. */
void http_conn_cut(struct http_conn *c);

#endif
