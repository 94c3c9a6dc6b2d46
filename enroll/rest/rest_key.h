/* /pki/keys and /pki/key/{kid}: what the KRA keeps, without the secrets. docs/pki-rest.md */
#ifndef ENROLL_REST_KEY_H
#define ENROLL_REST_KEY_H

#include "call.h"

/* GET /pki/keys?owner=&client_id=&state=&certificate_id=&created_from=&created_to=&after=&limit= */
void rest_keys(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /pki/key/{kid} and its status */
void rest_key(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* PUT /pki/key/{kid}/status {"status":"active|inactive","comment"} */
void rest_key_change(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
