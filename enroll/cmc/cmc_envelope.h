/*
 * The envelopes of a request (RFC 5272, 5): Signed{PKIData}, Enveloped{Signed{PKIData}} and
 * Signed{Enveloped{Signed{PKIData}}}, with AuthenticatedData in place of the innermost SignedData
 * (3.2). Nothing deeper.
 */
#ifndef CMC_ENVELOPE_H
#define CMC_ENVELOPE_H

#include "cmc_run.h"

/* Fills outer, message or authenticated, content and is_enveloped. *type: content of the OID of the
 * content, borrowed from them. */
int cmc_envelope_open(struct cmc_run *r, const unsigned char *ber, size_t len, struct gh_der *type,
    struct gh_error *err) GH_MUSTCHECK;
/*
 * What was encrypted has failed before its signature was seen to be right: whatever it was, one
 * answer, and nothing of the message comes back in it. CBC lets anybody change what is decrypted:
 * what the parts of it are told to be would be read out of the answers.
 */
void cmc_envelope_hide(struct cmc_run *r);
/* One that came encrypted is not looked at now: this is the answer, whatever could be read of it.
 */
void cmc_envelope_put_off(struct cmc_run *r, const struct gh_error *err);

#endif
