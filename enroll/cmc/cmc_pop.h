/*
 * Possession of keys that do not sign (RFC 5272, 6.7): the first message is answered by a value
 * encrypted for the key (encryptedPOP), the second one brings a MAC by that value over the request
 * (decryptedPOP). Nothing is kept in between: the value is a MAC itself, by a key of the gateway,
 * over who asks, for which template, the request as it came, and the time; so it is good for this
 * request of this requester alone, on any node, and for half of the time that marks of messages are
 * kept at least. The mark of what was issued for it is of this value, so that it is good once.
 */
#ifndef CMC_POP_H
#define CMC_POP_H

#include "cmc_run.h"
#include "pki_response.h"

/* Takes what decryptedPOP proves, and refuses all where a request still awaits a proof. */
int cmc_pop_check(struct cmc_run *r) GH_MUSTCHECK;
/* Does an encryptedPOP go with the response, and which. */
int cmc_pop_put(const struct cmc_run *r, struct pki_response *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
