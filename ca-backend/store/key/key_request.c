/* Requests for the recovery of a key: made and read. See key_request.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "archived_key_private.h"
#include "key_event.h"
#include "key_request.h"
#include "key_request_private.h"

void
store_put_who(struct store_params *p, const struct requester *who)
{
	store_put_text(p, who->name);
	store_put_text(p, who->dn);
	store_put_text(p, who->id);
	store_put_int(p, who->kind);
}

void
store_put_id(struct store_params *p, int64_t id)
{
	if (id != 0)
		store_put_int(p, id);
	else
		store_put_text(p, NULL);
}

void
store_key_request_clear(struct store_key_request *r)
{
	free(r->wrapping.p);
	store_archived_key_clear(&r->key);
	memset(r, 0, sizeof(*r));
}

/* --- reading ---------------------------------------------------------------------------------- */

enum request_column {
	COL_ID = STORE_KEY_COLUMNS_N,
	COL_STATE,
	COL_REQUESTER,
	COL_DN,
	COL_REQUESTER_ID,
	COL_KIND,
	COL_REQUIRED,
	COL_COUNTS,
	COL_SIGNED,
	COL_APPROVALS,
	COL_WRAPPING,
	COL_CERTIFICATE,
	COL_EXPIRES,
	COL_RELEASED,
	COL_VERSION
};

static const struct store_statement request_get = {"key_request_get",
    "SELECT " STORE_KEY_COLUMNS ", r.id, " STORE_KEY_STATE
    ", r.requester, r.requester_dn, r.requester_id, r.requester_kind, r.required, r.requester_counts, r.is_signed, "
    "r.approvals, r.wrapping, coalesce(r.certificate_id, k.certificate_id), " STORE_EPOCH("r.expires_at") ", " STORE_EPOCH(
	"r.released_at") ", r.version "
			 "FROM key_request r LEFT JOIN archived_key k ON k.id = r.key_id WHERE r.id = $1::bigint"};

static void
fill_requester(const PGresult *res, struct requester *who)
{
	who->kind = (enum requester_kind)store_int(res, 0, COL_KIND);
	snprintf(who->name, sizeof(who->name), "%s", store_text(res, 0, COL_REQUESTER));
	snprintf(who->dn, sizeof(who->dn), "%s", store_text(res, 0, COL_DN));
	snprintf(who->id, sizeof(who->id), "%s", store_text(res, 0, COL_REQUESTER_ID));
}

static int
fill(const PGresult *res, struct store_key_request *r, struct gh_error *err)
{
	int rc = 0;

	/* a key that was made and not archived is not here */
	if (store_has(res, 0, 0))
		rc = store_fill_archived_key(res, &r->key, err);
	if (rc != 0)
		return rc;
	r->id = store_int(res, 0, COL_ID);
	if (!key_state_parse(store_text(res, 0, COL_STATE), &r->state))
		return gh_fail(err, GH_E_DB, "state of key request %lld", (long long)r->id);
	fill_requester(res, &r->requester);
	r->required = (int)store_int(res, 0, COL_REQUIRED);
	r->approvals = (int)store_int(res, 0, COL_APPROVALS);
	r->requester_counts = store_bool(res, 0, COL_COUNTS);
	r->is_signed = store_bool(res, 0, COL_SIGNED);
	r->certificate_id = store_int(res, 0, COL_CERTIFICATE);
	r->expires_at = store_int(res, 0, COL_EXPIRES);
	r->released_at = store_int(res, 0, COL_RELEASED);
	r->version = (int)store_int(res, 0, COL_VERSION);
	return store_bytes(res, 0, COL_WRAPPING, &r->wrapping.p, &r->wrapping.len, err);
}

