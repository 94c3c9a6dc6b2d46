/* A pending request, taken up again to be decided: its application and the requester's entry are
 * looked up anew. */
#ifndef ENROLL_REOPEN_H
#define ENROLL_REOPEN_H

#include "decide.h"

/* e->req is set; e->profile and e->entry become what they are now. *entry: e's, to be freed when e
 * is done with; NULL where none is needed. GH_E_CONFLICT (public): the application is gone or
 * disabled, or another entry has the requester's name; failures of the directory. With e->err. */
int enroll_reopen(struct worker_env *env, struct enrollment *e,
    struct dir_entry **entry) GH_MUSTCHECK;

#endif
