/*
 * Messages that come again. A request is marked by requester and senderNonce (or, without one, by
 * the whole message): the same message gets the recorded answer, on any node; the same nonce in
 * another message is refused. The marks are those of the pipeline, in the database.
 */
#ifndef CMC_REPLAY_H
#define CMC_REPLAY_H

#include "cmc_run.h"

/* Of the part of this number. GH_E_NOMEM, GH_E_INTERNAL. */
int cmc_replay_mark(const struct cmc_run *r, uint32_t body, struct enroll_request *req,
    struct gh_error *err) GH_MUSTCHECK;

#endif
