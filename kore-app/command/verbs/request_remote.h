/* The verbs of `gatehouse request` at another machine, over REST: where --url is given. */
#ifndef REQUEST_REMOTE_H
#define REQUEST_REMOTE_H

#include "verb.h"

struct request_remote_filter {
	const char *state, *requester; /* NULL: all */
	int limit;                     /* 0: all */
	bool newest_first;
};
/* c->out: rows with the members that `request list` has of the database. */
int request_remote_list(struct verb_call *c, const struct request_remote_filter *f,
    struct gh_error *err) GH_MUSTCHECK;
int request_remote_show(struct verb_call *c, struct gh_error *err) GH_MUSTCHECK;
struct request_decision {
	const char *status;  /* "approved", "rejected" or "canceled" */
	const char *wanted;  /* the state that makes the command a success */
	const char *comment; /* NULL: none */
	const char *shown;   /* of the preview that was seen; NULL: none was */
};
/* Of the request as it is now; who approves at a terminal sees first what. d->shown is NULL behind
 * it. */
int request_remote_decide(struct verb_call *c, struct request_decision *d,
    struct gh_error *err) GH_MUSTCHECK;

#endif
