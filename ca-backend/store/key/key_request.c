/* Requests for the recovery of a key: made and read. See key_request.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "archived_key_private.h"
#include "key_event.h"
#include "key_request.h"
#include "key_request_private.h"
#include "key_seal.h"

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
	COL_ASKED,
	COL_EXPIRES,
	COL_RELEASED,
	COL_VERSION,
	COL_COMMENT,
	COL_MAC
};

static const struct store_statement request_get = {"key_request_get",
    "SELECT " STORE_KEY_COLUMNS ", r.id, " STORE_KEY_STATE
    ", r.requester, r.requester_dn, r.requester_id, r.requester_kind, r.required, r.requester_counts, r.is_signed, "
    "r.approvals, r.wrapping, coalesce(r.certificate_id, k.certificate_id), r.certificate_id, " STORE_EPOCH(
	"r.expires_at") ", " STORE_EPOCH("r.released_at") ", r.version, r.comment, r.mac "
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
	r->asked_certificate_id = store_int(res, 0, COL_ASKED);
	r->expires_at = store_int(res, 0, COL_EXPIRES);
	r->released_at = store_int(res, 0, COL_RELEASED);
	r->version = (int)store_int(res, 0, COL_VERSION);
	return store_bytes(res, 0, COL_WRAPPING, &r->wrapping.p, &r->wrapping.len, err);
}

static int
check_seal(const struct store *s, const PGresult *res, struct store_key_request *r,
    struct gh_error *err)
{
	const char *comment =
	    PQgetisnull(res, 0, COL_COMMENT) ? NULL : store_text(res, 0, COL_COMMENT);
	int rc = s->has_grant_key ? key_seal_request(s, r, comment, r->mac, err) : 0;

	r->is_sealed = rc == 0 && s->has_grant_key && store_is_mac(res, 0, COL_MAC, r->mac);
	return rc;
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
	else if ((rc = fill(res, out, err)) != 0 || (rc = check_seal(s, res, out, err)) != 0)
		store_key_request_clear(out);
	PQclear(res);
	return rc;
}

/* --- a new one -------------------------------------------------------------------------------- */

/* $1 key, $2-$5 requester, $6 comment, $7-$9 policy, $10 is it approved, $11-$13 wrapping and
 * certificate, $14 id, $15 expiry, $16 MAC, $17 mark, $18-$19 identity of the requester and MAC of
 * his approval, $20-$25 actor, $26 content of the call */
static const struct store_statement request_add = {"key_request_add",
    "WITH k AS (SELECT id, uuid FROM archived_key WHERE id = $1::bigint AND state = 'active' FOR SHARE), "
    "r AS (INSERT INTO key_request (type, state, key_id, requester, requester_dn, requester_id, requester_kind, comment, "
    "    required, requester_counts, is_signed, approvals, wrapping, wrapping_sha256, certificate_id, id, expires_at, mac, "
    "    mark, content) OVERRIDING SYSTEM VALUE "
    "  SELECT 'recovery', CASE WHEN $10::bool THEN 'approved' ELSE 'pending' END, k.id, $2, $3, $4, $5::int, $6, $7::int, "
    "    $8::bool, $9::bool, CASE WHEN $10::bool THEN 1 ELSE 0 END, $11::bytea, $12::bytea, $13::bigint, $14::bigint, "
    "    to_timestamp($15::bigint), $16::bytea, $17::bytea, $26::bytea FROM k RETURNING id), "
    "v AS (INSERT INTO key_approval (request_id, agent_id, agent, comment, mac) "
    "  SELECT r.id, $18, $2, $6, $19::bytea FROM r WHERE $10::bool), "
    "e AS (SELECT 'key.recovery-requested' AS event UNION ALL SELECT 'key.recovery-approved' WHERE $10::bool), "
    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT e.event, 'success', 'key ' || k.uuid, $20, $21::int, $22, $23, $24, "
    "    concat('request ', r.id, ': ', $25::text) FROM r, k, e) "
    "SELECT id FROM r"};

/* Its id, which the MAC is over, and when it ends, by the clock of the database. Calls at the same
 * moment may go beyond open_max by their number. */
