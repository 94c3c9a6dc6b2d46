/* The REST interface of a gateway, as its caller: one log-in, JSON both ways, failures as errors.
 */
#ifndef CLIENT_REST_H
#define CLIENT_REST_H

#include "buf.h"
#include "error.h"
#include "json.h"
#include "verb.h"

/* Who calls, as options of a command; where the gateway is, is in verb_shared.url. */
struct client_rest_options {
	const char *ca_file; /* NULL: GATEHOUSE_CAFILE */
	const char *user, *password_file;
	const char *tls_cert, *tls_key, *tls_password_file;
	int timeout; /* seconds of one call */
};
extern struct client_rest_options client_rest_options;
/* Rows of an option table: of a verb that is always a client; and of one that is so with --url. */
#define CLIENT_REST_OPTIONS \
	{"url", 'u', OPTION_TEXT, &verb_shared.url, "URL", \
	    "https://HOST[:PORT][/PREFIX] of the gateway (default: GATEHOUSE_URL)"}, \
	    CLIENT_REST_LOGIN
#define CLIENT_REST_REMOTE \
	{"url", 'u', OPTION_TEXT, &verb_shared.url, "URL", \
	    "ask the gateway at https://HOST[:PORT][/PREFIX], not the database; the options below are for that"}, \
	    CLIENT_REST_LOGIN
#define CLIENT_REST_LOGIN \
	{"cacert", 0, OPTION_TEXT, &client_rest_options.ca_file, "FILE", \
	    "PEM: CAs trusted for its TLS (default: GATEHOUSE_CAFILE, or the system's)"}, \
	    {"user", 0, OPTION_TEXT, &client_rest_options.user, "NAME", \
		"who calls, as in alice or DOMAIN\\alice (default: GATEHOUSE_USER)"}, \
	    {"password-file", 0, OPTION_TEXT, &client_rest_options.password_file, "FILE", \
		"password of --user, first line of FILE, - is standard input (default: GATEHOUSE_PASSWORD, or asked for)"}, \
	    {"cert", 0, OPTION_TEXT, &client_rest_options.tls_cert, "FILE", \
		"client certificate in place of --user: PEM, or PKCS#12 with its key"}, \
	    {"key", 0, OPTION_TEXT, &client_rest_options.tls_key, "FILE", \
		"PEM: its key (default: in the same file)"}, \
	    {"key-password-file", 0, OPTION_TEXT, &client_rest_options.tls_password_file, "FILE", \
		"password of that key, first line of FILE (default: asked for, when it has one)"}, \
	{ \
		"timeout", 0, OPTION_NUMBER, &client_rest_options.timeout, "SECONDS", \
		    "bound of one call (default: 60)" \
	}

struct client_rest;

/* Of client_rest_options; asks for passwords. GH_E_CONF: something is missing or wrong. */
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
