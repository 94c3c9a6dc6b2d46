/* Keys that were made here (RFC 8295, 8), in records of delivery. */
#ifndef PACKAGE_MADE_KEY_H
#define PACKAGE_MADE_KEY_H

#include "call.h"
#include "der.h"

#define MADE_KEY_ID_SIZE 32 /* bytes: SHA-256 of the certificate (signer/kra/key_package.h) */
#define MADE_KEY_OBJECT_SIZE (sizeof("key/") + 2 * (size_t)MADE_KEY_ID_SIZE)

/* "key/HEX"; false: this is the identifier of no such key. */
bool made_key_object(const struct gh_der *id, char out[MADE_KEY_OBJECT_SIZE]);

/* Before the answer with the key of this certificate (DER) is sent to the caller. */
int made_key_record(struct worker_env *env, const struct call *call, const struct gh_der *cert,
    struct gh_error *err) GH_MUSTCHECK;

#endif
