/* The fields that a query can ask for: those of every certificate, and the defined metadata. */
#ifndef ENROLL_QUERY_FIELD_H
#define ENROLL_QUERY_FIELD_H

#include "query_parse.h"

#define METADATA_PREFIX "Metadata." /* without case; before the name of a field */

struct query_field {
	enum cert_column column;
	const char *part; /* borrowed; see cert_filter.h */
	enum cert_value type;
	bool is_indexed; /* of CERT_COL_METADATA */
};

/* Without case. A name of ours is meant before a metadata field of the same name; that one is
 * "Metadata.NAME". */
bool query_field_find(const struct query_env *env, const char *name, struct query_field *out);

/* How values of this metadata field are compared. */
enum cert_value query_field_type(const struct metadata_field *field);

/* The metadata field of this name, without case, as it is defined; NULL: there is none. */
const char *query_field_metadata(const struct query_env *env, const char *name);

/* Up to three names that differ in a letter or two, as ", did you mean \"NotAfter\"?"; "" for none.
 * Returns out. */
char *query_field_near(const struct query_env *env, const char *name, char *out, size_t size);

#endif
