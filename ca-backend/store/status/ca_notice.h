/* Which administrators are told that a CA or its CRLs end: rows of ca_notice, which a trigger makes
 * notifications of (migration 0020). docs/notifications.md */
#ifndef STORE_CA_NOTICE_H
#define STORE_CA_NOTICE_H

#include "store/store.h"

/*
 * One row for each CA certificate that ends within the smallest of days[n] that fits, unless it
 * lives no longer than that altogether; and one for each CA whose CRL ends in fewer than
 * crl_seconds, and again when it has ended. Rows that are there already stay: another certificate
 * or CRL has another end. *noted: new rows.
 */
int store_note_ca_ends(struct store *s, const int *days, int n, int crl_seconds, int *noted,
    struct gh_error *err) GH_MUSTCHECK;
/* How many rows it would write. */
int store_count_ca_ends(struct store *s, const int *days, int n, int crl_seconds, int *count,
    struct gh_error *err) GH_MUSTCHECK;

#endif
