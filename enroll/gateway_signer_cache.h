/*
 * Signers that were read already: to read a key costs more than to sign with it. Which row is in
 * use is asked of the database each time; only its bytes become a key once.
 */
#ifndef ENROLL_GATEWAY_SIGNER_CACHE_H
#define ENROLL_GATEWAY_SIGNER_CACHE_H

#include "gateway_signer.h"

/* The key and certificate of these very bytes, which were read for this use (any text, the same for
 * both functions): a row that was moved to another use is not known. false: they were not kept.
 * *out is the caller's. */
bool gateway_signer_cache_find(const char *use, const struct store_signer *row,
    struct gateway_signer *out);
/* Keep them; of several CAs the newest few. Any thread. */
void gateway_signer_cache_add(const char *use, const struct store_signer *row,
    const struct gateway_signer *s);

#endif
