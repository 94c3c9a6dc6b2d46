/* The certificates of a PKCS#12 (RFC 7292). Its private keys are counted and never decrypted. */
#ifndef CA_CERT_BUNDLE_PKCS12_H
#define CA_CERT_BUNDLE_PKCS12_H

#include "cert_bundle.h"

/* GH_E_AUTH_FAILED: the password, or the file is damaged. GH_E_BAD_REQUEST: no PKCS#12, or one that
 * would take too long to open. */
int cert_bundle_pkcs12(struct cert_bundle *b, const struct gh_der *in, const char *password,
    struct gh_error *err) GH_MUSTCHECK;

#endif
