/* Parts of messages of CMC that come from files. */
#ifndef EST_CMC_PARTS_H
#define EST_CMC_PARTS_H

#include <openssl/x509.h>

#include "buf.h"
#include "error.h"

/* The first certificate of a PEM file. GH_E_CONF names it. */
int est_cmc_read_cert(const char *path, X509 **out, struct gh_error *err) GH_MUSTCHECK;
/* Asks for the SubjectKeyIdentifier by which the key of a request signs the message around it (RFC
 * 5272, 3.2), and signs the request again. */
int est_cmc_add_key_id(X509_REQ *req, EVP_PKEY *key, struct gh_error *err) GH_MUSTCHECK;
/* Append issuer and serial number of the certificate in a file, DER. */
int est_cmc_put_cert_id(const char *path, struct gh_buf *b, struct gh_error *err) GH_MUSTCHECK;

#endif
