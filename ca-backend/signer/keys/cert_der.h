/* Certificates that come with a call. */
#ifndef SIGNER_CERT_DER_H
#define SIGNER_CERT_DER_H

#include <openssl/x509.h>

#include "der.h"

/* NULL: it is none, or something is behind it. */
X509 *cert_der_read(const struct gh_der *der);

#endif
