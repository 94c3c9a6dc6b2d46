/* Requests of one client of EST, as it may ask what became of them. */
#ifndef STORE_REQUEST_CLIENT_H
#define STORE_REQUEST_CLIENT_H

#include "request_poll.h"

#define STORE_CLIENT_REQUESTS_MAX 200 /* older ones are not looked at */
#define STORE_OPERATION_SIZE 32

struct store_client_request {
	struct store_polled polled;
	char operation[STORE_OPERATION_SIZE]; /* "simpleenroll"; "": of none that is asked again */
	char message[256];                    /* DispositionMessage */
	unsigned char *der;                   /* the certificate; NULL: none, or removed */
	size_t der_len;
};
struct store_client_requests {
	struct store_client_request *request; /* the newest first */
	size_t n;
};

/* Those by this label of who is the same (requester_is_same), whatever they came to.
 * store_client_requests_clear, also after a failure. */
int store_list_client_requests(struct store *s, const struct requester *who, const char *label,
    struct store_client_requests *out, struct gh_error *err) GH_MUSTCHECK;
void store_client_requests_clear(struct store_client_requests *l);

#endif
