/*
 * Who has agreed to a pending request whose template wants several officers. Each approval has a
 * MAC over what is asked and who agreed (request_seal.h), and its number; the request's row counts
 * them, and its version orders what happens to it. docs/approval.md
 */
#ifndef STORE_REQUEST_APPROVAL_H
#define STORE_REQUEST_APPROVAL_H

#include "store/store.h"

#define STORE_APPROVALS_MAX 10

struct store_approval {
	int number;                  /* 1 to STORE_APPROVALS_MAX, in their order */
	const struct requester *who; /* kind, name, dn, id */
	const char *comment;         /* or NULL */
	int64_t at;                  /* UTC seconds */
};

/* As they were recorded. */
struct store_approvals {
	size_t n;
	struct requester who[STORE_APPROVALS_MAX];
};

/* req: as store_get_request has given it. GH_E_PRECONDITION (public): it has changed since.
 * GH_E_SEAL (public): an approval, or their number, is not as it was recorded. */
int store_get_approvals(struct store *s, int64_t cms_request_id, const struct enroll_request *req,
    struct store_approvals *out, struct gh_error *err) GH_MUSTCHECK;

/*
 * One more approval that does not decide yet, with its audit row "request.agreed", in one
 * statement. required: for that row. GH_E_PRECONDITION (public): the request is not as req has it
 * any more; it was decided, or another approval came first.
 */
int store_add_approval(struct store *s, int64_t cms_request_id, const struct enroll_request *req,
    const struct store_approval *a, int required, struct gh_error *err) GH_MUSTCHECK;

#endif
