/* A CA as people read it. See ca_view.h. */
#include <string.h>

#include "ca_view.h"
#include "policy.h"

static gh_json *
member_of(const gh_json *row, const char *name)
{
	gh_json *v = gh_json_get(row, name);

	if (strcmp(name, "sealed") == 0)
		return gh_json_new_bool(gh_json_string(v) != NULL);
	return strcmp(name, "policy") == 0 ? ca_policy_shown(v) : gh_json_ref(v);
}

gh_json *
ca_view(const gh_json *row, const char *const *members)
{
	gh_json *o = gh_json_new_object();

	for (size_t i = 0; o != NULL && members[i] != NULL; i++) {
		if (gh_json_set(o, members[i], member_of(row, members[i])) != 0) {
			gh_json_free(o);
			o = NULL;
		}
	}
	return o;
}
