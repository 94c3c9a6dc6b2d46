/*
 * Messages that come again. A request is marked by requester and senderNonce (or, without one, by
 * the whole message): the same message gets the recorded answer, on any node; the same nonce in
 * another message is refused. The marks are those of the pipeline, in the database.
 */
#ifndef CMC_REPLAY_H
#define CMC_REPLAY_H

#include "cmc_run.h"

/* Of the request at this place, whatever its number: another message has another. GH_E_NOMEM,
 * GH_E_INTERNAL. */
int cmc_replay_mark(const struct cmc_run *r, size_t place, struct enroll_request *req,
    struct gh_error *err) GH_MUSTCHECK;

#endif
