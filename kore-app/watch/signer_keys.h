/*
 * Keeps the signer's records of CA keys those of the database. A record that the signer has loaded
 * stays good until it is given a newer one: when a key comes under a password, or under another
 * one, every node's signer must drop what it has. Used by the thread that watches the catalog.
 */
#ifndef SIGNER_KEYS_H
#define SIGNER_KEYS_H

#include "catalog/catalog.h"
#include "signer/client/signer_client.h"

struct signer_keys;

int signer_keys_new(struct signer_keys **out, struct gh_error *err) GH_MUSTCHECK;
void signer_keys_free(struct signer_keys *k); /* accepts NULL */
/* Give the signer each record that is new or another one than at the last call; at the first call
 * that is all of them, since the signer may be older than this process and have what was true then.
 * It also learns the names of all CAs so, which it gives to nobody else (docs/security.md, "Names
 * of CAs"). What fails is given again by signer_keys_retry. */
void signer_keys_update(struct signer_keys *k, struct signer_client *signer,
    const struct ca_set *cas);
/* Does nothing unless the last update or retry failed. */
void signer_keys_retry(struct signer_keys *k, struct signer_client *signer,
    const struct ca_set *cas);

#endif
