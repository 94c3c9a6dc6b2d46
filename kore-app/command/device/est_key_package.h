/* A private key that an EST server made: AsymmetricKeyPackage (RFC 5958), signed (RFC 7030, 4.4.2).
 */
#ifndef EST_KEY_PACKAGE_H
#define EST_KEY_PACKAGE_H

#include <openssl/x509.h>

#include "der.h"
#include "error.h"

/*
 * in: a SignedData (not its ContentInfo), with one signature by a certificate that is in it, chains
 * to a self-signed one of cas, and may make keys: its extended key usage is id-kp-cmKGA (RFC
 * 9480, 2.2), id-kp-cmcCA or id-kp-cmcRA (RFC 6402, 2.10); others of the same CA are other
 * devices'. *out: its one key. GH_E_BAD_REQUEST: it is none; GH_E_FORBIDDEN: who signed it may not.
 */
int est_key_package_open(const struct gh_der *in, STACK_OF(X509) * cas, EVP_PKEY **out,
    struct gh_error *err) GH_MUSTCHECK;

/* The one key of an AsymmetricKeyPackage; versions 1 and 2 of OneAsymmetricKey. GH_E_BAD_REQUEST.
 */
int est_key_package_read(const struct gh_der *package, EVP_PKEY **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
