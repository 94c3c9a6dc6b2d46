/*
 * Making CRLs (RFC 5280, 5). A CRL is one transaction: rows of `revocation` are streamed into its
 * parts, the parts through the signer, then row and audit row are committed; memory does not grow
 * with the number of entries, and what breaks off leaves the CRL before it in use.
 */
#ifndef CA_CRL_H
#define CA_CRL_H

#include "issuing/ca.h"
#include "store/status/crl_row.h"

/* When CRLs are made, seconds. */
struct crl_schedule {
	int interval;       /* from one complete CRL to the next */
	int grace;          /* that one is valid beyond the time at which the next one is due */
	int delta_interval; /* 0: no delta CRLs */
	bool on_revoke;     /* also soon after a revocation ... */
	int min_interval;   /* ... but not more often than that */
};

struct crl_order {
	const struct ca *ca;
	int shard;      /* or STORE_CRL_COMPLETE */
	bool is_delta;  /* never of a shard */
	bool is_forced; /* also when none is due */
	const struct crl_schedule *schedule;
	const struct requester *who; /* for the audit row */
};

/*
 * Make the CRL that is ordered if it is due. *out is it, or has id 0 when none was due (or a delta
 * was ordered before any complete CRL). GH_E_BUSY: another process makes one of this CA: not a
 * failure, it will be there. Other codes: as ca_load_key and the store; nothing has changed.
 */
int crl_issue(struct store_crl_maker *maker, struct signer_client *signer,
    const struct crl_order *order, struct store_crl *out, struct gh_error *err) GH_MUSTCHECK;

/* Is it due? Pure; for crl_issue and tests. */
bool crl_is_due(const struct crl_order *order, const struct store_crl_state *state);

/* "issuing", "issuing shard 3", "issuing delta": object of audit rows. */
#define CRL_OBJECT_SIZE 160
void crl_object(const struct ca *ca, int shard, bool is_delta, char out[CRL_OBJECT_SIZE]);

#endif
