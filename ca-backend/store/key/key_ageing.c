/* Archived keys whose time is over. See key_ageing.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/cert_columns.h"

#include "archived_key_private.h"
#include "key_ageing.h"

/* Of archived_key k; repeat: the parameter with the seconds. */
#define IS_ASKED_FOR(repeat) \
	"EXISTS (SELECT FROM key_request r WHERE r.key_id = k.id AND r.type = 'recovery' " \
	"AND ((r.state IN ('pending', 'approved') AND r.expires_at > clock_timestamp()) " \
	"OR (r.state = 'complete' AND r.released_at > clock_timestamp() - make_interval(secs => " repeat \
	"::int)))) "
#define IS_INACTIVE \
	"($3::int > 0 AND k.state = 'inactive' AND k.state_at < now() - make_interval(days => $3::int))"

static void
clear(struct store_ageing_key *k)
{
	free(k->spki.p);
	free(k->cert.p);
}

static int
fill(const PGresult *res, int row, struct store_ageing_key *k, struct gh_error *err)
{
	int rc;

	memset(k, 0, sizeof(*k));
	k->row = store_int(res, row, 0);
	snprintf(k->id, sizeof(k->id), "%s", store_text(res, row, 1));
	k->not_after = store_int(res, row, 4);
	k->is_inactive = store_bool(res, row, 5);
	k->is_asked_for = store_bool(res, row, 6);
	if ((rc = store_bytes(res, row, 2, &k->spki.p, &k->spki.len, err)) == 0)
		rc = store_bytes(res, row, 3, &k->cert.p, &k->cert.len, err);
	return rc;
}

static int
has_more(struct store *s, int64_t after, bool *is, struct gh_error *err)
{
	static const struct store_statement st = {"key_ageing_more",
	    "SELECT EXISTS (SELECT FROM archived_key WHERE id > $1::bigint)"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, after);
	rc = store_read(s, &st, &p, &res, err);
	*is = rc == 0 && store_bool(res, 0, 0);
	PQclear(res);
	return rc;
}

int
store_each_ageing_key(struct store *s, const struct store_key_rules *rules, int64_t after,
    int (*fn)(void *arg, const struct store_ageing_key *k, struct gh_error *err), void *arg,
    int64_t *next, struct gh_error *err)
{
	/* $1 first row, $2 days after the certificate, $3 days inactive, $4 repeat, $5 last row */
	static const struct store_statement st = {"key_ageing",
	    "SELECT k.id, k.uuid, k.spki, e.der, " STORE_EPOCH("e.not_after") ", " IS_INACTIVE ", " IS_ASKED_FOR(
		"$4") "FROM archived_key k LEFT JOIN LATERAL (SELECT c.der, c.not_after FROM certificate c "
		      "    WHERE (c.id = k.certificate_id OR " CERT_BY_DIGEST_OF_ROW("c.",
			  "spki_sha256",
			  "k.spki_sha256") ") AND c.ca_id > 0 ORDER BY c.not_after DESC LIMIT 1) e ON true "
					   "WHERE k.id > $1::bigint AND k.id <= $5::bigint AND k.state IN ('active', 'inactive') "
					   "AND (($2::int > 0 AND e.not_after < now() - make_interval(days => $2::int)) OR " IS_INACTIVE
					   ") ORDER BY k.id"};
	struct store_params p = {0};
	struct store_ageing_key k;
	PGresult *res;
	bool is_more;
	int rc;

	*next = 0;
	store_put_int(&p, after);
	store_put_int(&p, rules->certificate_days);
	store_put_int(&p, rules->inactive_days);
	store_put_int(&p, rules->repeat);
	store_put_int(&p, after + STORE_AGEING_WINDOW);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	for (int i = 0; rc == 0 && i < PQntuples(res); i++) {
		if ((rc = fill(res, i, &k, err)) == 0)
			rc = fn(arg, &k, err);
		clear(&k);
	}
	PQclear(res);
	if (rc == 0 && (rc = has_more(s, after + STORE_AGEING_WINDOW, &is_more, err)) == 0 &&
	    is_more)
		*next = after + STORE_AGEING_WINDOW;
	return rc;
}

/* Who asks for it waits for the end, and who has asked is seen by the statement that follows. */
static int
lock_key(struct store *s, int64_t row, struct gh_error *err)
{
	static const struct store_statement st = {"key_ageing_lock",
	    "SELECT id FROM archived_key WHERE id = $1::bigint FOR UPDATE"};
	struct store_params p = {0};

	store_put_int(&p, row);
	return store_do(s, &st, &p, err);
}

int
store_destroy_key(struct store *s, const struct requester *who, int64_t row, const char *reason,
    int repeat, bool *is, struct gh_error *err)
{
	/* $1 row, $2 repeat, $3-$8 actor */
	static const struct store_statement st = {"key_destroy",
	    "WITH u AS (UPDATE archived_key k SET state = 'destroyed', state_at = now(), stored = '', version = version + 1 "
	    "  WHERE k.id = $1::bigint AND k.state IN ('active', 'inactive') AND NOT " IS_ASKED_FOR(
		"$2") "RETURNING uuid) "
		      "INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
		      "  SELECT 'key.destroyed', 'success', 'key ' || uuid, $3, $4::int, $5, $6, $7, $8 FROM u RETURNING 1"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc = store_begin_locking(s, err);

	*is = false;
	if (rc == 0 && (rc = lock_key(s, row, err)) == 0) {
		store_put_int(&p, row);
		store_put_int(&p, repeat);
		store_put_actor(&p, who, NULL, reason);
		rc = store_write(s, &st, &p, "", &res, err);
	}
	if (rc == 0)
		*is = PQntuples(res) == 1;
	PQclear(res);
	if (rc == 0 && (rc = store_commit(s, err)) == 0)
		return 0;
	store_rollback(s);
	*is = false;
	return rc;
}
