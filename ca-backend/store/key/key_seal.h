/*
 * MACs of requests for recovery and of their approvals, under the key of row_seal.h: who can write
 * the database makes no approval, and turns none to another request. A request's is over its id and
 * all that is asked and agreed to, an approval's over that MAC, agent, comment and signature. The
 * state is in neither: approvals that are sealed are counted when the key is given out.
 */
#ifndef STORE_KEY_SEAL_H
#define STORE_KEY_SEAL_H

#include "store/grant/row_seal.h"

#include "key_request.h"

/* Over what of it stands in the row, comment included. */
int key_seal_request(const struct store *s, const struct store_key_request *r, const char *comment,
    unsigned char out[ROW_SEAL_SIZE], struct gh_error *err) GH_MUSTCHECK;

struct key_seal_approval {
	const char *agent_id, *agent;
	const char *comment;     /* or NULL */
	struct gh_der signature; /* or empty */
};
/* of: the request's. */
int key_seal_approval(const struct store *s, int64_t request, const unsigned char of[ROW_SEAL_SIZE],
    const struct key_seal_approval *a, unsigned char out[ROW_SEAL_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

#endif
