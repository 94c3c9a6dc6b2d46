/*
 * The CAs a signer has heard of since its start: names and keys that no end entity gets. Loaded
 * issuers stay known when they are replaced or given up. Any thread may call.
 */
#ifndef SIGNER_CA_KNOWN_H
#define SIGNER_CA_KNOWN_H

#include "cert_fields.h"
#include "signer/keys/issuer.h"

struct ca_known;

struct ca_known *ca_known_new(void);    /* NULL when out of memory */
void ca_known_free(struct ca_known *k); /* accepts NULL */

/* Name and key of a CA, and the name of its own issuer; of an OCSP signer its key. */
int ca_known_add(struct ca_known *k, const struct issuer *ca, struct gh_error *err) GH_MUSTCHECK;
/* GH_E_CA_POLICY: an end entity with the name of a known CA, as subject or directoryName; anybody
 * with a known key. */
int ca_known_check(struct ca_known *k, const struct cert_facts *c,
    struct gh_error *err) GH_MUSTCHECK;

#endif
