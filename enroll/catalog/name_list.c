/* The list of owners in the catalog. See name_list.h. */
#include <stdlib.h>
#include <string.h>

#include "log.h"

#include "name_list.h"

static size_t
count(const gh_json *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < gh_json_size(rows); i++)
		n += gh_json_size(gh_json_get(gh_json_at(rows, i), "patterns"));
	return n;
}

/* Texts of out are the row's. */
static int
read_name(const gh_json *row, size_t i, struct name_owner *out, struct gh_error *err)
{
	const char *kind = gh_json_string(gh_json_get(row, "kind"));
	char form[NAME_FORM_SIZE];
	int rc;

	out->owner = gh_json_string(gh_json_get(row, "owner"));
	out->pattern = gh_json_string(gh_json_at(gh_json_get(row, "patterns"), i));
	if (kind == NULL || out->owner == NULL || out->pattern == NULL ||
	    !name_kind_find(kind, &out->kind))
		return gh_fail(err, GH_E_DB, "kind, owner or pattern is none");
	if ((rc = name_owner_check(out, form, err)) != 0)
		return rc;
	/* only in its form it is found */
	return strcmp(form, out->pattern) == 0
	    ? 0
	    : gh_fail(err, GH_E_DB, "\"%.128s\" should be \"%.128s\"", out->pattern, form);
}

int
name_list_load(const gh_json *rows, struct name_owners **out, struct gh_error *err)
{
	size_t all = count(rows), n = 0;
	struct name_owner *list = calloc(all + 1, sizeof(*list));
	struct gh_error why;
	int rc;

	*out = NULL;
	if (list == NULL)
		return gh_fail(err, GH_E_NOMEM, "list of owners");
	for (size_t i = 0; i < gh_json_size(rows); i++) {
		const gh_json *row = gh_json_at(rows, i);

		for (size_t j = 0; j < gh_json_size(gh_json_get(row, "patterns")); j++) {
			if (read_name(row, j, &list[n], &why) == 0)
				n++;
			else
				gh_log_kv(GH_LOG_ERROR, "name left out of the catalog", "cause",
				    why.detail, NULL);
		}
	}
	rc = name_owners_new(list, n, out, err);
	free(list);
	return rc;
}
