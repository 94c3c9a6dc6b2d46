/* GET /static/{name}: style sheet and icons. */
#ifndef PAGE_FILE_H
#define PAGE_FILE_H

#include "call.h"

/* On the event loop. */
void page_file_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
