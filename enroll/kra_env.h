/* The key recovery authority, as the handlers of any front door use it. */
#ifndef ENROLL_KRA_ENV_H
#define ENROLL_KRA_ENV_H

#include "kra/kra_means.h"

#include "env.h"

/* For one call. */
struct kra_means kra_env_means(const struct worker_env *env);
/* GH_E_NOT_FOUND (public): this gateway has no KRA. */
int kra_env_check(const struct worker_env *env, struct gh_error *err) GH_MUSTCHECK;
/* Where err has the general text of its code, which is about a CA: the one about the KRA. */
void kra_env_explain(struct gh_error *err);

#endif
