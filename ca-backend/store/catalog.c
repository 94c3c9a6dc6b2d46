/* What administrators configure: loaded as one JSON text, changed with an audit row in the same statement. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

#include "connection.h"

/* One statement sees one snapshot. */
static const struct statement load = { "load_catalog",
	"SELECT json_build_object("
	"'generation', (SELECT generation FROM catalog_generation), "
	"'cas', (SELECT coalesce(json_agg(json_build_object('id', id, 'name', name, "
	" 'chain', (SELECT json_agg(replace(encode(x, 'base64'), E'\\n', '')) FROM unnest(chain) x), "
	" 'sealed', replace(encode(sealed, 'base64'), E'\\n', ''), 'cdp', to_json(cdp), 'aia', to_json(aia), "
	" 'ocsp', to_json(ocsp), 'enabled', enabled) ORDER BY id), '[]') FROM ca), "
	"'templates', (SELECT coalesce(json_agg(json_build_object('id', id, 'name', name, 'version', version, "
	" 'body', body)), '[]') FROM template WHERE active), "
	"'apps', (SELECT coalesce(json_agg(json_build_object('id', id, 'name', name, "
	" 'key_index', encode(key_index, 'hex'), 'secret_sealed', secret_sealed, 'templates', to_json(templates), "
	" 'ca', ca, 'groups', to_json(groups), 'signature_required', signature_required, 'min_hash', min_hash, "
	" 'service_identity', service_identity, 'enabled', enabled)), '[]') FROM application), "
	"'metadata_fields', (SELECT coalesce(json_agg(definition ORDER BY name), '[]') FROM metadata_field))" };

int
store_load_catalog(struct store *s, gh_json **out, struct gh_error *err)
{
	PGresult *res;
	int rc;

	*out = NULL;
	if ((rc = store_query(s, &load, NULL, &res, err)) != 0)
		return rc;
	rc = gh_json_parse(PQgetvalue(res, 0, 0), strlen(PQgetvalue(res, 0, 0)), GH_JSON_STRICT, out, err);
	PQclear(res);
	return rc;
}

