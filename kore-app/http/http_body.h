/*
 * The body of an HTTP/1.1 request as it comes in: counted (RFC 9112, 6.2) or chunked (7.1). Memory
 * grows with what has arrived, never with what was announced, and all bodies of a worker share one
 * bound. No Kore type here.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "http_head.h"

/* Memory of all bodies together. One thread. */
struct http_budget {
	size_t used, max; /* bytes */
	/* Nothing left: give back what others have that have waited longest. False: nobody has
	 * anything. May be NULL. */
	bool (*make_room)(void *arg);
	void *arg;
};
/* What http_body_take_out handed over is no longer in use. */
void http_budget_return(struct http_budget *b, size_t n);

/* Where in a chunked body the next byte is; the last of them is the end of any body. */
enum http_chunk {
	CHUNK_SIZE,
	CHUNK_BLANK,
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER,
	CHUNK_TRAILER_LINE,
	CHUNK_TRAILER_LF,
	CHUNK_END_LF,
	CHUNK_DONE
};

struct http_body {
	struct http_budget *budget;
	unsigned char *data;
	size_t len, cap, max;  /* bytes */
	enum http_chunk state; /* counted bodies are one chunk */
	bool is_chunked;
	bool has_digit; /* of the chunk's size */
	uint64_t left;  /* of the chunk or, while its size is read, that */
	size_t extra;   /* bytes of extensions and trailers, which are not looked at */
};

/* A body that head announces, of up to max bytes. GH_E_TOO_LARGE: it is announced to be longer. *b
 * needs no http_body_drop then. */
int http_body_begin(struct http_body *b, struct http_budget *budget, const struct http_head *head,
    size_t max, struct gh_error *err) GH_MUSTCHECK;
/*
 * Take in what has come, *used of n bytes: all of them, unless the body ended before or the call
 * fails. GH_E_TOO_LARGE, GH_E_BAD_REQUEST (chunks that are none), GH_E_NOMEM, GH_E_BUSY (no
 * budget).
 */
int http_body_take(struct http_body *b, const unsigned char *p, size_t n, size_t *used,
    struct gh_error *err) GH_MUSTCHECK;
bool http_body_is_done(const struct http_body *b);
/* Hand data over: malloc'd, to be freed by the caller, NULL for an empty one; *reserved goes to
 * http_budget_return at that time. *b is empty after it. */
unsigned char *http_body_take_out(struct http_body *b, size_t *len, size_t *reserved);
/* Wipe and free what has come; accepts a zeroed one. */
void http_body_drop(struct http_body *b);

#endif
