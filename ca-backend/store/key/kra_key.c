/* The KRA's own keys and policies. See kra_key.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archived_key_private.h"
#include "kra_key.h"

#define KIND(k) ((k) == STORE_KRA_STORAGE ? "storage" : "transport")

void
store_kra_key_clear(struct store_kra_key *k)
{
	free(k->spki.p);
	free(k->sealed.p);
	free(k->cert.p);
	memset(k, 0, sizeof(*k));
}

#define COLUMNS \
	"id, kind, spki_sha256, spki, sealed, certificate, certificate_id, " STORE_EPOCH( \
	    "not_after") ", state"

static int
fill_id(const PGresult *res, int row, struct store_kra_key *k, struct gh_error *err)
{
	unsigned char *b;
	size_t n;
	int rc = store_bytes(res, row, 2, &b, &n, err);

	if (rc == 0 && (b == NULL || n != sizeof(k->id)))
		rc = gh_fail(err, GH_E_DB, "id of KRA key %lld", (long long)k->row);
	if (rc == 0)
		memcpy(k->id, b, n);
	free(b);
	return rc;
}

static int
fill(const PGresult *res, int row, struct store_kra_key *k, struct gh_error *err)
{
	int rc;

	memset(k, 0, sizeof(*k));
	k->row = store_int(res, row, 0);
	k->kind = strcmp(store_text(res, row, 1), "storage") == 0 ? STORE_KRA_STORAGE
								  : STORE_KRA_TRANSPORT;
	k->certificate_id = store_int(res, row, 6);
	k->not_after = store_int(res, row, 7);
	snprintf(k->state, sizeof(k->state), "%s", store_text(res, row, 8));
	if ((rc = fill_id(res, row, k, err)) != 0 ||
	    (rc = store_bytes(res, row, 3, &k->spki.p, &k->spki.len, err)) != 0 ||
	    (rc = store_bytes(res, row, 4, &k->sealed.p, &k->sealed.len, err)) != 0 ||
	    (rc = store_bytes(res, row, 5, &k->cert.p, &k->cert.len, err)) != 0)
		store_kra_key_clear(k);
	return rc;
}

/* Releases p. */
static int
get(struct store *s, const struct store_statement *st, struct store_params *p,
    struct store_kra_key *out, struct gh_error *err)
{
	PGresult *res;
	int rc = store_read(s, st, p, &res, err);

	memset(out, 0, sizeof(*out));
	if (rc != 0)
		return rc;
	rc = PQntuples(res) == 1 ? fill(res, 0, out, err)
				 : gh_fail(err, GH_E_NOT_FOUND, "no such key of the KRA");
	PQclear(res);
	return rc;
}

int
store_get_kra_key(struct store *s, enum store_kra_kind kind, struct store_kra_key *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"kra_key_current",
	    "SELECT " COLUMNS " FROM kra_key WHERE kind = $1 AND state = 'current'"};
	struct store_params p = {0};

	store_put_text(&p, KIND(kind));
	return get(s, &st, &p, out, err);
}

int
store_find_kra_key(struct store *s, const unsigned char id[KRA_KEY_ID_SIZE],
    struct store_kra_key *out, struct gh_error *err)
{
	static const struct store_statement st = {"kra_key_find",
	    "SELECT " COLUMNS " FROM kra_key WHERE spki_sha256 = $1::bytea AND state <> 'retired'"};
	struct store_params p = {0};

	store_put_bytes(&p, id, KRA_KEY_ID_SIZE);
	return get(s, &st, &p, out, err);
}

int
store_each_kra_key(struct store *s,
    int (*fn)(void *arg, const struct store_kra_key *k, struct gh_error *err), void *arg,
    struct gh_error *err)
{
	static const struct store_statement st = {"kra_key_each",
	    "SELECT " COLUMNS " FROM kra_key WHERE state <> 'retired' ORDER BY id"};
	struct store_params p = {0};
	struct store_kra_key k;
	PGresult *res;
	int rc;

	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	for (int i = 0; rc == 0 && i < PQntuples(res); i++) {
		if ((rc = fill(res, i, &k, err)) == 0)
			rc = fn(arg, &k, err);
		store_kra_key_clear(&k);
	}
	PQclear(res);
	return rc;
}

/* --- policies --------------------------------------------------------------------------------- */

void
store_kra_policy_clear(struct store_kra_policy *p)
{
	free(p->sealed.p);
	gh_json_free(p->body);
	memset(p, 0, sizeof(*p));
}

int
store_get_kra_policy(struct store *s, const char *name, struct store_kra_policy *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"kra_policy_get",
	    "SELECT revision, sealed, body FROM kra_policy WHERE name = $1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_text(&p, name);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) != 1)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no policy of recovery \"%.80s\".",
		    name);
	else if ((rc = store_bytes(res, 0, 1, &out->sealed.p, &out->sealed.len, err)) == 0 &&
	    (rc = store_json(res, 0, 2, &out->body, err)) == 0)
		out->revision = (uint64_t)store_int(res, 0, 0);
	PQclear(res);
	if (rc != 0)
		store_kra_policy_clear(out);
	return rc;
}

int
store_set_kra_policy(struct store *s, const struct requester *who, const char *name,
    const struct store_kra_policy *p, struct gh_error *err)
{
	static const struct store_statement st = {"kra_policy_set",
	    "WITH u AS (INSERT INTO kra_policy (name, revision, sealed, body, changed_by) "
	    "  VALUES ($1, $2::bigint, $3::bytea, $4::jsonb, $5) ON CONFLICT (name) DO UPDATE SET revision = $2::bigint, "
	    "    sealed = $3::bytea, body = $4::jsonb, changed_by = $5, changed_at = now() "
	    "  WHERE kra_policy.revision < $2::bigint RETURNING name), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'kra.policy-set', 'success', u.name, $6, $7::int, $8, $9, $10, concat($11::text, $4::text) FROM u) "
	    "SELECT name FROM u"};
	struct store_params params = {0};
	PGresult *res;
	int rc;

	store_put_text(&params, name);
	store_put_int(&params, (int64_t)p->revision);
	store_put_bytes(&params, p->sealed.p, p->sealed.len);
	store_put_json(&params, p->body);
	store_put_text(&params, who->name);
	store_put_actor(&params, who, NULL, NULL);
	if ((rc = store_write(s, &st, &params, "", &res, err)) != 0)
		return rc;
	if (PQntuples(res) != 1)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "There is revision %llu of this policy, or a newer one.",
		    (unsigned long long)p->revision);
	PQclear(res);
	return rc;
}
