/* Signatures of packages that come from outside. */
#ifndef PACKAGE_SIGNATURE_H
#define PACKAGE_SIGNATURE_H

#include <openssl/x509.h>

#include "package_form.h"

/*
 * Is it signed with the key of a certificate that is in it, or of one of `signers` (may be NULL)?
 * Whether that certificate may is not asked: clients do so, against their trust anchors.
 * *is_checked false: it is not signed, or the certificate is not at hand. GH_E_BAD_REQUEST
 * (public): the signature is wrong, or the content constraints of the certificate (RFC 6010) do
 * not have its type of content.
 */
int package_signature_check(const struct package_form *f, STACK_OF(X509) * signers,
    bool *is_checked, struct gh_error *err) GH_MUSTCHECK;

#endif
