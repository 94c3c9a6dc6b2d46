/* Calls about several certificates or requests: each is asked about alone, and what became of it is
 * told. */
#ifndef ENROLL_KF_MANY_H
#define ENROLL_KF_MANY_H

#include "kf_ask.h"

#define KF_IDS_MAX 100 /* of one call */

/* Are ids, the member of this name, 1 to KF_IDS_MAX positive numbers? GH_E_BAD_REQUEST. */
int kf_ids_check(const gh_json *ids, const char *name, struct gh_error *err) GH_MUSTCHECK;

struct kf_many {
	/* Asks our handlers about one; an inner of 2xx: done. What fails without an answer ends the
	 * call. */
	int (*ask)(struct worker_env *env, const struct call *call, const void *arg, int64_t id,
	    struct gh_http_reply *inner, struct gh_error *err);
	const void *arg;
	const char *done_name; /* of the ids in the answer where all are done; NULL: 204 */
	const char *message;   /* where not all are: 400, with FailedOperations and SucceededIds */
};
/* ids: as checked above, or of a search. What is not begun when the time of the call is over has
 * failed. */
void kf_many(struct worker_env *env, const struct call *call, const gh_json *ids,
    const struct kf_many *m, struct gh_http_reply *rep);

#endif
