/* Configuration objects are written here: templates, applications, metadata fields; CAs in ca_row.c. Each change is one
 * statement with its audit row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"

#include "store/store_private.h"

#define IMPORT_TRIES 3

/* Audit part of a statement, for rows of the CTE w. Parameters: event and object, then store_put_actor. */
#define AUDIT(event, object, actor, kind, app, address, request, detail) \
	"INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) " \
	"SELECT " event ", 'success', " object ", " actor "::text, " kind "::int, " app "::text, " \
	address "::text, " request "::text, " detail "::text FROM w"

static int
take_id(int rc, PGresult *res, int64_t *id)
{
	*id = rc == 0 && PQntuples(res) == 1 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

/* --- templates ----------------------------------------------------------------------------------- */

/* jsonb as text is canonical: the same content in other spelling is no new version. Two imports at once draw
 * the same version number; the unique index lets one of them through. */
static const struct store_statement template_import = { "template_import",
    "WITH t AS (SELECT $8::jsonb AS body, sha256(convert_to($8::jsonb::text, 'UTF8')) AS sum), "
    "same AS (SELECT version FROM template, t WHERE lower(name) = lower($7) AND active AND sha256 = sum "
    "  ORDER BY version DESC LIMIT 1), "
    "w AS (INSERT INTO template (name, version, body, sha256, active, created_by) "
    "  SELECT $7, 1 + COALESCE((SELECT max(version) FROM template WHERE lower(name) = lower($7)), 0), "
    "    body, sum, true, $1::text FROM t WHERE NOT EXISTS (SELECT 1 FROM same) "
    "  RETURNING id, name, version), "
    "o AS (UPDATE template SET active = false WHERE lower(name) = lower($7) AND active "
    "  AND EXISTS (SELECT 1 FROM w)), "
    "a AS (" AUDIT("'template.imported'", "name", "$1", "$2", "$3", "$4", "$5",
        "COALESCE($6, 'version ' || version)") ") "
    "SELECT COALESCE((SELECT version FROM w), (SELECT version FROM same)), EXISTS (SELECT 1 FROM w)" };

int
store_import_template(struct store *s, const struct requester *who, const char *name, const char *body_json,
    int *version, bool *is_new, struct gh_error *err)
{
	int rc = GH_E_CONFLICT;

	*version = 0;
	*is_new = false;
	for (int i = 0; rc == GH_E_CONFLICT && i < IMPORT_TRIES; i++) {
		struct store_params p = { 0 };
		PGresult *res;

		store_put_actor(&p, who, NULL, NULL);
		store_put_text(&p, name);
		store_put_text(&p, body_json);
		rc = store_write(s, &template_import, &p, "The template is being imported by somebody else.",
		    &res, err);
		if (rc == 0) {
			*version = (int)store_int(res, 0, 0);
			*is_new = store_bool(res, 0, 1);
		}
		PQclear(res);
	}
	return rc;
}

/* --- applications -------------------------------------------------------------------------------- */

int
store_create_app(struct store *s, const struct requester *who, const gh_json *app, int64_t *id,
    struct gh_error *err)
{
	static const struct store_statement st = { "app_create",
	    "WITH w AS (INSERT INTO application (name, key_index, secret_sealed, templates, ca, groups, "
	    "  signature_required, min_hash, service_identity, enabled) "
	    "  VALUES ($7, $8, $9, $10::text[], $11, $12::text[], $13, $14, $15, $16) RETURNING id, name), "
	    "a AS (" AUDIT("'app.created'", "name", "$1", "$2", "$3", "$4", "$5", "$6") ") SELECT id FROM w" };
	const char *key_index = gh_json_string(gh_json_get(app, "key_index"));
	const char *min_hash = gh_json_string(gh_json_get(app, "min_hash"));
	struct store_params p = { 0 };
	PGresult *res;
	int rc;

	*id = 0;
	if (key_index == NULL || gh_json_string(gh_json_get(app, "name")) == NULL)
		return gh_fail(err, GH_E_INTERNAL, "application without name or key_index");
	store_put_actor(&p, who, NULL, NULL);
	store_put_text(&p, gh_json_string(gh_json_get(app, "name")));
	store_put_hex(&p, key_index);
	store_put_text(&p, gh_json_string(gh_json_get(app, "secret_sealed")));
	store_put_texts(&p, gh_json_get(app, "templates"));
	store_put_text(&p, gh_json_string(gh_json_get(app, "ca")));
	store_put_texts(&p, gh_json_get(app, "groups"));
	store_put_bool(&p, gh_json_bool(gh_json_get(app, "signature_required"), true));
	store_put_text(&p, min_hash != NULL ? min_hash : "SHA256");
	store_put_text(&p, gh_json_string(gh_json_get(app, "service_identity")));
	store_put_bool(&p, gh_json_bool(gh_json_get(app, "enabled"), true));
	rc = store_write(s, &st, &p, "There is an application of this name or key already.", &res, err);
	return take_id(rc, res, id);
}

int
store_set_app_enabled(struct store *s, const struct requester *who, const char *name, bool enabled,
    struct gh_error *err)
{
	static const struct store_statement st = { "app_set_enabled",
	    "WITH w AS (UPDATE application SET enabled = $8 WHERE lower(name) = lower($7) RETURNING id, name, enabled), "
	    "a AS (" AUDIT("CASE WHEN enabled THEN 'app.enabled' ELSE 'app.disabled' END", "name", "$1", "$2",
	        "$3", "$4", "$5", "$6") ") SELECT id FROM w" };
	struct store_params p = { 0 };
	PGresult *res;
	int64_t id;
	int rc;

	store_put_actor(&p, who, NULL, NULL);
	store_put_text(&p, name);
	store_put_bool(&p, enabled);
	rc = store_write(s, &st, &p, "Conflict.", &res, err);
	rc = take_id(rc, res, &id);
	if (rc == 0 && id == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no application \"%.100s\".", name);
	return rc;
}

/* --- metadata fields ----------------------------------------------------------------------------- */

/* Defaults may be written as a number or boolean in the file: the table keeps text. */
static void
put_scalar(struct store_params *p, const gh_json *v)
{
	if (gh_json_type(v) == GH_JSON_INT || gh_json_type(v) == GH_JSON_BOOL ||
	    gh_json_type(v) == GH_JSON_REAL)
		store_put_json(p, v);
	else
		store_put_text(p, gh_json_string(v));
}

int
store_set_metadata_field(struct store *s, const struct requester *who, const gh_json *field,
    struct gh_error *err)
{
	static const struct store_statement st = { "metadata_field_set",
	    "WITH w AS (INSERT INTO metadata_field (name, type, required, regex, options, \"default\", message, hint) "
	    "  VALUES ($7, $8, $9, $10, $11::text[], $12, $13, $14) "
	    "  ON CONFLICT (lower(name)) DO UPDATE SET name = $7, type = $8, required = $9, regex = $10, "
	    "  options = $11::text[], \"default\" = $12, message = $13, hint = $14 RETURNING id, name), "
	    "a AS (" AUDIT("'metadata_field.set'", "name", "$1", "$2", "$3", "$4", "$5", "$6") ") SELECT id FROM w" };
	struct store_params p = { 0 };
	PGresult *res;
	int64_t type, id;
	int rc;

	if (gh_json_string(gh_json_get(field, "name")) == NULL ||
	    !gh_json_int(gh_json_get(field, "type"), &type))
		return gh_refuse(err, GH_E_METADATA, "A metadata field needs name and type.");
	store_put_actor(&p, who, NULL, NULL);
	store_put_text(&p, gh_json_string(gh_json_get(field, "name")));
	store_put_int(&p, type);
	store_put_bool(&p, gh_json_bool(gh_json_get(field, "required"), false));
	store_put_text(&p, gh_json_string(gh_json_get(field, "regex")));
	store_put_texts(&p, gh_json_get(field, "options"));
	put_scalar(&p, gh_json_get(field, "default"));
	store_put_text(&p, gh_json_string(gh_json_get(field, "message")));
	store_put_text(&p, gh_json_string(gh_json_get(field, "hint")));
	rc = store_write(s, &st, &p, "Conflict.", &res, err);
	return take_id(rc, res, &id);
}
