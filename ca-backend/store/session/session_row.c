/* Sessions of browsers. See session_row.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/grant/row_content.h"
#include "store/store_private.h"

#include "session_row.h"

#define TABLE "session"
#define BY_PASSWORD "password"
#define BY_CERTIFICATE "certificate"

static const char *
method_of(const struct store_session *v)
{
	return v->by_certificate ? BY_CERTIFICATE : BY_PASSWORD;
}

/* Over the whole row. The last use is in it, so that no writer of the table keeps a session from
 * ending. */
static int
make_mac(const struct store *s, const struct store_session *v, unsigned char out[ROW_SEAL_SIZE],
    struct gh_error *err)
{
	gh_json *j = gh_json_new_object();
	int bad = row_content_set_requester(j, &v->who) |
	    gh_json_set_int(j, "roles", v->who.roles) |
	    gh_json_set_string(j, "address", v->who.address) |
	    gh_json_set_string(j, "method", method_of(v)) |
	    row_content_set_bytes(j, "session", v->id, sizeof(v->id)) |
	    row_content_set_bytes(j, "certificate", v->certificate, sizeof(v->certificate)) |
	    row_content_set_bytes(j, "mark", v->mark, sizeof(v->mark)) |
	    gh_json_set_int(j, "created", v->created) | gh_json_set_int(j, "ends", v->ends) |
	    gh_json_set_int(j, "used", v->used);

	return row_content_seal(s, TABLE, 0, j, bad, out, err);
}

/* --- a new one -------------------------------------------------------------------------------- */

/* $1-$10 the row, $11-$13 its times, $14 MAC, $15 others that stay, $16 request id. One and the
 * same person: who was renamed in the directory is somebody else until his old sessions end. */
static const struct store_statement new_session = {"session_new",
    "WITH n AS (INSERT INTO session (id, kind, name, dn, directory_id, roles, method, certificate, mark, address, "
    "    created_at, ends_at, used_at, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
    "    to_timestamp($11::bigint), to_timestamp($12::bigint), to_timestamp($13::bigint), $14)), "
    "o AS (DELETE FROM session WHERE id IN (SELECT id FROM session WHERE kind = $2::int AND lower(name) = lower($3) "
    "    AND directory_id = $5 ORDER BY created_at DESC, id OFFSET $15::int) RETURNING id), "
    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT e.event, 'success', 'session ' || substr(encode(e.id, 'hex'), 1, 16), $3, $2::int, '', $10, $16, e.detail "
    "  FROM (SELECT 'login.succeeded' AS event, $1::bytea AS id, 'by ' || $7 AS detail "
    "    UNION ALL SELECT 'session.ended', id, 'too many sessions of this person' FROM o) e) "
    "SELECT 1"};

static void
put_row(struct store_params *p, const struct store_session *v)
{
	store_put_bytes(p, v->id, sizeof(v->id));
	store_put_int(p, v->who.kind);
	store_put_text(p, v->who.name);
	store_put_text(p, v->who.dn);
	store_put_text(p, v->who.id);
	store_put_int(p, v->who.roles);
	store_put_text(p, method_of(v));
	store_put_bytes(p, v->by_certificate ? v->certificate : NULL,
	    v->by_certificate ? sizeof(v->certificate) : 0);
	store_put_bytes(p, v->mark, sizeof(v->mark));
	store_put_text(p, v->who.address);
	store_put_int(p, v->created);
	store_put_int(p, v->ends);
	store_put_int(p, v->used);
}

int
store_new_session(struct store *s, const struct store_session *v, int max, const char *request_id,
    struct gh_error *err)
{
	unsigned char mac[ROW_SEAL_SIZE];
	struct store_params p = {0};
	int rc = make_mac(s, v, mac, err);

	if (rc != 0)
		return rc;
	put_row(&p, v);
	store_put_bytes(&p, mac, sizeof(mac));
	store_put_int(&p, max - 1); /* the new one is not seen by the other half yet */
	store_put_text(&p, request_id);
	/* not repeated: after a lost answer the person logs in again */
	return store_do_once(s, &new_session, &p, "Conflict.", err);
}

/* --- as it stands ----------------------------------------------------------------------------- */

