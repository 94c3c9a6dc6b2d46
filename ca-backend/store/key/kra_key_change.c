/* See kra_key_change.h. */
#include "digest.h"
#include "hex.h"
#include "store/store_private.h"

#include "kra_key_change.h"

#define KRA_REQUESTER "key recovery authority" /* no user can have this name: it has blanks */

/* Released by the end of the transaction. */
static int
lock_keys(struct store *s, struct gh_error *err)
{
	static const struct store_statement st = {"kra_key_lock",
	    "SELECT pg_advisory_xact_lock(hashtextextended('gatehouse kra keys', 0))"};
	struct store_params p = {0};

	return store_do(s, &st, &p, err);
}

static int
check_none(struct store *s, struct gh_error *err)
{
	static const struct store_statement st = {"kra_key_any", "SELECT 1 FROM kra_key LIMIT 1"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc = store_run(s, &st, &p, &res, err);

	if (rc == 0 && PQntuples(res) > 0)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "The key recovery authority has its keys already: see `gatehouse kra show`.");
	PQclear(res);
	return rc;
}

/* The row in the inventory, by which the certificate can be found and revoked. */
static int
add_certificate(struct store *s, const struct requester *who, const struct store_new_kra_key *k,
    int64_t *id, struct gh_error *err)
{
	const struct store_new_cert c = {
	    .ca = k->ca,
	    .der = k->cert.p,
	    .len = k->cert.len,
	    .requester = KRA_REQUESTER,
	};

	*id = 0;
	return k->ca != NULL ? store_new_cert(s, who, &c, id, err) : 0;
}

static int
add_key(struct store *s, const struct requester *who, const char *kind, const char *state,
    const struct store_new_kra_key *k, struct gh_error *err)
{
	static const struct store_statement st = {"kra_key_insert",
	    "INSERT INTO kra_key (kind, spki_sha256, spki, sealed, state, created_by, certificate_id, certificate, "
	    "  not_after) "
	    "SELECT $1, $2, $3, $4, $7, $5, c.id, c.der, c.not_after "
	    "  FROM (SELECT 1) AS one LEFT JOIN certificate c ON c.id = $6"};
	struct store_params p = {0};
	unsigned char id[32];
	int64_t cert_id;
	int rc = add_certificate(s, who, k, &cert_id, err);

	if (rc != 0)
		return rc;
	if (!gh_digest(GH_SHA256, k->spki.p, k->spki.len, id))
		return gh_fail(err, GH_E_INTERNAL, "SHA-256");
	store_put_text(&p, kind);
	store_put_bytes(&p, id, sizeof(id));
	store_put_bytes(&p, k->spki.p, k->spki.len);
	store_put_bytes(&p, k->sealed.p, k->sealed.len);
	store_put_text(&p, who->name);
	store_put_int(&p, cert_id);
	store_put_text(&p, state);
	return store_do(s, &st, &p, err);
}

static int
audit_key(struct store *s, const struct requester *who, const char *event,
    const struct gh_der *spki, struct gh_error *err)
{
	char text[2 * 32 + 1];
	unsigned char id[32];

	if (!gh_digest(GH_SHA256, spki->p, spki->len, id))
		return gh_fail(err, GH_E_INTERNAL, "SHA-256");
	return store_audit_change(s, who, event, gh_hex_lower(id, sizeof(id), text), NULL, err);
}

/* rc: of what was done since store_begin_locking. */
static int
end(struct store *s, int rc, struct gh_error *err)
{
	if (rc == 0)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}

int
store_create_kra(struct store *s, const struct requester *who,
    const struct store_new_kra_key *storage, const struct store_new_kra_key *transport,
    struct gh_error *err)
{
	int rc = store_begin_locking(s, err);

	if (rc == 0)
		rc = lock_keys(s, err);
	if (rc == 0)
		rc = check_none(s, err);
	if (rc == 0)
		rc = add_key(s, who, "storage", "current", storage, err);
	if (rc == 0)
		rc = add_key(s, who, "transport", "current", transport, err);
	if (rc == 0)
		rc = audit_key(s, who, "kra.created", &storage->spki, err);
	return end(s, rc, err);
}

static int
end_current(struct store *s, int64_t row, struct gh_error *err)
{
	static const struct store_statement st = {"kra_key_old",
	    "UPDATE kra_key SET state = 'old' WHERE id = $1 AND kind = 'transport' AND state = 'current' RETURNING id"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	store_put_int(&p, row);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "The transport key was renewed meanwhile: see `gatehouse kra show`.");
	PQclear(res);
	return rc;
}

