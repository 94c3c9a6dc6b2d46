/* Transport keys and their certificates. See transport_key.h. */
#include "store/store_private.h"

#include "transport_key.h"

int
store_retire_transports(struct store *s, const struct requester *who, int *n, struct gh_error *err)
{
	/* $1-$6 actor */
	static const struct store_statement st = {"kra_key_retire_transports",
	    "WITH k AS (UPDATE kra_key SET state = 'retired', sealed = '' WHERE kind = 'transport' AND state = 'old' "
	    "  AND not_after < now() RETURNING spki_sha256), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'kra.transport-retired', 'success', encode(spki_sha256, 'hex'), $1, $2::int, $3, $4, $5, $6 FROM k) "
	    "SELECT count(*) FROM k"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*n = 0;
	store_put_actor(&p, who, NULL, NULL);
	if ((rc = store_write(s, &st, &p, "", &res, err)) != 0)
		return rc;
	*n = (int)store_int(res, 0, 0);
	PQclear(res);
	return 0;
}

int
store_find_kra_issuer(struct store *s, int64_t certificate_id, struct store_kra_issuer *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"kra_issuer",
	    "SELECT ca_id, status = 21 FROM certificate WHERE id = $1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*out = (struct store_kra_issuer){0};
	store_put_int(&p, certificate_id);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 1) {
		out->ca_id = store_int(res, 0, 0);
		out->is_revoked = store_bool(res, 0, 1);
	} else {
		rc = gh_fail(err, GH_E_NOT_FOUND, "transport certificate %lld",
		    (long long)certificate_id);
	}
	PQclear(res);
	return rc;
}