int
store_generation(struct store *s, int64_t *out, struct gh_error *err)
{
	static const struct statement st = { "generation", "SELECT generation FROM catalog_generation" };
	PGresult *res;
	int rc = store_query(s, &st, NULL, &res, err);

	*out = rc == 0 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

static int
listen_for_changes(struct store *s, struct gh_error *err)
{
	int rc;

	if ((rc = store_connect(s, err)) == 0 && (rc = store_script(s, "LISTEN gatehouse_catalog", err)) == 0)
		s->is_listening = true;
	return rc;
}

static bool
take_notifications(struct store *s)
{
	bool any = false;

	for (PGnotify *n; (n = PQnotifies(s->conn)) != NULL; any = true)
		PQfreemem(n);
	return any;
}

int
store_wait_change(struct store *s, int timeout_ms, bool *changed, struct gh_error *err)
{
	int64_t deadline = gh_now_us() + (int64_t)timeout_ms * 1000;

	*changed = false;
	if (s->conn == NULL || !s->is_listening) {
		*changed = true; /* whatever happened while nobody listened */
		return listen_for_changes(s, err);
	}
	while (!(*changed = take_notifications(s)) && store_poll(s->conn, false, deadline)) {
		if (!PQconsumeInput(s->conn)) {
			store_disconnect(s);
			return gh_fail(err, GH_E_DB_DOWN, "PostgreSQL: the listening connection was lost");
		}
	}
	return 0;
}

/* "{"a","b"}", the text form of an array. malloc'd. */
static char *
array_text(const gh_json *list)
{
	struct gh_buf b;
	char *text;

	gh_buf_init(&b, 1 << 20);
	gh_buf_putc(&b, '{');
	for (size_t i = 0; i < gh_json_size(list); i++) {
		const char *v = gh_json_string(gh_json_at(list, i));

		gh_buf_puts(&b, i > 0 ? ",\"" : "\"");
		for (; v != NULL && *v != '\0'; v++) {
			if (*v == '"' || *v == '\\')
				gh_buf_putc(&b, '\\');
			gh_buf_putc(&b, *v);
		}
		gh_buf_putc(&b, '"');
	}
	gh_buf_putc(&b, '}');
	text = b.failed ? NULL : strdup((char *)b.data);
	gh_buf_free(&b);
	return text;
}

static char *
urls_text(char *const *urls)
{
	gh_json *list = gh_json_new_array();
	char *text = NULL;
	int rc = 0;

	for (; list != NULL && urls != NULL && *urls != NULL; urls++)
		rc |= gh_json_append(list, gh_json_new_string(*urls));
	if (list != NULL && rc == 0)
		text = array_text(list);
	gh_json_free(list);
	return text;
}

/* Audit columns, always the first five parameters of a change: actor kind, actor, address, object, detail. */
static void
put_actor(struct params *p, const struct requester *who, const char *object, const char *detail)
{
	params_int(p, who->kind);
	params_text(p, who->name);
	params_text(p, who->address);
	params_text(p, object);
	params_text(p, detail);
}

#define AUDIT(event) \
	"a AS (INSERT INTO audit (event, outcome, actor_kind, actor, app, address, object, detail) " \
	"SELECT '" event "', 'success', $1::smallint, $2::text, '', $3::text, $4::text, $5::text FROM x) "

/* Run a change; its single row is the new id. */
static int
change(struct store *s, const struct statement *st, const struct params *p, const char *what, int64_t *id,
    struct gh_error *err)
{
	char state[6];
	PGresult *res;
	int rc = store_run(s, st, p, &res, state, err);

	if (rc != 0 && strcmp(state, UNIQUE_VIOLATION) == 0)
		return gh_refuse(err, GH_E_CONFLICT, "%s exists already.", what);
	if (rc != 0)
		return rc;
	if (PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no %s.", what);
	else if (id != NULL)
		*id = store_int(res, 0, 0);
	PQclear(res);
	return rc;
}

static char *
chain_text(const struct cert_chain *chain)
{
	struct gh_buf b;
	char *text;

	gh_buf_init(&b, 1 << 20);
	gh_buf_putc(&b, '{');
	for (size_t i = 0; i < chain->n; i++) {
		gh_buf_puts(&b, i > 0 ? ",\"\\\\x" : "\"\\\\x");
		for (size_t k = 0; k < chain->cert[i].len; k++)
			gh_buf_putf(&b, "%02x", chain->cert[i].der[k]);
		gh_buf_putc(&b, '"');
	}
	gh_buf_putc(&b, '}');
	text = b.failed ? NULL : strdup((char *)b.data);
	gh_buf_free(&b);
	return text;
}

int
store_create_ca(struct store *s, const struct requester *who, const struct ca *ca, const char *parent_name,
    int64_t *id, struct gh_error *err)
{
	static const struct statement st = { "create_ca",
		"WITH x AS (INSERT INTO ca (name, parent_id, chain, sealed, cdp, aia, ocsp, enabled) "
		"SELECT $6::text, (SELECT id FROM ca WHERE lower(name) = lower($7::text)), $8::bytea[], $9::bytea, "
		"$10::text[], $11::text[], $12::text[], $13::boolean RETURNING id), " AUDIT("ca.created")
		"SELECT id FROM x" };
	char *chain = chain_text(&ca->chain), *cdp = urls_text(ca->cdp_urls), *aia = urls_text(ca->aia_urls),
	    *ocsp = urls_text(ca->ocsp_urls);
	struct params p = { 0 };
	char what[160];
	int rc;

	*id = 0;
	snprintf(what, sizeof(what), "CA \"%.120s\"", ca->name);
	put_actor(&p, who, ca->name, ca->issuer_dn);
	params_text(&p, ca->name);
	params_text(&p, parent_name);
	params_text(&p, chain);
	params_bytes(&p, ca->sealed, ca->sealed_len);
	params_text(&p, cdp);
	params_text(&p, aia);
	params_text(&p, ocsp);
	params_bool(&p, ca->is_enabled);
	if (chain == NULL || cdp == NULL || aia == NULL || ocsp == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "CA");
	else
		rc = change(s, &st, &p, what, id, err);
	free(chain);
	free(cdp);
	free(aia);
	free(ocsp);
	return rc;
}

/* The old version ends and the new one begins in one statement; the unique index on active ones is
 * checked row by row, so the update is a statement of its own in the same transaction. */
int
store_import_template(struct store *s, const struct requester *who, const char *name, const char *body_json,
    int *version, bool *is_new, struct gh_error *err)
{
	static const struct statement same = { "template_same",
		"SELECT version FROM template WHERE lower(name) = lower($1::text) AND active AND body = $2::jsonb" };
	static const struct statement retire = { "template_retire",
		"UPDATE template SET active = false WHERE lower(name) = lower($1::text) AND active" };
	static const struct statement insert = { "template_insert",
		"WITH x AS (INSERT INTO template (name, version, body) SELECT $6::text, "
		"coalesce((SELECT max(version) FROM template WHERE lower(name) = lower($6::text)), 0) + 1, "
		"$7::jsonb RETURNING version), " AUDIT("template.imported") "SELECT version FROM x" };
	struct params p = { 0 }, q = { 0 };
	int64_t v = 0;
	char state[6];
	PGresult *res;
	int rc;

	*version = 0;
	*is_new = false;
	params_text(&p, name);
	params_text(&p, body_json);
	if ((rc = store_query(s, &same, &p, &res, err)) != 0)
		return rc;
	*version = PQntuples(res) == 1 ? (int)store_int(res, 0, 0) : 0;
	PQclear(res);
	if (*version != 0)
		return 0;
	p.n = 1;
	put_actor(&q, who, name, NULL);
	params_text(&q, name);
	params_text(&q, body_json);
	if ((rc = store_script(s, "BEGIN", err)) != 0)
		return rc;
	if ((rc = store_run(s, &retire, &p, &res, state, err)) == 0) {
		PQclear(res);
		rc = change(s, &insert, &q, "This template version", &v, err);
	}
	if (rc == 0)
		rc = store_script(s, "COMMIT", err);
	if (rc != 0)
		store_disconnect(s);
	*version = rc == 0 ? (int)v : 0;
	*is_new = rc == 0;
	return rc;
}

static const char *
member(const gh_json *obj, const char *name)
{
	return gh_json_string(gh_json_get(obj, name));
}

int
store_create_app(struct store *s, const struct requester *who, const gh_json *app, int64_t *id,
    struct gh_error *err)
{
	static const struct statement st = { "create_app",
		"WITH x AS (INSERT INTO application (name, key_index, secret_sealed, templates, ca, groups, "
		"signature_required, min_hash, service_identity, enabled) VALUES ($6::text, decode($7::text, 'hex'), "
		"$8::text, $9::text[], $10::text, $11::text[], $12::boolean, $13::text, $14::text, $15::boolean) "
		"RETURNING id), " AUDIT("app.created") "SELECT id FROM x" };
	char *templates = array_text(gh_json_get(app, "templates"));
	char *groups = array_text(gh_json_get(app, "groups"));
	struct params p = { 0 };
	char what[200];
	int rc;

	*id = 0;
	snprintf(what, sizeof(what), "An application named \"%.100s\", or one with this key,", member(app, "name"));
	put_actor(&p, who, member(app, "name"), NULL);
	params_text(&p, member(app, "name"));
	params_text(&p, member(app, "key_index"));
	params_text(&p, member(app, "secret_sealed"));
	params_text(&p, templates);
	params_text(&p, member(app, "ca"));
	params_text(&p, groups);
	params_bool(&p, gh_json_bool(gh_json_get(app, "signature_required"), true));
	params_text(&p, member(app, "min_hash") != NULL ? member(app, "min_hash") : "SHA1");
	params_text(&p, member(app, "service_identity"));
	params_bool(&p, gh_json_bool(gh_json_get(app, "enabled"), true));
	if (templates == NULL || groups == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "application");
	else
		rc = change(s, &st, &p, what, id, err);
	free(templates);
	free(groups);
	return rc;
}

int
store_set_app_enabled(struct store *s, const struct requester *who, const char *name, bool enabled,
    struct gh_error *err)
{
	static const struct statement st = { "set_app_enabled",
		"WITH x AS (UPDATE application SET enabled = $6::boolean WHERE lower(name) = lower($4::text) "
		"RETURNING id), " AUDIT("app.changed") "SELECT id FROM x" };
	struct params p = { 0 };

	put_actor(&p, who, name, enabled ? "enabled" : "disabled");
	params_bool(&p, enabled);
	return change(s, &st, &p, "such application", NULL, err);
}

int
store_set_metadata_field(struct store *s, const struct requester *who, const gh_json *field,
    struct gh_error *err)
{
	static const struct statement st = { "set_metadata_field",
		"WITH x AS (INSERT INTO metadata_field (name, definition) VALUES ($4::text, $6::jsonb) "
		"ON CONFLICT (name) DO UPDATE SET definition = excluded.definition RETURNING name), "
		AUDIT("metadata.changed") "SELECT 1 FROM x" };
	char *text = gh_json_print(field, false);
	struct params p = { 0 };
	int rc;

	if (text == NULL)
		return gh_fail(err, GH_E_NOMEM, "metadata field");
	put_actor(&p, who, member(field, "name"), NULL);
	params_text(&p, text);
	rc = change(s, &st, &p, "A metadata field of this name in another case", NULL, err);
	free(text);
	return rc;
}

int
store_create_user(struct store *s, const struct requester *who, const char *name, const char *hash,
    unsigned roles, struct gh_error *err)
{
	static const struct statement st = { "create_user",
		"WITH x AS (INSERT INTO admin_user (name, hash, roles) VALUES ($4::text, $6::text, $7::integer) "
		"RETURNING name), " AUDIT("user.created") "SELECT 1 FROM x" };
	struct params p = { 0 };

	put_actor(&p, who, name, NULL);
	params_text(&p, hash);
	params_int(&p, roles);
	return change(s, &st, &p, "A user of this name", NULL, err);
}

int
store_set_user(struct store *s, const struct requester *who, const char *name, const char *hash, int enabled,
    struct gh_error *err)
{
	static const struct statement st = { "set_user",
		"WITH x AS (UPDATE admin_user SET hash = coalesce($6::text, hash), "
		"enabled = coalesce($7::boolean, enabled) WHERE name = $4::text RETURNING name), "
		AUDIT("user.changed") "SELECT 1 FROM x" };
	struct params p = { 0 };

	put_actor(&p, who, name, hash != NULL ? "password" : enabled ? "enabled" : "disabled");
	params_text(&p, hash);
	params_text(&p, enabled < 0 ? NULL : enabled ? "t" : "f");
	return change(s, &st, &p, "such user", NULL, err);
}

int
store_get_user(struct store *s, const char *name, char **hash, unsigned *roles, bool *enabled,
    struct gh_error *err)
{
	static const struct statement st = { "get_user",
		"SELECT hash, roles, enabled FROM admin_user WHERE name = $1::text" };
	struct params p = { 0 };
	PGresult *res;
	int rc;

	*hash = NULL;
	params_text(&p, name);
	if ((rc = store_query(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 0) {
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such user.");
	} else {
		*roles = (unsigned)store_int(res, 0, 1);
		*enabled = *PQgetvalue(res, 0, 2) == 't';
		if ((*hash = strdup(PQgetvalue(res, 0, 0))) == NULL)
			rc = gh_fail(err, GH_E_NOMEM, "user");
	}
	PQclear(res);
	return rc;
}

int
store_audit(struct store *s, const struct store_audit *a, struct gh_error *err)
{
	static const struct statement st = { "audit",
		"INSERT INTO audit (event, outcome, actor_kind, actor, app, address, request_id, object, detail) VALUES "
		"($1::text, $2::text, $3::smallint, $4::text, $5::text, $6::text, $7::text, $8::text, $9::text)" };
	struct params p = { 0 };
	PGresult *res;
	int rc;

	params_text(&p, a->event);
	params_text(&p, a->outcome);
	params_int(&p, a->who->kind);
	params_text(&p, a->who->name);
	params_text(&p, a->who->app_name);
	params_text(&p, a->who->address);
	params_text(&p, a->request_id);
	params_text(&p, a->object);
	params_text(&p, a->detail);
	rc = store_query(s, &st, &p, &res, err);
	PQclear(res);
	return rc;
}
