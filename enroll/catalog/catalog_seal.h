/* What keys are derived from the server secret for, by gh_derive_key. */
#ifndef ENROLL_SEAL_H
#define ENROLL_SEAL_H

#include <stddef.h>

#include "digest.h"

#define SEAL_LABEL_APP_SECRET "gatehouse application secret v1"
#define SEAL_LABEL_KEY_INDEX "gatehouse application key index v1"
#define SEAL_LABEL_WEBHOOK "gatehouse webhook secret v1"
#define SEAL_LABEL_CMC_SECRET "gatehouse CMC shared secret v1"
#define SEAL_LABEL_CMC_SIGNER "gatehouse CMC signer v1"
#define SEAL_LABEL_DIGEST_NONCE "gatehouse digest nonce v1"
#define SEAL_LABEL_EST_KEY "gatehouse EST key v1"
#define SEAL_LABEL_EST_USER "gatehouse EST user v1"
#define SEAL_LABEL_KEY_SIGNER "gatehouse signer of made keys v1"
#define SEAL_LABEL_PACKAGE "gatehouse package v1"
#define SEAL_LABEL_PACKAGE_SIGNER "gatehouse package signer v1"
#define SEAL_LABEL_PAGE "gatehouse page of the inventory v1"
#define SEAL_LABEL_TOKEN "gatehouse certenroll token v1"

/* As catalog_seal and catalog_unseal (catalog.h), for what the label says. */
int catalog_seal_as(const char *label, const unsigned char server_secret[32], const void *p,
    size_t n, char **out, struct gh_error *err) GH_MUSTCHECK;
int catalog_unseal_as(const char *label, const unsigned char server_secret[32], const char *text,
    unsigned char **out, size_t *out_len, struct gh_error *err) GH_MUSTCHECK;

/* The index of an application key under what SEAL_LABEL_KEY_INDEX gives: see catalog_key_index. */
void catalog_index(const unsigned char index_key[GH_KEY_SIZE], const void *key, size_t n,
    unsigned char out[32]);

#endif
