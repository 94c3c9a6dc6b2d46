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

#endif
