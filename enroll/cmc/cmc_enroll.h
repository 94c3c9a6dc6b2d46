/* The requests of a PKIData, one by one through the pipeline. */
#ifndef CMC_ENROLL_H
#define CMC_ENROLL_H

#include "cmc_run.h"

/* Proof of possession is looked at in all of them before any is served (RFC 5272, 6.7). */
void cmc_enroll(struct cmc_run *r);

/* A status that waits, with the token that queryPending is to bring. */
void cmc_wait(struct cmc_run *r, uint32_t body, const struct enroll_outcome *out);
/* The status of a certificate that is there: success, or confirmRequired (RFC 5272, 6.11). */
void cmc_issue(struct cmc_run *r, uint32_t body, int64_t cert_id);
/* An issued certificate and its issuers go into the answer. false: no memory. */
bool cmc_give(struct cmc_run *r, const struct cert_chain *chain) GH_MUSTCHECK;

#endif
