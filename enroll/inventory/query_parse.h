/*
 * The query language of the inventory (docs/inventory.md): tests like NotAfter -lt "%TODAY+30%",
 * joined with AND, OR and brackets, to the condition that they are.
 */
#ifndef ENROLL_QUERY_PARSE_H
#define ENROLL_QUERY_PARSE_H

#include "catalog/metadata.h"
#include "store/inventory/cert_filter.h"

#define QUERY_MAX_BYTES 8192
#define QUERY_MAX_DEPTH 16 /* brackets in brackets */

/* What names and tokens mean here. Borrowed. */
struct query_env {
	const struct metadata_field *field; /* as the catalog has them */
	size_t fields;
	const char *me;    /* %ME%: who asks, as the inventory names requesters */
	int64_t now;       /* UTC seconds, for %TODAY% */
	bool is_keyfactor; /* only fields that clients of Keyfactor see (allow_api) */
};

/* *out: cert_node_free. GH_E_BAD_REQUEST: the message says in which column (characters, from 1)
 * what was expected; GH_E_NOMEM. */
int query_parse(const char *text, const struct query_env *env, struct cert_node **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
