/*
 * A message that nothing but a certificate of ours proves to be somebody's asks for another
 * certificate of the same holder (RFC 5272, 3.2; RFC 6402, 2.8): where the template takes names
 * from requests, they are those of that certificate, and others come by changeSubjectName only.
 */
#ifndef CMC_RENEWAL_H
#define CMC_RENEWAL_H

#include "cmc_run.h"

/* Request i. 0 also where it is no renewal. */
int cmc_renewal_check(struct cmc_run *r, size_t i) GH_MUSTCHECK;

/*
 * Where each certificate is renewed once: none of those that prove who asks was renewed, and
 * req->renews is the one that request i follows, unless an RA asks for another. The certificate of
 * the connection alone asks for nothing. req: request i, not yet recorded. GH_E_FORBIDDEN (public).
 */
int cmc_renewal_once(struct cmc_run *r, size_t i, struct enroll_request *req,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * The certificate that the one of request i takes the place of, for the records: the only one that
 * signed, whose holder asks for himself, of the same template and, where that takes names from
 * requests, for the same names; what else proves who he is does not matter. 0: none, or it is not
 * known which of several. req: request i.
 */
int64_t cmc_renewal_follows(const struct cmc_run *r, size_t i, const struct enroll_request *req);

#endif
