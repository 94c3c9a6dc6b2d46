/*
 * Retention: archived keys are destroyed when their time is over. Rules are kra.retention_days and
 * kra.inactive_days; by default nothing is destroyed. Whoever can write the database can delete
 * keys whatever is done here; but what is said in its rows of a certificate alone destroys none,
 * and the audit trail gives no wrong reason. docs/kra.md
 */
#ifndef KRA_KEY_RETENTION_H
#define KRA_KEY_RETENTION_H

#include "progress.h"
#include "requester.h"
#include "store/key/key_ageing.h"

struct key_retention {
	struct store *store;
	const struct requester *who; /* of the audit rows */
	struct store_key_rules rules;
	struct gh_progress progress;
};

struct key_retention_result {
	int64_t destroyed; /* or would be */
	int64_t asked_for; /* left: a request for them is open */
	int64_t
	    altered; /* left: a certificate is not what its row says; each has a line in the log */
};
/* Go through all keys. dry: destroy none, count. GH_E_BUSY: it was to stop; GH_E_SEAL (public): all
 * is done but out->altered. *out also after a failure. */
int key_retention_run(const struct key_retention *r, bool dry, struct key_retention_result *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
