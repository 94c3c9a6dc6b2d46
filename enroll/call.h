/*
 * A call as routing and authentication left it: what a handler of any front door is given.
 */
#ifndef ENROLL_CALL_H
#define ENROLL_CALL_H

#include "enroll.h"
#include "http.h"

#define CALL_NAME_SIZE 81 /* longest {name} of a path, with its NUL */

struct call {
	const struct gh_http_request *http;
	const struct requester *requester;
	const struct app *app;   /* NULL only where the route needs none */
	struct dir_entry *entry; /* requester's entry, or NULL */
	int version;             /* {v}: 1, 2, 3 */
	int64_t object_id;       /* {id}; 0 = none */
	const char *name;        /* {name}: one segment as sent; "" = none */
	const char *rest;        /* {rest}: the end of the path as sent, not decoded; "" = none */
};

struct gh_log_event;

/* One of several calls that are answered together. */
struct call_item {
	struct call call;
	struct gh_http_reply *rep;
	struct gh_log_event *event; /* for gh_log_collect, while something is done for this call */
	bool leaves; /* set instead of an answer: the call is to be made alone, on another thread */
};

#endif
