/*
 * What signs responses (RFC 5272, 4.2): a key of the gateway with a certificate of the CA for
 * id-kp- cmcCA (RFC 6402, 2.10), one for each CA. It is made when the first response is to be
 * signed, and anew in the last third of its life; all nodes share it. Never the CA's own key: that
 * one signs certificates and CRLs only.
 */
#ifndef CMC_SIGNER_H
#define CMC_SIGNER_H

#include <openssl/x509.h>

#include "env.h"

#define CMC_SIGNER_DAYS 90

struct cmc_signer {
	EVP_PKEY *key;
	X509 *cert;
};

/* GH_E_CA_UNAVAILABLE, GH_E_CA_LOCKED, GH_E_SIGNER...: there is none, and none can be made; one
 * that is valid stays in use when no new one can be made. */
int cmc_signer_find(struct worker_env *env, const struct ca *ca, struct cmc_signer *out,
    struct gh_error *err) GH_MUSTCHECK;
void cmc_signer_clear(struct cmc_signer *s); /* accepts an empty one */

#endif
