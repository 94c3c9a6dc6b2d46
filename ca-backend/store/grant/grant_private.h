/* Shared by the files that load, change and reseal rows that grant rights. */
#ifndef STORE_GRANT_PRIVATE_H
#define STORE_GRANT_PRIVATE_H

#include "grant.h"

/* Load without checking; MACs of rows are made of what was loaded. *loaded: {"head","seals"...}, to
 * be freed. */
int grant_fetch(struct store *s, enum grant_table which, struct grants *out, gh_json **loaded,
    struct gh_error *err) GH_MUSTCHECK;
int grant_check(struct store *s, enum grant_table which, const gh_json *loaded, struct grants *g,
    struct gh_error *err) GH_MUSTCHECK;
/* Its parts: the MACs that the head has of tables into g, and that no older state has come back. */
int grant_take_head(const struct store *s, const gh_json *head, struct grants *g,
    struct gh_error *err) GH_MUSTCHECK;
int grant_check_revision(struct store *s, const struct grants *g,
    struct gh_error *err) GH_MUSTCHECK;
int grant_load_checked(struct store *s, enum grant_table which, struct grants *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Log and audit a refusal; returns rc. Not inside a transaction that will be rolled back. */
int grant_tell(struct store *s, int rc, const struct gh_error *err);

void grant_forget_told(struct store *s, enum grant_table t);

/* seals: JSON object, key to MAC in hex. */
enum grant_fit { GRANT_FITS, GRANT_ADDED, GRANT_CHANGED };
enum grant_fit grant_row_fits(const struct grant_row *row, const gh_json *seals);

/* MACs of a row's content, of a table's rows, and of the tables. */
int grant_seal_row(const struct store *s, enum grant_table t, struct grant_row *row,
    struct gh_error *err) GH_MUSTCHECK;
int grant_seal_table(const struct store *s, struct grants *g, enum grant_table t,
    struct gh_error *err) GH_MUSTCHECK;
int grant_seal_head(const struct store *s, struct grants *g, struct gh_error *err) GH_MUSTCHECK;

/* Write the MAC of a row, the head, and the audit row that has the head's. */
int grant_write_seal(struct store *s, enum grant_table t, const struct row_seal *seal,
    struct gh_error *err) GH_MUSTCHECK;
int grant_write_head(struct store *s, const struct grants *g, struct gh_error *err) GH_MUSTCHECK;
int grant_audit(struct store *s, const struct grants *g, const struct requester *who,
    struct gh_error *err) GH_MUSTCHECK;
int grant_lock(struct store *s, struct gh_error *err) GH_MUSTCHECK;

#endif
