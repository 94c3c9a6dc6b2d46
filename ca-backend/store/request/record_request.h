/*
 * Enrollments in batches: the look-up of replay marks, and the record of decided requests. Each
 * member has its own result; one that fails or is a replay harms none of the others.
 */
#ifndef STORE_RECORD_REQUEST_H
#define STORE_RECORD_REQUEST_H

#include "store/store.h"

#define STORE_BATCH_MAX 16

struct store_new_key; /* store/key/archived_key.h */

/*
 * One request to record: request row, certificate row (disposition issued; leaf =
 * out->chain.cert[0]), replay mark, audit row. out gets cms_request_id and cms_id. When the mark
 * exists already, nothing is written, and out becomes the recorded answer, with is_replay set and
 * only the leaf in its chain, which the caller completes with the CA of ca_id.
 */
struct store_recording {
	struct store_decision decision;
	/* The private key of the request, in the same commit: active with its certificate, and
	 * pending with a request that waits; what is kept of it, too. With a denial it is not kept.
	 * NULL: none. Of n, request_id does not count. */
	const struct store_new_key *key;
	struct enroll_outcome
	    *out; /* decided; after success with its ids, or the recorded answer */
	/* results */
	int rc; /* GH_E_REPLAY: the mark is another requester's; GH_E_CONFLICT: it was recorded
		 * for another content, or (public) the client id is another key's;
		 * GH_E_FORBIDDEN (public): what it renews was renewed meanwhile. After a failure
		 * out is as it was. */
	struct gh_error err; /* when rc is not 0 */
	int64_t ca_id;       /* issuer of a recorded answer; 0 otherwise */
};

/*
 * Record n requests, 1 to STORE_BATCH_MAX: one statement, one round trip, one commit; those with a
 * private key have each their own, in which certificate and key are there both or not at all. A
 * member whose mark is recorded already, by another call or by a member before it, becomes the
 * recorded answer. When the statement is refused (not: when the database is away), the members are
 * recorded singly, so that each gets its own error. When the answer is lost with the connection,
 * the whole is sent once more, and each member finds by its mark what the first one has written.
 */
void store_record_batch(struct store *s, struct store_recording *m, size_t n);

/* One mark to look up. */
struct store_replay {
	const struct requester *who;  /* borrowed until collected, as the next three */
	const unsigned char *mark;    /* REPLAY_MARK_SIZE bytes */
	const unsigned char *content; /* the same of req->replay_content; NULL: not compared */
	struct enroll_outcome *out;   /* filled when found; the leaf alone in its chain */
	/* results; also after send, while the answer is on its way, and then not yet to be read */
	int rc; /* 0; GH_E_REPLAY: recorded for another requester; GH_E_CONFLICT: for another
		 * content */
	struct gh_error err;
	bool found;
	int64_t ca_id;
};

/*
 * Ask for n marks, 1 to STORE_BATCH_MAX, and take the answer: between the two the caller may work
 * while PostgreSQL looks, and nobody uses the connection. What goes wrong with sending shows when
 * the answer is collected, which is therefore always to be done; a connection that was lost is
 * replaced there, and asked once more. m is the same in both calls. The deadline is the statement's
 * timeout after sending. Equal marks within a batch are not told from each other: both are not
 * found.
 */
void store_find_replays_send(struct store *s, struct store_replay *m, size_t n);
void store_find_replays_collect(struct store *s, struct store_replay *m, size_t n);

#endif
