/* Status of certificates: look-up by their names, and revocation, hold and its end as one statement
 * each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "der.h"
#include "formats/dn_match.h"
#include "log.h"
#include "timestamp.h"

#include "revocation.h"
#include "store/request/request_seal.h"
#include "store/cert_columns.h"
#include "store/store_private.h"

#define SAME_SERIAL_MAX 64 /* issuers that share one serial number */
#define DETAIL_MAX (4 * STORE_COMMENT_MAX + 256)

/* --- look-up ---------------------------------------------------------------------------------- */

/* The id in the rows that the issuer's name leaves; those from elsewhere count where there is none
 * of ours, which come first. */
static int
choose_row(const PGresult *res, const char *issuer_dn, int64_t *id, struct gh_error *err)
{
	bool is_foreign = true;
	int found = 0;

	for (int i = 0; i < PQntuples(res); i++) {
		if ((issuer_dn != NULL && !dn_text_equal(store_text(res, i, 1), issuer_dn)) ||
		    (!is_foreign && store_bool(res, i, 2)))
			continue;
		is_foreign = store_bool(res, i, 2);
		*id = store_int(res, i, 0);
		found++;
	}
	if (found == 1)
		return 0;
	*id = 0;
	if (found == 0)
		return gh_refuse(err, GH_E_NOT_FOUND, "There is no such certificate.");
	return gh_refuse(err, GH_E_CONFLICT,
	    "Two issuers have a certificate of this serial number: name the "
	    "issuer, or ask by thumbprint.");
}

static const struct store_statement find_thumbprint = {"certificate_find_thumbprint",
    "SELECT id, '', ca_id < 0 FROM certificate WHERE " CERT_BY_DIGEST("", "sha1",
	"$1::bytea") " OR " CERT_BY_DIGEST("", "sha256", "$1::bytea") " "
								      "ORDER BY ca_id < 0 LIMIT 2"};
static const struct store_statement find_serial = {"certificate_find_serial",
    "SELECT id, " CERT_ISSUER ", ca_id < 0 FROM certificate WHERE serial IN ($1::bytea, $2::bytea) "
    "ORDER BY ca_id < 0 LIMIT $3::int"};

int
store_find_cert(struct store *s, const struct store_cert_key *key, int64_t *id,
    struct gh_error *err)
{
	const char *text = key->thumbprint != NULL ? key->thumbprint : key->serial;
	bool by_serial = key->thumbprint == NULL;
	char digits[STORE_HEX_DIGITS_MAX + 1];
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	*id = key->id;
	if (key->id != 0)
		return 0;
	if (text == NULL || !store_clean_hex(text, digits))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The %s is no hexadecimal number of at most %d digits.",
		    by_serial ? "serial number" : "thumbprint", STORE_HEX_DIGITS_MAX);
	if (by_serial) {
		store_put_serial(&p, digits);
		store_put_int(&p, SAME_SERIAL_MAX);
	} else {
		store_put_hex(&p, digits);
	}
	rc = store_read(s, by_serial ? &find_serial : &find_thumbprint, &p, &res, err);
	if (rc == 0)
		rc = choose_row(res, by_serial ? key->issuer_dn : NULL, id, err);
	PQclear(res);
	return rc;
}

/* TBSCertificate, and the magnitude of its serial number without leading zeros. */
static bool
take_tbs(const unsigned char *der, size_t len, struct gh_der *tbs, struct gh_der *serial)
{
	struct gh_der in = {der, len}, cert, whole, fields;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &cert) ||
	    !gh_der_take_whole(&cert, GH_DER_SEQUENCE, tbs))
		return false;
	whole = *tbs;
	if (!gh_der_take(&whole, GH_DER_SEQUENCE, &fields))
		return false;
	(void)gh_der_take(&fields, GH_DER_CONTEXT(0), NULL); /* version */
	if (!gh_der_take(&fields, GH_DER_INTEGER, serial))
		return false;
	while (serial->len > 1 && serial->p[0] == 0) {
		serial->p++;
		serial->len--;
	}
	return true;
}

