/* The CAs a signer has loaded, by id. Any thread may call. */
#ifndef SIGNER_ISSUER_TABLE_H
#define SIGNER_ISSUER_TABLE_H

#include "issuer.h"

#define SIGNER_ISSUERS_MAX 256 /* CAs of one signer */

struct issuer_table;

struct issuer_table *issuer_table_new(void);    /* NULL when out of memory */
void issuer_table_free(struct issuer_table *t); /* accepts NULL */
/* Takes over the caller's reference, also when it fails (GH_E_BUSY: table full). Replaces one of
 * the same id. */
int issuer_table_put(struct issuer_table *t, struct issuer *ca, struct gh_error *err) GH_MUSTCHECK;
/* A new reference, or NULL. */
struct issuer *issuer_table_get(
    struct issuer_table *t, const unsigned char ca_id[SIGNER_CA_ID_SIZE]);

#endif