int
store_renew_kra_transport(struct store *s, const struct requester *who, int64_t row,
    const struct store_new_kra_key *transport, struct gh_error *err)
{
	int rc = store_begin_locking(s, err);

	if (rc == 0)
		rc = lock_keys(s, err);
	if (rc == 0)
		rc = end_current(s, row, err);
	if (rc == 0)
		rc = add_key(s, who, "transport", "current", transport, err);
	if (rc == 0)
		rc = audit_key(s, who, "kra.transport-renewed", &transport->spki, err);
	return end(s, rc, err);
}

/* --- another storage key ---------------------------------------------------------------------- */

/* One that was made and not taken into use: nothing lies under it. */
static int
retire_next(struct store *s, const struct requester *who, struct gh_error *err)
{
	/* $1-$6 actor */
	static const struct store_statement st = {"kra_key_retire_next",
	    "WITH k AS (UPDATE kra_key SET state = 'retired', sealed = '' WHERE kind = 'storage' AND state = 'next' "
	    "  RETURNING spki_sha256) "
	    "INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'kra.storage-retired', 'success', encode(spki_sha256, 'hex'), $1, $2::int, $3, $4, $5, $6 FROM k"};
	struct store_params p = {0};

	store_put_actor(&p, who, NULL, "it was not in use yet");
	return store_do(s, &st, &p, err);
}

int
store_add_next_storage(struct store *s, const struct requester *who,
    const struct store_new_kra_key *storage, struct gh_error *err)
{
	int rc = store_begin_locking(s, err);

	if (rc == 0)
		rc = lock_keys(s, err);
	if (rc == 0)
		rc = retire_next(s, who, err);
	if (rc == 0)
		rc = add_key(s, who, "storage", "next", storage, err);
	if (rc == 0)
		rc = audit_key(s, who, "kra.storage-made", &storage->spki, err);
	return end(s, rc, err);
}

/* $1 row, $2-$7 actor */
static int
begin_next(struct store *s, const struct requester *who, int64_t row, struct gh_error *err)
{
	static const struct store_statement st = {"kra_key_begin_next",
	    "WITH k AS (UPDATE kra_key SET state = 'current' WHERE id = $1 AND kind = 'storage' AND state = 'next' "
	    "  RETURNING spki_sha256) "
	    "INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'kra.storage-rotated', 'success', encode(spki_sha256, 'hex'), $2, $3::int, $4, $5, $6, $7 FROM k "
	    "  RETURNING 1"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	store_put_int(&p, row);
	store_put_actor(&p, who, NULL, NULL);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_fail(err, GH_E_CONFLICT, "KRA key %lld is not the next one any more",
		    (long long)row);
	PQclear(res);
	return rc;
}

int
store_begin_next_storage(struct store *s, const struct requester *who, int64_t row,
    struct gh_error *err)
{
	static const struct store_statement st = {"kra_key_end_storage",
	    "UPDATE kra_key SET state = 'old' WHERE kind = 'storage' AND state = 'current'"};
	struct store_params p = {0};
	int rc = store_begin_locking(s, err);

	if (rc == 0)
		rc = lock_keys(s, err);
	if (rc == 0)
		rc = store_do(s, &st, &p, err);
	if (rc == 0)
		rc = begin_next(s, who, row, err);
	return end(s, rc, err);
}

static int
put_record(struct store *s, const struct requester *who, const char *event,
    const struct store_kra_record *r, struct gh_error *err)
{
	/* $1-$6 actor */
	static const struct store_statement st = {"kra_key_record",
	    "WITH k AS (UPDATE kra_key SET sealed = $9 WHERE id = $8 AND sealed = $10 RETURNING spki_sha256) "
	    "INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT $7, 'success', encode(spki_sha256, 'hex'), $1, $2::int, $3, $4, $5, $6 FROM k RETURNING 1"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	store_put_actor(&p, who, NULL, NULL);
	store_put_text(&p, event);
	store_put_int(&p, r->row);
	store_put_bytes(&p, r->after.p, r->after.len);
	store_put_bytes(&p, r->before.p, r->before.len);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "A key of the KRA was changed meanwhile: see `gatehouse kra show`.");
	PQclear(res);
	return rc;
}

int
store_put_kra_records(struct store *s, const struct requester *who, const char *event,
    const struct store_kra_record *r, size_t n, struct gh_error *err)
{
	int rc = store_begin_locking(s, err);

	if (rc == 0)
		rc = lock_keys(s, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = put_record(s, who, event, &r[i], err);
	return end(s, rc, err);
}
