/* What an operator watches and only the database knows: ages of CRLs, ends of certificates,
 * failures of jobs. */
#ifndef STORE_GAUGE_H
#define STORE_GAUGE_H

#include "store/store.h"

struct store_gauge_options {
	bool has_deltas;    /* crl.delta_interval is not 0 */
	int session_idle;   /* pages.session_idle, seconds */
	bool has_syslog;    /* syslog.host is not empty */
	bool has_endpoints; /* scan.targets is not empty */
};

/*
 * Array of [gauge, value, label, label], labels null where the gauge has none. Times are UTC
 * seconds since 1970:
 *   "crl_next_update"       slug of the CA; "complete", "delta" or "shard" (the first shard to
 *                           end); 0 = none made yet
 *   "crl_this_update"       the same two: when it was made, of shards the oldest; 0 = none made yet
 *   "ca_not_after"          slug
 *   "ocsp_not_after"        slug: end of the newest OCSP signer
 *   "ocsp_not_before"       slug: beginning of it
 *   "job_failures"          job: runs in a row that failed
 *   "job_finished"          job: end of the last run; 0 = never
 *   "kra_transport_not_after" of the current transport key of the KRA; no line: there is none
 *   "key_requests"          "pending", "approved": recoveries that are open; 10000 = or more
 *   "notifications_waiting" the same
 *   "sessions"              log-ins of browsers that are open; the same
 *   "deliveries"            "mail", "webhook"; "waiting", "dead": messages; counted up to 10000
 *   "deliveries_ended"      "mail", "webhook"; "sent", "dead": how many became so, ever
 *   "delivery_oldest"       seconds since the oldest message that waits was written; 0 = none waits
 *   "kra_rotation_left"     archived keys under a storage key that is old; the same
 *   "audit_unsealed_age"    seconds since the oldest row without a seal was written; 0 = all are
 *                           sealed
 *   "audit_findings"        what the last verification of the audit trail has found that has ended,
 *                           or the one since, if it is more; no line: none has ended
 *   "audit_verified"        when the last one ended; no line: none has
 *   "syslog_oldest"         seconds since the oldest row was sealed that has not been sent to the
 *                           collector of syslog; 0 = none waits; no line: there is none
 *   "endpoints"             of the last 8 days: "all"; "failing": without certificate;
 *                           "ended_process": they ended who asked; "ending", "ended": whose
 *                           certificate ends within 14 days, has ended; "revoked": by us, among
 *                           10000 of them; counted up to 10000; no line: no list
 * Retired CAs and those without a key here are left out.
 */
int store_gauges(struct store *s, const struct store_gauge_options *o, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
