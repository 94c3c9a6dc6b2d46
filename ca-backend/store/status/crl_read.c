/* CRLs that are there: for those who serve, publish and list them. */
#include <stdlib.h>
#include <string.h>

#include "crl_private.h"

int
store_crl_newest(struct store *s, const struct store_crl_scope *scope, bool is_delta,
    struct store_crl *out, struct gh_error *err)
{
	static const struct store_statement st = {"crl_newest",
	    "SELECT " STORE_CRL_COLUMNS(
		"c") " FROM crl c WHERE ca_id = $1 AND coalesce(shard, -1) = $2::int AND "
		     "is_delta = $3 ORDER BY number DESC LIMIT 1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_int(&p, scope->ca_id);
	store_put_int(&p, scope->shard);
	store_put_bool(&p, is_delta);
	rc = store_read(s, &st, &p, &res, err);
	if (rc == 0 && PQntuples(res) == 1)
		store_crl_fill(res, 0, 0, out);
	PQclear(res);
	return rc;
}

struct body {
	unsigned char *p;
	size_t len, cap;
};

static int
add_part(void *arg, const unsigned char *p, size_t len, struct gh_error *err)
{
	struct body *b = arg;

	if (len > b->cap - b->len)
		return gh_fail(err, GH_E_DB, "CRL is longer than its row says");
	memcpy(b->p + b->len, p, len);
	b->len += len;
	return 0;
}

int
store_crl_body(struct store *s, const struct store_crl *crl, unsigned char **der,
    struct gh_error *err)
{
	struct body b = {.cap = (size_t)crl->size};
	int rc;

	*der = NULL;
	if (crl->size <= 0 || (b.p = malloc(b.cap)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "CRL of %lld bytes", (long long)crl->size);
	rc = store_crl_copy_parts(s, crl->id, 0, add_part, &b, err);
	if (rc == 0 && b.len == 0)
		rc = gh_fail(err, GH_E_NOT_FOUND, "body of CRL %lld is gone", (long long)crl->id);
	if (rc == 0 && b.len != b.cap)
		rc = gh_fail(err, GH_E_DB, "CRL %lld is not complete", (long long)crl->id);
	if (rc != 0) {
		free(b.p);
		return rc;
	}
	*der = b.p;
	return 0;
}

int
store_crl_shards(struct store *s, int64_t ca_id, int *n, struct gh_error *err)
{
	static const struct store_statement st = {"crl_shards",
	    "SELECT coalesce(max(coalesce(shard, -1)), -1) + 1 FROM crl WHERE ca_id = $1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, ca_id);
	rc = store_read(s, &st, &p, &res, err);
	*n = rc == 0 ? (int)store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

int
store_crl_set_published(struct store *s, int64_t id, struct gh_error *err)
{
	static const struct store_statement st = {"crl_published",
	    "UPDATE crl SET published_at = now() WHERE id = $1"};
	struct store_params p = {0};

	store_put_int(&p, id);
	return store_do(s, &st, &p, err);
}

/* Rows of the last seconds are the last ones of the table: the primary key finds them without an
 * index on the time. */
int
store_crl_audit_failure(struct store *s, const struct store_audit *a, int seconds,
    struct gh_error *err)
{
	static const struct store_statement st = {"crl_audit_failure",
	    "INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "SELECT $1::text, $2, $3::text, $4, $5, $6, $7, $8, $9::text WHERE NOT EXISTS (SELECT 1 FROM "
	    "(SELECT * FROM audit ORDER BY id DESC LIMIT 10000) AS late WHERE event = $1 AND object = $3 AND "
	    "detail IS NOT DISTINCT FROM $9 AND at > now() - make_interval(secs => $10::int))"};
	struct store_params p = {0};

	store_put_text(&p, a->event);
	store_put_text(&p, a->outcome);
	store_put_text(&p, a->object);
	store_put_actor(&p, a->who, a->request_id, a->detail);
	store_put_int(&p, seconds);
	return store_do(s, &st, &p, err);
}

int
store_crl_list(struct store *s, int64_t ca_id, bool newest, int limit, gh_json **out,
    struct gh_error *err)
{
	static const struct store_statement st = {"crl_list",
	    "WITH c AS (SELECT *, row_number() OVER (PARTITION BY ca_id, shard, is_delta ORDER BY number DESC) AS age "
	    "  FROM crl WHERE $1::bigint = 0 OR ca_id = $1), "
	    "l AS (SELECT c.*, ca.name, ca.slug FROM c JOIN ca ON ca.id = c.ca_id WHERE NOT $2::bool OR c.age = 1 "
	    "  ORDER BY c.id DESC LIMIT $3::bigint) "
	    "SELECT coalesce(json_agg(json_build_object('id', id, 'ca', name, 'slug', slug, 'shard', shard, "
	    "'delta', is_delta, 'number', number, 'base_number', base_number, 'this_update', iso_utc(this_update), "
	    "'next_update', iso_utc(next_update), 'entries', entries, 'size', size, 'sha256', hex_upper(sha256), "
	    "'published_at', iso_utc(published_at)) ORDER BY id DESC), '[]') FROM l"};
	struct store_params p = {0};

	store_put_int(&p, ca_id);
	store_put_bool(&p, newest);
	store_put_int(&p, limit);
	return store_read_json(s, &st, &p, out, err);
}
