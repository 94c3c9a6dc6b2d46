/*
 * Keys of the gateway that sign what is not a certificate, with a certificate of the CA: responses
 * of CMC (RFC 5272, 4.2), for which requests of CMC are encrypted, too, and private keys (RFC
 * 7030, 4.4.2) and packages that are made here. One for each CA and use. It is made when the first
 * one is to be signed, and anew in the last third of its life; all nodes share it. Never the CA's
 * own key: that one signs certificates and CRLs only.
 */
#ifndef ENROLL_GATEWAY_SIGNER_H
#define ENROLL_GATEWAY_SIGNER_H

#include <openssl/x509.h>

#include "formats/cms_enveloped.h"
#include "store/status/delegated_signer.h"

#include "env.h"

#define GATEWAY_SIGNER_DAYS 90

struct gateway_signer {
	EVP_PKEY *key;
	X509 *cert;
};

/* use: not that of OCSP, whose keys are in the signer. GH_E_CA_UNAVAILABLE, GH_E_CA_LOCKED,
 * GH_E_SIGNER...: there is none, and none can be made; one that is valid stays in use when no new
 * one can be made. */
int gateway_signer_find(struct worker_env *env, enum store_signer_use use, const struct ca *ca,
    struct gateway_signer *out, struct gh_error *err) GH_MUSTCHECK;
/* The one of CMC, of any CA, that this message is encrypted for. GH_E_SIGNATURE (public): there is
 * none. */
int gateway_signer_find_recipient(struct worker_env *env, const struct cms_enveloped *message,
    struct gateway_signer *out, struct gh_error *err) GH_MUSTCHECK;
void gateway_signer_clear(struct gateway_signer *s); /* accepts an empty one */

#endif
