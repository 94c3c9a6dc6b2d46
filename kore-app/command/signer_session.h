/* What commands on CA keys have in common: a session and a signer of their own. */
#ifndef SIGNER_SESSION_H
#define SIGNER_SESSION_H

#include "own_signer.h"
#include "session.h"

/* Open both, do the work, close both. The exit code; a failure is told under the name who. */
int signer_session_run(const char *who, const char *conf,
    int (*work)(struct session *s, struct own_signer *signer, void *arg, struct gh_error *err),
    void *arg);

#endif
