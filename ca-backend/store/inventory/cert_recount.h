/* The counters of the inventory (cert_statistics.h) compared with the certificates themselves. */
#ifndef STORE_CERT_RECOUNT_H
#define STORE_CERT_RECOUNT_H

#include "progress.h"

#include "store/store.h"

/*
 * All certificates and counters of one moment, without a lock that anybody waits for; the ids go by
 * in steps, which are told. *out: {"certificates", "different", "differences":[{"counter": "kind",
 * "issued" or "metadata", "of": {...}, "counted", "there"}], the first 100 of them, "repaired"}.
 * With repair what is missing is written as changes like those of certificates, so that what
 * happens meanwhile counts, too; in the same transaction as an audit row of who. GH_E_CONFLICT: the
 * progress wanted it to end.
 */
int store_check_cert_counts(struct store *s, const struct requester *who, bool repair,
    const struct gh_progress *p, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

#endif
