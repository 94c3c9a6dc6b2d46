/* Certificates in a row, as clients of CertEnroll and EST take them. */
#ifndef CA_PKCS7_H
#define CA_PKCS7_H

#include "der.h"
#include "enroll_request.h"
#include "error.h"

/*
 * Certs-only SignedData (RFC 2315, version 1; RFC 5272, 4.1 "simple response") with the
 * certificates in the order given: not DER-sorted, since clients take the first one as the leaf.
 * n: up to CA_PKCS7_CERTS_MAX. *der malloc'd.
 */
#define CA_PKCS7_CERTS_MAX 64
int ca_pkcs7_encode_certs(const struct gh_der *cert, size_t n, unsigned char **der, size_t *der_len,
    struct gh_error *err) GH_MUSTCHECK;
/* The same of a chain. */
int ca_pkcs7_encode(const struct cert_chain *chain, unsigned char **der, size_t *der_len,
    struct gh_error *err) GH_MUSTCHECK;

/* The same with CRLs and nothing else. GH_E_NOMEM: also of more than 64 MiB. */
int ca_pkcs7_encode_crls(const struct gh_der *crl, size_t n, unsigned char **der, size_t *der_len,
    struct gh_error *err) GH_MUSTCHECK;
/* Bytes of one with so many bytes of certificates, or of CRLs. */
size_t ca_pkcs7_size(size_t items);

#endif
