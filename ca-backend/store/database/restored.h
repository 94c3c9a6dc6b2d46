/* After a restore: numbers that nobody was given, and revocations that the database has forgotten.
 * docs/backup.md */
#ifndef STORE_RESTORED_H
#define STORE_RESTORED_H

#include "store/store.h"

#define STORE_MARGIN_MAX (INT64_C(1) << 40)

/* Advance the numbers of all tables (requests, certificates, audit rows ...), the CRL numbers of
 * all CAs and the revision of the rows that grant rights by margin, in one transaction with an
 * audit row. 1 <= margin <= STORE_MARGIN_MAX. Recoveries of keys that were open end as expired
 * (*key_requests). GH_E_SEAL: reseal first. */
int store_restored(struct store *s, const struct requester *who, int64_t margin,
    int64_t *key_requests, struct gh_error *err) GH_MUSTCHECK;
/* CRL numbers of this CA begin beyond number. */
int store_set_crl_floor(struct store *s, int64_t ca_id, int64_t number,
    struct gh_error *err) GH_MUSTCHECK;

/* A certificate by its serial number (magnitude) under any CA. *ca_id 0: there is none; two
 * issuers: the first. */
int store_find_serial(struct store *s, const unsigned char *serial, size_t len, int64_t *ca_id,
    bool *is_revoked, struct gh_error *err) GH_MUSTCHECK;

/* Times are UTC seconds. */
struct store_forgotten {
	int64_t ca_id;
	const unsigned char *serial; /* magnitude */
	size_t serial_len;
	int64_t not_after; /* of one that the database does not have: that of its CA */
	int64_t revoked_at;
	int reason;         /* REASON_*, also a hold */
	const char *detail; /* where it was found */
};
/* Revoke it with the date that it had. One that the database does not have gets a row without
 * certificate, so that CRL and OCSP know it. One that is revoked already is left alone. With an
 * audit row. */
int store_revoke_again(struct store *s, const struct requester *who,
    const struct store_forgotten *f, struct gh_error *err) GH_MUSTCHECK;

#endif
