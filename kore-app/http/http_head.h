/*
 * The head of an HTTP/1.1 request: request line and header fields (RFC 9112, 2 to 6). Strict:
 * whatever two readers could read in two ways, about where a request ends above all, is refused
 * (RFC 9112, 11.2). No I/O, no policy, no allocation: all texts point into the caller's buffer,
 * which the parser cuts into strings.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "error.h"
#include "http.h"

#define HTTP_HEAD_MAX 32768  /* bytes: Kerberos tickets and cookies of proxies */
#define HTTP_TARGET_MAX 8000 /* bytes: what RFC 9112, 3 recommends to accept */
#define HTTP_FIELDS_MAX 100  /* lines */

/* How the end of the body is found (RFC 9112, 6.3). */
enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED };

struct http_head {
	enum gh_http_method method;
	const char *path;  /* as sent, never empty; NULL: parsing failed before it */
	const char *query; /* behind the first "?"; "" = none */
	const char *host;  /* authority of the target, else Host (RFC 9112, 3.3); "" = none */
	struct gh_http_field field[HTTP_FIELDS_MAX]; /* in their order; names in lower case, values
						     without blanks around */
	size_t fields;
	enum http_framing framing;
	uint64_t length;  /* bytes, with HTTP_LENGTH; at least 1 */
	bool is_old;      /* HTTP/1.0 */
	bool keeps_alive; /* the client can send another request behind this one (RFC 9112, 9.3) */
	bool expects_continue; /* Expect: 100-continue */
};

/*
 * How many of n bytes are the head with the empty line that ends it; 0: not all there. *seen: bytes
 * that were looked at before, 0 at first. GH_E_BAD_REQUEST: a line feed without carriage return;
 * GH_E_TARGET_TOO_LONG, GH_E_HEADER_TOO_LARGE: no end within the limits.
 */
int http_head_find(const char *p, size_t n, size_t *seen, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * Cut p, whose len bytes http_head_find has found, into *out. GH_E_BAD_REQUEST,
 * GH_E_TARGET_TOO_LONG, GH_E_HEADER_TOO_LARGE (more than HTTP_FIELDS_MAX lines),
 * GH_E_NOT_IMPLEMENTED, GH_E_HTTP_VERSION, GH_E_EXPECTATION. After a failure method and path are
 * what was read before it, all else is empty.
 */
int http_head_parse(char *p, size_t len, struct http_head *out, struct gh_error *err) GH_MUSTCHECK;

/* Value of the first field of this name (in lower case); NULL when there is none. */
const char *http_head_field(const struct http_head *h, const char *name);
/* The same, where a second field of this name is GH_E_BAD_REQUEST: a proxy could have read the
 * other one. */
int http_head_single(const struct http_head *h, const char *name, const char **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
