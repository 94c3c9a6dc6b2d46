/* The audit trail as rows, and its seals. docs/audit.md */
#ifndef STORE_AUDIT_SEAL_ROW_H
#define STORE_AUDIT_SEAL_ROW_H

#include "formats/audit_tree.h"
#include "store/store.h"

/* A row that is committed late (its number was drawn before a seal, its commit came after) is
 * sealed by the next run. Such rows are looked for so far below the last seal ... */
#define STORE_AUDIT_SEAL_MARGIN 100000
/* ... and were written so long before it at most: no transaction of ours lives longer. Older ones
 * that appear later were put in by hand. */
#define STORE_AUDIT_SEAL_LATE_SECONDS 3600
#define STORE_AUDIT_SEAL_PAGE 1000 /* rows of one call of the functions below */

/* ---- sealing: begin, unsealed and leaves by turns, then end; all in one transaction, one sealer
 * at a time ---- */
/* Waits for another sealer. *last: the newest seal, id 0 when there is none. *now: by the
 * database's clock, which the rows have, too. */
int store_audit_seal_begin(struct store *s, struct audit_seal *last, int64_t *now,
    struct gh_error *err) GH_MUSTCHECK;
typedef int (*store_audit_fn)(void *arg, const struct audit_row *row, struct gh_error *err);
/* Rows that have no seal, by id, after_id < id: at most limit. fn's error ends it and is returned.
 * *n: how many. */
int store_audit_seal_unsealed(struct store *s, const struct audit_seal *last, int64_t after_id,
    int limit, store_audit_fn fn, void *arg, int *n, struct gh_error *err) GH_MUSTCHECK;
struct store_leaves {
	int64_t id[STORE_AUDIT_SEAL_PAGE]; /* audit.id */
	unsigned char hash[STORE_AUDIT_SEAL_PAGE][AUDIT_HASH_SIZE];
	int n;
};
int store_audit_seal_add(struct store *s, int64_t seal_id, int first_position,
    const struct store_leaves *leaves, struct gh_error *err) GH_MUSTCHECK;
/* Writes the seal and commits. GH_E_DB_DOWN may mean that it is there all the same. */
int store_audit_seal_end(struct store *s, const struct audit_seal *seal,
    struct gh_error *err) GH_MUSTCHECK;
void store_audit_seal_cancel(struct store *s); /* any state */

/* ---- verifying ---- */
/* The first seal whose id is larger than after; id 0 when there is none. A seal whose hashes have a
 * wrong length is given with zeros in their place. */
int store_audit_seal_next(struct store *s, int64_t after, struct audit_seal *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The largest seal id that any leaf names; 0 = no leaves. */
int store_audit_seal_of_leaves(struct store *s, int64_t *seal_id,
    struct gh_error *err) GH_MUSTCHECK;
struct store_leaf {
	int64_t audit_id;
	int position;
	unsigned char hash[AUDIT_HASH_SIZE];
	const struct audit_row *row; /* as it stands now; NULL: there is none */
};
typedef int (*store_leaf_fn)(void *arg, const struct store_leaf *leaf, struct gh_error *err);
/* Leaves of a seal by position, from the given one; a page. *n: how many. */
int store_audit_seal_leaves(struct store *s, int64_t seal_id, int64_t from, store_leaf_fn fn,
    void *arg, int *n, struct gh_error *err) GH_MUSTCHECK;
/* Rows without a leaf with first <= id <= last; the caller keeps the range within what one
 * statement can look through. At most a page; *n as above. row->at_us tells how old they are. */
int store_audit_unsealed(struct store *s, int64_t first, int64_t last, store_audit_fn fn, void *arg,
    int *n, struct gh_error *err) GH_MUSTCHECK;
/* Largest audit.id; 0 = no rows. */
int store_audit_extent(struct store *s, int64_t *max_id, struct gh_error *err) GH_MUSTCHECK;

/* ---- reading ---- */
struct store_audit_filter {
	int64_t after_id; /* id > after_id, or < for newest_first; 0 = from the start */
	int64_t until_id; /* last id wanted; 0 = none. Not with newest_first */
	int limit;        /* 1 to 1000 */
	bool newest_first;
	const char *event, *actor, *outcome, *object; /* exact (actor without case); NULL = any */
};
/*
 * *entries: array of {"id","time"
 * (microseconds),"event","outcome","actor","actor_kind","app","address","request_id",
 * "object","detail","seal"}. *next: after_id of the next page, 0 = this was the last. A page may be
 * short or empty and have a next one: a rare event is searched for a bounded time.
 */
int store_audit_page(struct store *s, const struct store_audit_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err) GH_MUSTCHECK;

/* Rows of the audit trail that no seal has yet. */
int store_audit_count_unsealed(struct store *s, int64_t *out, struct gh_error *err) GH_MUSTCHECK;

#endif
