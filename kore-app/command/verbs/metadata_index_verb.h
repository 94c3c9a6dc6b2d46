/* The index of a metadata field, as `gatehouse metadata set NAME --indexed` makes it. */
#ifndef METADATA_INDEX_VERB_H
#define METADATA_INDEX_VERB_H

#include "verb.h"

/* Made, and then counted on; or not counted on any more, and then dropped: whatever was there
 * before, and also where an earlier try was interrupted. Tells a terminal how far it is; SIGINT and
 * SIGTERM end it. GH_E_NOT_FOUND; GH_E_CONFLICT: another command is at it. */
int metadata_index_set(struct verb_call *c, const char *name, bool indexed,
    struct gh_error *err) GH_MUSTCHECK;

#endif
