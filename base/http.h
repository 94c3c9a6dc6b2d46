/*
 * An HTTP request and reply as plain values: what a handler sees and gives. No Kore type here, so
 * that a handler runs on a pool thread, in a unit test and in a fuzzer alike.
 */
#ifndef GH_HTTP_H
#define GH_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"

#define GH_HTTP_HEADERS_MAX 16
#define GH_REQUEST_ID_SIZE 33 /* 32 hex digits and NUL */
#define GH_TLS_BINDING_SIZE 32

enum gh_http_method {
	GH_HTTP_GET = 1,
	GH_HTTP_HEAD = 2,
	GH_HTTP_POST = 4,
	GH_HTTP_PUT = 8,
	GH_HTTP_DELETE = 16,
	GH_HTTP_OTHER = 32
};

/* A line of a header. */
struct gh_http_field {
	const char *name; /* in lower case */
	const char *value;
};

/* What TLS says of the connection of a request: a value, since no other thread may touch its SSL.
 */
struct gh_tls {
	const char *protocol; /* "TLSv1.2", "TLSv1.3", static; NULL: no TLS */
	bool is_resumed;      /* by a ticket of an earlier connection */
	int bits;             /* of the key that encrypts it */
	/* What a client signs or sends to prove that it is the other end of this very connection
	 * (RFC 5056): tls-unique with TLS 1.2 (RFC 5929, 3.1), tls-exporter with TLS 1.3 (RFC 9266,
	 * 2). binding_len 0: there is none that proves it. */
	unsigned char binding[GH_TLS_BINDING_SIZE];
	size_t binding_len;
};

struct gh_http_request {
	enum gh_http_method method;
	char *path;  /* as sent, without the query; NUL-terminated */
	char *query; /* "" when there is none */
	/* All lines of the header in their order, asked for by gh_http_header. A malloc'd block
	 * with their texts behind. */
	struct gh_http_field *field;
	size_t fields;
	size_t field_bytes; /* of the block */
	char *host; /* authority of the target (RFC 9112, 3.3), with its port where one is given */
	unsigned char *body;
	size_t body_len;
	char address[64];           /* peer, numeric */
	unsigned char *client_cert; /* verified TLS client certificate, DER; NULL when none */
	size_t client_cert_len;
	/* All that the TLS client sent, DER after DER, its own certificate first: it has the key of
	 * that one, and nothing else was verified. NULL when none. */
	unsigned char *client_chain;
	size_t client_chain_len;
	char request_id[GH_REQUEST_ID_SIZE];
	bool is_plain; /* came without TLS */
	struct gh_tls tls;
	int64_t deadline_us; /* by gh_now_us: nothing more is begun for it; 0 = none */
};

/* "application/json" or "text/json", with or without parameters. NULL is not. */
bool gh_http_is_json(const char *content_type);

/* Does Accept want a page rather than JSON? Browsers say so; who takes both alike, as curl, does
 * not (RFC 9110, 12.5.1). */
bool gh_http_prefers_html(const struct gh_http_request *req);

/* The same of plain text. */
bool gh_http_prefers_text(const struct gh_http_request *req);

/* Value of the first line of this name (in lower case), the only one of those that decide about
 * access; NULL: none. Borrowed. */
const char *gh_http_header(const struct gh_http_request *req, const char *name);
/* GH_E_BUSY: the deadline has passed, it has waited for too long. */
int gh_http_check_deadline(const struct gh_http_request *req, struct gh_error *err) GH_MUSTCHECK;
/* Copy n lines into *req, which has none. GH_E_NOMEM. */
int gh_http_request_fields(struct gh_http_request *req, const struct gh_http_field *field, size_t n,
    struct gh_error *err) GH_MUSTCHECK;

/* Frees all members and wipes header and body; leaves *req zeroed. */
void gh_http_request_clear(struct gh_http_request *req);

/* Bytes that several replies send at the same time without copying them. Any thread may ref and
 * unref. */
struct gh_shared {
	atomic_uint refs;
	unsigned char *data;
	size_t len;
};
/* Takes over data (malloc'd); starts with one reference. NULL when out of memory: data is freed. */
struct gh_shared *gh_shared_new(unsigned char *data, size_t len);
struct gh_shared *gh_shared_ref(struct gh_shared *s);
void gh_shared_unref(struct gh_shared *s); /* accepts NULL */

#define GH_STREAM_PIECE 16384 /* bytes: one record of TLS */

/*
 * A body that is made while it is sent: each piece when the one before has gone, so that a slow
 * client costs the memory of one. Made on any thread, asked and freed on the event loop. First
 * member of what its maker needs.
 */
struct gh_stream {
	size_t len; /* bytes of the whole body, known before the first: some clients of EST (libest,
		     * Bouncy Castle) read no chunks */
	/* The next 1 to GH_STREAM_PIECE bytes. 0: it cannot go on; the connection ends, so that the
	 * client sees less than was announced. Does not block. */
	size_t (*next)(struct gh_stream *s, unsigned char out[GH_STREAM_PIECE]);
	void (*free)(struct gh_stream *s);
};
void gh_stream_free(struct gh_stream *s); /* accepts NULL */

/*
 * A body whose end nobody knows yet: made page by page on threads that may block, each when the
 * client has taken the one before, so that a slow client holds no thread. First member of what its
 * maker needs; one thread at a time.
 */
struct gh_feed {
	/* Puts the next bytes into out, maybe none; *is_end: nothing follows. env: the struct
	 * worker_env of the thread. After a failure the connection ends, so that the client sees
	 * that something is missing. */
	int (*next)(struct gh_feed *f, void *env, struct gh_buf *out, bool *is_end,
	    struct gh_error *err);
	void (*free)(struct gh_feed *f);
};

struct gh_http_reply {
	int status;
	char *content_type; /* malloc'd; NULL = none */
	struct {
		const char *name;
		char *value;
	} header[GH_HTTP_HEADERS_MAX]; /* name static, value malloc'd */
	size_t headers;
	/* Why the reply must not be sent: a header is missing in it, or is none. Static; NULL = it
	 * may be. */
	const char *broken;
	unsigned char *body; /* malloc'd */
	size_t body_len;
	struct gh_shared
	    *shared; /* the body when it is set: one reference, given up with the reply */
	struct gh_stream *stream; /* the body when it is set; the reply's */
	struct gh_feed *feed;     /* what follows body, when it is set; the reply's */
	bool has_secret;          /* in the body: it is wiped when it has gone */
	/* For the log, never sent; filled by the renderers of errors. */
	const char *code; /* name of the error, static; NULL = none */
	char *cause;      /* private detail, malloc'd; may be NULL */
};

void gh_http_reply_clear(struct gh_http_reply *rep);
/* Copies the value. One with a control character, which could begin a line of its own (RFC 9110,
 * 5.5), a full table or lack of memory sets broken: then 500 is sent instead. */
void gh_http_reply_header(struct gh_http_reply *rep, const char *name, const char *value);
/* The same for Content-Type, in place of the one before; NULL: none. */
void gh_http_reply_type(struct gh_http_reply *rep, const char *content_type);
/* Remember an error for the log. */
void gh_http_reply_cause(struct gh_http_reply *rep, const struct gh_error *err);
/* Takes over text (malloc'd, may be NULL for an empty body), copies the type. */
void gh_http_reply_text(struct gh_http_reply *rep, int status, const char *content_type,
    char *text);

#endif
