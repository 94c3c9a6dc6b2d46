/* What the files of audit_verify.h share: the seal that is looked at, and its wrong rows. */
#ifndef AUDIT_VERIFY_PRIVATE_H
#define AUDIT_VERIFY_PRIVATE_H

#include "store/audit/audit_seal_row.h"

#include "audit_verify.h"

#define AUDIT_SUSPECTS_MAX 256 /* wrong rows of one seal that are compared with each other */

/* A row that does not give its leaf, or is not there (row.id 0). */
struct audit_suspect {
	int64_t audit_id;
	unsigned char leaf[AUDIT_HASH_SIZE];
	struct audit_row row;
	char *texts; /* all texts of row, one block */
};

struct audit_check {
	struct store *store;
	struct audit_verify *v;
	struct audit_seal seal; /* the one that is looked at */
	struct audit_tree of_leaves, of_rows;
	int64_t position; /* expected next */
	bool has_before;  /* the seal before the first one is known */
	bool has_gap;     /* seals are missing */
	int64_t last_audit_id;
	struct audit_suspect *suspect; /* AUDIT_SUSPECTS_MAX */
	int suspects;
	int64_t more_suspects; /* that did not fit: named in a second look */
};

/* Count a finding, and tell it. seal, row, other: 0 = none. */
void audit_report(struct audit_verify *v, enum audit_finding_kind kind, int64_t seal, int64_t row,
    int64_t other, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Keep a leaf whose row is wrong; beyond AUDIT_SUSPECTS_MAX they are only counted. */
int audit_suspect_add(struct audit_check *c, const struct store_leaf *leaf,
    struct gh_error *err) GH_MUSTCHECK;
/* Removed, moved or changed. */
void audit_suspect_report(struct audit_check *c, const struct audit_suspect *s);
void audit_suspects_drop(struct audit_check *c);

#endif
