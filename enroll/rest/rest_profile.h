/* /pki/profiles: what may be enrolled for over REST. docs/pki-rest.md */
#ifndef ENROLL_REST_PROFILE_H
#define ENROLL_REST_PROFILE_H

#include "call.h"

void rest_profile_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* {profile} of the path. */
void rest_profile_show(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#define REST_PROFILE "/pki/profile/" /* and a name */

#endif
