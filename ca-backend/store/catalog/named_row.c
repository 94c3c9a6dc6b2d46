/* Rows that are known by their name. See named_row.h. */
#include "named_row.h"

static int
no_memory(struct gh_error *err)
{
	return gh_fail(err, GH_E_NOMEM, "row");
}

/* Members of from replace those of to. */
static int
copy_members(gh_json *to, const gh_json *from, struct gh_error *err)
{
	for (void *it = gh_json_iter(from); it != NULL; it = gh_json_next(from, it))
		if (gh_json_set(to, gh_json_iter_name(it), gh_json_ref(gh_json_iter_value(it))) !=
		    0)
			return no_memory(err);
	return 0;
}

/* The same, but objects on both sides become one. */
static int
merge(gh_json *row, const gh_json *changes, struct gh_error *err)
{
	for (void *it = gh_json_iter(changes); it != NULL; it = gh_json_next(changes, it)) {
		gh_json *old = gh_json_get(row, gh_json_iter_name(it)), *v = gh_json_iter_value(it);
		int rc = 0;

		if (gh_json_type(old) == GH_JSON_OBJECT && gh_json_type(v) == GH_JSON_OBJECT)
			rc = copy_members(old, v, err);
		else if (gh_json_set(row, gh_json_iter_name(it), gh_json_ref(v)) != 0)
			rc = no_memory(err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
audit(struct store *s, const struct requester *who, const struct named_row_kind *k,
    const char *event, const gh_json *row, struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(row, "name"));
	char detail[512];

	k->describe(row, detail, sizeof(detail));
	return store_audit_change(s, who, event, name != NULL ? name : "?", detail, err);
}

int
named_row_load(struct store *s, const struct named_row_kind *k, gh_json **out, struct gh_error *err)
{
	const struct grant_rows *rows;
	gh_json *list;
	struct grants g;
	int rc = grant_load(s, k->table, &g, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	rows = &g.table[k->table];
	list = gh_json_new_array();
	for (size_t i = 0; rc == 0 && i < rows->n; i++)
		if (gh_json_append(list, gh_json_ref(rows->row[i].content)) != 0)
			rc = no_memory(err);
	grant_clear(&g);
	if (rc != 0)
		gh_json_free(list);
	else
		*out = list;
	return rc;
}

int
named_row_add(struct store *s, const struct requester *who, const struct named_row_kind *k,
    const gh_json *content, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	struct grants g;
	int64_t id;
	int rc = row != NULL ? copy_members(row, content, err) : no_memory(err);

	if (rc == 0)
		rc = grant_open(s, &g, err);
	if (rc != 0) {
		gh_json_free(row);
		return rc;
	}
	if ((rc = grant_new_id(s, k->table, &id, err)) == 0 && gh_json_set_int(row, "id", id) != 0)
		rc = no_memory(err);
	if (rc == 0)
		rc = audit(s, who, k, k->added, row, err);
	if (rc == 0)
		rc = grant_put(s, &g, k->table, row, k->taken, err);
	else
		gh_json_free(row);
	return grant_close(s, &g, rc, who, err);
}

static int
find(const struct grants *g, const struct named_row_kind *k, const char *name,
    struct grant_row **out, struct gh_error *err)
{
	*out = grant_find(g, k->table, "name", name);
	return *out != NULL ? 0
			    : gh_refuse(err, GH_E_NOT_FOUND, "there is no %s \"%.100s\": see `%s`",
				  k->what, name, k->list);
}

int
named_row_change(struct store *s, const struct requester *who, const struct named_row_kind *k,
    const char *name, const gh_json *changes,
    int (*check)(const gh_json *row, struct gh_error *err), struct gh_error *err)
{
	struct grant_row *row;
	struct grants g;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((rc = find(&g, k, name, &row, err)) == 0 &&
	    (rc = merge(row->content, changes, err)) == 0 && (rc = check(row->content, err)) == 0)
		rc = audit(s, who, k, k->changed, row->content, err);
	if (rc == 0)
		rc = grant_put(s, &g, k->table, gh_json_ref(row->content), k->taken, err);
	return grant_close(s, &g, rc, who, err);
}

int
named_row_set(struct store *s, const struct requester *who, const struct named_row_kind *k,
    const char *name, const gh_json *changes, const char *detail, struct gh_error *err)
{
	struct grant_row *row;
	struct grants g;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((rc = find(&g, k, name, &row, err)) == 0 &&
	    (rc = copy_members(row->content, changes, err)) == 0)
		rc = store_audit_change(s, who, k->changed,
		    gh_json_string(gh_json_get(row->content, "name")), detail, err);
	if (rc == 0)
		rc = grant_put(s, &g, k->table, gh_json_ref(row->content), k->taken, err);
	return grant_close(s, &g, rc, who, err);
}

int
named_row_remove(struct store *s, const struct requester *who, const struct named_row_kind *k,
    const char *name, struct gh_error *err)
{
	struct grant_row *row;
	struct grants g;
	int64_t id = 0;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((rc = find(&g, k, name, &row, err)) == 0 && k->may_remove != NULL)
		rc = k->may_remove(row->content, err);
	if (rc == 0) {
		id = row->seal.key;
		rc = audit(s, who, k, k->removed, row->content, err);
	}
	if (rc == 0)
		rc = grant_remove(s, &g, k->table, id, &k->remove, err);
	return grant_close(s, &g, rc, who, err);
}
