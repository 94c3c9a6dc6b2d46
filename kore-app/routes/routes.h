/*
 * The route table: one row for each operation, and the only place where access is decided. No Kore
 * type here: route_dispatch runs on a pool thread, in tests and in fuzzers alike.
 */
#ifndef ROUTES_H
#define ROUTES_H

#include "auth/auth.h"
#include "call.h"
#include "http.h"
#include "log.h"

#include "route_family.h"

struct http_conn;
struct route_match;

/* What a handler is given; a front door takes what it needs. */
typedef void (
    *route_handler)(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#define ROUTE_BATCH_MAX 32

/* How the waiting requests of one row or of several are taken together. */
struct route_batch {
	/* Answer n calls, or mark those that leave. Each of them has passed all that its row
	 * demands. The calls may be of different rows. */
	void (*run)(struct worker_env *env, struct call_item *calls, size_t n);
	size_t max;       /* calls at a time, 1 to ROUTE_BATCH_MAX */
	int at_once;      /* batches at work at the same time, in a worker */
	bool has_threads; /* at_once threads of their own: they do not wait for those that wait */
};

/* What a row does not say is 0. So a row that does not say who may use it is refused to all. */
struct route {
	unsigned methods; /* GH_HTTP_* bits */
	/* Lower case, but for variable parts: as route_pattern_match. Matched in any case, whole
	 * path. Paths of API families with a configurable prefix are given without it. */
	const char *pattern;
	const char *name; /* for metrics and logs: "certenroll.pkcs10" */
	unsigned need;    /* AUTH_* bits */
	unsigned roles;   /* REQUESTER_ROLE_*: any of them; with AUTH_ADMIN; 0: none is needed */
	size_t body_max;  /* bytes; 0: no body */
	/* A type of body beside JSON, or several by their beginning with "*" behind, or NULL: none.
	 * Not one that a foreign page can send without a preflight. */
	const char *body_type;
	route_handler handler;
	const struct route_family *family; /* NULL: REST. See route_family_of */
	/* Forms of HTML, too (base/form.h), which a foreign page can send: for rows with
	 * AUTH_SESSION, whose calls by a session need its token. */
	bool takes_form;
	bool on_loop; /* the handler does not block and runs on the event loop; else on the pool */
	bool plain;   /* also served without TLS */
	bool quiet;   /* probes and relying parties would bury the log: success is for debugging */
	bool without_catalog; /* served before the configuration was read from the database, too */

	/*
	 * Ways to an answer that is in memory, tried on the event loop in this order; false: the
	 * handler has to be asked. NULL: none. They see what route_admit lets in and no caller, so
	 * the row is open to anybody.
	 *
	 * fast: from the bytes of the request at work on c, without a copy, a request id, a line in
	 * the log; answers c itself. cached: a request as all others, but for the hand-over.
	 */
	bool (
	    *fast)(const struct worker_env *env, struct http_conn *c, const struct route_match *m);
	bool (*cached)(const struct gh_http_request *req, const struct route_match *m,
	    struct gh_http_reply *rep);
	/* Requests that wait for the pool are taken together; handler serves those that leave. May
	 * be NULL. */
	const struct route_batch *batch;
};

extern const struct route route_table[];
extern const size_t route_table_len;

const char *route_name(size_t i); /* of row i */
const struct route_family *route_family_of(const struct route *r);

struct route_match {
	const struct route *route;
	int version;
	struct call_parts parts;
	const char *rest;                  /* points into the path; "" = none */
	unsigned allowed;                  /* methods that the path has; 0 = no such path */
	const struct route_family *family; /* of the row, or of the rows that have the path, or of
					    * the path; NULL: nobody has looked */
};

/*
 * The whole path against the pattern of a row. Fills version, parts and rest of *m. Variable parts
 * are whole segments, up to CALL_PARTS_MAX:
 *
 *     {v}, {v12}   a version: 1 to 3; 1 or 2
 *     {id}         a positive decimal number
 *     {rest}       all that follows, at the end of the pattern only. Not decoded: its owner has an
 *                  encoding of its own in it (RFC 6960, A.1)
 *     {profile}    1 to CALL_PART_SIZE - 1 bytes of clean UTF-8 without "/"
 *     {any other}  1 to CALL_PART_SIZE - 1 letters, digits and "._@:-"; not "." or ".."
 *
 * Numbers and names are percent-decoded once, here.
 */
bool route_pattern_match(const char *pattern, const char *path, struct route_match *m);

/* GH_E_NOT_FOUND; GH_E_METHOD with m->allowed holding the methods the path has. A trailing slash
 * and the prefixes of certenroll.prefixes and keyfactor.prefixes are accepted. The match points
 * into path. */
int route_find(const struct gh_conf *conf, enum gh_http_method method, const char *path,
    struct route_match *m, struct gh_error *err) GH_MUSTCHECK;

/* How this request is answered, also one that was refused before its path was looked up. path may
 * be NULL. */
const struct route_family *route_match_family(const struct route_match *m, const char *path);

/* May a request for this row come in at all? GH_E_FORBIDDEN: it came without TLS and the row is not
 * served so. */
int route_admit(const struct route *r, bool is_plain, struct gh_error *err) GH_MUSTCHECK;

/* What the log says about a call beside its reply. */
struct route_trace {
	char requester[256]; /* "" = nobody */
	char app[128];
	const char *code;          /* name of the error, static; NULL = none known */
	char cause[512];           /* private detail of a refusal or failure */
	struct gh_log_event event; /* what the handler did, for the line of the call */
};

/* Authenticate, call the handler, render errors. Leaves a complete reply. Without a catalog in env,
 * routes that need any answer GH_E_NOT_LOADED. */
void route_dispatch(struct worker_env *env, struct auth_limiter *limiter,
    const struct route_match *m, const struct gh_http_request *req, struct gh_http_reply *rep,
    struct route_trace *trace);

/* One of several requests that are dispatched together. */
struct route_item {
	const struct route_match *match;
	const struct gh_http_request *req;
	struct gh_http_reply *rep;
	struct route_trace *trace;
	bool leaves; /* set by route_dispatch_batch: there is no reply yet, route_dispatch it */
};
/* The same for n requests of rows with this batch, 1 to batch->max: each is checked and
 * authenticated for itself, then those that may are answered together. One that authentication
 * finds GH_E_BUSY leaves: env->dir does not wait (dir_set_waiting), so that a directory that has to
 * be asked does not hold up the others. */
void route_dispatch_batch(struct worker_env *env, struct auth_limiter *limiter,
    const struct route_batch *batch, struct route_item *items, size_t n);

/* The answer to a request that route_find or the pool refused: in the form of its family, with
 * Allow and Retry-After. */
void route_refuse(const struct gh_conf *conf, const struct gh_error *err,
    const struct route_match *m, const struct gh_http_request *req, struct gh_http_reply *rep,
    struct route_trace *trace);

#endif