/* The row of the certificate with this TBSCertificate, or -1. */
static int
find_tbs(const PGresult *res, const struct gh_der *wanted, int *row, struct gh_error *err)
{
	int rc = 0;

	*row = -1;
	for (int i = 0; rc == 0 && *row < 0 && i < PQntuples(res); i++) {
		struct gh_der tbs, serial;
		unsigned char *der;
		size_t len;

		if ((rc = store_bytes(res, i, 0, &der, &len, err)) != 0)
			break;
		if (take_tbs(der, len, &tbs, &serial) &&
		    gh_der_equals(&tbs, wanted->p, wanted->len))
			*row = i;
		free(der);
	}
	return rc;
}

static void
fill_own(const PGresult *res, int row, struct store_own_cert *out)
{
	struct requester *who = &out->requester;

	out->is_ours = true;
	out->is_revoked = store_int(res, row, 1) != DB_DISP_ISSUED;
	out->is_issuer_revoked = store_bool(res, row, 7);
	snprintf(who->name, sizeof(who->name), "%s", store_text(res, row, 2));
	snprintf(who->dn, sizeof(who->dn), "%s", store_text(res, row, 3));
	snprintf(who->id, sizeof(who->id), "%s", store_text(res, row, 4));
	who->kind = (enum requester_kind)store_int(res, row, 5);
	snprintf(out->label, sizeof(out->label), "%s", store_text(res, row, 8));
	who->est_user = store_int(res, row, 9);
	who->device = store_int(res, row, 10);
	out->id = store_int(res, row, 11);
	snprintf(out->template_name, sizeof(out->template_name), "%s", store_text(res, row, 12));
}

/* Does its MAC say so? */
static int
check_seal(const struct store *s, const PGresult *res, int row, struct store_own_cert *out,
    struct gh_error *err)
{
	unsigned char *der = NULL, mac[ROW_SEAL_SIZE];
	size_t len;
	int rc = store_bytes(res, row, 0, &der, &len, err);

	if (rc == 0)
		rc = request_seal_issued(s, &out->requester, out->label, &(struct gh_der){der, len},
		    mac, err);
	free(der);
	out->is_requester_sealed = rc == 0 && store_is_mac(res, row, 6, mac);
	return rc;
}

/* Who asked for it counts only as it was recorded: else it is not known which entry that was. Those
 * from before the label was in the MAC count without it. */
static int
check_own(const struct store *s, const PGresult *res, int row, struct store_own_cert *out,
    struct gh_error *err)
{
	struct requester *who = &out->requester;
	int rc = 0;

	if (*who->id != '\0' || (who->kind != REQUESTER_NONE && s->has_grant_key))
		rc = check_seal(s, res, row, out, err);
	if (rc != 0 || out->is_requester_sealed)
		return rc;
	out->label[0] = '\0';
	who->est_user = who->device = 0;
	if (*who->id == '\0' || (rc = check_seal(s, res, row, out, err)) != 0)
		return rc;
	if (!out->is_requester_sealed) {
		gh_log_kv(GH_LOG_ERROR,
		    "the recorded requester of a certificate was changed past Gatehouse and does not count",
		    "requester", who->name, NULL);
		who->id[0] = '\0';
	} else if (who->kind == REQUESTER_EST_USER) {
		who->est_user = strtoll(who->id, NULL, 10);
	}
	return 0;
}

