/* /pki/searches: searches of the inventory that people keep. docs/inventory.md */
#ifndef ENROLL_REST_SAVED_SEARCH_H
#define ENROLL_REST_SAVED_SEARCH_H

#include "rest.h"

void rest_saved_searches(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* By {name} */
void rest_saved_search(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* {"query","description","order_by","order","fields","shared"} */
void rest_saved_search_put(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void rest_saved_search_remove(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
