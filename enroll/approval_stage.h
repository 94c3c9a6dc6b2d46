/* A stage of the pipeline between enroll_admit and enroll_decide: the approval password that came
 * with a request. docs/approval.md */
#ifndef ENROLL_APPROVAL_STAGE_H
#define ENROLL_APPROVAL_STAGE_H

#include "decide.h"

/*
 * e: admitted, so that template and CA are known; not a repeated call, whose answer is recorded.
 * password NULL or "": there is none, and nothing is done. Where no officer is needed, or several,
 * it is not looked at. A right one sets e->has_password; a wrong one is counted, and leaves e as if
 * there were none. GH_E_LOCKED (423, err->retry_after), GH_E_BUSY, GH_E_DB_DOWN: in e->rc, too;
 * nothing is to be recorded then but the refusal.
 */
int enroll_approval_password(struct worker_env *env, struct enrollment *e,
    const char *password) GH_MUSTCHECK;

#endif
