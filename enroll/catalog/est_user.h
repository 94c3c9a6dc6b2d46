/* Local users of EST, mostly devices, who enroll by Basic or Digest. docs/est-auth.md */
#ifndef ENROLL_EST_USER_H
#define ENROLL_EST_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "json.h"

struct est_user {
	int64_t id;
	char *name;          /* case counts: it is part of what Digest hashes */
	char *secret_sealed; /* see kore-app/auth/digest_secret.h */
	char *label;         /* may enroll at this one only; NULL: at any */
	bool is_one_time;
	int64_t expires; /* UTC seconds; 0: never */
	bool is_enabled;
};

struct est_users {
	struct est_user *user; /* by name */
	size_t n;
};

/* rows: "est_users" of store_load_catalog. One that cannot be read is left out and logged.
 * GH_E_NOMEM; *out is empty then. */
int est_users_load(const gh_json *rows, struct est_users *out, struct gh_error *err) GH_MUSTCHECK;
void est_users_clear(struct est_users *u); /* accepts a zeroed one */
/* NULL: there is none. Also a disabled one, or one whose time is over; and without ASCII case: what
 * differs from a name in nothing else is no other name, and the caller compares. */
const struct est_user *est_users_find(const struct est_users *u, const char *name);
/* NULL: it was removed. */
const struct est_user *est_users_find_id(const struct est_users *u, int64_t id);

#endif
