/*
 * Is everything that the gateway needs reachable? Threads ask database, signer and directory once a
 * second, and the signer for CA keys in PKCS#11 tokens: those that are unreachable are shown, but
 * concern no other CA, so the gateway is ready; likewise without the KRA. The answers to /healthz,
 * /readyz and /metrics come from memory and never block.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include "watch/catalog_watch.h"
#include "certenroll/ce.h"
#include "conf.h"
#include "dir.h"
#include "http.h"

struct health;

/* Starts the threads. All three must outlive it; it lives as long as the process. */
int health_new(const struct gh_conf *conf, struct dir_shared *dir, struct catalog_watch *catalog,
    struct health **out, struct gh_error *err) GH_MUSTCHECK;

/* The health that the handlers below report; NULL: everything is unknown. */
void health_publish(struct health *h);

/* Handlers for the event loop. */
void health_live(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void health_ready(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
