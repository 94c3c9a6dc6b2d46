/* GET /pki/certificates as a file: CSV or lines of JSON of any length. docs/inventory.md */
#ifndef ENROLL_REST_CERTIFICATE_EXPORT_H
#define ENROLL_REST_CERTIFICATE_EXPORT_H

#include "rest_certificate_asked.h"

/* Answers with all that fits, of which one page is in memory. Takes over what a holds, which is
 * zeroed, but for a failure. */
int rest_certificate_export(struct worker_env *env, struct rest_asked *a, struct gh_http_reply *rep,
    struct gh_error *err) GH_MUSTCHECK;

#endif
