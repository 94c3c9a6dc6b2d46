/* What the values of a certificate become. See metadata_change.h. */
#include <stdlib.h>
#include <string.h>

#include "metadata_change.h"
#include "metadata_value.h"

struct work {
	const struct metadata_change *c;
	gh_json *out, *changes;
	bool *seen; /* by field */
};

static int
no_memory(struct gh_error *err)
{
	return gh_fail(err, GH_E_NOMEM, "metadata");
}

static bool
is_none(const gh_json *value)
{
	const char *s = gh_json_string(value);

	return gh_json_type(value) == GH_JSON_NULL ||
	    (s != NULL && s[strspn(s, " \t\r\n")] == '\0');
}

static int
note(struct work *w, const struct metadata_field *f, gh_json *was, gh_json *is,
    struct gh_error *err)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_string(o, "field", f->name) |
	    gh_json_set(o, "old", was != NULL ? gh_json_ref(was) : gh_json_new_string(NULL)) |
	    gh_json_set(o, "new", gh_json_ref(is));

	if (bad != 0) {
		gh_json_free(o);
		return no_memory(err);
	}
	bad = gh_json_append(w->changes, o) | gh_json_set(w->out, f->name, gh_json_ref(is));
	return bad == 0 ? 0 : no_memory(err);
}

static bool
may_set(const struct metadata_change *c, const struct metadata_field *f)
{
	return c->is_officer || (f->allow_api && f->owner_sets);
}

/* is: typed, or JSON null for none. */
static int
put(struct work *w, const struct metadata_field *f, gh_json *is, struct gh_error *err)
{
	gh_json *was = gh_json_get(w->out, f->name);
	bool had = !is_none(was), has = gh_json_type(is) != GH_JSON_NULL;

	if (!has && f->required && (had || w->c->replaces) && may_set(w->c, f))
		return gh_refuse_as(err, GH_E_METADATA, "required", NULL,
		    "metadata field \"%s\" is required", f->name);
	if ((!had && !has) || (had && has && gh_json_equal(was, is)))
		return 0;
	if (!may_set(w->c, f))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Only an officer may change the metadata field %s.", f->name);
	if (had && f->explicit_update && !w->c->overwrites)
		return gh_refuse(err, GH_E_METADATA,
		    "metadata field \"%s\" has a value, which is overwritten only where the call "
		    "says so",
		    f->name);
	return note(w, f, was, is, err);
}

static int
take(struct work *w, const char *name, const gh_json *value, struct gh_error *err)
{
	const struct metadata_change *c = w->c;
	const struct metadata_field *f = metadata_field_find(c->field, c->fields, name);
	gh_json *typed = NULL;
	int rc = 0;

	if (f == NULL)
		return gh_refuse_as(err, GH_E_METADATA, "metadata_unknown", NULL,
		    "metadata field \"%.*s\" is not defined", METADATA_NAME_MAX, name);
	if (w->seen[f - c->field])
		return gh_refuse(err, GH_E_METADATA, "metadata field \"%s\" is given twice",
		    f->name);
	w->seen[f - c->field] = true;
	if (!is_none(value))
		rc = metadata_value(f, value, &typed, err);
	else if ((typed = gh_json_new_string(NULL)) == NULL)
		rc = no_memory(err);
	if (rc == 0)
		rc = put(w, f, typed, err);
	gh_json_free(typed);
	return rc;
}

/* Of those that are not named. */
static int
take_away(struct work *w, struct gh_error *err)
{
	const struct metadata_change *c = w->c;
	gh_json *none = gh_json_new_string(NULL);
	int rc = none != NULL ? 0 : no_memory(err);

	for (size_t i = 0; rc == 0 && i < c->fields; i++)
		if (!w->seen[i] && may_set(c, &c->field[i]))
			rc = put(w, &c->field[i], none, err);
	gh_json_free(none);
	return rc;
}

static int
take_all(struct work *w, const gh_json *values, struct gh_error *err)
{
	int rc = 0;

	if (gh_json_type(values) != GH_JSON_OBJECT)
		return gh_refuse(err, GH_E_METADATA, "Metadata is no object but %s",
		    gh_json_type_name(values));
	if (gh_json_size(values) > METADATA_LIST_MAX)
		return gh_refuse(err, GH_E_METADATA, "Metadata has more than %d members",
		    METADATA_LIST_MAX);
	for (void *it = gh_json_iter(values); rc == 0 && it != NULL; it = gh_json_next(values, it))
		rc = take(w, gh_json_iter_name(it), gh_json_iter_value(it), err);
	return rc == 0 && w->c->replaces ? take_away(w, err) : rc;
}

/* Without those that were taken away. */
static int
copy(const gh_json *from, gh_json **out, struct gh_error *err)
{
	int bad = (*out = gh_json_new_object()) == NULL;

	for (void *it = gh_json_iter(from); it != NULL; it = gh_json_next(from, it))
		if (gh_json_type(gh_json_iter_value(it)) != GH_JSON_NULL)
			bad |= gh_json_set(*out, gh_json_iter_name(it),
			    gh_json_ref(gh_json_iter_value(it)));
	return bad == 0 ? 0 : no_memory(err);
}

int
metadata_change(const struct metadata_change *c, const gh_json *old, const gh_json *values,
    gh_json **out, gh_json **changes, struct gh_error *err)
{
	struct work w = {.c = c,
	    .changes = gh_json_new_array(),
	    .seen = calloc(c->fields + 1, sizeof(*w.seen))};
	int rc = copy(old, &w.out, err);

	*out = *changes = NULL;
	if (rc == 0 && (w.changes == NULL || w.seen == NULL))
		rc = no_memory(err);
	if (rc == 0 && (rc = take_all(&w, values, err)) == 0)
		rc = copy(w.out, out, err);
	free(w.seen);
	gh_json_free(w.out);
	if (rc == 0) {
		*changes = w.changes;
		return 0;
	}
	gh_json_free(w.changes);
	gh_json_free(*out);
	*out = NULL;
	return rc;
}