/* A CA whose key has been certified anew is revoked with the last of its certificates. */
int
store_recognize(struct store *s, const unsigned char *der, size_t len, struct store_own_cert *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"certificate_recognize",
	    "SELECT c.der, c.status, c.requester, q.requester_dn, q.requester_id, q.requester_kind, q.mac, "
	    "EXISTS (SELECT FROM ca k CROSS JOIN unnest(k.chain) AS t(der) JOIN certificate i ON " CERT_BY_DIGEST_OF_ROW(
		"i.", "sha256",
		"sha256(t.der)") " "
				 "  WHERE k.id = c.ca_id AND i.status = 21 AND (SELECT count(*) FROM certificate o WHERE o.status = 20 AND "
				 "    left(lower(o.subject), 200) = left(lower(i.subject), 200) AND " CERT_BY_DIGEST_OF_ROW(
				     "o.", "spki_sha256",
				     "i.spki_sha256") ") = 0), "
						      "q.label, q.est_user, q.device, c.id, c.template FROM certificate c "
						      "LEFT JOIN request q ON q.id = c.request_id WHERE c.serial IN ($1::bytea, $2::bytea) AND c.ca_id > 0"};
	unsigned char padded[SERIAL_BYTES] = {0};
	struct store_params p = {0};
	struct gh_der tbs, serial;
	PGresult *res = NULL;
	int rc, row = -1;
	size_t n;

	memset(out, 0, sizeof(*out));
	if (!take_tbs(der, len, &tbs, &serial))
		return gh_fail(err, GH_E_AUTH_FAILED, "certificate is not DER");
	n = serial.len < SERIAL_BYTES ? serial.len : SERIAL_BYTES;
	memcpy(padded + SERIAL_BYTES - n, serial.p, n);
	store_put_bytes(&p, serial.p, serial.len);
	store_put_bytes(&p, padded, sizeof(padded));
	if ((rc = store_read(s, &st, &p, &res, err)) == 0)
		rc = find_tbs(res, &tbs, &row, err);
	if (rc == 0 && row >= 0) {
		fill_own(res, row, out);
		rc = check_own(s, res, row, out, err);
	}
	PQclear(res);
	return rc;
}

/* --- status ----------------------------------------------------------------------------------- */

const char *
store_cert_state_name(enum store_cert_state state)
{
	static const char *const names[] = {[STORE_CERT_VALID] = "valid",
	    [STORE_CERT_HOLD] = "hold",
	    [STORE_CERT_REVOKED] = "revoked",
	    [STORE_CERT_FOREIGN] = "foreign"};

	return names[state];
}

#define EPOCH(t) "floor(extract(epoch FROM " t "))::bigint"

static const struct store_statement status_get = {"status_get",
    "SELECT c.id, c.ca_id, hex_upper(c.serial), c.status, c.version, " EPOCH("c.not_before") ", " EPOCH("c.not_after") ", c.requester, q.requester_dn, q.requester_id, r.reason, " EPOCH(
	"r.revoked_at") ", " EPOCH("r.invalidity_date") ", " EPOCH("r.changed_at") ", " EPOCH("r.removed_at") ", r.revoked_by, r.comment, q.requester_kind "
													      "FROM certificate c LEFT JOIN request q ON q.id = c.request_id "
													      "LEFT JOIN revocation r ON r.certificate_id = c.id WHERE c.id = $1::bigint"};

enum status_column {
	COL_ID,
	COL_CA,
	COL_SERIAL,
	COL_STATUS,
	COL_VERSION,
	COL_NOT_BEFORE,
	COL_NOT_AFTER,
	COL_REQUESTER,
	COL_DN,
	COL_ID_OF,
	COL_REASON,
	COL_REVOKED_AT,
	COL_INVALIDITY,
	COL_CHANGED_AT,
	COL_REMOVED_AT,
	COL_BY,
	COL_COMMENT,
	COL_KIND
};

static void
copy_text(char *out, size_t size, const PGresult *res, int col)
{
	snprintf(out, size, "%s", store_text(res, 0, col));
}

static void
fill_status(const PGresult *res, struct store_cert_status *out)
{
	out->id = store_int(res, 0, COL_ID);
	out->ca_id = store_int(res, 0, COL_CA);
	copy_text(out->serial, sizeof(out->serial), res, COL_SERIAL);
	out->version = (int)store_int(res, 0, COL_VERSION);
	out->not_before = store_int(res, 0, COL_NOT_BEFORE);
	out->not_after = store_int(res, 0, COL_NOT_AFTER);
	copy_text(out->requester, sizeof(out->requester), res, COL_REQUESTER);
	copy_text(out->requester_dn, sizeof(out->requester_dn), res, COL_DN);
	copy_text(out->requester_id, sizeof(out->requester_id), res, COL_ID_OF);
	out->requester_kind = (enum requester_kind)store_int(res, 0, COL_KIND);
	out->was_revoked = store_has(res, 0, COL_REASON);
	out->reason = (int)store_int(res, 0, COL_REASON);
	out->revoked_at = store_int(res, 0, COL_REVOKED_AT);
	out->invalidity_date = store_int(res, 0, COL_INVALIDITY);
	out->changed_at = store_int(res, 0, COL_CHANGED_AT);
	out->removed_at = store_int(res, 0, COL_REMOVED_AT);
	copy_text(out->revoked_by, sizeof(out->revoked_by), res, COL_BY);
	copy_text(out->comment, sizeof(out->comment), res, COL_COMMENT);
	if (store_int(res, 0, COL_STATUS) == DB_DISP_FOREIGN)
		out->state = STORE_CERT_FOREIGN;
	else if (store_int(res, 0, COL_STATUS) != DB_DISP_REVOKED)
		out->state = STORE_CERT_VALID;
	else
		out->state =
		    out->reason == REASON_CERTIFICATE_HOLD ? STORE_CERT_HOLD : STORE_CERT_REVOKED;
}

