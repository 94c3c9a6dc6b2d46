/* Rows of table metadata_field. See metadata_row.h. */
#include <stdio.h>
#include <stdlib.h>

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
	int64_t type = 0;

	(void)gh_json_int(gh_json_get(row, "type"), &type);
	snprintf(out, size, "type %lld%s", (long long)type,
	    gh_json_bool(gh_json_get(row, "required"), false) ? ", required" : "");
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

int
store_add_metadata_field(struct store *s, const struct requester *who, const gh_json *field,
    struct gh_error *err)
{
	gh_json *row;
	int rc = make_row(field, &row, err);

	if (rc == 0)
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
