/* Who may change the status of a certificate, and what may follow what. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http_cache.h"
#include "measure.h"
#include "log.h"
#include "timestamp.h"
#include "utf8.h"

#include "revoke.h"

#define YEAR_1950 (-631152000) /* its begin; no certificate is older (RFC 5280, 4.1.2.5.1) */
#define CLOCK_LEEWAY 60        /* seconds that a client's clock may be ahead */

enum store_cert_state
revoke_state_of(int reason)
{
	return reason == REASON_CERTIFICATE_HOLD ? STORE_CERT_HOLD
	    : reason == REASON_REMOVE_FROM_CRL   ? STORE_CERT_VALID
						 : STORE_CERT_REVOKED;
}

bool
revoke_comment_is_valid(const char *comment)
{
	return gh_utf8_length(comment, strlen(comment)) <= STORE_COMMENT_MAX &&
	    gh_utf8_is_clean(comment);
}

bool
revoke_date_parse(const char *text, int64_t *out)
{
	if ((gh_day_parse(text, out) || gh_timestamp_parse(text, out, NULL) == 0) &&
	    *out >= YEAR_1950)
		return true;
	*out = 0;
	return false;
}

/* --- who -------------------------------------------------------------------------------------- */

/* Whoever asked for it: of users of one name, the directory's and the local one of EST are two. */
bool
revoke_is_owner(const struct requester *who, const struct store_cert_status *cert)
{
	struct requester owner = {.kind = cert->requester_kind};

	snprintf(owner.name, sizeof(owner.name), "%s", cert->requester);
	snprintf(owner.dn, sizeof(owner.dn), "%s", cert->requester_dn);
	snprintf(owner.id, sizeof(owner.id), "%s", cert->requester_id);
	return requester_is_same(who, &owner);
}

bool
revoke_sees_all(const struct requester *who)
{
	/* agents have to do with keys, not with what is said about certificates */
	return (who->roles & ~REQUESTER_ROLE_AGENT) != 0;
}

/* What an owner can know of his own certificate. The rest is said by the CA about him. */
static bool
is_owners_reason(int reason)
{
	return reason == REASON_UNSPECIFIED || reason == REASON_KEY_COMPROMISE ||
	    reason == REASON_AFFILIATION_CHANGED || reason == REASON_SUPERSEDED ||
	    reason == REASON_CESSATION_OF_OPERATION;
}

static int
check_right(const struct gh_conf *conf, const struct requester *who, const struct revoke_request *r,
    const struct store_cert_status *cert, struct gh_error *err)
{
	if ((who->roles & REQUESTER_ROLE_OFFICER) != 0)
		return 0;
	if (!revoke_is_owner(who, cert))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Only an officer may change the status of this certificate.");
	if (strcmp(conf->revocation.owner, "own") != 0)
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Only an officer may change the status of a certificate. Ask "
		    "one to revoke yours.");
	if (r->to != STORE_CERT_REVOKED)
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Only an officer may put a certificate on hold or end a hold. "
		    "You may revoke your certificate for good.");
	if (!is_owners_reason(r->reason))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Only an officer may revoke for the reason %s.",
		    revocation_reason_name(r->reason));
	return 0;
}

/* --- what ------------------------------------------------------------------------------------- */

char *
revoke_etag(int version, char out[REVOKE_ETAG_SIZE])
{
	snprintf(out, REVOKE_ETAG_SIZE, "\"v%d\"", version);
	return out;
}

static bool
is_match(const char *list, int version)
{
	char etag[REVOKE_ETAG_SIZE];

	return gh_http_matches(list, revoke_etag(version, etag));
}

