/* Certificates from elsewhere leave the inventory. See foreign_cert_remove.h. */
#include <stdlib.h>
#include <string.h>

#include "store/cert_columns.h"
#include "store/store_private.h"

#include "foreign_cert_remove.h"

/* Whoever changes its metadata now is done before it goes, and what he wrote is seen. */
static int
lock(struct store *s, int64_t id, char **subject, struct gh_error *err)
{
	static const struct store_statement st = {"foreign_lock",
	    "SELECT status = 12, subject FROM certificate WHERE id = $1::bigint FOR UPDATE"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	store_put_int(&p, id);
	rc = store_write(s, &st, &p, "Conflict.", &res, err);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no certificate with this number.");
	if (rc == 0 && !store_bool(res, 0, 0))
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "One of our CAs has issued this certificate: its record says so and whether it is "
		    "revoked, and is never removed by hand. Revoke it.");
	if (rc == 0 && subject != NULL && (*subject = strdup(PQgetvalue(res, 0, 1))) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "subject");
	PQclear(res);
	return rc;
}

static int
take_out(struct store *s, const struct requester *who, int64_t id, const char *request_id,
    struct gh_error *err)
{
	/* $1 certificate, $2-$7 actor. What was sent as issuer of another one is not there any more
	 * (0), but in those rows that go themselves. */
	static const struct store_statement st = {"foreign_remove",
	    "WITH n AS (DELETE FROM expiry_notice WHERE certificate_id = $1::bigint), "
	    "m AS (DELETE FROM metadata_change WHERE certificate_id = $1::bigint), "
	    "g AS (DELETE FROM scan_sighting WHERE certificate_id = $1::bigint), "
	    "h AS (UPDATE scan_sighting SET chain = array_replace(chain, $1::bigint, 0) "
	    "  WHERE certificate_id <> $1::bigint AND chain @> ARRAY[$1::bigint]), "
	    "c AS (DELETE FROM certificate WHERE id = $1::bigint AND status = 12 "
	    "  RETURNING id, serial, sha256, subject, " CERT_ISSUER " AS issuer), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'cert.removed', 'success', 'certificate ' || id, $2, $3::int, $4, $5, $6, left(concat($7::text, "
	    "    'from elsewhere, serial ', hex_upper(serial), ', SHA-256 ', hex_upper(sha256), ', ', left(subject, 400), "
	    "    ', issued by ', issuer), 1000) FROM c) "
	    "SELECT count(*) FROM c"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	store_put_int(&p, id);
	store_put_actor(&p, who, request_id, NULL);
	rc = store_write(s, &st, &p, "Conflict.", &res, err);
	if (rc == 0 && store_int(res, 0, 0) != 1)
		rc = gh_fail(err, GH_E_DB, "a certificate that was locked is gone");
	PQclear(res);
	return rc;
}

int
store_remove_foreign(struct store *s, const struct requester *who, int64_t id,
    const char *request_id, char **subject, struct gh_error *err)
{
	int rc = store_begin_locking(s, err);

	if (subject != NULL)
		*subject = NULL;
	if (rc != 0)
		return rc;
	if ((rc = lock(s, id, subject, err)) == 0 &&
	    (rc = take_out(s, who, id, request_id, err)) == 0)
		rc = store_commit(s, err);
	if (rc != 0) {
		store_rollback(s);
		if (subject != NULL) {
			free(*subject);
			*subject = NULL;
		}
	}
	return rc;
}
