/* The REST interface of a gateway, as its caller: one log-in, JSON both ways, failures as errors.
 */
#ifndef CLIENT_REST_H
#define CLIENT_REST_H

#include "buf.h"
#include "error.h"
#include "json.h"

#include "client_login.h"

struct client_rest;

/* Of client_login_options; asks for passwords. GH_E_CONF: something is missing or wrong. */
int client_rest_open(struct client_rest **out, struct gh_error *err) GH_MUSTCHECK;
void client_rest_close(struct client_rest *r);

struct client_rest_call {
	const char *path; /* "/pki/keys?limit=10" */
	gh_json *body;    /* borrowed; NULL: GET */
	bool is_put;
	int64_t version; /* for If-Match; 0: without */
	const char *idempotency_key;
	int64_t *status; /* NULL: not wanted */
};
/*
 * *out: the object that was answered. What was refused is an error with the gateway's message, and
 * the fields that are wrong; *out then is the answer, too, where there is one. GH_E_BUSY: no
 * answer, or "try again later"; GH_E_FORBIDDEN: also a server that is not trusted; GH_E_BAD_JSON:
 * no gateway's answer.
 */
int client_rest_call(struct client_rest *r, const struct client_rest_call *call, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
/* The same call again while no answer comes, for so many seconds (0: never), telling so on stderr:
 * one that has an idempotency_key. who: argv[0]. */
int client_rest_call_until(struct client_rest *r, const struct client_rest_call *call,
    const char *who, int seconds, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
int client_rest_get(struct client_rest *r, const char *path, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

/* All entries of a list, page by page, at most limit (0: all). path: with a query, maybe an empty
 * one ("/pki/keys?"). */
int client_rest_list(struct client_rest *r, const char *path, int limit, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

/* Append text as one part of a path or a query: percent-encoded. */
void client_rest_escape(struct gh_buf *path, const char *text);
/* Append "name=value&"; nothing where value is NULL. */
void client_rest_query(struct gh_buf *path, const char *name, const char *value);

#endif