/* What is wrong whatever the certificate is; a door has said it already, in its own words. */
static int
check_values(const struct revoke_request *r, struct gh_error *err)
{
	if (r->to == STORE_CERT_REVOKED &&
	    (revocation_reason_name(r->reason) == NULL ||
		revoke_state_of(r->reason) != STORE_CERT_REVOKED))
		return gh_refuse(err, GH_E_VALIDATION, "%d is no reason to revoke for.", r->reason);
	if (r->invalidity_date != 0 && r->invalidity_date < YEAR_1950)
		return gh_refuse(err, GH_E_VALIDATION, "The invalidity date is before 1950.");
	if (r->comment != NULL && !revoke_comment_is_valid(r->comment))
		return gh_refuse(err, GH_E_VALIDATION,
		    "A comment has at most %d characters, and no control characters.",
		    STORE_COMMENT_MAX);
	return 0;
}

static int
check_dates(const struct revoke_request *r, const struct store_cert_status *cert,
    struct gh_error *err)
{
	if (r->to == STORE_CERT_HOLD && cert->not_after < gh_now())
		return gh_refuse(err, GH_E_CONFLICT,
		    "The certificate has expired: it can be revoked, but not put on "
		    "hold.");
	if (r->invalidity_date == 0)
		return 0;
	if (r->to == STORE_CERT_VALID)
		return gh_refuse(err, GH_E_VALIDATION, "A hold ends without an invalidity date.");
	if (r->invalidity_date > gh_now() + CLOCK_LEEWAY)
		return gh_refuse(err, GH_E_VALIDATION, "The invalidity date is in the future.");
	if (r->invalidity_date < cert->not_before)
		return gh_refuse(err, GH_E_VALIDATION,
		    "The invalidity date is before the certificate's validity.");
	return 0;
}

/* A weak tag of the present version is another mistake than a stale one. */
static int
check_match(const struct revoke_request *r, int version, struct gh_error *err)
{
	char etag[REVOKE_ETAG_SIZE];

	if (r->if_match == NULL || is_match(r->if_match, version))
		return 0;
	if (strstr(r->if_match, revoke_etag(version, etag)) != NULL)
		return gh_refuse(err, GH_E_PRECONDITION,
		    "If-Match holds a weak entity tag, which never matches. Send the "
		    "ETag of the status as it was, without W/.");
	return gh_refuse(err, GH_E_PRECONDITION,
	    "The certificate's status has changed since you read it: it is \"v%d\" "
	    "now. Read it again and decide anew.",
	    version);
}

/* Before the statement, for a message that helps; the statement has the last word. */
static int
check_state(const struct revoke_request *r, const struct store_cert_status *cert,
    struct gh_error *err)
{
	char stamp[GH_TIMESTAMP_SIZE];

	if (cert->state == STORE_CERT_FOREIGN)
		return gh_refuse(err, GH_E_CONFLICT,
		    "The certificate was issued elsewhere: its issuer alone can change its status.");
	if (cert->state == STORE_CERT_REVOKED)
		return gh_refuse(err, GH_E_CONFLICT,
		    "The certificate was revoked on %s (%s): that is final.",
		    gh_timestamp_format(cert->revoked_at, stamp),
		    revocation_reason_name(cert->reason));
	if (r->to == STORE_CERT_HOLD && cert->state == STORE_CERT_HOLD)
		return gh_refuse(err, GH_E_CONFLICT, "The certificate is on hold already.");
	if (r->to == STORE_CERT_VALID && cert->state == STORE_CERT_VALID)
		return gh_refuse(err, GH_E_CONFLICT, "The certificate is not on hold.");
	return 0;
}

/* The right comes first: who may not change it learns nothing of its state by trying. */
static int
check(const struct gh_conf *conf, const struct requester *who, const struct revoke_request *r,
    const struct store_cert_status *cert, struct gh_error *err)
{
	int rc = check_right(conf, who, r, cert, err);

	if (rc == 0)
		rc = check_match(r, cert->version, err);
	if (rc == 0)
		rc = check_state(r, cert, err);
	return rc == 0 ? check_dates(r, cert, err) : rc;
}

/* --- doing it --------------------------------------------------------------------------------- */

