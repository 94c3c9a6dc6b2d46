/* Errors of EST: plain text, which every client can show (RFC 7030, 4.2.3; RFC 8951, 5). */
#ifndef ENROLL_EST_ERROR_H
#define ENROLL_EST_ERROR_H

#include "error.h"
#include "http.h"

/* Fills all of the reply but a challenge. */
void est_error(const struct gh_error *err, struct gh_http_reply *rep);

#endif
