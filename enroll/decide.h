/* The policy half of the pipeline: decides, signs, and records nothing. Used by enroll.c and
 * approve.c. */
#ifndef ENROLL_DECIDE_H
#define ENROLL_DECIDE_H

#include "enroll.h"

struct decision {
	const struct catalog_template *tmpl; /* borrowed from the catalog; NULL until found */
	const struct ca *ca;                 /* the same */
	gh_json *metadata;                   /* typed; owned */
};

/*
 * is_approved: an officer said yes; then the template's approval rule is not asked and metadata,
 * checked when the request came, is left alone. 0: *out is issued (signed, not recorded) or
 * pending. Else the code says whether it is a denial (gh_error_info). *d is filled as far as it
 * came; release it always.
 */
int enroll_decide(struct enroll_env *env, const struct app *app, struct dir_entry *entry,
    const struct enroll_request *req, bool is_approved, struct decision *d,
    struct enroll_outcome *out, struct gh_error *err) GH_MUSTCHECK;
void enroll_decision_clear(struct decision *d);

/* Fill *out as denied for the reason in err. */
void enroll_outcome_deny(struct enroll_outcome *out, const struct gh_error *err);
/* Log and count what was decided and committed. */
void enroll_report(const struct enroll_request *req, const struct enroll_outcome *out,
    const char *template_name);

#endif
