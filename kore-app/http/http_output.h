/* What a connection sends: an answer, its head and its body. See http_conn.h. */
#ifndef HTTP_OUTPUT_H
#define HTTP_OUTPUT_H

#include "http.h"

struct http_answer {
	int status;
	const char *fields; /* lines with CR LF: all but Server, Date, Connection, Content-Length */
	size_t fields_len;
	const unsigned char *body; /* copied, unless one of the next two holds it */
	size_t body_len;
	struct gh_shared *shared; /* one reference is taken */
	unsigned char *owned;     /* malloc'd: taken over */
	struct gh_stream *stream; /* taken over; makes the body, body_len is not looked at */
	bool has_secret;          /* owned is wiped when it has gone */
	bool is_open;             /* owned is the beginning of the body: http_output_feed */
};

/* What the request and its connection make of an answer. */
struct http_way {
	bool has_body; /* false: HEAD */
	bool closes;   /* it is the last answer of the connection */
	bool is_old;   /* HTTP/1.0, which has no chunks: an open body closes */
};

/* What is sent: head, then body. */
struct http_output {
	unsigned char *head;
	size_t len, cap, sent; /* of head */
	const unsigned char
	    *body; /* NULL: it stands in head, or there is none; a piece of stream */
	size_t body_len, body_sent;
	struct gh_shared *shared; /* holds body; else owned does */
	unsigned char *owned;
	bool has_secret; /* in owned */
	struct gh_stream *stream;
	size_t left;     /* bytes that stream has not made yet */
	bool is_open;    /* more of the body is to come */
	bool is_chunked; /* RFC 9112, 7.1; who knows no chunks sees the connection end */
};

/* Interim answers before the answer. Without memory there is none. */
void http_output_continue(struct http_output *o);
/* False: no memory, or a body that cannot be made; what a gave is freed. */
bool http_output_answer(struct http_output *o, const struct http_answer *a,
    const struct http_way *way);
/* The next part of an open body, when nothing is pending: data (malloc'd, may be NULL) is taken
 * over. False: no memory; data is freed. */
bool http_output_feed(struct http_output *o, unsigned char *data, size_t len, bool is_end);
/* The next bytes; NULL when there are none. The same until http_output_sent. */
const unsigned char *http_output_pending(const struct http_output *o, size_t *n);
/* n of them have gone. False: the rest of the body cannot be made. */
bool http_output_sent(struct http_output *o, size_t n);
void http_output_clear(struct http_output *o); /* wipes; accepts a zeroed one */

#endif
