/* A template over REST: what `gatehouse template show` and `template check` tell, by the same code.
 * docs/templates.md */
#ifndef ENROLL_REST_TEMPLATE_H
#define ENROLL_REST_TEMPLATE_H

#include "call.h"

/* GET /pki/templates/{profile}: the active version, as it is in its file, as clients see it, and
 * which rules against unsafe templates it matches */
void rest_template(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
