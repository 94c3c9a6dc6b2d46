/*
 * Full CMC (RFC 5272, 6402): a request in, a response out. Knows nothing of the transport: who
 * calls, and what he may ask for, is said by the context. docs/cmc.md
 */
#ifndef ENROLL_CMC_H
#define ENROLL_CMC_H

#include "buf.h"

#include "decide.h"

struct store_own_cert; /* store/status/revocation.h */

/* All borrowed. */
struct cmc_context {
	struct worker_env *env;
	/* Whom the transport has authenticated; NULL or of kind REQUESTER_NONE: nobody. */
	const struct requester *caller;
	struct dir_entry *entry; /* of the caller; NULL: none, or not known */
	const struct enroll_profile *profile;
	const char *template_name;
	const char *label;      /* by which pending requests find the profile again; NULL: none */
	const char *operation;  /* by which its outcome is asked for; NULL: by none */
	const char *address;    /* of the peer, for the records */
	const char *request_id; /* of the call */
	enum enroll_protocol protocol; /* for the records */
	int64_t poll_after;            /* seconds until one that waits asks again */
	/* SHA-1 of the first version is taken and statusInfo sent, too (cmc_legacy.h). */
	bool is_legacy;
	/* Seconds that signingTime may be away from the time here; 0: any. */
	int64_t time_window;
	/* Does a certificate of ours, of which this is known, say who asks? NULL: any does. */
	bool (*takes_cert)(const void *arg, const struct store_own_cert *own);
	const void *takes_arg;
	/* Seconds before its end from which on a certificate is renewed; 0: as the template says.
	 */
	int64_t renewal_window;
	/* Seconds in which the client confirms what it got, or it is revoked; 0: it need not. */
	int64_t confirm_within;
	/* A signature by a certificate is no ground to certify its key once more. */
	bool forbids_key_reuse;
	/* Each certificate is renewed once; is_spent: the one of the call was. caller_renews:
	 * caller is known by such a one, which is no proof for what is enrolled: that is its
	 * renewal. */
	bool renews_once, is_spent, caller_renews;
	/* A message that came encrypted is answered by one that is, where the key that signed it
	 * can be encrypted for. */
	bool encrypts_answers;
	/* Who signs by a certificate with id-kp-cmcRA may send messages of others. */
	bool takes_ra;
	/* And is believed that the holder of a key that does not sign has it (lraPOPWitness). */
	bool takes_ra_pop;
};

struct cmc_answer {
	unsigned char *body; /* DER, malloc'd */
	size_t len;
	bool is_full;    /* a PKIResponse; false: certificates only */
	bool is_pending; /* something waits, and nothing failed */
	int rc;          /* 0, or the first failure where nothing of the request was done */
	struct gh_error err;
	/* A proof was wrong in a message inside, of which rc says nothing; code 0: none. It counts
	 * as a guess. */
	struct gh_error guess;
};

/* There is always a body, but where there is no memory for it (rc says so). */
void cmc_answer(const struct cmc_context *ctx, const unsigned char *ber, size_t len,
    struct cmc_answer *out);
void cmc_answer_clear(struct cmc_answer *out);

#endif
