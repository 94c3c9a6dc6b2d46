/* What a front door lets its callers ask for. See profile.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json_row.h"

#include "profile.h"

const struct enroll_profile enroll_profile_all = {
    .name = (char *)"a call without application",
    .has_all_templates = true,
    .ca_rule = PROFILE_CA_ONLY_ISSUING,
};

bool
enroll_profile_has_template(const struct enroll_profile *p, const char *name)
{
	for (char **t = p->templates; t != NULL && *t != NULL; t++)
		if (strcasecmp(*t, name) == 0)
			return true;
	return p->has_all_templates;
}

int
enroll_profile_find_ca(const struct enroll_profile *p, const struct ca_set *cas,
    const struct ca **out, struct gh_error *err)
{
	*out = NULL;
	if (p->ca_rule == PROFILE_CA_ONLY_ISSUING) {
		if ((*out = ca_set_only_issuing(cas)) == NULL)
			return gh_fail(err, GH_E_CA_UNAVAILABLE,
			    "%s: there is no CA that issues, or there are several", p->name);
	} else if (p->ca_name == NULL || (*out = ca_set_find(cas, p->ca_name)) == NULL)
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "CA %s is not in the catalog",
		    p->ca_name != NULL ? p->ca_name : "(none)");
	return 0;
}

void
enroll_profile_clear(struct enroll_profile *p)
{
	free(p->name);
	free(p->ca_name);
	gh_json_row_texts_free(p->templates);
	gh_json_row_texts_free(p->groups);
	memset(p, 0, sizeof(*p));
}
