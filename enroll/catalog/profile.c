/* What a front door lets its callers ask for. See profile.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json_row.h"

#include "profile.h"

const struct enroll_profile enroll_profile_all = {
    .name = (char *)"a call without application",
    .has_all_templates = true,
    .ca_by = PROFILE_CA_BY_RULE,
};

bool
enroll_profile_has_template(const struct enroll_profile *p, const char *name)
{
	for (char **t = p->templates; t != NULL && *t != NULL; t++)
		if (strcasecmp(*t, name) == 0)
			return true;
	return p->has_all_templates;
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
