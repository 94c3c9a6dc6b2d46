/*
 * Indexes of metadata fields (docs/metadata.md, "Indexes"): made and dropped by the command beside
 * everything else, never by a worker. cert_field.h has what is in them. Whether searches count on
 * one, the definition of the field says (catalog/metadata_row.h).
 */
#ifndef STORE_METADATA_INDEX_H
#define STORE_METADATA_INDEX_H

#include "progress.h"

#include "store/store.h"

struct metadata_index {
	int64_t field_id; /* its number makes the index's name */
	const char *name; /* of the field */
	bool is_number;
};
/* type: as of a definition, 1 to 7. */
bool metadata_index_is_number(int64_t type);

/* GH_E_FORBIDDEN: PostgreSQL would not let this role. */
int store_may_index_metadata(struct store *s, struct gh_error *err) GH_MUSTCHECK;
/*
 * builder: a connection for that alone; its time limit and the store's unwanted flag
 * (store_unless) end it. s: another one, on which is told how far it is. What is there and whole
 * stays; what is left of one that was interrupted is made anew. When p stops it, what was begun is
 * removed; when p stops that, too, a remnant is left, as the message says.
 */
int store_make_metadata_index(struct store *builder, struct store *s,
    const struct metadata_index *i, const struct gh_progress *p, struct gh_error *err) GH_MUSTCHECK;
/* All that the field has, of any type. GH_E_CONFLICT: p has stopped it. */
int store_drop_metadata_index(struct store *builder, struct store *s, int64_t field_id,
    const struct gh_progress *p, struct gh_error *err) GH_MUSTCHECK;
/* Array of {"field_id","name" (of the index),"is_number","is_valid"}. */
int store_list_metadata_indexes(struct store *s, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

#endif
