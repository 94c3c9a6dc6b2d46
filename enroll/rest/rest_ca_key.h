/* The state of CA keys over REST: {"protection","token","usable"}. For those who administer: which
 * token holds a key is nobody else's business. docs/hsm.md */
#ifndef ENROLL_REST_CA_KEY_H
#define ENROLL_REST_CA_KEY_H

#include "env.h"
#include "json.h"

/* Sets "key" of rows that have "id" and "protection": what the signer of this node says now. Once
 * it does not answer it is asked no more, and "usable" is null. 0 or -1: out of memory. */
int rest_ca_keys_put(const struct worker_env *env, const gh_json *rows);
/* The same of one row. */
int rest_ca_key_put(const struct worker_env *env, gh_json *row);

#endif
