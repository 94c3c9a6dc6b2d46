/* Rows as JSON. See json_row.h. */
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "json_row.h"
#include "log.h"

void
gh_json_row_texts_free(char **list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

int
gh_json_row_texts(const gh_json *row, const char *member, bool keep_empty, char ***out,
    struct gh_error *err)
{
	const gh_json *array = gh_json_get(row, member);
	size_t n = gh_json_size(array);
	char **list;

	*out = NULL;
	if (gh_json_type(array) != GH_JSON_ARRAY && gh_json_type(array) != GH_JSON_NULL)
		return gh_fail(err, GH_E_DB, "%s is no array", member);
	if (n > GH_JSON_LIST_MAX)
		return gh_fail(err, GH_E_DB, "%s has more than %d elements", member,
		    GH_JSON_LIST_MAX);
	if (n == 0 && !keep_empty)
		return 0;
	if ((list = calloc(n + 1, sizeof(*list))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "%s", member);
	for (size_t i = 0; i < n; i++) {
		const char *s = gh_json_string(gh_json_at(array, i));

		if (s == NULL || (list[i] = strdup(s)) == NULL) {
			gh_json_row_texts_free(list);
			return gh_fail(err, s == NULL ? GH_E_DB : GH_E_NOMEM, "%s[%zu]", member, i);
		}
	}
	*out = list;
	return 0;
}

int
gh_json_row_text(const gh_json *row, const char *member, char **out, struct gh_error *err)
{
	const char *s = gh_json_string(gh_json_get(row, member));

	if (s == NULL || *s == '\0')
		return gh_fail(err, GH_E_DB, "%s is missing", member);
	if ((*out = strdup(s)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "%s", member);
	return 0;
}

int
gh_json_row_base64(const gh_json *value, const char *member, unsigned char **out, size_t *len,
    struct gh_error *err)
{
	const char *s = gh_json_string(value);

	if (s == NULL)
		return gh_fail(err, GH_E_DB, "%s is no string", member);
	if (gh_base64_decode(s, strlen(s), out, len, err) != 0)
		return gh_fail(err, GH_E_DB, "%s is not base64", member);
	return 0;
}

int
gh_json_row_leave_out(const char *kind, const gh_json *row, const struct gh_error *why,
    struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(row, "name"));

	if (why->code == GH_E_NOMEM)
		return gh_fail(err, GH_E_NOMEM, "catalog: %s", kind);
	gh_log_kv(GH_LOG_ERROR, "left out of the catalog", "kind", kind, "name", name, "error",
	    gh_error_info(why->code)->name, "detail", why->detail, NULL);
	return 0;
}
