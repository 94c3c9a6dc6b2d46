/*
 * Keys derived from the server secret (HKDF-SHA256, RFC 5869), one for each purpose, so that a value made
 * for one is worthless for another; and the keyed hash that application keys are looked up by.
 */
#ifndef ENROLL_SEAL_H
#define ENROLL_SEAL_H

#include <stddef.h>

#include "error.h"

#define SEAL_SECRET_SIZE 32              /* the server secret, and every key derived from it */

#define SEAL_LABEL_APP_SECRET "gatehouse application secret v1"
#define SEAL_LABEL_KEY_INDEX "gatehouse application key index v1"
#define SEAL_LABEL_TOKEN "gatehouse certenroll token v1"

/* out: wipe after use. GH_E_INTERNAL. */
int seal_derive(const unsigned char server_secret[SEAL_SECRET_SIZE], const char *label,
    unsigned char out[SEAL_SECRET_SIZE], struct gh_error *err) GH_MUSTCHECK;

#endif
