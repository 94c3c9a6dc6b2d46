/*
 * CRLs in the database. One that is being made is one transaction under an advisory lock of its CA:
 * what breaks off leaves no trace, and there is one issuer at a time, whatever the number of nodes.
 */
#ifndef STORE_CRL_H
#define STORE_CRL_H

#include "formats/crl_encode.h"
#include "store/store.h"

#define STORE_CRL_PART (1024 * 1024) /* bytes of a piece of the body; the last ones are smaller */
#define STORE_CRL_COMPLETE (-1)      /* shard: all certificates of the CA */

struct store_crl_scope {
	int64_t ca_id;
	int shard; /* 0 or more, or STORE_CRL_COMPLETE */
};

/* A stored CRL without its body. Times are UTC seconds of the database's clock. */
struct store_crl {
	int64_t id; /* row; 0 = there is none */
	struct store_crl_scope scope;
	bool is_delta;
	int64_t number, base_number;
	int64_t this_update, next_update;
	int64_t entries, size;
	unsigned char sha256[32];
	bool is_published; /* in the directory */
};

/* ---- making one ---- */

struct store_crl_maker; /* two connections, for one thread */

/* conninfo and statistics as those of s, which is not used itself. */
int store_crl_open(const struct store *s, struct store_crl_maker **out,
    struct gh_error *err) GH_MUSTCHECK;
void store_crl_close(struct store_crl_maker *m); /* drops what was not committed; accepts NULL */

struct store_crl_state {
	int64_t now;                  /* clock of the database, the same for all nodes */
	int64_t last_number;          /* 0 = none yet */
	struct store_crl full, delta; /* newest of each */
	struct store_crl base;        /* oldest complete one that a relying party may still use */
	bool is_changed; /* revocations since the newest of both, or shortly before it */
	bool is_settled; /* the last of them is old enough that none beside it is still under way */
};

/* Begin: take the lock of the CA and read how things stand. GH_E_BUSY: another one issues. */
int store_crl_begin(struct store_crl_maker *m, const struct store_crl_scope *scope,
    struct store_crl_state *out, struct gh_error *err) GH_MUSTCHECK;
void store_crl_rollback(struct store_crl_maker *m);

/* The entries, as of now, in no order. is_delta: what changed at changed_since or later, lifted
 * holds as CRL_REASON_REMOVE; else what is revoked. Without certificates that ended before
 * not_after. */
struct store_crl_selection {
	struct store_crl_scope scope;
	bool is_delta;
	int64_t changed_since, not_after;
};
int store_crl_entries(struct store_crl_maker *m, const struct store_crl_selection *sel,
    int (*entry)(void *arg, const struct crl_entry *e, struct gh_error *err), void *arg,
    struct gh_error *err) GH_MUSTCHECK;

/* Insert the row (entries, size and sha256 come with the commit) and set crl->id, then the parts in
 * any order. */
int store_crl_insert(struct store_crl_maker *m, struct store_crl *crl,
    struct gh_error *err) GH_MUSTCHECK;
int store_crl_put_part(struct store_crl_maker *m, int64_t id, int seq, const void *p, size_t len,
    struct gh_error *err) GH_MUSTCHECK;
/* All parts from first on, in order. */
int store_crl_read_parts(struct store_crl_maker *m, int64_t id, int first,
    int (*part)(void *arg, const unsigned char *p, size_t len, struct gh_error *err), void *arg,
    struct gh_error *err) GH_MUSTCHECK;
/* Complete the row, remove bodies that nobody can want any more, write the audit row, commit. After
 * GH_E_DB_DOWN it may have happened; the next one to look will see it. */
int store_crl_commit(struct store_crl_maker *m, const struct store_crl *crl,
    const struct store_audit *audit, struct gh_error *err) GH_MUSTCHECK;

/* ---- reading ---- */

/* The newest one; out->id 0 when there is none. */
int store_crl_newest(struct store *s, const struct store_crl_scope *scope, bool is_delta,
    struct store_crl *out, struct gh_error *err) GH_MUSTCHECK;
/* Its DER, malloc'd. GH_E_NOT_FOUND: the body is gone, a newer one is there. */
int store_crl_body(struct store *s, const struct store_crl *crl, unsigned char **der,
    struct gh_error *err) GH_MUSTCHECK;
/* Shards that a CA ever had CRLs for: 0 to *n - 1. */
int store_crl_shards(struct store *s, int64_t ca_id, int *n, struct gh_error *err) GH_MUSTCHECK;
int store_crl_set_published(struct store *s, int64_t id, struct gh_error *err) GH_MUSTCHECK;
/* One audit row for a failure that goes on for hours is enough: nothing is written when one with
 * the same event, object and detail is younger than seconds. */
int store_crl_audit_failure(struct store *s, const struct store_audit *a, int seconds,
    struct gh_error *err) GH_MUSTCHECK;
/* CRLs of one CA (0: all), newest first, at most limit: array of objects with ca, slug, shard,
 * delta, number, base_number, this_update, next_update, entries, size, sha256, published_at, id.
 * newest: only the newest of each scope. */
int store_crl_list(struct store *s, int64_t ca_id, bool newest, int limit, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
