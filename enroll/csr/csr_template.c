/* Which template a request is for. See csr_template.h. */
#include <string.h>

#include "csr_template.h"

static bool
may_enroll(const struct enrollment *e, const struct catalog_template *t)
{
	const struct subject_source from = {.entry = e->entry,
	    .needs_no_entry = !enrollment_needs_entry(e)};
	struct gh_error err;

	return tmpl_may_enroll(t->tmpl, &from, e->profile->groups, &err) == 0;
}

void
csr_template_each(const struct worker_env *env, const struct enrollment *e,
    bool (*fn)(void *arg, const struct catalog_template *t), void *arg)
{
	const struct enroll_profile *p = e->profile;
	bool goes_on = true;

	if (p->has_all_templates)
		for (size_t i = 0; goes_on && i < env->catalog->tmpls; i++)
			if (may_enroll(e, &env->catalog->tmpl[i]))
				goes_on = fn(arg, &env->catalog->tmpl[i]);
	for (size_t i = 0;
	     !p->has_all_templates && p->templates != NULL && goes_on && p->templates[i] != NULL;
	     i++) {
		const struct catalog_template *t =
		    catalog_find_template(env->catalog, p->templates[i]);

		if (t != NULL && may_enroll(e, t))
			goes_on = fn(arg, t);
	}
}

struct search {
	const char *purpose;
	const char *name; /* of the first that fits */
	size_t n;         /* that fit */
};

static bool
take(void *arg, const struct catalog_template *t)
{
	struct search *s = arg;
	const char *purpose = tmpl_purpose(t->tmpl);

	if (s->purpose != NULL && (purpose == NULL || strcmp(purpose, s->purpose) != 0))
		return true;
	if (s->n++ == 0)
		s->name = tmpl_name(t->tmpl);
	return s->purpose == NULL; /* of a purpose, the first one is it */
}

/* The purpose is recorded, and an officer reads it: it must be that of the template. One that the
 * application does not have is refused by the pipeline, whatever it is for. */
static int
check_purpose(const struct worker_env *env, const struct enrollment *e, const struct csr_wish *wish,
    struct gh_error *err)
{
	const struct catalog_template *t =
	    wish->purpose != NULL && enroll_profile_has_template(e->profile, wish->template_name)
	    ? catalog_find_template(env->catalog, wish->template_name)
	    : NULL;
	const char *purpose = t != NULL ? tmpl_purpose(t->tmpl) : NULL;

	if (t == NULL || (purpose != NULL && strcmp(purpose, wish->purpose) == 0))
		return 0;
	return gh_refuse_as(err, GH_E_VALIDATION, "template_purpose", tmpl_name(t->tmpl),
	    "The template %.80s is not for this purpose.", tmpl_name(t->tmpl));
}

int
csr_template_choose(const struct worker_env *env, const struct enrollment *e,
    const struct csr_wish *wish, const char **name, struct gh_error *err)
{
	struct search s = {.purpose = wish->purpose};

	*name = wish->template_name;
	if (*name != NULL)
		return check_purpose(env, e, wish, err);
	csr_template_each(env, e, take, &s);
	if (s.n == 0)
		return gh_refuse_as(err, GH_E_TEMPLATE_DENIED, "no_template", NULL,
		    "There is no certificate template%s that you may use here.",
		    wish->purpose != NULL ? " of this purpose" : "");
	if (s.n > 1)
		return gh_refuse_as(err, GH_E_VALIDATION, "say_purpose", NULL,
		    "Say what the certificate is for: there are several templates.");
	*name = s.name;
	return 0;
}
