/* The list of owners of names. See name_row.h. */
#include <stdio.h>
#include <string.h>

#include "store/grant/grant.h"

#include "name_row.h"

#define DETAIL_SIZE 1024

static int
no_memory(struct gh_error *err)
{
	return gh_fail(err, GH_E_NOMEM, "names");
}

static const char *
text_of(const gh_json *o, const char *name)
{
	const char *s = gh_json_string(gh_json_get(o, name));

	return s != NULL ? s : "";
}

static struct grant_row *
find_row(const struct grants *g, const gh_json *group)
{
	const struct grant_rows *rows = &g->table[GRANT_NAME_OWNER];

	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(text_of(rows->row[i].content, "owner"), text_of(group, "owner")) == 0 &&
		    strcmp(text_of(rows->row[i].content, "kind"), text_of(group, "kind")) == 0)
			return &rows->row[i];
	return NULL;
}

/* --- rows and names --------------------------------------------------------------------------- */

/* {pattern: comment} of a row; NULL row: none. */
static int
names_of(const struct grant_row *row, gh_json **out, struct gh_error *err)
{
	const gh_json *patterns, *comments;

	if ((*out = gh_json_new_object()) == NULL)
		return no_memory(err);
	if (row == NULL)
		return 0;
	patterns = gh_json_get(row->content, "patterns");
	comments = gh_json_get(row->content, "comments");
	for (size_t i = 0; i < gh_json_size(patterns); i++)
		if (gh_json_set(*out, gh_json_string(gh_json_at(patterns, i)),
			gh_json_ref(gh_json_at(comments, i))) != 0)
			return no_memory(err);
	return 0;
}

static bool
is_there(const gh_json *comment)
{
	return gh_json_type(comment) == GH_JSON_STRING;
}

/* The row's content; id is set by the caller. Names without a comment were taken away. */
static gh_json *
content_of(const gh_json *group, const gh_json *names)
{
	gh_json *o = gh_json_new_object(), *patterns = gh_json_new_array(),
		*comments = gh_json_new_array();
	int bad = patterns == NULL || comments == NULL;

	for (void *it = gh_json_iter(names); bad == 0 && it != NULL; it = gh_json_next(names, it))
		if (is_there(gh_json_iter_value(it)))
			bad = gh_json_append(patterns, gh_json_new_string(gh_json_iter_name(it))) !=
				0 ||
			    gh_json_append(comments, gh_json_ref(gh_json_iter_value(it))) != 0;
	bad |= gh_json_set_string(o, "owner", text_of(group, "owner"));
	bad |= gh_json_set_string(o, "kind", text_of(group, "kind"));
	bad |= gh_json_set(o, "patterns", patterns);
	bad |= gh_json_set(o, "comments", comments);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static int
write_row(struct store *s, struct grants *g, const gh_json *group, const struct grant_row *old,
    const gh_json *names, struct gh_error *err)
{
	static const struct store_statement gone = {"name_owner_delete",
	    "DELETE FROM name_owner WHERE id = $1"};
	int64_t id = old != NULL ? old->seal.key : 0;
	gh_json *row = content_of(group, names);
	int rc = row != NULL ? 0 : no_memory(err);

	if (rc == 0 && gh_json_size(gh_json_get(row, "patterns")) == 0) {
		gh_json_free(row);
		return grant_remove(s, g, GRANT_NAME_OWNER, id, &gone, err);
	}
	if (rc == 0 && old == NULL)
		rc = grant_new_id(s, GRANT_NAME_OWNER, &id, err);
	if (rc == 0 && gh_json_set_int(row, "id", id) != 0)
		rc = no_memory(err);
	if (rc == 0)
		return grant_put(s, g, GRANT_NAME_OWNER, row, "Conflict.", err);
	gh_json_free(row);
	return rc;
}

/* "dns www.example, a.example and 7 more": what does not fit is counted. */
static int
audit(struct store *s, const struct requester *who, const char *event, const gh_json *group,
    const gh_json *changed, struct gh_error *err)
{
	char detail[DETAIL_SIZE];
	size_t n = (size_t)snprintf(detail, sizeof(detail), "%s", text_of(group, "kind")), told = 0;

	for (void *it = gh_json_iter(changed); it != NULL && n + 400 < sizeof(detail);
	     it = gh_json_next(changed, it))
		n += (size_t)snprintf(detail + n, sizeof(detail) - n, "%s%.300s",
		    told++ > 0 ? ", " : " ", gh_json_iter_name(it));
	if (told < gh_json_size(changed))
		snprintf(detail + n, sizeof(detail) - n, " and %zu more",
		    gh_json_size(changed) - told);
	return store_audit_change(s, who, event, text_of(group, "owner"), detail, err);
}

/* --- add and remove --------------------------------------------------------------------------- */

/* What is to become of one name. names: those of the row; changed: those that are told. */
typedef int (*change_fn)(gh_json *names, const char *pattern, gh_json *comment, gh_json *changed,
    struct gh_error *err);

static int
add(gh_json *names, const char *pattern, gh_json *comment, gh_json *changed, struct gh_error *err)
{
	const gh_json *old = gh_json_get(names, pattern);

	if (is_there(old) && strcmp(gh_json_string(old), gh_json_string(comment)) == 0)
		return 0;
	return gh_json_set(names, pattern, gh_json_ref(comment)) == 0 &&
		gh_json_set_bool(changed, pattern, true) == 0
	    ? 0
	    : no_memory(err);
}

static int
take_away(gh_json *names, const char *pattern, gh_json *comment, gh_json *changed,
    struct gh_error *err)
{
	(void)comment;
	if (!is_there(gh_json_get(names, pattern)))
		return gh_refuse(err, GH_E_NOT_FOUND,
		    "\"%.128s\" is not in the list for this owner: see `gatehouse name list`",
		    pattern);
	return gh_json_set_string(names, pattern, NULL) == 0 &&
		gh_json_set_bool(changed, pattern, true) == 0
	    ? 0
	    : no_memory(err);
}

static int
change_group(struct store *s, struct grants *g, const struct requester *who, const gh_json *group,
    change_fn change, size_t *n, struct gh_error *err)
{
	const gh_json *asked = gh_json_get(group, "names");
	const struct grant_row *old = find_row(g, group);
	gh_json *names = NULL, *changed = gh_json_new_object();
	int rc = changed != NULL ? names_of(old, &names, err) : no_memory(err);

	for (void *it = gh_json_iter(asked); rc == 0 && it != NULL; it = gh_json_next(asked, it))
		rc = change(names, gh_json_iter_name(it), gh_json_iter_value(it), changed, err);
	if (rc == 0 && gh_json_size(changed) > 0 &&
	    (rc = write_row(s, g, group, old, names, err)) == 0)
		rc = audit(s, who, change == add ? "name.added" : "name.removed", group, changed,
		    err);
	*n += gh_json_size(changed);
	gh_json_free(changed);
	gh_json_free(names);
	return rc;
}

static size_t
count(const struct grants *g)
{
	const struct grant_rows *rows = &g->table[GRANT_NAME_OWNER];
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++)
		n += gh_json_size(gh_json_get(rows->row[i].content, "patterns"));
	return n;
}

