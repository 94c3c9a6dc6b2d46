/* POST /pki/keyrequest/archive: a wrapped secret for the KRA. docs/pki-rest.md */
#ifndef ENROLL_REST_ARCHIVE_H
#define ENROLL_REST_ARCHIVE_H

#include "call.h"

void rest_archive(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
