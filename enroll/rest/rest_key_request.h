/* /pki/keyrequests and /pki/keyrequest: recoveries asked for, looked at and decided; and the key
 * for whom it was approved. docs/pki-rest.md */
#ifndef ENROLL_REST_KEY_REQUEST_H
#define ENROLL_REST_KEY_REQUEST_H

#include "call.h"

/* POST /pki/keyrequest/recovery {key, "comment", and what to wrap it in} */
void rest_recovery(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /pki/keyrequests?state=&type=&key_id=&requester=&created_from=&created_to=&after=&limit= */
void rest_key_requests(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /pki/keyrequest/{id} and its status */
void rest_key_request(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* PUT /pki/keyrequest/{id}/status {"status":"approved|rejected|canceled","comment","signature"} */
void rest_key_request_decide(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* POST /pki/key/{kid} {"request", and what to wrap it in} */
void rest_key_retrieve(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
