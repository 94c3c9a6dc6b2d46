/* The conversation with the gateway: token, submit with retries, polling of a pending request. */
#ifndef CLIENT_FLOW_H
#define CLIENT_FLOW_H

#include "client_answer.h"
#include "client_http.h"
#include "client_request.h"

#define CLIENT_WAIT_NO (-1) /* do not poll */
#define CLIENT_WAIT_FOREVER 0

struct client_flow {
	const char *who; /* for notes on stderr */
	struct client_http *http;
	int version; /* of the API: 1, 2, 3 */
	int retry;   /* seconds in which a busy gateway is asked again */
	int poll;    /* seconds between two looks at a pending request */
};

/*
 * Send the request. A busy gateway or a lost connection is answered by the same signed bytes again,
 * which the gateway knows as one request: never two certificates. GH_E_BUSY when that did not help.
 */
int client_flow_submit(const struct client_flow *f, const struct client_request *r,
    struct client_answer *out, struct gh_error *err) GH_MUSTCHECK;
/* The request as it stands now; with wait, until it is decided or so many seconds have passed. */
int client_flow_status(const struct client_flow *f, int64_t request_id, int wait,
    struct client_answer *out, struct gh_error *err) GH_MUSTCHECK;

#endif
