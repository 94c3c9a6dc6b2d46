/* Verifications of the audit trail in the background, and what they found. docs/audit.md */
#ifndef STORE_AUDIT_CHECK_ROW_H
#define STORE_AUDIT_CHECK_ROW_H

#include "formats/audit_tree.h"
#include "store/store.h"

#define STORE_AUDIT_FOUND_MAX 100 /* findings of one that are kept; all are counted */

/* Where one stands that is under way. */
struct store_audit_check {
	int64_t id;
	int64_t last_seal; /* looked at; 0 = none */
	int64_t next_row;  /* of the look for rows that no seal has */
	int64_t seals, rows, unsealed, findings;
};
/* The one that is under way, else a new one. Those that ended long before are removed then. */
int store_audit_check_open(struct store *s, struct store_audit_check *out,
    struct gh_error *err) GH_MUSTCHECK;

/* One step: where it stands now, with the sums over all steps. */
struct store_audit_step {
	const struct store_audit_check *from, *to;
	const unsigned char *head; /* of to->last_seal, AUDIT_HASH_SIZE; NULL = no seal */
	const gh_json *found;      /* more of [{"kind","seal","row","other","text"}] */
	bool is_last;
	const char *detail; /* of the audit row of the last one */
};
/* GH_E_CONFLICT: it is not at `from` any more. The last step ends it, with an audit row
 * `audit.verified`. */
int store_audit_check_step(struct store *s, const struct requester *who,
    const struct store_audit_step *step, struct gh_error *err) GH_MUSTCHECK;

/* {"running","last"}: each null or {"begun","ended","seals","rows","unsealed","last_seal","head",
 * "intact","finding_count","findings"}; last: of those that have ended. */
int store_audit_checks(struct store *s, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

#endif
