/* Certificates on their way out: DER to PEM, and what a person wants to read of one. */
#ifndef CERT_OUTPUT_H
#define CERT_OUTPUT_H

#include <stdio.h>

#include "formats/enroll_request.h"
#include "json.h"
#include "store/store.h"

/* Writes to f; COMMAND_OK or COMMAND_FAILED. */
int pem_write_certificate(FILE *f, const unsigned char *der, size_t len);
/* The first certificates (at most max) of an array of base64 texts, as PEM. */
int pem_write_chain(FILE *f, const gh_json *chain, size_t max);
/* As `openssl x509 -text`. */
int pem_write_text(FILE *f, const unsigned char *der, size_t len);
/* PEM of all certificates, malloc'd; NULL when out of memory or a certificate does not parse. */
char *pem_chain_text(const struct cert_chain *chain);

/* The object of store_get_cert with "archived_key" as REST has it: the id of its key, or null. */
int cert_output_read(struct store *s, const char *id, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