/* What the caller named, for a refusal before the certificate was found. */
static void
key_text(const struct store_cert_key *key, char *out, size_t size)
{
	if (key->id != 0)
		snprintf(out, size, "certificate %lld", (long long)key->id);
	else
		snprintf(out, size, "%.100s",
		    key->thumbprint != NULL   ? key->thumbprint
			: key->serial != NULL ? key->serial
					      : "");
	gh_utf8_clean(out);
}

/* Refusals only; our own troubles are logged. */
static void
audit_refusal(struct store *store, const struct requester *who, const struct revoke_request *r,
    const struct store_cert_status *cert, const struct gh_error *err)
{
	const struct gh_error_info *info = gh_error_info(err->code);
	const char *reason = revocation_reason_name(r->reason);
	char object[128], detail[sizeof(err->detail) + 64];
	struct store_audit a = {
	    .event = "cert.revoke-refused",
	    .outcome = "failure",
	    .who = who,
	    .request_id = r->request_id,
	    .object = object,
	    .detail = detail,
	};
	struct gh_error why;

	key_text(&r->key, object, sizeof(object));
	if (*cert->serial != '\0')
		snprintf(object, sizeof(object), "%s", cert->serial);
	snprintf(detail, sizeof(detail), "%s, %s: %s",
	    r->to == STORE_CERT_REVOKED && reason != NULL ? reason : store_cert_state_name(r->to),
	    info->name, err->detail);
	gh_utf8_clean(detail);
	if (info->http_status < 500)
		gh_log_event(GH_LOG_INFO, "status of a certificate not changed", "requester",
		    who->name, "certificate", object, "detail", detail, NULL);
	else
		gh_log_kv(GH_LOG_ERROR, "status of a certificate not changed", "requester",
		    who->name, "certificate", object, "detail", detail, NULL);
	if (info->http_status < 500 && store_audit(store, &a, &why) != 0)
		gh_log_kv(GH_LOG_ERROR, "audit row not written", "detail", why.detail, NULL);
}

static int
change(struct store *store, const struct requester *who, const struct revoke_request *r,
    struct store_cert_status *out, struct gh_error *err)
{
	struct store_status_change c = {
	    .who = who,
	    .request_id = r->request_id,
	    .id = out->id,
	    .version = out->version,
	    .to = r->to,
	    .reason = r->reason,
	    .invalidity_date = r->invalidity_date,
	    .comment = r->comment,
	};
	int rc = store_change_status(store, &c, out, err);

	/* It was the version named when we looked, and another officer came between. */
	if (rc == GH_E_CONFLICT && r->if_match != NULL && !is_match(r->if_match, out->version))
		err->code = rc = GH_E_PRECONDITION;
	if (rc != 0)
		return rc;
	gh_log_event(GH_LOG_INFO, "status of a certificate changed", "requester", who->name,
	    "serial", out->serial, "status", store_cert_state_name(out->state), "reason",
	    revocation_reason_name(out->reason), NULL);
	gh_measure(GH_MEASURE_REVOKED,
	    r->to == STORE_CERT_VALID ? REASON_REMOVE_FROM_CRL : out->reason, 1, NULL);
	return 0;
}

int
revoke_set_status(struct store *store, const struct gh_conf *conf, const struct requester *who,
    const struct revoke_request *r, struct store_cert_status *out, struct gh_error *err)
{
	struct gh_error own;
	int64_t id = 0;
	int rc;

	if (err == NULL)
		err = &own;
	memset(out, 0, sizeof(*out));
	if ((rc = check_values(r, err)) == 0 &&
	    (rc = store_find_cert(store, &r->key, &id, err)) == 0 &&
	    (rc = store_get_status(store, id, out, err)) == 0 &&
	    (rc = check(conf, who, r, out, err)) == 0)
		rc = change(store, who, r, out, err);
	if (rc != 0)
		audit_refusal(store, who, r, out, err);
	return rc;
}
