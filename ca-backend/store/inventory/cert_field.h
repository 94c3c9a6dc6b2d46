/*
 * What the index of a metadata field holds of each certificate (docs/metadata.md, "Indexes"), and
 * which tests it finds. A certificate without a value, or with one that is not of the field's type,
 * is in it before all others: there is a place for each, and nothing that is written can be
 * refused because of an index.
 */
#ifndef STORE_CERT_FIELD_H
#define STORE_CERT_FIELD_H

#include "cert_filter.h"

struct filter_writer;

#define CERT_FIELD_EXPR_MAX 512 /* bytes of the expression, without the name of the field */

/* name: SQL of the field's name, which stands in it more than once. A number is itself, or between
 * its neighbours where it is no whole one; all else is its first 200 characters, without case. */
void cert_field_put_expr(struct gh_buf *b, bool is_number, const char *name);

/* Tests of an indexed field (is_indexed): by one value, or none, in the order of ids; by a
 * beginning, a limit, or any value. */
bool cert_field_is_value(const struct cert_node *n);
bool cert_field_is_range(const struct cert_node *n);
/* Holds for all rows that one of these holds for, and maybe for more. */
void cert_field_put(struct filter_writer *w, const struct cert_node *n);

/* What cert_field_is_value compares with, as it is in the index. */
void cert_field_put_value(struct gh_buf *b, struct store_params *p, const struct cert_node *n);

/* Have all of them one value of that field, so that the order by it is that of ids? */
bool cert_field_has_value(const struct cert_node *n, const char *field);
/* Along the order of a field: what is joined with AND of limits of that field. */
bool cert_field_is_bound(const struct cert_node *n, const char *field); /* of a test */
bool cert_field_bounds(const struct cert_node *n, const char *field);
/* " AND (...)" for each of them. */
void cert_field_put_bounds(struct gh_buf *b, struct store_params *p, const struct cert_node *n,
    const char *field);
/* The first such limit of any field; NULL: none. Borrowed of n. */
const struct cert_node *cert_field_bounded(const struct cert_node *n);

#endif
