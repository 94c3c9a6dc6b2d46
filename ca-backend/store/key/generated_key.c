/* Keys that the KRA made. See generated_key.h. */
#include <stdio.h>
#include <string.h>

#include "archived_key_private.h"
#include "generated_key.h"
#include "key_event.h"

/* --- a new one -------------------------------------------------------------------------------- */

/* $1-$16 the key, $17-$20 requester, $21 comment, $22-$23 mark and content, $24-$25 what is kept,
 * $26-$31 actor of the audit row */
static const struct store_statement generation_add = {"key_generation_add",
    "WITH k AS (INSERT INTO archived_key (uuid, kind, algorithm, bits, owner, owner_name, owner_dn, owner_id, "
    "    owner_kind, client_id, policy, spki, spki_sha256, stored, storage_key, created_by) "
    "  SELECT $1::text::uuid, $2::int, $3, $4::int, $5, $6, $7, $8, $9::int, $10, $11, $12::bytea, $13::bytea, "
    "    $14::bytea, $15::bytea, $16 WHERE $14::bytea IS NOT NULL RETURNING id), "
    "r AS (INSERT INTO key_request (type, state, key_id, requester, requester_dn, requester_id, requester_kind, comment, "
    "    required, requester_counts, is_signed, approvals, mark, content, resolved_at, resolved_by) "
    "  SELECT 'generation', 'complete', (SELECT id FROM k), $17, $18, $19, $20::int, $21, 0, true, false, 0, "
    "    $22::bytea, $23::bytea, now(), $17 RETURNING id), "
    "p AS (INSERT INTO kept_key (mark, uuid, kind, algorithm, bits, owner, client_id, policy, spki, stored, storage_key, "
    "    forget_at) "
    "  SELECT $22::bytea, $1::text::uuid, $2::int, $3, $4::int, $5, $10, $11, $12::bytea, $24::bytea, $15::bytea, "
    "    to_timestamp($25::bigint) WHERE $24::bytea IS NOT NULL), "
    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT 'key.generated', 'success', 'key ' || $1::text, $26, $27::int, $28, $29, $30, "
    "    concat($31::text, 'request ', r.id) FROM r) "
    "SELECT id FROM r"};

static void
put_blob(struct store_params *p, const struct signer_blob *b)
{
	store_put_bytes(p, b->len > 0 ? b->p : NULL, b->len);
}

static void
put_key(struct store_params *p, const struct store_archived_key *k, const char *by,
    unsigned char spki_sha256[32])
{
	store_put_key_labels(p, k, spki_sha256);
	put_blob(p, &k->stored);
	store_put_bytes(p, k->storage_id, sizeof(k->storage_id));
	store_put_text(p, by);
}

static int
explain_conflict(struct store *s, const struct store_generation *g, struct gh_error *err)
{
	const struct store_call call = {.mark = g->mark};
	struct store_call_found found;
	int rc = store_explain_key_conflict(s, g->key, err);

	/* whatever was violated: it may be by the rows of the call that has the mark */
	return store_find_call(s, "generation", &call, &found, NULL) == 0 ? 0 : rc;
}

int
store_add_generation(struct store *s, const struct requester *who, const struct store_generation *g,
    int64_t *request, struct gh_error *err)
{
	unsigned char spki_sha256[32];
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	*request = 0;
	put_key(&p, g->key, who->name, spki_sha256);
	store_put_who(&p, who);
	store_put_text(&p, g->comment);
	store_put_bytes(&p, g->mark, STORE_CALL_MARK_SIZE);
	store_put_bytes(&p, g->content, g->content != NULL ? STORE_CALL_CONTENT_SIZE : 0);
	put_blob(&p, &g->kept);
	store_put_id(&p, g->forget_at);
	store_put_actor(&p, who, g->request_id, g->detail);
	rc = store_run(s, &generation_add, &p, &res, err);
	if (rc == GH_E_DB_DOWN && s->was_lost)
		rc = store_run(s, &generation_add, &p, &res, err);
	store_params_clear(&p);
	if (rc == 0)
		*request = PQntuples(res) == 1 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	if (rc == 0 && *request == 0)
		rc = gh_fail(err, GH_E_DB, "a key request has no id");
	if (rc == 0)
		key_event_count(KEY_EVENT_GENERATED, 1);
	return rc == GH_E_CONFLICT ? explain_conflict(s, g, err) : rc;
}

/* --- what there is ---------------------------------------------------------------------------- */

static void
take_text(char *out, size_t size, const PGresult *res, int col)
{
	snprintf(out, size, "%s", store_text(res, 0, col));
}

static int
fill_kept(const PGresult *res, struct store_archived_key *k, struct gh_error *err)
{
	int rc;

	take_text(k->id, sizeof(k->id), res, 0);
	k->kind = (enum kra_kind)store_int(res, 0, 1);
	take_text(k->algorithm, sizeof(k->algorithm), res, 2);
	k->bits = (int)store_int(res, 0, 3);
	take_text(k->bound_owner, sizeof(k->bound_owner), res, 4);
	take_text(k->client_id, sizeof(k->client_id), res, 5);
	take_text(k->policy, sizeof(k->policy), res, 6);
	k->forget_at = store_int(res, 0, 9);
	if ((rc = store_bytes(res, 0, 7, &k->spki.p, &k->spki.len, err)) != 0 ||
	    (rc = store_bytes(res, 0, 8, &k->stored.p, &k->stored.len, err)) != 0)
		store_archived_key_clear(k);
	return rc;
}

int
store_get_kept_key(struct store *s, const unsigned char *mark, size_t n,
    struct store_archived_key *out, struct gh_error *err)
{
	static const struct store_statement st = {"kept_key_get",
	    "SELECT uuid, kind, algorithm, bits, owner, client_id, policy, spki, stored, " STORE_EPOCH(
		"forget_at") " FROM kept_key p WHERE mark = $1::bytea AND forget_at > clock_timestamp() "
			     "AND NOT EXISTS (SELECT FROM archived_key k WHERE k.uuid = p.uuid AND k.state = 'inactive')"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_bytes(&p, mark, n);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	rc = PQntuples(res) == 1 ? fill_kept(res, out, err)
				 : gh_fail(err, GH_E_NOT_FOUND, "no key is kept under this mark");
	PQclear(res);
	return rc;
}

int
store_forget_kept_keys(struct store *s, int64_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"kept_key_forget",
	    "WITH d AS (DELETE FROM kept_key WHERE forget_at <= clock_timestamp() RETURNING 1) "
	    "SELECT count(*) FROM d"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_read(s, &st, &p, &res, err);

	*n = rc == 0 && PQntuples(res) == 1 ? store_int(res, 0, 0) : 0;
	PQclear(rc == 0 ? res : NULL);
	return rc;
}
