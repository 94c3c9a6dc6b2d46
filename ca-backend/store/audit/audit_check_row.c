/* Verifications of the audit trail. See audit_check_row.h. */
#include "store/store_private.h"

#include "audit_check_row.h"

#define KEPT "100" /* of those that have ended */

static void
fill(const PGresult *res, struct store_audit_check *out)
{
	out->id = store_int(res, 0, 0);
	out->last_seal = store_int(res, 0, 1);
	out->next_row = store_int(res, 0, 2);
	out->seals = store_int(res, 0, 3);
	out->rows = store_int(res, 0, 4);
	out->unsealed = store_int(res, 0, 5);
	out->findings = store_int(res, 0, 6);
}

int
store_audit_check_open(struct store *s, struct store_audit_check *out, struct gh_error *err)
{
#define PLACE "id, last_seal, next_row, seals, rows, unsealed, findings"
	static const struct store_statement st = {"audit_check_open",
	    "WITH o AS (SELECT " PLACE " FROM audit_check WHERE ended_at IS NULL), "
	    "n AS (INSERT INTO audit_check (last_seal) SELECT 0 WHERE NOT EXISTS (SELECT FROM o) RETURNING " PLACE
	    "), "
	    "d AS (DELETE FROM audit_check WHERE ended_at IS NOT NULL AND id <= (SELECT id FROM n) - " KEPT
	    ") SELECT * FROM o UNION ALL SELECT * FROM n"};
#undef PLACE
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc = store_write(s, &st, &p, "another one has begun it", &res, err);

	*out = (struct store_audit_check){0};
	if (rc == 0)
		fill(res, out);
	PQclear(res);
	return rc;
}

static int
take_step(struct store *s, const struct store_audit_step *step, struct gh_error *err)
{
	static const struct store_statement st = {"audit_check_step",
	    "UPDATE audit_check SET last_seal = $4::bigint, next_row = $5::bigint, seals = $6::bigint, rows = $7::bigint, "
	    "  unsealed = $8::bigint, findings = $9::bigint, head = coalesce($10::bytea, head), found = found || $11::jsonb, "
	    "  ended_at = CASE WHEN $12::boolean THEN clock_timestamp() END "
	    "WHERE id = $1::bigint AND last_seal = $2::bigint AND next_row = $3::bigint AND ended_at IS NULL RETURNING id"};
	const struct store_audit_check *to = step->to;
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	store_put_int(&p, step->from->id);
	store_put_int(&p, step->from->last_seal);
	store_put_int(&p, step->from->next_row);
	store_put_int(&p, to->last_seal);
	store_put_int(&p, to->next_row);
	store_put_int(&p, to->seals);
	store_put_int(&p, to->rows);
	store_put_int(&p, to->unsealed);
	store_put_int(&p, to->findings);
	store_put_bytes(&p, step->head, AUDIT_HASH_SIZE);
	store_put_json(&p, step->found);
	store_put_bool(&p, step->is_last);
	rc = store_write(s, &st, &p, "taken", &res, err);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_fail(err, GH_E_CONFLICT, "another one goes on with this verification");
	PQclear(res);
	return rc;
}

int
store_audit_check_step(struct store *s, const struct requester *who,
    const struct store_audit_step *step, struct gh_error *err)
{
	const struct store_audit a = {.event = "audit.verified",
	    .outcome = step->to->findings == 0 ? "success" : "failure",
	    .who = who,
	    .detail = step->detail};
	int rc = store_begin(s, err);

	if (rc != 0)
		return rc;
	rc = take_step(s, step, err);
	if (rc == 0 && step->is_last)
		rc = store_audit(s, &a, err);
	if (rc == 0)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}

int
store_audit_checks(struct store *s, gh_json **out, struct gh_error *err)
{
#define CHECK \
	"(SELECT row_to_json(t) FROM (SELECT iso_utc(begun_at) AS begun, iso_utc(ended_at) AS ended, seals, rows, unsealed, last_seal, " \
	"upper(encode(head, 'hex')) AS head, findings = 0 AS intact, findings AS finding_count, found AS findings FROM audit_check "
	static const struct store_statement st = {"audit_checks",
	    "SELECT json_build_object('running', " CHECK "WHERE ended_at IS NULL) t), "
	    "'last', " CHECK "WHERE ended_at IS NOT NULL ORDER BY id DESC LIMIT 1) t))"};
#undef CHECK
	struct store_params p = {0};

	return store_read_json(s, &st, &p, out, err);
}
