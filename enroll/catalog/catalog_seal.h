/* What keys are derived from the server secret for, by gh_derive_key. */
#ifndef ENROLL_SEAL_H
#define ENROLL_SEAL_H

#include <stddef.h>

#include "digest.h"

#define SEAL_LABEL_APP_SECRET "gatehouse application secret v1"
#define SEAL_LABEL_KEY_INDEX "gatehouse application key index v1"
#define SEAL_LABEL_TOKEN "gatehouse certenroll token v1"

/* The index of an application key under what SEAL_LABEL_KEY_INDEX gives: see catalog_key_index. */
void catalog_index(const unsigned char index_key[GH_KEY_SIZE], const void *key, size_t n,
    unsigned char out[32]);

#endif