static int
change_all(struct store *s, struct grants *g, const struct requester *who, const gh_json *groups,
    change_fn change, struct store_name_result *out, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < gh_json_size(groups); i++)
		rc = change_group(s, g, who, gh_json_at(groups, i), change, &out->changed, err);
	out->total = count(g);
	return rc;
}

int
store_add_names(struct store *s, const struct requester *who, const gh_json *groups, size_t max,
    bool is_trial, struct store_name_result *out, struct gh_error *err)
{
	struct grants g;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	rc = change_all(s, &g, who, groups, add, out, err);
	if (rc == 0 && out->total > max)
		rc = gh_refuse(err, GH_E_VALIDATION,
		    "The list would have %zu names; more than %zu are not taken: name domains "
		    "(\".shop.example\") in place of hosts.",
		    out->total, max);
	if (rc == 0 && g.table[GRANT_NAME_OWNER].n > STORE_NAME_ROWS_MAX)
		rc = gh_refuse(err, GH_E_VALIDATION,
		    "The list would have %zu owners; more than %d are not taken: name groups in "
		    "place of users.",
		    g.table[GRANT_NAME_OWNER].n, STORE_NAME_ROWS_MAX);
	if (rc == 0 && (is_trial || out->changed == 0)) {
		grant_cancel(s, &g);
		return 0;
	}
	return grant_close(s, &g, rc, who, err);
}

int
store_remove_names(struct store *s, const struct requester *who, const gh_json *groups,
    struct store_name_result *out, struct gh_error *err)
{
	struct grants g;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	rc = change_all(s, &g, who, groups, take_away, out, err);
	return grant_close(s, &g, rc, who, err);
}

/* --- list ------------------------------------------------------------------------------------- */

static int
list_row(const gh_json *row, gh_json *list, struct gh_error *err)
{
	const gh_json *patterns = gh_json_get(row, "patterns"),
		      *comments = gh_json_get(row, "comments");

	for (size_t i = 0; i < gh_json_size(patterns); i++) {
		gh_json *o = gh_json_new_object();

		if (gh_json_set(o, "kind", gh_json_ref(gh_json_get(row, "kind"))) != 0 ||
		    gh_json_set(o, "pattern", gh_json_ref(gh_json_at(patterns, i))) != 0 ||
		    gh_json_set(o, "owner", gh_json_ref(gh_json_get(row, "owner"))) != 0 ||
		    gh_json_set(o, "comment", gh_json_ref(gh_json_at(comments, i))) != 0) {
			gh_json_free(o);
			return no_memory(err);
		}
		if (gh_json_append(list, o) != 0)
			return no_memory(err);
	}
	return 0;
}

int
store_list_names(struct store *s, const char *owner, const char *kind, gh_json **out,
    struct gh_error *err)
{
	struct grants g;
	int rc;

	*out = NULL;
	if ((rc = grant_load(s, GRANT_NAME_OWNER, &g, err)) != 0)
		return rc;
	if ((*out = gh_json_new_array()) == NULL)
		rc = no_memory(err);
	for (size_t i = 0; rc == 0 && i < g.table[GRANT_NAME_OWNER].n; i++) {
		const gh_json *row = g.table[GRANT_NAME_OWNER].row[i].content;

		if ((owner == NULL || strcmp(text_of(row, "owner"), owner) == 0) &&
		    (kind == NULL || strcmp(text_of(row, "kind"), kind) == 0))
			rc = list_row(row, *out, err);
	}
	grant_clear(&g);
	if (rc != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}