static int
fill_bytes(const PGresult *res, int col, unsigned char out[32], struct gh_error *err)
{
	unsigned char *b = NULL;
	size_t n = 0;
	int rc = store_bytes(res, 0, col, &b, &n, err);

	memset(out, 0, 32);
	if (rc == 0 && n == 32)
		memcpy(out, b, n);
	free(b);
	return rc;
}

/* A text that does not fit is cut, and then the MAC does not fit either. */
static int
fill(const PGresult *res, struct store_session *out, struct gh_error *err)
{
	int rc;

	out->who.kind = (enum requester_kind)store_int(res, 0, 0);
	snprintf(out->who.name, sizeof(out->who.name), "%s", store_text(res, 0, 1));
	snprintf(out->who.dn, sizeof(out->who.dn), "%s", store_text(res, 0, 2));
	snprintf(out->who.id, sizeof(out->who.id), "%s", store_text(res, 0, 3));
	out->who.roles = (unsigned)store_int(res, 0, 4);
	out->by_certificate = strcmp(store_text(res, 0, 5), BY_CERTIFICATE) == 0;
	snprintf(out->who.address, sizeof(out->who.address), "%s", store_text(res, 0, 8));
	out->created = store_int(res, 0, 9);
	out->ends = store_int(res, 0, 10);
	out->used = store_int(res, 0, 11);
	if ((rc = fill_bytes(res, 6, out->certificate, err)) == 0)
		rc = fill_bytes(res, 7, out->mark, err);
	return rc;
}

int
store_get_session(struct store *s, const unsigned char id[STORE_SESSION_ID_SIZE],
    struct store_session *out, struct gh_error *err)
{
	static const struct store_statement st = {"session_get",
	    "SELECT kind, name, dn, directory_id, roles, method, certificate, mark, address, "
	    "extract(epoch FROM created_at)::bigint, extract(epoch FROM ends_at)::bigint, "
	    "extract(epoch FROM used_at)::bigint, mac FROM session WHERE id = $1"};
	unsigned char mac[ROW_SEAL_SIZE];
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	memcpy(out->id, id, sizeof(out->id));
	store_put_bytes(&p, id, STORE_SESSION_ID_SIZE);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 0)
		rc = gh_fail(err, GH_E_NOT_FOUND, "no such session");
	if (rc == 0 && (rc = fill(res, out, err)) == 0)
		rc = make_mac(s, out, mac, err);
	if (rc == 0 && !store_is_mac(res, 0, 12, mac))
		rc = gh_fail(err, GH_E_SEAL,
		    "the row of a session of \"%.100s\" was written past Gatehouse", out->who.name);
	PQclear(res);
	if (rc != 0)
		memset(out, 0, sizeof(*out));
	return rc;
}

int
store_touch_session(struct store *s, const struct store_session *v, struct gh_error *err)
{
	static const struct store_statement st = {"session_touch",
	    "UPDATE session SET used_at = to_timestamp($2::bigint), mac = $3 "
	    "WHERE id = $1 AND used_at < to_timestamp($2::bigint)"};
	unsigned char mac[ROW_SEAL_SIZE];
	struct store_params p = {0};
	int rc = make_mac(s, v, mac, err);

	if (rc != 0)
		return rc;
	store_put_bytes(&p, v->id, sizeof(v->id));
	store_put_int(&p, v->used);
	store_put_bytes(&p, mac, sizeof(mac));
	return store_do(s, &st, &p, err);
}

/* --- the end ---------------------------------------------------------------------------------- */

int
store_end_session(struct store *s, const unsigned char id[STORE_SESSION_ID_SIZE],
    const struct store_session_end *how, int *ended, struct gh_error *err)
{
	/* $1 which, $2-$7 actor of the audit row, $8 its event */
	static const struct store_statement st = {"session_end",
	    "WITH o AS (DELETE FROM session WHERE id = $1 RETURNING id, name), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT $8, 'success', 'session ' || substr(encode(id, 'hex'), 1, 16) || ' of ' || name, $2, $3::int, $4, "
	    "  $5, $6, $7 FROM o) "
	    "SELECT count(*) FROM o"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_bytes(&p, id, STORE_SESSION_ID_SIZE);
	store_put_actor(&p, how->who, how->request_id, how->detail);
	store_put_text(&p, how->event);
	rc = store_read(s, &st, &p, &res, err); /* repeated it finds that it is gone */
	*ended = rc == 0 ? (int)store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}