static int
draw(struct store *s, const struct requester *who, const struct store_new_key_request *n,
    struct store_key_request *r, struct gh_error *err)
{
	static const struct store_statement st = {"key_request_draw",
	    "SELECT nextval(pg_get_serial_sequence('key_request', 'id')), " STORE_EPOCH(
		"clock_timestamp()") " + $1::int, (SELECT count(*) FROM key_request r WHERE r.type = 'recovery' "
				     "  AND r.state IN ('pending', 'approved') AND r.expires_at > clock_timestamp() "
				     "  AND r.requester_kind = $2::int AND coalesce(nullif(r.requester_id, ''), r.requester) = $3)"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, n->expiry);
	store_put_int(&p, who->kind);
	store_put_text(&p, store_key_identity(who));
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	r->id = store_int(res, 0, 0);
	r->expires_at = store_int(res, 0, 1);
	if (n->open_max > 0 && store_int(res, 0, 2) >= n->open_max)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "You have %d requests for keys that are not finished, and may have no more: "
		    "retrieve the keys, cancel what is not needed, or wait until they expire.",
		    n->open_max);
	PQclear(res);
	return rc;
}

/* A request as it will stand in its row, with the MACs. Borrows from n. */
struct sealed_request {
	struct store_key_request r;
	unsigned char mark[STORE_MARK_SIZE], approval[ROW_SEAL_SIZE];
};

static int
seal_new(struct store *s, const struct requester *who, const struct store_new_key_request *n,
    struct sealed_request *out, struct gh_error *err)
{
	const struct key_seal_approval own = {.agent_id = store_key_identity(who),
	    .agent = who->name,
	    .comment = n->comment};
	struct store_key_request *r = &out->r;
	int rc;

	*r = (struct store_key_request){.requester = *who,
	    .required = n->required,
	    .requester_counts = n->requester_counts,
	    .is_signed = n->is_signed,
	    .asked_certificate_id = n->certificate_id,
	    .wrapping = {(unsigned char *)n->wrapping.p, n->wrapping.len}};
	memcpy(r->key.id, n->key->id, sizeof(r->key.id));
	if (n->call.mark != NULL)
		memcpy(out->mark, n->call.mark, sizeof(out->mark));
	else if (RAND_bytes(out->mark, sizeof(out->mark)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "RAND_bytes");
	if ((rc = draw(s, who, n, r, err)) != 0 ||
	    (rc = key_seal_request(s, r, n->comment, r->mac, err)) != 0)
		return rc;
	return key_seal_approval(s, r->id, r->mac, &own, out->approval, err);
}

static void
put_new(struct store_params *p, const struct requester *who, const struct store_new_key_request *n,
    const struct sealed_request *sealed)
{
	const struct store_key_request *r = &sealed->r;
	bool is_wrapped = n->wrapping_sha256 != NULL;

	store_put_int(p, n->key->row);
	store_put_who(p, who);
	store_put_text(p, n->comment);
	store_put_int(p, n->required);
	store_put_bool(p, n->requester_counts);
	store_put_bool(p, n->is_signed);
	store_put_bool(p, n->is_approved);
	store_put_bytes(p, is_wrapped ? n->wrapping.p : NULL, n->wrapping.len);
	store_put_bytes(p, n->wrapping_sha256, is_wrapped ? KRA_RELEASE_DIGEST_SIZE : 0);
	store_put_id(p, n->certificate_id);
	store_put_int(p, r->id);
	store_put_int(p, r->expires_at);
	store_put_bytes(p, r->mac, sizeof(r->mac));
	store_put_bytes(p, sealed->mark, sizeof(sealed->mark));
	store_put_text(p, store_key_identity(who));
	store_put_bytes(p, sealed->approval, sizeof(sealed->approval));
	store_put_actor(p, who, n->request_id, n->comment);
	store_put_bytes(p, n->call.content, n->call.content != NULL ? STORE_CALL_CONTENT_SIZE : 0);
}

int
store_add_key_request(struct store *s, const struct requester *who,
    const struct store_new_key_request *n, int64_t *id, struct gh_error *err)
{
	struct sealed_request sealed;
	struct store_params p = {0};
	int rc;

	*id = 0;
	if ((rc = seal_new(s, who, n, &sealed, err)) != 0)
		return rc;
	put_new(&p, who, n, &sealed);
	if ((rc = store_run_marked(s, &request_add, &p, sealed.mark, id, err)) == 0 && *id == 0)
		rc = gh_refuse(err, GH_E_CONFLICT, "The key is not active.");
	if (rc == 0)
		key_event_count(KEY_EVENT_REQUESTED, 1);
	if (rc == 0 && n->is_approved)
		key_event_count(KEY_EVENT_APPROVED, 1);
	return rc;
}
