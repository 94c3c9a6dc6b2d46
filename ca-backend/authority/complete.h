/* The certificate that a CA elsewhere signed for a request of csr.h. */
#ifndef AUTHORITY_COMPLETE_H
#define AUTHORITY_COMPLETE_H

#include "authority.h"

/*
 * chain: the CA's certificate, then its issuers in order; taken over, also after a failure. A
 * pending CA becomes active; another one is renewed, with the same key. *out: the CA as it is then,
 * for ca_free. GH_E_NOT_FOUND; GH_E_CONFLICT: it has this certificate, or the subject is another;
 * GH_E_SIGNER: another key; GH_E_CA_PASSWORD.
 */
int authority_complete(const struct authority *a, const char *name, struct cert_chain *chain,
    struct ca **out, struct gh_error *err) GH_MUSTCHECK;

#endif
