/*
 * Messages of others that an RA sends on (RFC 5272, 6.17): batchRequests names those in cmsSequence
 * that are to be served, each as if it had come by itself, and batchResponses their answers, in the
 * same order. An RA may send on what another RA sent to it, a few layers deep. docs/cmc.md
 */
#ifndef CMC_BATCH_H
#define CMC_BATCH_H

#include "cmc_run.h"
#include "pki_response.h"

#define CMC_BATCH_SIGNATURES_MAX 32 /* in all messages inside together, over all layers */

/*
 * Is the one who is proven an RA here, and are the messages there, and not too many? Reads them;
 * one that cannot be read has its failure in its own answer. 0 also where there is no
 * batchRequests.
 */
int cmc_batch_read(struct cmc_run *r) GH_MUSTCHECK;
/* What came encrypted inside of another message counts once it is believed. 0, or refused. */
int cmc_batch_count_late(struct cmc_run *r) GH_MUSTCHECK;
void cmc_batch_serve(struct cmc_run *r, const struct pki_control *c);
/* The answers go with the response. GH_E_NOMEM. */
int cmc_batch_put(const struct cmc_run *r, struct pki_response *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The first wrong proof in a message inside; code 0: none was. */
void cmc_batch_guess(const struct cmc_run *r, struct gh_error *out);
/* A message inside that is read and not served yet, by its number; borrowed; NULL: none. */
const struct cmc_run *cmc_batch_find(const struct cmc_run *r, uint32_t id);
void cmc_batch_free(struct cmc_batch *b); /* accepts NULL */

#endif
