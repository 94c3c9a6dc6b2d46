/*
 * A call as routing and authentication left it: what a handler of any front door is given.
 */
#ifndef ENROLL_CALL_H
#define ENROLL_CALL_H

#include "enroll.h"
#include "http.h"

#define CALL_PART_SIZE 81 /* longest variable part of a path, decoded, with its NUL */
#define CALL_PARTS_MAX 4  /* in one pattern of a row */

/* A variable part of a path. */
struct call_part {
	const char *name;          /* where it stands in the row's pattern: "label}/simpleenroll" */
	int64_t number;            /* of {id}, else 0 */
	char text[CALL_PART_SIZE]; /* decoded: nobody decodes it again */
};

struct call_parts {
	struct call_part part[CALL_PARTS_MAX];
	size_t n;
};

/* The part of this name: "label"; "": the path has none. */
const char *call_text(const struct call_parts *parts, const char *name);
/* The same of a number, {id}; 0: the path has none. */
int64_t call_number(const struct call_parts *parts, const char *name);

struct session;
struct gh_form;
struct auth_limiter;

struct call {
	const struct gh_http_request *http;
	const struct requester *requester;
	const struct app *app;          /* NULL only where the route needs none */
	struct dir_entry *entry;        /* requester's entry, or NULL */
	int version;                    /* {v}: 1, 2, 3 */
	const struct call_parts *parts; /* the others of the path */
	/* Of the browser whose log-in it came by; NULL: it came otherwise. auth/login_session.h */
	const struct session *session;
	const struct gh_form
	    *form; /* the fields of the body, where the row takes a form; else none */
	struct auth_limiter *limiter; /* for the routes that log in; auth/auth.h */
	const char *rest; /* {rest}: the end of the path as sent, not decoded; "" = none */
};

struct gh_log_event;

/* One of several calls that are answered together. */
struct call_item {
	struct call call;
	struct gh_http_reply *rep;
	struct gh_log_event *event; /* for gh_log_collect, while something is done for this call */
	bool leaves; /* set instead of an answer: the call is to be made alone, on another thread */
};

/* Serves one of them; true: it leaves, without an answer. */
typedef bool (
    *call_serve)(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* All of them one after the other, each with the log of its own call. */
void call_each(struct worker_env *env, struct call_item *items, size_t n, call_serve serve);

#endif
