/*
 * An API application: how CertEnroll's callers prove which program they are, by a key and an HMAC.
 * What they may ask for is its profile.
 */
#ifndef ENROLL_APP_H
#define ENROLL_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"

#include "profile.h"

struct app {
	int64_t id;
	char *name;
	unsigned char
	    key_index[32];     /* HMAC-SHA256(server secret, key bytes): what a look-up uses */
	unsigned char *secret; /* HMAC key, unsealed; NULL when the application has none */
	size_t secret_len;
	bool signature_required;
	enum gh_hash min_hash;
	char *service_identity; /* directory name for callers without user credentials, or NULL */
	bool is_enabled;
	struct enroll_profile profile;
};

#endif
