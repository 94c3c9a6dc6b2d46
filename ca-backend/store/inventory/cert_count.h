/* How many certificates fit. */
#ifndef STORE_CERT_COUNT_H
#define STORE_CERT_COUNT_H

#include "cert_page.h"

/* Of f, only condition and owner count. is_exact: each is looked at; GH_E_VALIDATION: they are too
 * many for the time that a statement has. Else what PostgreSQL's planner expects. */
int store_cert_count(struct store *s, const struct store_cert_filter *f, bool is_exact,
    int64_t *out, struct gh_error *err) GH_MUSTCHECK;

#endif
