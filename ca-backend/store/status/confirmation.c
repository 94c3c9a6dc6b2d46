/* Confirmations of certificates. See confirmation.h. */
#include "confirmation.h"
#include "store/store_private.h"

/* For good, not on hold. */
#define IS_REVOKED \
	"c.status <> 20 AND NOT EXISTS (SELECT FROM revocation h WHERE h.certificate_id = c.id " \
	"AND h.reason = 6 AND h.removed_at IS NULL)"
#define IS_OVER "c.confirm_by IS NOT NULL AND c.confirm_by <= now()"

int
store_awaits_confirmation(struct store *s, int64_t cert_id, bool *out, struct gh_error *err)
{
	static const struct store_statement st = {"confirmation_awaited",
	    "SELECT FROM certificate WHERE id = $1::bigint AND confirm_by IS NOT NULL"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, cert_id);
	rc = store_read(s, &st, &p, &res, err);
	*out = rc == 0 && PQntuples(res) > 0;
	PQclear(res);
	return rc;
}

/* Nothing was written: why? */
static int
explain(struct store *s, const struct store_cert_status *cert, struct gh_error *err)
{
	static const struct store_statement st = {"confirmation_explain",
	    "SELECT c.confirm_by IS NOT NULL AND c.confirm_by > now(), c.confirm_by IS NOT NULL, " IS_REVOKED
	    " FROM certificate c WHERE c.id = $1::bigint"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, cert->id);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such certificate.");
	else if (store_bool(res, 0, 0))
		rc = gh_fail(err, GH_E_BUSY, "the status of the certificate was changed meanwhile");
	else if (store_bool(res, 0, 1) || store_bool(res, 0, 2))
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "The certificate was not confirmed in time: it is or will be revoked.");
	PQclear(res);
	return rc;
}

int
store_confirm_cert(struct store *s, const struct requester *who, const char *request_id,
    const struct store_cert_status *cert, struct gh_error *err)
{
	static const struct store_statement st = {"confirmation_write",
	    "WITH u AS (UPDATE certificate SET confirm_by = NULL, version = version + 1 "
	    "  WHERE id = $1::bigint AND version = $2::int AND confirm_by > now() RETURNING serial), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'cert.confirmed', 'success', hex_upper(serial), $3::text, $4::int, $5::text, $6::text, $7::text, "
	    "    $8::text FROM u) "
	    "SELECT serial FROM u"};
	struct store_params p = {0};
	PGresult *res = NULL;
	bool is_written;
	int rc;

	store_put_int(&p, cert->id);
	store_put_int(&p, cert->version);
	store_put_actor(&p, who, request_id, NULL);
	rc = store_run(s, &st, &p, &res, err);
	if (rc == GH_E_DB_DOWN && s->was_lost) /* the version lets only one of them through */
		rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	is_written = rc == 0 && PQntuples(res) == 1;
	PQclear(res);
	return rc != 0 || is_written ? rc : explain(s, cert, err);
}

static int
forget_revoked(struct store *s, struct gh_error *err)
{
	static const struct store_statement st = {"confirmation_forget",
	    "UPDATE certificate c SET confirm_by = NULL WHERE " IS_OVER " AND " IS_REVOKED};
	struct store_params p = {0};

	return store_do(s, &st, &p, err);
}

int
store_list_unconfirmed(struct store *s, struct store_unconfirmed out[STORE_UNCONFIRMED_MAX],
    size_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"confirmation_list",
	    "SELECT c.id, c.version FROM certificate c WHERE " IS_OVER
	    " ORDER BY c.confirm_by LIMIT $1::int"};
	struct store_params p = {0};
	PGresult *res;
	int rc = forget_revoked(s, err);

	*n = 0;
	if (rc != 0)
		return rc;
	store_put_int(&p, STORE_UNCONFIRMED_MAX);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	for (; *n < (size_t)PQntuples(res) && *n < STORE_UNCONFIRMED_MAX; ++*n) {
		out[*n].id = store_int(res, (int)*n, 0);
		out[*n].version = (int)store_int(res, (int)*n, 1);
	}
	PQclear(res);
	return 0;
}

int
store_count_unconfirmed(struct store *s, int64_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"confirmation_count",
	    "SELECT count(*) FROM certificate c WHERE " IS_OVER " AND NOT (" IS_REVOKED ")"};
	struct store_params p = {0};

	return store_read_int(s, &st, &p, n, err);
}
