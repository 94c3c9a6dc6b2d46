/*
 * What a worker gives for a CRL or an OCSP answer, hostile: checked for form, so that whatever
 * the signer puts its signature under is a CRL or an OCSP answer and nothing else. Allocates
 * nothing. All of them return GH_E_SIGNER and name the field.
 */
#ifndef SIGNER_SIGN_FIELDS_H
#define SIGNER_SIGN_FIELDS_H

#include "der.h"
#include "signer/protocol/protocol_sign.h"

#define SIGN_EXTENSIONS_MAX 16

/* Times, length, and extensions: no AKI, cRLNumber there (RFC 5280, 5.2.3). */
int sign_fields_check_crl(const struct signer_crl_fields *f, struct gh_error *err) GH_MUSTCHECK;
/* Whole entries of revokedCertificates, RFC 5280, 5.1.2.6. At least one. */
int sign_fields_check_entries(const unsigned char *p, size_t len,
    struct gh_error *err) GH_MUSTCHECK;
/* SingleResponses (one or more) and response extensions, RFC 6960, 4.2.1. */
int sign_fields_check_ocsp(const struct signer_ocsp_fields *f, struct gh_error *err) GH_MUSTCHECK;

#endif