int
store_get_status(struct store *s, int64_t id, struct store_cert_status *out, struct gh_error *err)
{
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_int(&p, id);
	rc = store_read(s, &status_get, &p, &res, err);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such certificate.");
	if (rc == 0)
		fill_status(res, out);
	PQclear(res);
	return rc;
}

/* --- change ----------------------------------------------------------------------------------- */

#define ON_HOLD \
	"EXISTS (SELECT FROM revocation h WHERE h.certificate_id = $1::bigint AND h.reason = 6 " \
	"AND h.removed_at IS NULL)"
/* $7-$13 */
#define AUDIT \
	"a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, " \
	"  detail) SELECT $7::text, 'success', hex_upper(serial), $8::text, $9::int, $10::text, $11::text, " \
	"  $12::text, $13::text FROM u) SELECT version FROM u"

/*
 * $1 id, $2 version, $3 reason, $4 invalidity date, $5 author, $6 comment. A revocation that
 * follows a hold keeps the date of the hold (X.509: "the revocation date shall be the date the
 * certificate was placed on hold"), and its invalidity date unless it has one of its own. The times
 * are those of the write, not of the wait for the row's lock before it: a delta CRL picks by
 * changed_at.
 */
static const struct store_statement status_revoke = {"status_revoke",
    "WITH u AS (UPDATE certificate SET status = 21, version = version + 1 "
    "  WHERE id = $1::bigint AND version = $2::int "
    "    AND (status = 20 OR (status = 21 AND $3::int <> 6 AND " ON_HOLD ")) "
    "  RETURNING id, ca_id, serial, shard, not_after, version), "
    "r AS (INSERT INTO revocation (certificate_id, ca_id, serial, shard, revoked_at, reason, invalidity_date, "
    "    changed_at, not_after, revoked_by, comment) "
    "  SELECT id, ca_id, serial, shard, clock_timestamp(), $3::int, to_timestamp($4::bigint), clock_timestamp(), "
    "    not_after, $5::text, $6::text FROM u "
    "  ON CONFLICT (certificate_id) DO UPDATE SET "
    "    revoked_at = CASE WHEN revocation.removed_at IS NULL THEN revocation.revoked_at "
    "      ELSE EXCLUDED.revoked_at END, "
    "    invalidity_date = COALESCE(EXCLUDED.invalidity_date, "
    "      CASE WHEN revocation.removed_at IS NULL THEN revocation.invalidity_date END), "
    "    reason = EXCLUDED.reason, changed_at = EXCLUDED.changed_at, removed_at = NULL, "
    "    revoked_by = EXCLUDED.revoked_by, comment = EXCLUDED.comment), " AUDIT};

static const struct store_statement status_release = {"status_release",
    "WITH u AS (UPDATE certificate SET status = 20, version = version + 1 "
    "  WHERE id = $1::bigint AND version = $2::int AND status = 21 AND $3::int = 8 AND $4::bigint IS NULL "
    "    AND " ON_HOLD " RETURNING id, serial, version), "
    "r AS (UPDATE revocation SET removed_at = clock_timestamp(), changed_at = clock_timestamp(), "
    "    revoked_by = $5::text, comment = $6::text FROM u WHERE certificate_id = u.id), " AUDIT};

