/*
 * What an RA says of the messages and requests that it sends on, control by control: a strict
 * reader without policy. Who is believed, and what comes of it: cmc_ra.h.
 */
#ifndef CMC_RA_STATEMENT_H
#define CMC_RA_STATEMENT_H

#include "pki_data.h"

#define RA_STATEMENTS_MAX 64
#define RA_PATH_MAX 3 /* messages inside of one another */

struct ra_statement {
	const struct pki_control *control; /* borrowed */
	/* bodyPartIDs of messages, from the one that the control is in to the one that is meant;
	 * none: that itself. */
	uint32_t path[RA_PATH_MAX];
	size_t depth;
	/* of what is meant in it: requests; of controlProcessed a control; of raIdentityWitness any
	 * part */
	uint32_t id[PKI_DATA_REQUESTS_MAX];
	size_t ids;
	/* of addExtensions and modCertTemplate; they point into the value of the control */
	bool removes; /* the fields that are named, whatever they hold */
	bool has_subject;
	struct gh_der subject;    /* Name, whole */
	struct gh_der extensions; /* Extensions one by one: not looked at */
};

struct ra_statements {
	struct ra_statement one[RA_STATEMENTS_MAX];
	size_t n;
};

/* Is it for RAs alone? Not batchRequests, which has a reader of its own. */
bool ra_statement_is(enum cmc_kind kind);
/*
 * Append what this control says. GH_E_BAD_REQUEST (public): malformed, a path or a list that is too
 * long, more than RA_STATEMENTS_MAX altogether; a CertTemplate with publicKey, serialNumber or
 * signingAlg.
 */
int ra_statement_read(const struct pki_control *c, struct ra_statements *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
