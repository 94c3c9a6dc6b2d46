/* Counters of certificates (docs/inventory.md, "Statistics"). */
#ifndef STORE_CERT_STATISTICS_H
#define STORE_CERT_STATISTICS_H

#include "store/store.h"

#define CERT_VALUES_MAX 100 /* of a metadata field, the most frequent ones */
#define CERT_ISSUE_DAYS 30  /* today and those before */

/*
 * As of now: {"total", "by_state": {"active", "expired", "revoked", "hold"}, "by_ca": [{"ca",
 * "issuer", "count"}], "by_template": [{"template", "count"}], "by_key": [{"key", "count"}],
 * "by_expiry_week": [{"begins", "count"}]}: weeks from this one on, of those that are neither
 * revoked nor on hold, "by_issue_day": [{"day", "count"}]: of ours, by their first day, the last
 * CERT_ISSUE_DAYS. Weeks and days without any are left out. metadata: a field, for "by_metadata":
 * [{"value", "count"}]; NULL = none.
 */
int store_cert_statistics(struct store *s, const char *metadata, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
/* Add a page of what has changed to the counters. *n: changes; 0: there are no more. */
int store_cert_count_changes(struct store *s, int64_t *n, struct gh_error *err) GH_MUSTCHECK;
/* How many changes wait. */
int store_cert_changes(struct store *s, int64_t *n, struct gh_error *err) GH_MUSTCHECK;

#endif