static int
reason_of(const struct store_status_change *c)
{
	return c->to == STORE_CERT_VALID ? REASON_REMOVE_FROM_CRL
	    : c->to == STORE_CERT_HOLD   ? REASON_CERTIFICATE_HOLD
					 : c->reason;
}

/* "keyCompromise, invalid since 2026-01-02T03:04:05Z: comment" */
static void
write_detail(struct gh_buf *b, const struct store_status_change *c)
{
	char stamp[GH_TIMESTAMP_SIZE];

	gh_buf_puts(b, revocation_reason_name(reason_of(c)));
	if (c->invalidity_date != 0)
		gh_buf_putf(b, ", invalid since %s",
		    gh_timestamp_format(c->invalidity_date, stamp));
	if (c->comment != NULL && *c->comment != '\0')
		gh_buf_putf(b, ": %s", c->comment);
}

static void
put_change(struct store_params *p, const struct store_status_change *c, const char *detail)
{
	bool has_comment = c->comment != NULL && *c->comment != '\0';

	store_put_int(p, c->id);
	store_put_int(p, c->version);
	store_put_int(p, reason_of(c));
	if (c->to == STORE_CERT_VALID || c->invalidity_date == 0)
		store_put_text(p, NULL);
	else
		store_put_int(p, c->invalidity_date);
	store_put_text(p, c->who->name);
	store_put_text(p, has_comment ? c->comment : NULL);
	store_put_text(p,
	    c->to == STORE_CERT_VALID      ? "cert.unheld"
		: c->to == STORE_CERT_HOLD ? "cert.held"
					   : "cert.revoked");
	store_put_actor(p, c->who, c->request_id, detail);
}

/* No row was changed by the second try: was it by the first, whose answer was lost? */
static bool
is_own_change(const struct store_status_change *c, const struct store_cert_status *now)
{
	return now->version == c->version + 1 && now->state == c->to &&
	    strcmp(now->revoked_by, c->who->name) == 0 &&
	    (c->to == STORE_CERT_VALID || now->reason == reason_of(c)) &&
	    strcmp(now->comment, c->comment != NULL ? c->comment : "") == 0;
}

static int
run_change(struct store *s, const struct store_status_change *c, const char *detail, bool *changed,
    bool *was_repeated, struct gh_error *err)
{
	const struct store_statement *st =
	    c->to == STORE_CERT_VALID ? &status_release : &status_revoke;
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	put_change(&p, c, detail);
	rc = store_run(s, st, &p, &res, err);
	*was_repeated = rc == GH_E_DB_DOWN && s->was_lost;
	if (*was_repeated)
		rc =
		    store_run(s, st, &p, &res, err); /* the version lets only one of them through */
	store_params_clear(&p);
	if (rc == GH_E_CONFLICT)
		rc = gh_fail(err, GH_E_DB, "unexpected conflict on %s", s->constraint);
	*changed = rc == 0 && PQntuples(res) == 1;
	PQclear(res);
	return rc;
}

int
store_change_status(struct store *s, const struct store_status_change *c,
    struct store_cert_status *out, struct gh_error *err)
{
	bool changed = false, was_repeated = false;
	struct gh_buf detail;
	int rc;

	memset(out, 0, sizeof(*out));
	if (revocation_reason_name(reason_of(c)) == NULL ||
	    (c->to == STORE_CERT_REVOKED &&
		(c->reason == REASON_CERTIFICATE_HOLD || c->reason == REASON_REMOVE_FROM_CRL)))
		return gh_fail(err, GH_E_INTERNAL, "reason %d", c->reason);
	gh_buf_init(&detail, DETAIL_MAX);
	write_detail(&detail, c);
	if ((rc = gh_buf_check(&detail, err)) == 0)
		rc = run_change(s, c, (char *)detail.data, &changed, &was_repeated, err);
	gh_buf_free(&detail);
	if (rc != 0 || (rc = store_get_status(s, c->id, out, err)) != 0)
		return rc;
	if (changed || (was_repeated && is_own_change(c, out)))
		return 0;
	return gh_refuse(err, GH_E_CONFLICT,
	    "The certificate's status was changed at the same moment by %.100s: it "
	    "is %s now.",
	    *out->revoked_by != '\0' ? out->revoked_by : "another",
	    store_cert_state_name(out->state));
}
