/* Certificates on their way out: DER to PEM, and what a person wants to read of one. */
#ifndef CERT_OUTPUT_H
#define CERT_OUTPUT_H

#include <stdio.h>

#include "formats/enroll_request.h"
#include "json.h"

/* Writes to f; COMMAND_OK or COMMAND_FAILED. */
int pem_write_certificate(FILE *f, const unsigned char *der, size_t len);
/* The first certificates (at most max) of an array of base64 texts, as PEM. */
int pem_write_chain(FILE *f, const gh_json *chain, size_t max);
/* As `openssl x509 -text`. */
int pem_write_text(FILE *f, const unsigned char *der, size_t len);
/* PEM of all certificates, malloc'd; NULL when out of memory or a certificate does not parse. */
char *pem_chain_text(const struct cert_chain *chain);

#endif
