/*
 * The header Idempotency-Key: a client that got no answer sends the same request with the same key
 * again, and gets the recorded answer, never a second certificate.
 */
#ifndef ENROLL_REST_IDEMPOTENCY_H
#define ENROLL_REST_IDEMPOTENCY_H

#include "call.h"
#include "digest.h"

/* Of a call with the header: idempotency_mark; and the SHA-256 of the body, its type and the
 * parameters. */
struct rest_mark {
	bool is_there;
	unsigned char mark[REPLAY_MARK_SIZE], content[REPLAY_MARK_SIZE];
};
/* As idempotency_key and idempotency_mark. */
int rest_mark_read(const unsigned char secret[GH_KEY_SIZE], const struct call *call,
    const struct requester *who, struct rest_mark *out, struct gh_error *err) GH_MUSTCHECK;

/* The replay mark and content of req, whose requester is set. Without the header req is left alone.
 * The same errors. */
int rest_idempotency(const unsigned char secret[GH_KEY_SIZE], const struct call *call,
    struct enroll_request *req, struct gh_error *err) GH_MUSTCHECK;

#endif
