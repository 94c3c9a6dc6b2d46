/* Metadata of one certificate. See cert_metadata_row.h. */
#include <stdio.h>
#include <stdlib.h>

#include "store/store_private.h"

#include "cert_metadata_row.h"

#define SQL_MAX 1024
/* jsonb writes equal values in one way. */
#define TAG "left(encode(sha256(convert_to(coalesce(metadata, '{}')::text, 'UTF8')), 'hex'), 32)"

int
store_get_cert_metadata(struct store *s, int64_t id, char tag[STORE_METADATA_TAG_SIZE],
    gh_json **values, struct gh_error *err)
{
	static const struct store_statement st = {"cert_metadata_get",
	    "SELECT " TAG ", coalesce(metadata, '{}') FROM certificate WHERE id = $1::bigint"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	*values = NULL;
	*tag = '\0';
	store_put_int(&p, id);
	rc = store_read(s, &st, &p, &res, err);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such certificate.");
	if (rc == 0 && (rc = store_json(res, 0, 1, values, err)) == 0)
		snprintf(tag, STORE_METADATA_TAG_SIZE, "%s", store_text(res, 0, 0));
	PQclear(res);
	return rc;
}

/* Changes of one field of a certificate that are kept: an owner may change his all day. The audit
 * row of each stays. */
#define KEPT "200"

/* $1 id, $2 values, $3 tag, $4 changes, $5-$10 actor */
static const struct store_statement change = {"cert_metadata_change",
    "WITH u AS (UPDATE certificate SET metadata = $2::jsonb WHERE id = $1::bigint AND " TAG
    " = $3::text RETURNING id, serial), "
    "h AS (INSERT INTO metadata_change (certificate_id, actor, actor_kind, field, old, new) "
    "  SELECT u.id, $5::text, $6::int, x->>'field', nullif(x->'old', 'null'), nullif(x->'new', 'null') "
    "  FROM u, jsonb_array_elements($4::jsonb) AS x), "
    "d AS (DELETE FROM metadata_change WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER "
    "  (PARTITION BY field ORDER BY id DESC) AS k FROM metadata_change WHERE certificate_id = $1::bigint) t "
    "  WHERE k >= " KEPT ") AND EXISTS (SELECT FROM u)), "
    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT 'cert.metadata-changed', 'success', hex_upper(serial), $5::text, $6::int, $7::text, $8::text, "
    "    $9::text, $10::text FROM u) SELECT id FROM u"};

int
store_change_cert_metadata(struct store *s, const struct requester *who,
    const struct store_metadata_change *c, struct gh_error *err)
{
	char *values = gh_json_print(c->values, false), *changes = gh_json_print(c->changes, false);
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	store_put_int(&p, c->id);
	store_put_text(&p, values);
	store_put_text(&p, c->tag);
	store_put_text(&p, changes);
	store_put_actor(&p, who, c->request_id, c->detail);
	rc = values != NULL && changes != NULL ? store_run(s, &change, &p, &res, err)
					       : gh_fail(err, GH_E_NOMEM, "metadata");
	store_params_clear(&p);
	free(values);
	free(changes);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_PRECONDITION,
		    "The metadata of the certificate have changed since you read them. Read them "
		    "again and decide anew.");
	PQclear(res);
	return rc;
}

int
store_cert_metadata_history(struct store *s, const struct store_metadata_history *h,
    gh_json **entries, int64_t *next, struct gh_error *err)
{
	const char *order = h->newest_first ? "DESC" : "ASC";
	struct store_params p = {0};
	struct gh_buf b;
	size_t n;
	int rc;

	*next = 0;
	store_put_int(&p, h->certificate_id);
	store_put_int(&p, h->after_id);
	store_put_int(&p, h->limit);
	gh_buf_init(&b, SQL_MAX);
	gh_buf_putf(&b,
	    "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT id, iso_utc(at) AS at, actor, "
	    "field, old, new FROM metadata_change WHERE certificate_id = $1::bigint AND ($2::bigint = 0 OR "
	    "id %c $2::bigint) ORDER BY id %s LIMIT $3::int) t",
	    h->newest_first ? '<' : '>', order);
	if ((rc = store_read_composed(s, &b, &p, entries, err)) != 0)
		return rc;
	n = gh_json_size(*entries);
	if (n == (size_t)h->limit && n > 0)
		(void)gh_json_int(gh_json_get(gh_json_at(*entries, n - 1), "id"), next);
	return 0;
}
