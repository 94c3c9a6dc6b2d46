/* After a restore. See restored.h. */
#include <stdio.h>
#include <string.h>

#include "store/grant/grant.h"
#include "store/key/key_transition.h"
#include "restored.h"

#define SERIAL_STORED 16 /* octets of a serial number in the table, at least */
#define SERIAL_MAX 20    /* RFC 5280, 4.1.2.2 */

static int
run(struct store *s, const struct store_statement *st, struct store_params *p, struct gh_error *err)
{
	PGresult *res;
	int rc = store_write(s, st, p, "Conflict.", &res, err);

	PQclear(res);
	return rc;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static int
advance(struct store *s, int64_t margin, struct gh_error *err)
{
	static const struct store_statement statements[] = {
	    {"restored_sequences",
		"SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, "
		"COALESCE(last_value, 0) + sign(increment_by)::bigint * $1::bigint) FROM pg_sequences WHERE schemaname = current_schema()"},
	    {"restored_crls",
		"INSERT INTO crl_number_floor (ca_id, number) SELECT ca.id, greatest(max(crl.number), "
		"max(f.number), 0) + $1::bigint FROM ca LEFT JOIN crl ON crl.ca_id = ca.id LEFT JOIN crl_number_floor f "
		"ON f.ca_id = ca.id GROUP BY ca.id ON CONFLICT (ca_id) DO UPDATE SET number = EXCLUDED.number"},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(statements) / sizeof(statements[0]); i++) {
		struct store_params p = {0};

		store_put_int(&p, margin);
		rc = run(s, &statements[i], &p, err);
	}
	return rc;
}

/* What was decided on them after the backup, nobody knows any more: a rejected one must not be
 * approved now. */
static int
end_key_requests(struct store *s, const struct requester *who, int64_t *n, struct gh_error *err)
{
	/* $1 states, $2-$7 actor */
	static const struct store_statement st = {"restored_key_requests",
	    "WITH u AS (UPDATE key_request SET state = 'expired', version = version + 1, resolved_at = now(), "
	    "    resolved_by = $2, resolution = $7 WHERE state = ANY ($1::text[]) RETURNING id, key_id), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'key.recovery-expired', 'success', 'key ' || k.uuid, $2, $3::int, $4, $5, $6, "
	    "    concat('request ', u.id, ': ', $7::text) FROM u JOIN archived_key k ON k.id = u.key_id) "
	    "SELECT count(*) FROM u"};
	struct store_params p = {0};
	char *from[KEY_FROM_SIZE];
	PGresult *res;
	int rc;

	store_put_list(&p, key_transition_from(KEY_EXPIRED, KEY_BY_TIME, from));
	store_put_actor(&p, who, NULL, "the database was restored");
	if ((rc = store_write(s, &st, &p, "", &res, err)) == 0)
		*n = store_int(res, 0, 0);
	PQclear(res);
	return rc;
}

/* What was confirmed after the backup, nobody knows any more: nothing is revoked for want of it. */
static int
end_confirmations(struct store *s, struct gh_error *err)
{
	static const struct store_statement st = {"restored_confirmations",
	    "UPDATE certificate SET confirm_by = NULL WHERE confirm_by IS NOT NULL"};
	struct store_params p = {0};

	return run(s, &st, &p, err);
}

int
store_restored(struct store *s, const struct requester *who, int64_t margin, int64_t *key_requests,
    struct gh_error *err)
{
	char detail[64];
	const struct store_audit a = {.event = "db.restored",
	    .outcome = "success",
	    .who = who,
	    .object = "database",
	    .detail = detail};
	struct grants g;
	int rc;

	*key_requests = 0;
	if (margin < 1 || margin > STORE_MARGIN_MAX)
		return gh_fail(err, GH_E_INTERNAL, "margin");
	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	snprintf(detail, sizeof(detail), "numbers advanced by %lld", (long long)margin);
	g.revision += margin;
	if ((rc = advance(s, margin, err)) == 0 &&
	    (rc = end_key_requests(s, who, key_requests, err)) == 0 &&
	    (rc = end_confirmations(s, err)) == 0)
		rc = store_audit(s, &a, err);
	return grant_close(s, &g, rc, who, err);
}

int
store_set_crl_floor(struct store *s, int64_t ca_id, int64_t number, struct gh_error *err)
{
	static const struct store_statement st = {"crl_floor",
	    "INSERT INTO crl_number_floor (ca_id, number) VALUES ($1, $2) ON CONFLICT (ca_id) DO UPDATE SET "
	    "number = greatest(crl_number_floor.number, EXCLUDED.number)"};
	struct store_params p = {0};

	store_put_int(&p, ca_id);
	store_put_int(&p, number);
	return run(s, &st, &p, err);
}

/* --- revocations ------------------------------------------------------------------------------ */

/* Without zeros in front, and with them up to the length that our own have: the two forms in the
 * table. */
static void
put_serial(struct store_params *p, const unsigned char *serial, size_t len,
    unsigned char padded[SERIAL_MAX])
{
	size_t zeros = len < SERIAL_STORED ? SERIAL_STORED - len : 0;

	memset(padded, 0, zeros);
	memcpy(padded + zeros, serial, len);
	store_put_bytes(p, serial, len);
	store_put_bytes(p, padded, zeros + len);
}

int
store_find_serial(struct store *s, const unsigned char *serial, size_t len, int64_t *ca_id,
    bool *is_revoked, struct gh_error *err)
{
	static const struct store_statement st = {"find_serial",
	    "SELECT ca_id, status = 21 FROM certificate WHERE serial IN ($1::bytea, $2::bytea) AND ca_id > 0 "
	    "ORDER BY id LIMIT 1"};
	unsigned char padded[SERIAL_MAX];
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*ca_id = 0;
	*is_revoked = false;
	if (len < 1 || len > SERIAL_MAX)
		return gh_fail(err, GH_E_BAD_REQUEST, "serial number of %zu octets", len);
	put_serial(&p, serial, len, padded);
	rc = store_read(s, &st, &p, &res, err);
	if (rc == 0 && PQntuples(res) == 1) {
		*ca_id = store_int(res, 0, 0);
		*is_revoked = store_bool(res, 0, 1);
	}
	PQclear(res);
	return rc;
}

/*
 * $1, $2 serial, $3 CA, $4 not after, $5 revoked at, $6 reason, $7-$12 actor and detail. A row
 * without certificate has an empty DER and hashes that are those of its name, which no certificate
 * has.
 */
static const struct store_statement revoke_again = {"revoke_again",
    "WITH known AS (UPDATE certificate SET status = 21, version = version + 1 WHERE ca_id = $3::bigint "
    "  AND serial IN ($1::bytea, $2::bytea) AND status = 20 RETURNING id, ca_id, serial, shard, not_after), "
    "lost AS (INSERT INTO certificate (ca_id, serial, request_id, subject, sans, requester, status, not_before, "
    "    not_after, sha1, sha256, spki_sha256, der) "
    "  SELECT $3::bigint, $2::bytea, 0, 'lost in a restore', '{}', '', 21, to_timestamp($5::bigint), "
    "    to_timestamp($4::bigint), substring(sha256($2::bytea) FOR 20), sha256($2::bytea), sha256($2::bytea), '' "
    "  WHERE NOT EXISTS (SELECT FROM certificate WHERE ca_id = $3::bigint AND serial IN ($1::bytea, $2::bytea)) "
    "  RETURNING id, ca_id, serial, shard, not_after), "
    "u AS (SELECT * FROM known UNION ALL SELECT * FROM lost), "
    "r AS (INSERT INTO revocation (certificate_id, ca_id, serial, shard, revoked_at, reason, changed_at, not_after, "
    "    revoked_by, comment) "
    "  SELECT id, ca_id, serial, shard, to_timestamp($5::bigint), $6::int, clock_timestamp(), not_after, $7::text, "
    "    $12::text FROM u "
    "  ON CONFLICT (certificate_id) DO UPDATE SET revoked_at = EXCLUDED.revoked_at, reason = EXCLUDED.reason, "
    "    changed_at = EXCLUDED.changed_at, removed_at = NULL, revoked_by = EXCLUDED.revoked_by, "
    "    comment = EXCLUDED.comment) "
    "INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "SELECT CASE $6::int WHEN 6 THEN 'cert.held' ELSE 'cert.revoked' END, 'success', hex_upper(serial), $7::text, "
    "  $8::int, $9::text, $10::text, $11::text, $12::text FROM u"};

int
store_revoke_again(struct store *s, const struct requester *who, const struct store_forgotten *f,
    struct gh_error *err)
{
	unsigned char padded[SERIAL_MAX];
	struct store_params p = {0};

	if (f->serial_len < 1 || f->serial_len > SERIAL_MAX)
		return gh_fail(err, GH_E_BAD_REQUEST, "serial number of %zu octets", f->serial_len);
	put_serial(&p, f->serial, f->serial_len, padded);
	store_put_int(&p, f->ca_id);
	store_put_int(&p, f->not_after);
	store_put_int(&p, f->revoked_at);
	store_put_int(&p, f->reason);
	store_put_actor(&p, who, NULL, f->detail);
	return run(s, &revoke_again, &p, err);
}
