/*
 * A client of EST that was told to come again sends its request again (RFC 7030, 4.2.3), and a
 * linked one signs it anew each time: so a request is known by who asks, by which label, with which
 * operation, for which names and key, and with which extensions, not by its bytes.
 */
#ifndef ENROLL_EST_POLL_H
#define ENROLL_EST_POLL_H

#include "decide.h"
#include "store/request/request_poll.h"

/* req: with requester, label and CSR. operation: "simpleenroll"; of: what else makes the request
 * another one, or "". *key: malloc'd. */
int est_poll_key(const struct enroll_request *req, const char *operation, const char *of,
    char **key, struct gh_error *err) GH_MUSTCHECK;

/*
 * e->req has its poll_key. *found: e->out is the answer that it has got already: it waits, an
 * officer has decided within a week, or it was answered within minutes and the answer may have been
 * lost. Else the request bears a mark by which the second of two equal calls finds the first one's
 * answer. rc, and e->err.
 */
int est_poll(struct worker_env *env, struct enrollment *e, struct enroll_request *req,
    bool *found) GH_MUSTCHECK;

#endif
