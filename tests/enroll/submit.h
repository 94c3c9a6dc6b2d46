/* One request through all stages of the pipeline. */
#ifndef TEST_SUBMIT_H
#define TEST_SUBMIT_H

#include "decide.h"

/* *out: the answer, or zeros after a failure. */
static inline int
submit_one(struct worker_env *env, const struct enroll_profile *profile,
    const struct enroll_request *req, struct enroll_outcome *out, struct gh_error *err)
{
	struct enrollment e = {.req = req, .profile = profile}, *one = &e;
	int rc;

	enroll_decide(env, &e);
	enroll_sign(env, &one, 1);
	enroll_record(env, &one, 1);
	*out = e.out;
	*err = e.err;
	rc = e.rc;
	e.out = (struct enroll_outcome){0};
	enrollment_clear(&e);
	if (rc != 0)
		enroll_outcome_clear(out);
	return rc;
}

#endif
