/* Names by owner and kind. See name_groups.h. */
#include <stdio.h>
#include <string.h>

#include "name_owners.h"
#include "utf8.h"

#include "name_groups.h"

static int
no_memory(struct gh_error *err)
{
	return gh_fail(err, GH_E_NOMEM, "names");
}

static int
make(struct name_groups *g, struct gh_error *err)
{
	if (g->list == NULL)
		g->list = gh_json_new_array();
	if (g->index == NULL)
		g->index = gh_json_new_object();
	return g->list != NULL && g->index != NULL ? 0 : no_memory(err);
}

/* The names of this owner and kind; borrowed from g. NULL: no memory. */
static gh_json *
names_of(struct name_groups *g, const char *kind, const char *owner)
{
	char key[NAME_OWNER_SIZE + 16];
	gh_json *names, *group;

	snprintf(key, sizeof(key), "%s %s", kind, owner);
	if ((names = gh_json_get(g->index, key)) != NULL)
		return names;
	group = gh_json_new_object();
	names = gh_json_new_object();
	if (gh_json_set_string(group, "kind", kind) != 0 ||
	    gh_json_set_string(group, "owner", owner) != 0 ||
	    gh_json_set(group, "names", names) != 0) {
		gh_json_free(group);
		return NULL;
	}
	if (gh_json_append(g->list, group) != 0 ||
	    gh_json_set(g->index, key, gh_json_ref(names)) != 0)
		return NULL;
	return names;
}

int
name_groups_add(struct name_groups *g, const char *kind, const char *pattern, const char *owner,
    const char *comment, struct gh_error *err)
{
	struct name_owner o = {NAME_KINDS, pattern, owner};
	char form[NAME_FORM_SIZE];
	gh_json *names;
	int rc;

	if (!name_kind_find(kind, &o.kind))
		return gh_refuse(err, GH_E_VALIDATION, "kind: \"%.32s\" is not dns, email or ip",
		    kind);
	if ((rc = name_owner_check(&o, form, err)) != 0 || (rc = make(g, err)) != 0)
		return rc;
	if (!gh_utf8_is_clean(comment) ||
	    gh_utf8_length(comment, strlen(comment)) > NAME_COMMENT_MAX)
		return gh_refuse(err, GH_E_VALIDATION,
		    "comment: has more than %d characters, or control characters",
		    NAME_COMMENT_MAX);
	if ((names = names_of(g, kind, owner)) == NULL)
		return no_memory(err);
	if (gh_json_get(names, form) != NULL)
		return gh_refuse(err, GH_E_VALIDATION, "pattern: \"%.128s\" is there twice", form);
	if (gh_json_set_string(names, form, comment) != 0)
		return no_memory(err);
	g->n++;
	return 0;
}

void
name_groups_clear(struct name_groups *g)
{
	gh_json_free(g->index);
	gh_json_free(g->list);
	memset(g, 0, sizeof(*g));
}
