/* The content of a CA's row, which its MAC covers (row_seal.h), as JSON. Setters return 0 or -1, as
 * those of json.h. */
#ifndef STORE_CA_JSON_H
#define STORE_CA_JSON_H

#include "issuing/ca.h"

/* Base64 of each certificate; NULL: out of memory. */
gh_json *ca_json_chain(const struct cert_chain *chain);
/* p NULL: null. */
int ca_json_set_bytes(gh_json *row, const char *name, const unsigned char *p, size_t n);
/* UTC seconds; null for a CA without certificate (t NULL). */
int ca_json_set_time(gh_json *row, const char *name, const ASN1_TIME *t);
/* Chain, validity, sealed key. */
int ca_json_set_certificate(gh_json *row, const struct ca *ca);
/* Policy, URLs, shards. */
int ca_json_set_settings(gh_json *row, const struct ca *ca);

#endif
