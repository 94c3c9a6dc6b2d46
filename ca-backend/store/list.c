/* Lists for people and scripts: rows that PostgreSQL prints as JSON, paged by key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"

#define TIME(c) "to_char(" c ", 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define HEX(c) "upper(encode(" c ", 'hex'))"
#define DISPOSITION(c) "CASE " c " WHEN 9 THEN 'pending' WHEN 20 THEN 'issued' WHEN 21 THEN 'revoked' " \
	"WHEN 31 THEN 'denied' WHEN 30 THEN 'failed' ELSE 'active' END"

#define CERT_COLUMNS "id, " HEX("serial") " AS serial, subject, sans, requester, template, " \
	DISPOSITION("status") " AS status, " TIME("not_before") " AS not_before, " TIME("not_after") \
	" AS not_after, " HEX("sha1") " AS thumbprint, " HEX("sha256") " AS sha256, " \
	"(SELECT name FROM ca WHERE ca.id = ca_id) AS ca, request_id, metadata"

/* Columns and source of each list; every one has an id and what `name` is compared with. */
static const struct {
	const char *columns, *from, *id, *name;
} lists[] = {
	[STORE_LIST_CAS] = { "id, name, (SELECT p.name FROM ca p WHERE p.id = ca.parent_id) AS parent, cdp, aia, "
		"ocsp, enabled, sealed IS NOT NULL AS can_sign, replace(encode(chain[1], 'base64'), E'\\n', '') AS der, "
		TIME("created_at") " AS created_at", "ca", "id", "lower(name)" },
	[STORE_LIST_TEMPLATES] = { "id, name, version, active, " TIME("created_at") " AS created_at, body",
		"template", "id", "lower(name)" },
	[STORE_LIST_APPS] = { "id, name, templates, ca, groups, signature_required, min_hash, service_identity, "
		"enabled, " TIME("created_at") " AS created_at", "application", "id", "lower(name)" },
	[STORE_LIST_USERS] = { "row_number() OVER (ORDER BY name) AS id, name, roles, enabled, "
		TIME("created_at") " AS created_at",
		"admin_user", "0", "lower(name)" },
	[STORE_LIST_CERTS] = { CERT_COLUMNS, "certificate", "id", "lower(requester)" },
	[STORE_LIST_REQUESTS] = { "id, " TIME("submitted_at") " AS submitted_at, " TIME("resolved_at")
		" AS resolved_at, resolved_by, requester, app_name AS app, template_name AS template, "
		DISPOSITION("disposition") " AS disposition, disposition AS disposition_code, message, status_code, "
		"cert_id AS cms_id, metadata", "request", "id", "lower(requester)" },
	[STORE_LIST_METADATA_FIELDS] = { "row_number() OVER (ORDER BY name) AS id, definition.*",
		"metadata_field, LATERAL jsonb_to_record(definition) AS definition(name text, type int, "
		"required boolean, regex text, options jsonb, \"default\" text, message text, hint text)", "0",
		"lower(metadata_field.name)" },
	[STORE_LIST_AUDIT] = { "id, " TIME("at") " AS at, event, outcome, actor, app, address, request_id, object, "
		"detail", "audit", "id", "lower(actor)" },
};

int
store_list(struct store *s, enum store_list what, const struct store_filter *f, gh_json **out,
    struct gh_error *err)
{
	char sql[2048];
	struct statement st = { "", sql };
	struct params p = { 0 };
	PGresult *res;
	int rc;

	*out = NULL;
	snprintf(sql, sizeof(sql), "SELECT coalesce(json_agg(r), '[]') FROM (SELECT %s FROM %s WHERE "
	    "($1::bigint = 0 OR %s %s $1::bigint) AND ($2::text IS NULL OR %s = lower($2::text)) AND "
	    "($3::int = 0 OR %s = $3::int) ORDER BY %s %s LIMIT $4::int) r", lists[what].columns,
	    lists[what].from, lists[what].id, f->newest_first ? "<" : ">", lists[what].name,
	    what == STORE_LIST_REQUESTS ? "disposition" : "$3::int",
	    strcmp(lists[what].id, "0") == 0 ? "1" : lists[what].id, f->newest_first ? "DESC" : "ASC");
	params_int(&p, f->after_id);
	params_text(&p, f->name);
	params_int(&p, f->disposition);
	params_int(&p, f->limit);
	/* the text differs from call to call: the unnamed statement is prepared anew each time */
	if (s->n_prepared == STATEMENTS_MAX)
		store_disconnect(s);
	if ((rc = store_query(s, &st, &p, &res, err)) == 0) {
		rc = gh_json_parse(PQgetvalue(res, 0, 0), strlen(PQgetvalue(res, 0, 0)), GH_JSON_STRICT, out, err);
		PQclear(res);
	}
	/* forget it: "" is compared by address and this address is used again */
	for (size_t i = 0; i < s->n_prepared; i++)
		if (*s->prepared[i] == '\0')
			s->prepared[i] = s->prepared[--s->n_prepared];
	return rc;
}

int
store_get_cert(struct store *s, const char *key, gh_json **out, struct gh_error *err)
{
	static const struct statement st = { "get_cert",
		"SELECT row_to_json(r) FROM (SELECT " CERT_COLUMNS ", replace(encode(der, 'base64'), E'\\n', '') AS der "
		"FROM certificate WHERE CASE WHEN length($1::text) < 19 AND $1::text ~ '^[0-9]+$' THEN id = $1::text::bigint "
		"WHEN $1::text ~ '^([0-9A-Fa-f]{2})+$' THEN decode($1::text, 'hex') IN (serial, sha1, sha256) "
		"ELSE false END LIMIT 2) r" };
	struct params p = { 0 };
	PGresult *res;
	int rc;

	*out = NULL;
	params_text(&p, key);
	if ((rc = store_query(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such certificate.");
	else if (PQntuples(res) > 1)
		rc = gh_refuse(err, GH_E_CONFLICT, "Two issuers used this serial number: name the thumbprint.");
	else
		rc = gh_json_parse(PQgetvalue(res, 0, 0), strlen(PQgetvalue(res, 0, 0)), GH_JSON_STRICT, out, err);
	PQclear(res);
	return rc;
}
