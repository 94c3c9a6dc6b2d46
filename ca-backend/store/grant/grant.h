/*
 * Rows that grant rights: administrators, applications, templates, CAs and the like. They are
 * believed only with the MACs of row_seal.h, so that write access to the database alone grants
 * nothing. Every reader takes them from grant_load, every writer changes them between grant_begin
 * and grant_end. What is checked is what is used: the MAC is made over the JSON that the caller
 * gets.
 */
#ifndef STORE_GRANT_H
#define STORE_GRANT_H

#include "grant_table.h"
#include "row_seal.h"
#include "store/store_private.h"

struct grant_row {
	struct row_seal seal;
	gh_json *content;
	bool is_damaged; /* by grant_load_each: nothing in it can be believed */
};
struct grants {
	int64_t generation; /* of the catalog, in the same snapshot */
	int64_t revision;
	bool is_sealed; /* there is a head */
	struct grant_rows {
		struct grant_row *row; /* by ascending key */
		size_t n;
		unsigned char mac[ROW_SEAL_SIZE]; /* of the table; also of one that is not loaded */
		/* The head is older than the table: it does not bind it, so nothing may be in it.
		 * The next change of any row binds it. */
		bool is_new;
	} table[GRANT_TABLES];
	unsigned char mac[ROW_SEAL_SIZE]; /* of the head */
};
void grant_clear(struct grants *g);

#define GRANT_ALL GRANT_TABLES
/*
 * Load and check one table, or GRANT_ALL, in one snapshot. GH_E_SEAL: the detail names table and
 * key and what to do; it is logged and written to the audit trail, once for each connection while
 * it stays the same.
 */
int grant_load(struct store *s, enum grant_table t, struct grants *out,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * The same of one table whose rows have nothing to do with each other: one that was changed or
 * added without Gatehouse stops itself alone. It stays in *out with is_damaged set, and is told as
 * grant_load tells it. That the others are neither old nor copied is known by their MACs: those
 * that the database has must fit the head, as a whole. GH_E_SEAL: they do not.
 */
int grant_load_each(struct store *s, enum grant_table t, struct grants *out, bool *is_damaged,
    struct gh_error *err) GH_MUSTCHECK;

/* Inside a transaction: load and check all, with a lock that all other writers wait for. Rows that
 * the caller locks come before. */
int grant_begin(struct store *s, struct grants *g, struct gh_error *err) GH_MUSTCHECK;
/* The row whose text column is `value` without case (ASCII); NULL. Borrowed. */
struct grant_row *grant_find(const struct grants *g, enum grant_table t, const char *column,
    const char *value);
struct grant_row *grant_find_id(const struct grants *g, enum grant_table t, int64_t id);
/* A key for a new row. */
int grant_new_id(struct store *s, enum grant_table t, int64_t *id,
    struct gh_error *err) GH_MUSTCHECK;
/* Write a row, new or changed, and its MAC. row: see grant_table.h; taken over. taken: public
 * message for GH_E_CONFLICT. */
int grant_put(struct store *s, struct grants *g, enum grant_table t, gh_json *row,
    const char *taken, struct gh_error *err) GH_MUSTCHECK;
/* The row grants nothing any more: forget its MAC. The caller changes or removes it. */
int grant_drop(struct store *s, struct grants *g, enum grant_table t, int64_t id,
    struct gh_error *err) GH_MUSTCHECK;
/* Remove a row, and its MAC. st: "DELETE FROM ... WHERE id = $1". GH_E_CONFLICT (public): the row
 * is gone. */
int grant_remove(struct store *s, struct grants *g, enum grant_table t, int64_t id,
    const struct store_statement *st, struct gh_error *err) GH_MUSTCHECK;
/* Seal what was put, with an audit row. The caller commits. */
int grant_end(struct store *s, struct grants *g, const struct requester *who,
    struct gh_error *err) GH_MUSTCHECK;

/* What was done is undone; any state. */
void grant_cancel(struct store *s, struct grants *g);

/* A transaction of its own around a change: store_begin_locking and grant_begin; then, with rc of
 * what was done between, grant_end and commit, or rollback. grant_close releases g and returns rc.
 */
int grant_open(struct store *s, struct grants *g, struct gh_error *err) GH_MUSTCHECK;
int grant_close(struct store *s, struct grants *g, int rc, const struct requester *who,
    struct gh_error *err) GH_MUSTCHECK;

#endif
