/* The parts of the overview. */
#ifndef CONSOLE_OVERVIEW_H
#define CONSOLE_OVERVIEW_H

#include "call.h"
#include "json.h"

/* house: what GET /pki/status says, to who may ask; else it is absent. */
int overview_put_house(struct worker_env *env, const struct call *call, gh_json *data,
    struct gh_error *err) GH_MUSTCHECK;
/* cas: each with its CRL; for who may know it, with its OCSP signer, by what is in house, and
 * whether its key waits for a password. */
int overview_put_cas(struct worker_env *env, const struct call *call, gh_json *data,
    struct gh_error *err) GH_MUSTCHECK;

#endif
