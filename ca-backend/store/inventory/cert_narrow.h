/*
 * What indexes find of a condition (docs/inventory.md, "Which index serves which query"): a
 * condition that holds for all rows that it holds for, and maybe for more.
 */
#ifndef STORE_CERT_NARROW_H
#define STORE_CERT_NARROW_H

#include "cert_filter.h"

enum cert_narrow {
	CERT_NARROW_ANY, /* rows in no order */
	/* rows along an index in the order of ids, of not_after, or of templates: only tests that
	 * are joined with AND */
	CERT_NARROW_BY_ID,
	CERT_NARROW_BY_NOT_AFTER,
	CERT_NARROW_BY_TEMPLATE
};

bool cert_is_narrow(const struct cert_node *n, enum cert_narrow how);
/* Do indexes find them by something else than what is along that order? */
bool cert_is_narrow_beside(const struct cert_node *n, enum cert_narrow how);
/* The same, where that is the order of a field (cert_field_bounds). */
bool cert_is_narrow_beside_field(const struct cert_node *n, const char *field);
/* Is it narrow by a test of one certificate, or of one name? */
bool cert_is_narrow_by_one(const struct cert_node *n);
/* The test that an index finds along the order of ids, where that is the one of a metadata field
 * (cert_field_is_value); else NULL. */
const struct cert_node *cert_narrow_value(const struct cert_node *n);
/* In brackets, on the table certificate; as cert_filter_put. n is narrow. */
void cert_narrow_put(struct gh_buf *b, struct store_params *p, const struct cert_node *n,
    enum cert_narrow how);

#endif
