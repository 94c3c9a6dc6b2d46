/* Definitions of metadata fields. Each change is one transaction with its audit row and seals
 * (grant.h). docs/metadata.md */
#ifndef STORE_METADATA_ROW_H
#define STORE_METADATA_ROW_H

#include "store/inventory/metadata_index.h"
#include "store/store.h"

/* field: {"name","type": 1..7,"required","regex","options":[..],"default","message","hint"}, and
 * where it is not as it would be without: {"description","display_order","allow_api",
 * "explicit_update","owner_sets"}. GH_E_CONFLICT: the name is taken. {"indexed"} stays as it is:
 * only store_set_metadata_indexed changes it. */
int store_add_metadata_field(struct store *s, const struct requester *who, const gh_json *field,
    struct gh_error *err) GH_MUSTCHECK;
/* The same, or in place of the one of this name. */
int store_set_metadata_field(struct store *s, const struct requester *who, const gh_json *field,
    bool *is_new, struct gh_error *err) GH_MUSTCHECK;
/* Whether searches count on an index of its values. GH_E_CONFLICT: the field is another one now. */
int store_set_metadata_indexed(struct store *s, const struct requester *who,
    const struct metadata_index *i, bool indexed, struct gh_error *err) GH_MUSTCHECK;
/* Values in certificates stay. GH_E_NOT_FOUND, GH_E_CONFLICT: it has an index (both public). */
int store_remove_metadata_field(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err) GH_MUSTCHECK;

#endif
