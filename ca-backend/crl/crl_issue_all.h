/* All CRLs of a CA: the complete one, those of its shards, the delta CRL. */
#ifndef CRL_ISSUE_ALL_H
#define CRL_ISSUE_ALL_H

#include "issuing/ca.h"
#include "conf.h"
#include "crl.h"
#include "progress.h"
#include "requester.h"
#include "signer/client/signer_client.h"

/* What they are made with; all borrowed. */
struct crl_means {
	const struct gh_conf *conf; /* crl.* */
	struct store *store;
	struct signer_client *signer;
	const struct requester *who; /* of the audit rows */
	struct gh_progress progress;
};

/* What to make of one CA. */
struct crl_wish {
	bool complete, delta; /* complete: with those of its shards */
	bool is_forced;       /* also what is not due */
};

/* GH_E_CONF: it is for delta CRLs alone, and there are none. */
int crl_wish_check(const struct crl_wish *wish, const struct gh_conf *conf,
    struct gh_error *err) GH_MUSTCHECK;
/* CRLs of one CA in order: complete, shards, delta. *made: how many. The first failure ends it: an
 * audit row "crl.failed" says so once an hour, and the CRLs before stay in use. GH_E_BUSY: another
 * process is at it, or the work is to stop. GH_E_CONF as crl_wish_check. */
int crl_issue_all(const struct crl_means *m, const struct ca *ca, const struct crl_wish *wish,
    int *made, struct gh_error *err) GH_MUSTCHECK;
/* Does this CA issue CRLs here? All but pending and retired ones and those without a key. */
bool crl_has_crls(const struct ca *ca);
struct crl_schedule crl_schedule_of(const struct gh_conf *conf);
/* An audit row about a failure, unless there was one of this event and object within the hour. */
void crl_audit_failure(struct store *store, const struct requester *who, const char *event,
    const char *object, const struct gh_error *why);

#endif
