/* Definitions of metadata fields as the vendor's APIs have them: what the Classic API and
 * KeyfactorAPI share. */
#ifndef CE_FIELD_H
#define CE_FIELD_H

#include "catalog/metadata.h"
#include "json.h"

/* Name, Description, Hint, Validation, Message, DefaultValue, and Options as "a,b"; "" for what the
 * field does not have. 0 or -1. */
int ce_set_field_texts(gh_json *o, const struct metadata_field *f);

#endif
