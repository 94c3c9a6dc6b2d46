/* Rows of table metadata_field. See metadata_row.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/inventory/metadata_index.h"

#include "metadata_row.h"
#include "named_row.h"

/* Defaults may be written as a number or boolean in the file: the table keeps text. */
static int
set_scalar(gh_json *row, const char *name, const gh_json *v)
{
	enum gh_json_type type = gh_json_type(v);
	char *text;
	int bad;

	if (type != GH_JSON_INT && type != GH_JSON_BOOL && type != GH_JSON_REAL)
		return gh_json_set_string(row, name, gh_json_string(v));
	text = gh_json_print(v, false);
	bad = text == NULL || gh_json_set_string(row, name, text) != 0;
	free(text);
	return bad ? -1 : 0;
}

static bool
is_indexed(const gh_json *row)
{
	return gh_json_bool(gh_json_get(row, "indexed"), false);
}

static int64_t
type_of(const gh_json *row)
{
	int64_t type = 0;

	(void)gh_json_int(gh_json_get(row, "type"), &type);
	return type;
}

/* What a row has only where it is not as it would be without. */
static int
set_later(gh_json *row, const gh_json *field)
{
	static const char *const later[] = {"description", "display_order", "allow_api",
	    "explicit_update", "owner_sets"};
	int bad = 0;

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		gh_json *v = gh_json_get(field, later[i]);

		if (gh_json_type(v) != GH_JSON_NULL)
			bad |= gh_json_set(row, later[i], gh_json_ref(v));
	}
	if (is_indexed(field))
		bad |= gh_json_set_bool(row, "indexed", true);
	return bad;
}

static gh_json *
field_row(const gh_json *field, int64_t type, bool *bad)
{
	static const char *const texts[] = {"name", "regex", "message", "hint"};
	gh_json *row = gh_json_new_object(), *options = gh_json_get(field, "options");

	*bad = gh_json_set_int(row, "type", type) != 0 ||
	    gh_json_set_bool(row, "required",
		gh_json_bool(gh_json_get(field, "required"), false)) != 0 ||
	    gh_json_set(row, "options",
		gh_json_type(options) == GH_JSON_ARRAY ? gh_json_ref(options)
						       : gh_json_new_array()) != 0 ||
	    set_scalar(row, "default", gh_json_get(field, "default")) != 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*bad |= gh_json_set_string(row, texts[i],
			    gh_json_string(gh_json_get(field, texts[i]))) != 0;
	*bad |= set_later(row, field) != 0;
	return row;
}

static void
describe(const gh_json *row, char *out, size_t size)
{
	snprintf(out, size, "type %lld%s%s", (long long)type_of(row),
	    gh_json_bool(gh_json_get(row, "required"), false) ? ", required" : "",
	    is_indexed(row) ? ", indexed" : "");
}

/* A worker does no work on the schema. */
static int
may_remove(const gh_json *row, struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(row, "name"));

	return is_indexed(row)
	    ? gh_refuse(err, GH_E_CONFLICT,
		  "The field has an index, which goes first: `gatehouse metadata remove %.64s` removes both, "
		  "where the gateway runs.",
		  name != NULL ? name : "NAME")
	    : 0;
}

static const struct named_row_kind kind = {
    .table = GRANT_METADATA_FIELD,
    .added = "metadata_field.set",
    .changed = "metadata_field.set",
    .removed = "metadata_field.removed",
    .taken = "There is a metadata field of this name already.",
    .what = "metadata field",
    .list = "gatehouse metadata list",
    .remove = {"metadata_field_delete", "DELETE FROM metadata_field WHERE id = $1"},
    .describe = describe,
    .may_remove = may_remove,
};

static int
make_row(const gh_json *field, gh_json **out, struct gh_error *err)
{
	int64_t type;
	bool bad;

	*out = NULL;
	if (gh_json_string(gh_json_get(field, "name")) == NULL ||
	    !gh_json_int(gh_json_get(field, "type"), &type))
		return gh_refuse(err, GH_E_METADATA, "A metadata field needs name and type.");
	*out = field_row(field, type, &bad);
	if (!bad)
		return 0;
	gh_json_free(*out);
	*out = NULL;
	return gh_fail(err, GH_E_NOMEM, "metadata field");
}

