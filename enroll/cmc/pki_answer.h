/*
 * PKIResponse as a client reads it (RFC 5272, 4.2.1), of whatever server: its statuses, and which
 * message it answers. Pure; what it gives points into what it was given.
 */
#ifndef CMC_PKI_ANSWER_H
#define CMC_PKI_ANSWER_H

#include "der.h"

#include "cmc_status.h"

#define PKI_ANSWER_STATUSES_MAX 64

struct pki_answer {
	/* statusInfoV2; of a server that sends none, statusInfo. Of more than
	 * CMC_STATUS_BODIES_MAX parts, the first ones. */
	struct cmc_status status[PKI_ANSWER_STATUSES_MAX];
	size_t statuses;
	struct gh_der recipient_nonce; /* empty: none */
};

/* GH_E_BAD_REQUEST (public): no PKIResponse, or one whose statuses cannot be read: what was decided
 * is not known then. */
int pki_answer_read(const struct gh_der *der, struct pki_answer *out,
    struct gh_error *err) GH_MUSTCHECK;

/* As RFC 5272 calls them: "confirmRequired", "badIdentity"; "unknown". */
const char *cmc_state_name(enum cmc_state state);
const char *cmc_fail_name(enum cmc_fail fail);
/* For people: "it is not proven who asks". */
const char *cmc_fail_text(enum cmc_fail fail);

#endif
