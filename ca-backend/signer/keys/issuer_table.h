/* The CAs a signer has loaded, by id. Any thread may call. */
#ifndef SIGNER_ISSUER_TABLE_H
#define SIGNER_ISSUER_TABLE_H

#include "issuer.h"
#include "signer/protocol/protocol_keys.h"

#define SIGNER_ISSUERS_MAX 256 /* CAs of one signer */

struct issuer_table;

struct issuer_table *issuer_table_new(void);    /* NULL when out of memory */
void issuer_table_free(struct issuer_table *t); /* accepts NULL */
/*
 * Takes over the caller's references, also when it fails. Replaces one of the same id; the very
 * record that is loaded already changes nothing. One under a password comes locked, unless
 * reopened is given (else NULL): the same with its key, which takes the place of the old one
 * with its key as long as that would have lasted. It also puts out those with the same key and
 * without a password (earlier certificates of the CA). A full table gives up the OCSP signer that
 * ends first. GH_E_BUSY: full of CAs; GH_E_CONFLICT: as issuer_table_check says.
 */
int issuer_table_put(struct issuer_table *t, struct issuer *ca, struct issuer *reopened,
    struct gh_error *err) GH_MUSTCHECK;
/* A new reference, or NULL. Locked (issuer.h) when it is so now. */
struct issuer *issuer_table_get(struct issuer_table *t,
    const unsigned char ca_id[SIGNER_CA_ID_SIZE]);

/* GH_E_CONFLICT when what is loaded makes this one useless: a newer record of the same id, or one
 * of another kind (a token's key that was named for storage and for transport); or one with the
 * same key, no older, which has a password while this has none. */
int issuer_table_check(struct issuer_table *t, const struct issuer *ca,
    struct gh_error *err) GH_MUSTCHECK;

/* Give a loaded, locked issuer its key for so many seconds, which pass whatever happens to the
 * clock: open is the same issuer, from the same record, with the key. Takes over the reference.
 * *until: UTC seconds, for people. GH_E_CONFLICT: another record was loaded meanwhile. */
int issuer_table_unlock(struct issuer_table *t, struct issuer *open, uint32_t seconds,
    int64_t *until, struct gh_error *err) GH_MUSTCHECK;
/* Those who sign with it at this moment finish. GH_E_CONFLICT: it has no password. */
int issuer_table_lock(struct issuer_table *t, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    struct gh_error *err) GH_MUSTCHECK;
void issuer_table_state(struct issuer_table *t, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    struct signer_ca_state *out);
/* Free the keys whose time is over. To be called every second or so. */
void issuer_table_expire(struct issuer_table *t);

#endif