/* A definition does not change whether there is an index, and keeps what the index is made of. */
static int
keep_index(const gh_json *old, gh_json *row, struct gh_error *err)
{
	if (old == NULL || !is_indexed(old))
		return !is_indexed(row)
		    ? 0
		    : gh_refuse(err, GH_E_METADATA,
			  "indexed: an index is made by `gatehouse metadata set NAME --indexed`, where the gateway runs.");
	if (metadata_index_is_number(type_of(old)) != metadata_index_is_number(type_of(row)))
		return gh_refuse(err, GH_E_CONFLICT,
		    "The field has an index of its type, which goes first: `gatehouse metadata set NAME --no-indexed`.");
	return gh_json_set_bool(row, "indexed", true) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "metadata field");
}

int
store_add_metadata_field(struct store *s, const struct requester *who, const gh_json *field,
    struct gh_error *err)
{
	gh_json *row;
	int rc = make_row(field, &row, err);

	if (rc == 0 && (rc = keep_index(NULL, row, err)) == 0)
		rc = named_row_add(s, who, &kind, row, err);
	gh_json_free(row);
	return rc;
}

int
store_remove_metadata_field(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err)
{
	return named_row_remove(s, who, &kind, name, err);
}

/* In place of the row of this name, or as a new one. Takes row over. */
static int
put(struct store *s, struct grants *g, gh_json *row, bool *is_new, struct gh_error *err)
{
	const struct grant_row *old =
	    grant_find(g, GRANT_METADATA_FIELD, "name", gh_json_string(gh_json_get(row, "name")));
	int64_t id = old != NULL ? old->seal.key : 0;
	int rc = old != NULL ? 0 : grant_new_id(s, GRANT_METADATA_FIELD, &id, err);

	*is_new = old == NULL;
	if (rc == 0)
		rc = keep_index(old != NULL ? old->content : NULL, row, err);
	if (rc == 0 && gh_json_set_int(row, "id", id) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "metadata field");
	if (rc == 0)
		return grant_put(s, g, GRANT_METADATA_FIELD, row, kind.taken, err);
	gh_json_free(row);
	return rc;
}

int
store_set_metadata_field(struct store *s, const struct requester *who, const gh_json *field,
    bool *is_new, struct gh_error *err)
{
	struct grants g;
	char detail[64];
	gh_json *row;
	int rc;

	*is_new = false;
	if ((rc = make_row(field, &row, err)) != 0)
		return rc;
	describe(row, detail, sizeof(detail));
	if ((rc = grant_open(s, &g, err)) != 0) {
		gh_json_free(row);
		return rc;
	}
	if ((rc = put(s, &g, row, is_new, err)) == 0)
		rc = store_audit_change(s, who, kind.changed,
		    gh_json_string(gh_json_get(field, "name")), detail, err);
	return grant_close(s, &g, rc, who, err);
}

/* Without the member where there is none: the row has the MAC that it had. */
static int
copy_with(const gh_json *row, bool indexed, gh_json **out, struct gh_error *err)
{
	gh_json *o = gh_json_new_object();
	int bad = o == NULL;

	for (void *it = gh_json_iter(row); it != NULL && !bad; it = gh_json_next(row, it))
		if (strcmp(gh_json_iter_name(it), "indexed") != 0)
			bad |= gh_json_set(o, gh_json_iter_name(it),
			    gh_json_ref(gh_json_iter_value(it)));
	if (indexed && !bad)
		bad |= gh_json_set_bool(o, "indexed", true);
	if (!bad) {
		*out = o;
		return 0;
	}
	gh_json_free(o);
	return gh_fail(err, GH_E_NOMEM, "metadata field");
}

int
store_set_metadata_indexed(struct store *s, const struct requester *who,
    const struct metadata_index *i, bool indexed, struct gh_error *err)
{
	struct grant_row *old;
	gh_json *row = NULL;
	struct grants g;
	char detail[64];
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	old = grant_find_id(&g, GRANT_METADATA_FIELD, i->field_id);
	if (old == NULL ||
	    (indexed && metadata_index_is_number(type_of(old->content)) != i->is_number))
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "The definition of the field was changed meanwhile. Try again.");
	if (rc == 0 && (rc = copy_with(old->content, indexed, &row, err)) == 0) {
		describe(row, detail, sizeof(detail));
		rc = store_audit_change(s, who, kind.changed, i->name, detail, err);
		if (rc == 0)
			rc = grant_put(s, &g, GRANT_METADATA_FIELD, row, kind.taken, err);
		else
			gh_json_free(row);
	}
	return grant_close(s, &g, rc, who, err);
}
