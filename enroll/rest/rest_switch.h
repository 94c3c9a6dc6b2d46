/*
 * What is switched off and on over REST, for administrators: {"enabled"} in, {"name","enabled"}
 * out. CAs and labels of EST go on as the machine has said what they may; people are only switched
 * off (store_set_user).
 */
#ifndef ENROLL_REST_SWITCH_H
#define ENROLL_REST_SWITCH_H

#include "call.h"

/* PUT /pki/users/{profile}/status: false alone */
void rest_user_enable(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* PUT /pki/authorities/{name}/status: issuing; CRLs and OCSP answers go on */
void rest_authority_enable(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* PUT /pki/labels/{profile}/status */
void rest_label_enable(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
