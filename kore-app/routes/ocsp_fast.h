/*
 * Cached OCSP answers: on the event loop, from the bytes that were received, without a copy of the
 * request, a request id, or a line in the log.
 */
#ifndef OCSP_FAST_H
#define OCSP_FAST_H

#include <stdbool.h>

struct worker_env;
struct http_conn;
struct route_match;

/* As route.fast. env: conf, and ocsp, which may be NULL. */
bool ocsp_fast(const struct worker_env *env, struct http_conn *c, const struct route_match *m);

#endif
