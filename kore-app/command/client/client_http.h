/* HTTPS of the commands that are clients of a gateway, over libcurl: one connection, verified,
 * bounded in size and time. */
#ifndef CLIENT_HTTP_H
#define CLIENT_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "error.h"
#include "http.h"

#include "client_request.h"

struct client_http;

struct client_http_options {
	const char *url;             /* https://host[:port][/prefix] */
	const char *prefix;          /* where the URL has none: "/CMSApi", "" */
	const char *ca_file;         /* PEM; NULL: the system's */
	const char *user, *password; /* Basic; user NULL: none */
	const char *app_key;         /* base64; NULL: none */
	const unsigned char *secret; /* NULL: calls are not signed */
	size_t secret_len;
	enum gh_hash hash;
	const char *tls_cert, *tls_key; /* client certificate; NULL: none */
	const char *tls_type;           /* of both files: "PEM" (NULL) or "P12" */
	const char *tls_password;       /* of its key; NULL: none */
	int timeout;                    /* seconds of one call */
	size_t reply_max;               /* bytes of an answer; 0: 1 MiB */
	bool is_unverified; /* whoever answers, for what is checked otherwise: no user, no
			     * certificate goes with it */
	bool takes_digest;  /* Digest, too, where the server asks for it (RFC 7616) */
};

/*
 * A body that can only be made when the connection is there, because it speaks of it: the channel
 * binding goes into what is signed (RFC 7030, 3.5). tls: binding and protocol. Appends to *out,
 * which takes client_body.size bytes; what is missing is filled with line ends.
 */
struct client_body {
	int (*make)(void *arg, const struct gh_tls *tls, struct gh_buf *out, struct gh_error *err);
	void *arg;
	size_t size;
};

struct client_call {
	const char *path;               /* behind the prefix: "/CertEnroll/3/Pkcs10" */
	const char *body;               /* text; NULL: GET */
	const struct client_body *made; /* in place of body */
	const char *type;               /* of the body; NULL: JSON */
	const char *accept;             /* NULL: JSON */
	bool is_put;                    /* with a body, which else is a POST */
	/* Headers, or NULL */
	const char *token;           /* X-CSS-CMS-Token */
	const char *if_match;        /* If-Match */
	const char *idempotency_key; /* Idempotency-Key */
};

struct client_reply {
	long status;
	int retry_after; /* seconds; 0: not said */
	char type[256];  /* Content-Type; "" = none */
	struct gh_buf body;
};

/* *o must outlive it. GH_E_CONF: no https URL, or a file that cannot be used. */
int client_http_new(const struct client_http_options *o, struct client_http **out,
    struct gh_error *err) GH_MUSTCHECK;
void client_http_free(struct client_http *h);

/* 0: there is an answer, whatever its status; free with client_reply_clear. GH_E_BUSY: connecting
 * or the connection failed: the same call may be repeated. GH_E_FORBIDDEN: the server could not be
 * verified. */
int client_http_call(struct client_http *h, const struct client_call *call,
    struct client_reply *reply, struct gh_error *err) GH_MUSTCHECK;
void client_reply_clear(struct client_reply *reply);

#endif
