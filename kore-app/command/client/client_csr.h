/* The PKCS#10 of the enrollment client (RFC 2986). */
#ifndef CLIENT_CSR_H
#define CLIENT_CSR_H

#include <stddef.h>

#include <openssl/x509.h>

#include "error.h"

/*
 * subject: DN as gh_dn_parse takes it; NULL or "" = empty: templates that take names from the
 * directory ignore it. san: NULL-ended list of "dns:", "email:", "upn:", "ip:" or "uri:" names; may
 * be empty. GH_E_CONF.
 */
int client_csr_build(EVP_PKEY *key, const char *subject, const char *const *san, X509_REQ **out,
    struct gh_error *err) GH_MUSTCHECK;
/* Sign, also again after a change, with the hash that fits the key. GH_E_CONF: it cannot sign. */
int client_csr_sign(X509_REQ *req, EVP_PKEY *key, struct gh_error *err) GH_MUSTCHECK;
/* PEM or DER file. */
int client_csr_load(const char *path, X509_REQ **out, struct gh_error *err) GH_MUSTCHECK;
/* Base64 of the DER, one line, malloc'd; NULL when out of memory. */
char *client_csr_base64(X509_REQ *req);

#endif
