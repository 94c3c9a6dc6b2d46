/* Which template a request over the CSR form is for. */
#ifndef ENROLL_CSR_TEMPLATE_H
#define ENROLL_CSR_TEMPLATE_H

#include "decide.h"

/* What is asked for; both may be NULL. */
struct csr_wish {
	const char *template_name;
	const char *purpose;
};

/*
 * The one that is named; else the first of the purpose, in the order of the profile, that the
 * requester may enroll for; without both, the only one that he may. e: with req, profile and entry.
 * GH_E_TEMPLATE_DENIED (public): there is none of the purpose for him. GH_E_VALIDATION (public): he
 * must choose. *name: borrowed from the catalog, or the wish.
 */
int csr_template_choose(const struct worker_env *env, const struct enrollment *e,
    const struct csr_wish *wish, const char **name, struct gh_error *err) GH_MUSTCHECK;

/* Those that he may enroll for by this profile: calls fn for each, in the order of the profile, as
 * long as it returns true. */
void csr_template_each(const struct worker_env *env, const struct enrollment *e,
    bool (*fn)(void *arg, const struct catalog_template *t), void *arg);

#endif
