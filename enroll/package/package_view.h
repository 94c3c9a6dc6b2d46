/* Packages as administrators and officers see them: one form for the command and for REST. Times
 * are texts, UTC. */
#ifndef PACKAGE_VIEW_H
#define PACKAGE_VIEW_H

#include "digest.h"
#include "store/store.h"

struct package_filter {
	int64_t after_id; /* 0 = from the start */
	int limit;        /* 0 = all */
	bool newest_first;
	const char *kind, *audience; /* exactly; NULL = any */
};

/* [{"id","kind","name","audience","reference","sha256","size","sealed","wants_receipt","added_at",
 *   "expires_at"|null, and "warning" where nobody gets it}]. *next: after_id of the next page; 0 =
 * this was the last. GH_E_SEAL: rows were changed past Gatehouse. */
int package_view_page(struct store *s, const struct package_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err) GH_MUSTCHECK;

/* One, with "media_type" and "signed" of its content, which is looked over again. GH_E_NOT_FOUND;
 * GH_E_SEAL: it is not as it was put in. */
int package_view_one(struct store *s, const unsigned char server_secret[GH_KEY_SIZE], int64_t id,
    gh_json **out, struct gh_error *err) GH_MUSTCHECK;

#endif
