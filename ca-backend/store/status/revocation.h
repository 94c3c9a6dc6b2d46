/*
 * The status of certificates: found by any of their names, and changed in one statement each:
 * status and version of the certificate, its row in `revocation`, and an audit row. A trigger
 * announces the change to all who answer for status.
 */
#ifndef STORE_REVOCATION_H
#define STORE_REVOCATION_H

#include "formats/revocation_reason.h"
#include "store/store.h"

#define STORE_COMMENT_MAX 1024 /* characters */
#define STORE_SERIAL_SIZE 68   /* hex digits and NUL */
#define STORE_LABEL_SIZE 128   /* of a label of EST, and NUL */
#define STORE_TEMPLATE_SIZE 65 /* of a template, and NUL */

/* Names one certificate. The first of id, thumbprint and serial that is given counts. */
struct store_cert_key {
	int64_t id;             /* 0 = not given */
	const char *thumbprint; /* SHA-1 or SHA-256 */
	const char *serial;
	const char *issuer_dn; /* beside serial; NULL = whoever issued it */
};

/*
 * Hex in any case; blanks, ':', '-', "0x" and leading zeros are skipped. The issuer is compared by
 * dn_text_equal. Where one of ours and one from elsewhere fit, ours is meant. GH_E_BAD_REQUEST: no
 * hex number, or no key at all; GH_E_NOT_FOUND; GH_E_CONFLICT: two issuers have that serial.
 */
int store_find_cert(struct store *s, const struct store_cert_key *key, int64_t *id,
    struct gh_error *err) GH_MUSTCHECK;

enum store_cert_state {
	STORE_CERT_VALID,
	STORE_CERT_HOLD,
	STORE_CERT_REVOKED,
	STORE_CERT_FOREIGN /* from elsewhere: what its issuer says of it is not known here */
};
/* "valid", "hold", "revoked", "foreign" */
const char *store_cert_state_name(enum store_cert_state state);

/* Times are UTC seconds; 0 = none. */
struct store_cert_status {
	int64_t id, ca_id;
	char serial[STORE_SERIAL_SIZE];
	enum store_cert_state
	    state;   /* an expired certificate is valid as long as nobody revoked it */
	int version; /* one more with each change of state */
	int64_t not_before, not_after;
	char requester[256];
	char requester_dn[1024];            /* "" = not known */
	char requester_id[72];              /* as struct requester has it; "" = not known */
	enum requester_kind requester_kind; /* REQUESTER_NONE: not known */
	/* the last revocation or hold; all 0 when there was none */
	bool was_revoked;
	int reason;
	int64_t revoked_at; /* of a revocation that follows a hold: of the hold */
	int64_t invalidity_date;
	int64_t changed_at;
	int64_t removed_at;   /* hold lifted */
	char revoked_by[256]; /* who made the last change */
	char comment[4 * STORE_COMMENT_MAX + 1];
};

/* GH_E_NOT_FOUND. */
int store_get_status(struct store *s, int64_t id, struct store_cert_status *out,
    struct gh_error *err) GH_MUSTCHECK;

struct store_own_cert {
	bool is_ours;           /* false: all that follows is empty */
	int64_t id;             /* its number */
	bool is_revoked;        /* or on hold */
	bool is_issuer_revoked; /* a CA above it, with all certificates of its key; or on hold */
	struct requester requester; /* who asked for it: kind, name, dn, id and est_user */
	/* That counts only as it was recorded, by its MAC. Else id, est_user and label are empty.
	 */
	bool is_requester_sealed;
	/* The label of EST that it came by; "": none, or it is not known (of certificates from
	 * before that was recorded). */
	char label[STORE_LABEL_SIZE];
	char template_name[STORE_TEMPLATE_SIZE]; /* "": none */
};
/*
 * Is this certificate (DER) one of ours, by one of our CAs? Told by what is signed, never by a
 * thumbprint: whoever has a certificate with an ECDSA signature (r, s) can write another one that
 * is as valid, with (r, n - s). GH_E_AUTH_FAILED: not DER.
 */
int store_recognize(struct store *s, const unsigned char *der, size_t len,
    struct store_own_cert *out, struct gh_error *err) GH_MUSTCHECK;

struct store_status_change {
	const struct requester *who;
	const char *request_id; /* of the HTTP request, or NULL */
	int64_t id;
	int version; /* of the status that the decision was made on */
	enum store_cert_state to;
	int reason;              /* of a revocation; ignored for hold and valid */
	int64_t invalidity_date; /* 0 = none */
	const char *comment;     /* or NULL */
};
/*
 * The statement itself guards what may follow what: valid -> hold or revoked, hold -> valid or
 * revoked, and nothing follows revoked. 0, and *out is the new status; GH_E_CONFLICT: the
 * certificate has another version or state than the decision was made on, nothing was changed, and
 * *out is the status as it stands. A statement whose answer was lost is found by its version and
 * author, never done twice.
 */
int store_change_status(struct store *s, const struct store_status_change *c,
    struct store_cert_status *out, struct gh_error *err) GH_MUSTCHECK;

#endif
