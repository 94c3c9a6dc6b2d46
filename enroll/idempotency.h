/*
 * A key that the client chose for a call, so that a repeated call is known as such: it gets the
 * recorded answer, never a second certificate.
 */
#ifndef ENROLL_IDEMPOTENCY_H
#define ENROLL_IDEMPOTENCY_H

#include "call.h"
#include "digest.h"

#define IDEMPOTENCY_KEY_MAX 255 /* characters */

/* The header Idempotency-Key; *out is NULL when there is none. GH_E_BAD_REQUEST: it is there twice,
 * or is not 1 to IDEMPOTENCY_KEY_MAX printable characters. */
int idempotency_key(const struct gh_http_request *http, const char **out,
    struct gh_error *err) GH_MUSTCHECK;
/* The same check for a key that came otherwise. */
bool idempotency_key_is_valid(const char *key);

/* HMAC-SHA256, under a key of the gateway secret, over the client's key, requester, application and
 * what is called: the path. GH_E_NOMEM, GH_E_INTERNAL. */
int idempotency_mark(const unsigned char secret[GH_KEY_SIZE], const char *key,
    const struct requester *who, const char *path, unsigned char out[REPLAY_MARK_SIZE],
    struct gh_error *err) GH_MUSTCHECK;
/* HMAC-SHA256 of any bytes under the same key: of what nobody who reads the database is to try out.
 */
int idempotency_hmac(const unsigned char secret[GH_KEY_SIZE], const void *p, size_t n,
    unsigned char out[REPLAY_MARK_SIZE], struct gh_error *err) GH_MUSTCHECK;

#endif
