/* The first page: what the caller may do here, and what everybody may fetch. */
#ifndef PAGE_HOME_H
#define PAGE_HOME_H

#include "call.h"

/* GET / */
void page_home(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
