#ifndef HEALTH_REST_STATUS_H
#define HEALTH_REST_STATUS_H

#include "call.h"

/* GET /pki/status: how the house is, for who has a role. docs/monitoring.md */
void rest_status(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
