/*
 * Revocation, hold and its end: the one way for all doors (REST, Keyfactor, command).
 * docs/revocation.md
 *
 * Officers may do all of it. The person who asked for a certificate may revoke it when
 * revocation.owner is "own", for the reasons that are his to know. Revoked is final. What is
 * refused leaves an audit row "cert.revoke-refused".
 */
#ifndef AUTHORITY_REVOKE_H
#define AUTHORITY_REVOKE_H

#include "conf.h"
#include "error.h"
#include "requester.h"
#include "store/status/revocation.h"

struct revoke_request {
	struct store_cert_key key;
	enum store_cert_state to;
	int reason;              /* for STORE_CERT_REVOKED: one of those that revoke for good */
	int64_t invalidity_date; /* 0 = none */
	const char *comment;     /* or NULL; as revoke_comment_is_valid wants it */
	const char *if_match;    /* header value, or NULL */
	const char *request_id;  /* of the HTTP request, or NULL */
};

/*
 * *out: the status after the change, committed. GH_E_NOT_FOUND; GH_E_FORBIDDEN; GH_E_PRECONDITION:
 * if_match names another version; GH_E_CONFLICT: the state does not allow it, or another was
 * faster; GH_E_VALIDATION: reason or comment is none, or the invalidity date lies before notBefore
 * or in the future (message says which). Of conf: revocation.owner.
 */
int revoke_set_status(struct store *store, const struct gh_conf *conf, const struct requester *who,
    const struct revoke_request *r, struct store_cert_status *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Is it who asked for the certificate? */
bool revoke_is_owner(const struct requester *who, const struct store_cert_status *cert);

/* Does a role show him all certificates, with what is private of them? */
bool revoke_sees_all(const struct requester *who);

/* Put *to and *reason together from a reason alone: certificateHold means hold, removeFromCRL means
 * valid. */
enum store_cert_state revoke_state_of(int reason);

/* At most STORE_COMMENT_MAX characters of UTF-8 without control characters. */
bool revoke_comment_is_valid(const char *comment);

/* A day ("2026-01-02", also "2026-1-2": its begin in UTC) or any form of gh_timestamp_parse, from
 * 1950 on. *out 0 when it is none. */
bool revoke_date_parse(const char *text, int64_t *out);

/* "v3", with the quotes, into out; returns out. */
#define REVOKE_ETAG_SIZE 24
char *revoke_etag(int version, char out[REVOKE_ETAG_SIZE]);

#endif
