/*
 * A request over the CSR form on its way: read, admitted, decided, then signed and recorded as
 * those of the other front doors are. Opened alone, it shows what would become of it, and leaves no
 * trace. docs/csr.md
 */
#ifndef ENROLL_CSR_SUBMIT_H
#define ENROLL_CSR_SUBMIT_H

#include "call.h"
#include "decide.h"

#include "csr_request.h"

/* Starts zeroed, with call set; ends with csr_clear. */
struct csr_submission {
	const struct call *call;
	const struct app *app; /* borrowed; NULL until found */
	struct csr_request in;
	struct enroll_request req;
	/* rc, err: also of what is here. rc 0: spec is what would be signed, or out says pending;
	 * behind csr_finish, out is the answer */
	struct enrollment e;
	struct dir_entry *own; /* where the call has none */
	bool is_recorded;      /* e.out is the answer to an earlier call with the same key */
	int64_t recorded_ca;   /* its issuer; 0: none */
};

/* Whose entry the call is, and the application; e.profile, e.entry. GH_E_FORBIDDEN: csr.application
 * is not set or not enabled; GH_E_NOT_IN_DIRECTORY. For pages that only show what there is. */
int csr_enter(struct worker_env *env, struct csr_submission *s) GH_MUSTCHECK;

/* All that is asked, and of which template; form: as csr_request_read. Wrong fields are in
 * s->in.fields. For enroll_preview, too. */
void csr_prepare(struct worker_env *env, const struct gh_form *form, struct csr_submission *s);
/* The same up to the decision; an approval password is looked at. */
void csr_open(struct worker_env *env, const struct gh_form *form, struct csr_submission *s);
/* Sign and record what csr_open left, refusals, too; nothing where it was recorded before. */
void csr_finish(struct worker_env *env, struct csr_submission *s);
void csr_clear(struct csr_submission *s);

/* The field that a refusal is about: puts it into s->in.fields, once. false: none is. */
bool csr_blame_field(const struct worker_env *env, struct csr_submission *s,
    const struct gh_error *err);

#endif
