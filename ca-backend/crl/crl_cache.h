/* Bodies of CRLs, DER, that are kept in the process, by the file that is served. */
#ifndef CRL_CRL_CACHE_H
#define CRL_CRL_CACHE_H

#include "issuing/ca.h"
#include "http.h"
#include "store/status/crl_row.h"

#define CRL_FILE_SIZE 160 /* of a name */

/* A file that is served. */
struct crl_file {
	const struct ca *ca;
	int shard; /* or STORE_CRL_COMPLETE */
	bool is_delta;
};

/* What is served: one reference of body for the caller. */
struct crl_cached {
	struct store_crl crl;
	struct gh_shared *body;
};

/* The newest body of this file, from the database when a second has passed. One thread loads it
 * while others get the one before, or wait when there is none. name: for crl_cache_find.
 * GH_E_NOT_FOUND: none was made yet. */
int crl_cache_get(struct store *store, const struct crl_file *file, const char *name,
    struct crl_cached *out, struct gh_error *err) GH_MUSTCHECK;
/* By the name under which it was asked last, compared with the database within a second. Never
 * blocks for long. */
bool crl_cache_find(const char *name, struct crl_cached *out);
void crl_cache_clear(void);

#endif
