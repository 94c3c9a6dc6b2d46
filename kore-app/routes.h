/*
 * The route table: one row for each operation, and the only place where access is decided. No Kore
 * type here: route_dispatch runs on a pool thread, in tests and in fuzzers alike.
 */
#ifndef ROUTES_H
#define ROUTES_H

#include "auth.h"
#include "call.h"
#include "ce.h"
#include "http.h"
#include "log.h"

enum route_place { ROUTE_LOOP /* cached answers, on the event loop */, ROUTE_POOL };
/* How errors of routing and authentication are written. */
enum route_family { ROUTE_CE, ROUTE_REST };

struct route_match;

/* What a handler is given; a front door takes what it needs. */
typedef void (
    *route_handler)(struct enroll_env *env, const struct call *call, struct gh_http_reply *rep);

struct route {
	unsigned methods; /* GH_HTTP_* bits */
	/* Lower case. "{v}" a version 1 to 3, "{v12}" 1 or 2, "{id}" a positive decimal, "{name}"
	 * one segment of letters, digits and "._@-", "{rest}" all that follows. Matched in any
	 * case, whole path. Paths of API families with a configurable prefix are given without it.
	 */
	const char *pattern;
	const char *name; /* for metrics and logs: "certenroll.pkcs10" */
	unsigned need;    /* AUTH_* bits */
	unsigned roles;   /* REQUESTER_ROLE_*: any of them; with AUTH_ADMIN */
	size_t body_max;  /* bytes */
	enum route_place place;
	route_handler handler;
	enum route_family family;
	bool plain; /* also served without TLS */
	/* Tried on the event loop before place counts: true when it has filled the reply. May be
	 * NULL. */
	bool (*fast)(const struct gh_http_request *req, const struct route_match *m,
	    struct gh_http_reply *rep);
};

extern const struct route route_table[];
extern const size_t route_table_len;

struct route_match {
	const struct route *route;
	int version;
	int64_t id;
	char name[CALL_NAME_SIZE];
	const char *rest;         /* points into the path; "" = none */
	unsigned allowed;         /* methods that the path has; 0 = no such path */
	enum route_family family; /* with allowed: of the rows that have the path */
};

/* GH_E_NOT_FOUND; GH_E_METHOD with m->allowed holding the methods the path has. A trailing slash
 * and the prefixes of certenroll.prefixes are accepted. The match points into path. */
int route_find(const struct gh_conf *conf, enum gh_http_method method, const char *path,
    struct route_match *m, struct gh_error *err) GH_MUSTCHECK;

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
void route_dispatch(struct enroll_env *env, struct auth_limiter *limiter,
    const struct route_match *m, const struct gh_http_request *req, struct gh_http_reply *rep,
    struct route_trace *trace);

/* The answer to a request that route_find or the pool refused: in the form of its family, with
 * Allow and Retry-After. */
void route_refuse(const struct gh_conf *conf, const struct gh_error *err,
    const struct route_match *m, const struct gh_http_request *req, struct gh_http_reply *rep,
    struct route_trace *trace);

#endif