int
store_get_key_request(struct store *s, int64_t id, struct store_key_request *out,
    struct gh_error *err)
{
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_int(&p, id);
	if ((rc = store_read(s, &request_get, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) != 1)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such key request.");
	else if ((rc = fill(res, out, err)) != 0)
		store_key_request_clear(out);
	PQclear(res);
	return rc;
}

int
store_get_key_signatures(struct store *s, int64_t id, struct signer_blob out[KRA_APPROVALS_MAX],
    size_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"key_signatures",
	    "SELECT signature FROM key_approval WHERE request_id = $1::bigint AND signature IS NOT NULL "
	    "ORDER BY at, agent_id LIMIT $2::int"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*n = 0;
	store_put_int(&p, id);
	store_put_int(&p, KRA_APPROVALS_MAX);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	for (int i = 0; i < PQntuples(res) && rc == 0; i++) {
		rc = store_bytes(res, i, 0, &out[*n].p, &out[*n].len, err);
		*n += rc == 0;
	}
	while (rc != 0 && *n > 0)
		free(out[--*n].p);
	PQclear(res);
	return rc;
}

/* --- a new one -------------------------------------------------------------------------------- */

/* $1 key, $2-$5 requester, $6 comment, $7-$9 policy, $10 is it approved, $11-$13 wrapping and
 * certificate, $14 expiry, $15 mark, $16 identity of the requester, $17-$22 actor */
static const struct store_statement request_add = {"key_request_add",
    "WITH k AS (SELECT id, uuid FROM archived_key WHERE id = $1::bigint AND state = 'active'), "
    "r AS (INSERT INTO key_request (type, state, key_id, requester, requester_dn, requester_id, requester_kind, comment, "
    "    required, requester_counts, is_signed, approvals, wrapping, wrapping_sha256, certificate_id, expires_at, mark) "
    "  SELECT 'recovery', CASE WHEN $10::bool THEN 'approved' ELSE 'pending' END, k.id, $2, $3, $4, $5::int, $6, $7::int, "
    "    $8::bool, $9::bool, CASE WHEN $10::bool THEN 1 ELSE 0 END, $11::bytea, $12::bytea, $13::bigint, "
    "    now() + make_interval(secs => $14::int), $15::bytea FROM k RETURNING id), "
    "v AS (INSERT INTO key_approval (request_id, agent_id, agent, comment) SELECT r.id, $16, $2, $6 FROM r WHERE $10::bool), "
    "e AS (SELECT 'key.recovery-requested' AS event UNION ALL SELECT 'key.recovery-approved' WHERE $10::bool), "
    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT e.event, 'success', 'key ' || k.uuid, $17, $18::int, $19, $20, $21, "
    "    concat('request ', r.id, ': ', $22::text) FROM r, k, e) "
    "SELECT id FROM r"};

int
store_add_key_request(struct store *s, const struct requester *who,
    const struct store_new_key_request *n, int64_t *id, struct gh_error *err)
{
	unsigned char mark[STORE_MARK_SIZE];
	struct store_params p = {0};
	bool is_wrapped = n->wrapping_sha256 != NULL;
	int rc;

	*id = 0;
	if (RAND_bytes(mark, sizeof(mark)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "RAND_bytes");
	store_put_int(&p, n->key_row);
	store_put_who(&p, who);
	store_put_text(&p, n->comment);
	store_put_int(&p, n->required);
	store_put_bool(&p, n->requester_counts);
	store_put_bool(&p, n->is_signed);
	store_put_bool(&p, n->is_approved);
	store_put_bytes(&p, is_wrapped ? n->wrapping.p : NULL, n->wrapping.len);
	store_put_bytes(&p, n->wrapping_sha256, is_wrapped ? KRA_RELEASE_DIGEST_SIZE : 0);
	store_put_id(&p, n->certificate_id);
	store_put_int(&p, n->expiry);
	store_put_bytes(&p, mark, sizeof(mark));
	store_put_text(&p, store_key_identity(who));
	store_put_actor(&p, who, n->request_id, n->comment);
	if ((rc = store_run_marked(s, &request_add, &p, mark, id, err)) == 0 && *id == 0)
		rc = gh_refuse(err, GH_E_CONFLICT, "The key is not active.");
	if (rc == 0)
		key_event_count(KEY_EVENT_REQUESTED, 1);
	if (rc == 0 && n->is_approved)
		key_event_count(KEY_EVENT_APPROVED, 1);
	return rc;
}
