/* Rules that show certificates to groups are added. See view_rule_add.h. */
#include <string.h>
#include <strings.h>

#include "store/catalog/view_rule_row.h"

#include "query_parse.h"
#include "view_rule_add.h"

/* It is a part of a path. */
#define NAME_MAX_BYTES 64
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static const char *
text_of(const gh_json *rule, const char *member)
{
	return gh_json_string(gh_json_get(rule, member));
}

static int
check_name(const char *name, struct gh_error *err)
{
	size_t n = strspn(name, NAME_CHARS);

	if (n > 0 && n <= NAME_MAX_BYTES && name[n] == '\0' && strchr("._-", *name) == NULL)
		return 0;
	return gh_refuse(err, GH_E_VALIDATION,
	    "name: 1 to %d letters, digits, points, - and _, which begin with a letter or digit.",
	    NAME_MAX_BYTES);
}

/* It is a test that the inventory knows, now. */
static int
check_query(const struct catalog *catalog, const char *query, struct gh_error *err)
{
	const struct query_env env = {.field = catalog->field, .fields = catalog->fields, .me = ""};
	struct cert_node *n = NULL;
	struct gh_error why;
	int rc = query_parse(query, &env, &n, &why);

	cert_node_free(n);
	return rc == 0 ? 0 : gh_refuse(err, GH_E_VALIDATION, "field: %s: %s", query, why.message);
}

/* A misspelt CA or template would show nothing. One that is not in use any more has certificates.
 */
static int
check_is_there(struct store *s, const gh_json *rule, const char *member, enum store_list what,
    struct gh_error *err)
{
	const struct store_filter filter = {.name = text_of(rule, member), .limit = 1};
	gh_json *found = NULL;
	int rc = 0;

	if (filter.name == NULL)
		return 0;
	rc = store_list(s, what, &filter, &found, err);
	if (rc == 0 && gh_json_size(found) == 0)
		rc = gh_refuse(err, GH_E_VALIDATION, "%s: there is no \"%.100s\".", member,
		    filter.name);
	gh_json_free(found);
	return rc;
}

static int
check_room(const struct view_rules *v, const char *group, struct gh_error *err)
{
	size_t of_group = 0;

	for (size_t i = 0; i < v->n; i++)
		of_group += strcasecmp(v->rule[i].group, group) == 0;
	if (v->n >= VIEW_RULES_MAX)
		return gh_refuse(err, GH_E_VALIDATION,
		    "name: there are %d rules already, and may not be more.", VIEW_RULES_MAX);
	if (of_group >= VIEW_RULES_MAX_GROUP)
		return gh_refuse(err, GH_E_VALIDATION,
		    "group: %.100s has %d rules already: more do not count for one person.", group,
		    VIEW_RULES_MAX_GROUP);
	return 0;
}

/* The columns of the table, and nothing else. NULL: out of memory. */
static gh_json *
row_of(const gh_json *rule)
{
	static const char *const members[] = {"name", "group", "template", "ca", "field", "value"};
	gh_json *row = gh_json_new_object();
	int bad = 0;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		bad |= gh_json_set_string(row, members[i], text_of(rule, members[i]));
	if (bad == 0)
		return row;
	gh_json_free(row);
	return NULL;
}

static int
check(struct store *s, const struct catalog *catalog, const gh_json *row, struct gh_error *err)
{
	struct gh_error why;
	struct view_rule r;
	int rc = view_rule_load(row, &r, &why);

	if (rc == GH_E_CONF)
		return gh_refuse(err, GH_E_VALIDATION, "%s", why.message);
	if (rc != 0) {
		*err = why;
		return rc;
	}
	if ((rc = check_name(r.name, err)) == 0 && (rc = check_query(catalog, r.query, err)) == 0 &&
	    (rc = check_is_there(s, row, "ca", STORE_LIST_CAS, err)) == 0 &&
	    (rc = check_is_there(s, row, "template", STORE_LIST_TEMPLATES, err)) == 0)
		rc = check_room(&catalog->views, r.group, err);
	view_rule_clear(&r);
	return rc;
}

int
view_rule_add(struct store *s, const struct catalog *catalog, const struct requester *who,
    const gh_json *rule, gh_json **out, struct gh_error *err)
{
	gh_json *row = row_of(rule);
	int rc = row != NULL ? check(s, catalog, row, err) : gh_fail(err, GH_E_NOMEM, "view rule");

	if (rc == 0)
		rc = store_add_view_rule(s, who, row, err);
	if (out != NULL)
		*out = rc == 0 ? gh_json_ref(row) : NULL;
	gh_json_free(row);
	return rc;
}
