/* The life of `gatehouse run` after its checks: signer, KRA and Kore, started, watched, stopped. */
#ifndef RUN_SUPERVISE_H
#define RUN_SUPERVISE_H

#include "conf.h"
#include "http/tls_pair.h"

/* conf_path: absolute. own_signer false: signer and KRA are somebody else's. Takes over *pair.
 * Returns when all have ended: 0 after SIGTERM or SIGINT; GH_E_INTERNAL when Kore ended by itself
 * or something did not start. */
int run_supervise(const struct gh_conf *conf, const char *conf_path, bool own_signer,
    struct tls_pair *pair, struct gh_error *err) GH_MUSTCHECK;

#endif
