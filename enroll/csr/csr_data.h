/* A PKCS#10 as people bring it: a file or pasted text. */
#ifndef ENROLL_CSR_DATA_H
#define ENROLL_CSR_DATA_H

#include "formats/pkcs10.h"

/*
 * PEM (either label of RFC 7468, 7, text before and behind it), base64 alone, or DER. GH_E_CSR says
 * what it is instead: a private key (in PEM, base64 or DER: it is to be replaced, having left its
 * owner), a certificate, several requests, something binary, nothing. GH_E_TOO_LARGE. No message
 * has anything of it in it. *out by ca_pkcs10_free; its signature is not checked yet.
 */
int csr_data_parse(const void *data, size_t len, struct ca_pkcs10 **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
