/*
 * Shared secrets, which let somebody without a certificate prove who he is: rows that an
 * administrator made (`gatehouse cmc secret`), found by the control identification. docs/cmc.md
 */
#ifndef CMC_SECRET_H
#define CMC_SECRET_H

#include "dir.h"
#include "env.h"

struct cmc_secret {
	int64_t id;
	bool is_one_time;
	/* Whose it is. A user of the directory, whose entry is looked up, or a device that is known
	 * by this secret alone. */
	struct requester requester;
	struct dir_entry *entry; /* owned; NULL: a device */
	unsigned char *text;     /* owned, wiped */
	size_t len;
};

/*
 * GH_E_AUTH_FAILED (public): nobody has this identification, at this label (NULL: none), now; all
 * of these with one text. GH_E_SEAL. *out is empty after a failure.
 */
int cmc_secret_find(struct worker_env *env, const char *identification, const char *label,
    struct cmc_secret *out, struct gh_error *err) GH_MUSTCHECK;
void cmc_secret_clear(struct cmc_secret *s); /* accepts an empty one */

#endif
