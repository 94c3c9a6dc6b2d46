/* See approval_stage.h. */
#include "authority/approval_password.h"

#include "approval_stage.h"

#define DETAIL "approved by the approval password of the CA"

int
enroll_approval_password(struct worker_env *env, struct enrollment *e, const char *password)
{
	const struct approval_try t = {.store = env->store,
	    .conf = env->conf,
	    .who = &e->req->requester,
	    .request_id = e->req->request_id};

	if (e->rc != 0 || password == NULL || *password == '\0' || !enrollment_needs_officer(e) ||
	    tmpl_approvals(e->tmpl->tmpl) > 1)
		return e->rc;
	e->rc = approval_password_check(&t, e->ca, password, &e->has_password, &e->err);
	if (e->has_password && (e->detail == NULL || *e->detail == '\0'))
		e->detail = DETAIL;
	return e->rc;
}
