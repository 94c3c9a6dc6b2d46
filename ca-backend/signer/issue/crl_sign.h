/*
 * A CRL that is signed while its entries pass by: RFC 5280, 5.1. The TBSCertList is never in
 * memory at once, but for a CA with an Ed25519 key.
 */
#ifndef SIGNER_CRL_SIGN_H
#define SIGNER_CRL_SIGN_H

#include "signer/keys/issuer.h"
#include "signer/protocol/protocol_sign.h"

#define CRL_HEAD_MAX (16 * 1024)
#define CRL_TAIL_MAX (SIGNER_CRL_EXTENSIONS_MAX + 1024)

struct crl_sign;

/* Checks the fields and appends the head: TBSCertList up to its first entry. *out to be freed. */
int crl_sign_begin(const struct issuer *ca, const struct signer_crl_fields *f,
    struct crl_sign **out, struct gh_buf *head, struct gh_error *err) GH_MUSTCHECK;
/* Whole entries. After a failure only crl_sign_free. */
int crl_sign_entries(struct crl_sign *c, const unsigned char *p, size_t len,
    struct gh_error *err) GH_MUSTCHECK;
/* Appends crlExtensions to tail, signatureAlgorithm and signatureValue to sig. ca: the one of
 * begin, as it is loaded by now (it may have been loaded anew). */
int crl_sign_end(struct crl_sign *c, const struct issuer *ca, struct gh_buf *tail,
    struct gh_buf *sig, struct gh_error *err) GH_MUSTCHECK;
const unsigned char *crl_sign_ca_id(const struct crl_sign *c);
void crl_sign_free(struct crl_sign *c); /* accepts NULL */

#endif
