/* `gatehouse doctor`: indexes of metadata fields. */
#include <stdio.h>

#include "catalog/metadata.h"
#include "store/inventory/metadata_index.h"

#include "doctor.h"

static bool
is_of(const gh_json *index, const struct metadata_field *f)
{
	int64_t id = 0;

	return gh_json_int(gh_json_get(index, "field_id"), &id) && id == f->id &&
	    gh_json_bool(gh_json_get(index, "is_number"), false) ==
	    metadata_index_is_number(f->type);
}

/* Searches count on one that is not there, or not whole: they are right, and slow. */
static void
check_field(struct doctor *d, const struct metadata_field *f, const gh_json *indexes)
{
	char todo[160];

	for (size_t i = 0; i < gh_json_size(indexes); i++)
		if (is_of(gh_json_at(indexes, i), f) &&
		    gh_json_bool(gh_json_get(gh_json_at(indexes, i), "is_valid"), false))
			return;
	snprintf(todo, sizeof(todo), "`gatehouse metadata set %.64s --indexed`", f->name);
	finding_wrong(&d->findings, FINDING_WARNING, "metadata-index", todo,
	    "metadata field %s is said to have an index, and has none: searches by it are slow",
	    f->name);
}

/* The field whose number the index has; NULL: there is none any more. */
static const struct metadata_field *
field_of(const struct catalog *c, const gh_json *index)
{
	int64_t id = 0;

	(void)gh_json_int(gh_json_get(index, "field_id"), &id);
	for (size_t i = 0; i < c->fields; i++)
		if (c->field[i].id == id)
			return &c->field[i];
	return NULL;
}

/* Enrollments write into one that no search asks: what a command left that was killed. */
static void
check_index(struct doctor *d, const gh_json *index)
{
	const char *name = gh_json_string(gh_json_get(index, "name"));
	const struct metadata_field *f = field_of(d->gateway.catalog, index);
	char todo[256];

	if (f != NULL && f->indexed && is_of(index, f))
		return;
	if (f != NULL)
		snprintf(todo, sizeof(todo),
		    "if no command makes it at this moment: `gatehouse metadata set %.64s --no-indexed`%s",
		    f->name, f->indexed ? ", and then --indexed" : "");
	else
		snprintf(todo, sizeof(todo), "`DROP INDEX CONCURRENTLY %.63s`",
		    name != NULL ? name : "");
	finding_wrong(&d->findings, FINDING_WARNING, "metadata-index", todo,
	    "index %s belongs to no metadata field that is said to have one",
	    name != NULL ? name : "");
}

void
doctor_metadata(struct doctor *d)
{
	const struct catalog *c = d->gateway.catalog;
	gh_json *indexes = NULL;
	struct gh_error err;

	if (c == NULL || d->env.store == NULL ||
	    store_list_metadata_indexes(d->env.store, &indexes, &err) != 0)
		return; /* what is wrong with the database is told already */
	for (size_t i = 0; i < c->fields; i++)
		if (c->field[i].indexed)
			check_field(d, &c->field[i], indexes);
	for (size_t i = 0; i < gh_json_size(indexes); i++)
		check_index(d, gh_json_at(indexes, i));
	gh_json_free(indexes);
}
