/* Local administrators. Hashes are bcrypt and made elsewhere. */
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

#define AUDIT(event) \
	"a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) " \
	"SELECT '" event "', 'success', name, $1::text, $2::int, $3::text, $4::text, $5::text, $6::text FROM w) "

int
store_create_user(struct store *s, const struct requester *who, const char *name, const char *hash,
    unsigned roles, struct gh_error *err)
{
	static const struct store_statement st = { "user_create",
	    "WITH w AS (INSERT INTO admin_user (name, hash, roles, enabled) VALUES ($7, $8, $9, true) "
	    "  RETURNING name), " AUDIT("user.created") "SELECT name FROM w" };
	struct store_params p = { 0 };
	char detail[64];
	PGresult *res;
	int rc;

	snprintf(detail, sizeof(detail), "roles:%s%s%s", roles & REQUESTER_ROLE_ADMIN ? " admin" : "",
	    roles & REQUESTER_ROLE_OFFICER ? " officer" : "", roles & REQUESTER_ROLE_AUDITOR ? " auditor" : "");
	store_put_actor(&p, who, NULL, detail);
	store_put_text(&p, name);
	store_put_text(&p, hash);
	store_put_int(&p, roles);
	rc = store_write(s, &st, &p, "There is a user of this name already.", &res, err);
	PQclear(res);
	return rc;
}

int
store_set_user(struct store *s, const struct requester *who, const char *name, const char *hash,
    int enabled, struct gh_error *err)
{
	static const struct store_statement st = { "user_set",
	    "WITH w AS (UPDATE admin_user SET hash = COALESCE($8, hash), enabled = COALESCE($9, enabled), "
	    "  changed_at = now() WHERE lower(name) = lower($7) RETURNING name), "
	    AUDIT("user.changed") "SELECT name FROM w" };
	struct store_params p = { 0 };
	PGresult *res;
	int rc;

	store_put_actor(&p, who, NULL, hash != NULL ? "password" : enabled > 0 ? "enabled" : "disabled");
	store_put_text(&p, name);
	store_put_text(&p, hash);
	if (enabled < 0)
		store_put_text(&p, NULL);
	else
		store_put_bool(&p, enabled != 0);
	rc = store_write(s, &st, &p, "Conflict.", &res, err);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no user \"%.100s\".", name);
	PQclear(res);
	return rc;
}

int
store_get_user(struct store *s, const char *name, char **hash, unsigned *roles, bool *enabled,
    struct gh_error *err)
{
	static const struct store_statement st = { "user_get",
	    "SELECT hash, roles, enabled FROM admin_user WHERE lower(name) = lower($1)" };
	struct store_params p = { 0 };
	PGresult *res;
	int rc;

	*hash = NULL;
	*roles = 0;
	*enabled = false;
	store_put_text(&p, name);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 0)
		rc = gh_fail(err, GH_E_NOT_FOUND, "no local user");
	else if ((*hash = strdup(store_text(res, 0, 0))) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "hash");
	else {
		*roles = (unsigned)store_int(res, 0, 1);
		*enabled = store_bool(res, 0, 2);
	}
	PQclear(res);
	return rc;
}
