/*
 * The link of identity and possession (RFC 5272, 6.3): each request has a witness of the shared
 * secret over the number in popLinkRandom, as attribute of a PKCS#10, as control of a CRMF.
 */
#ifndef CMC_POP_LINK_H
#define CMC_POP_LINK_H

#include "cmc_run.h"

/* 0 where there is no popLinkRandom, and no request has a witness. */
int cmc_pop_link_check(struct cmc_run *r) GH_MUSTCHECK;

#endif
