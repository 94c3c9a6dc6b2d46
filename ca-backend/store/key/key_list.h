/* Keys and key requests as JSON: lists by their number, page after page, and one of them. No
 * secret, sealed or not, is in them. A page may be short and have a next one (store/page_search.h).
 */
#ifndef STORE_KEY_LIST_H
#define STORE_KEY_LIST_H

#include "store/store.h"

/* NULL or 0 = any. Times are UTC seconds: from <= created_at < to. */
struct store_key_filter {
	int64_t after_id; /* behind the "row" of that number, in the order; 0 = from the start */
	int limit;        /* 1 to 1000 */
	bool newest_first;
	const char *owner;                /* his name, in any case, or his id */
	const struct requester *owned_by; /* whose it is, by kind and store_key_identity */
	const char *client_id;
	const char *state; /* "active", "inactive", "pending", "destroyed" */
	const char *policy;
	int64_t certificate_id; /* the key of this certificate */
	int64_t created_from, created_to;
};
/*
 * *entries: array of {"id","row","kind","algorithm","bits","owner","owner_id","client_id","policy",
 * "certificate_id","spki_sha256","state","forget_at","created_at","created_by","version"}; what is
 * not known is null. *next: after_id of the next page, 0 = this was the last.
 */
int store_list_keys(struct store *s, const struct store_key_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err) GH_MUSTCHECK;

/* The one of this number. GH_E_NOT_FOUND (public). */
int store_show_key(struct store *s, int64_t row, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

struct store_key_request_filter {
	int64_t after_id;
	int limit;
	bool newest_first;
	const char *state; /* key_state_name */
	const char *type;  /* "archival", "recovery", "generation" */
	const char *key_id;
	const char *requester; /* his name, in any case */
	/* of him, or about a key that is bound to him */
	const struct requester *concerns;
	int64_t created_from, created_to;
};
/*
 * *entries: array of {"id","type","state","key_id","requester","requester_id","comment","required",
 * "approved","missing","signed","wrapping_sha256","expires_at","released_at","created_at",
 * "resolved_at", "resolved_by","resolution","version"}.
 */
int store_list_key_requests(struct store *s, const struct store_key_request_filter *f,
    gh_json **entries, int64_t *next, struct gh_error *err) GH_MUSTCHECK;
/* One of them, and "approvals": [{"agent","comment","signed","at"}]. GH_E_NOT_FOUND (public). */
int store_show_key_request(struct store *s, int64_t id, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
