/* All configuration objects at once, and the news that they changed. */
#include "store/store_private.h"

/* One statement sees one snapshot: what it returns belongs together. */
static const struct store_statement catalog_load = { "catalog_load",
    "SELECT json_build_object("
    "'generation', (SELECT n FROM catalog_generation), "
    "'cas', COALESCE((SELECT json_agg(json_build_object('id', id, 'name', name, "
    "    'parent', parent, 'subject', subject, "
    "    'chain', (SELECT json_agg(base64_line(x) ORDER BY n) FROM unnest(chain) WITH ORDINALITY AS u(x, n)), "
    "    'sealed', base64_line(sealed), 'cdp', to_json(cdp), 'aia', to_json(aia), 'ocsp', to_json(ocsp), "
    "    'also', COALESCE((SELECT json_agg(base64_line(der) ORDER BY n DESC) FROM (SELECT c.id AS n, der "
    "    FROM ca_certificate c WHERE c.ca_id = ca.id ORDER BY c.id DESC LIMIT 8) AS newest), '[]'), "
    "    'slug', slug, 'state', state, 'policy', policy, 'crl_shards', crl_shards, 'protection', protection) "
    "  ORDER BY id) FROM ca WHERE state <> 'pending' AND cardinality(chain) > 0), '[]'), "
    "'templates', COALESCE((SELECT json_agg(json_build_object('id', id, 'name', name, 'version', version, "
    "    'body', body) ORDER BY id) FROM template WHERE active), '[]'), "
    "'apps', COALESCE((SELECT json_agg(json_build_object('id', id, 'name', name, "
    "    'key_index', hex_upper(key_index), 'secret_sealed', secret_sealed, 'templates', to_json(templates), "
    "    'ca', ca, 'groups', to_json(groups), 'signature_required', signature_required, "
    "    'min_hash', min_hash, 'service_identity', service_identity, 'enabled', enabled) ORDER BY id) "
    "  FROM application), '[]'), "
    "'metadata_fields', COALESCE((SELECT json_agg(json_build_object('name', name, 'type', type, "
    "    'required', required, 'regex', regex, 'options', to_json(options), 'default', \"default\", "
    "    'message', message, 'hint', hint) ORDER BY id) FROM metadata_field), '[]'))" };

int
store_load_catalog(struct store *s, gh_json **out, struct gh_error *err)
{
	struct store_params p = { 0 };
	PGresult *res;
	int rc = store_read(s, &catalog_load, &p, &res, err);

	*out = NULL;
	if (rc == 0)
		rc = store_json(res, 0, 0, out, err);
	PQclear(res);
	return rc;
}

int
store_generation(struct store *s, int64_t *out, struct gh_error *err)
{
	static const struct store_statement st = { "catalog_generation", "SELECT n FROM catalog_generation" };
	struct store_params p = { 0 };
	PGresult *res;
	int rc = store_read(s, &st, &p, &res, err);

	*out = 0;
	if (rc == 0 && PQntuples(res) == 1)
		*out = store_int(res, 0, 0);
	else if (rc == 0)
		rc = gh_fail(err, GH_E_DB, "catalog_generation has no row");
	PQclear(res);
	return rc;
}

static void
take_change(void *arg, const char *payload)
{
	(void)payload;
	*(bool *)arg = true;
}

int
store_wait_change(struct store *s, int timeout_ms, bool *changed, struct gh_error *err)
{
	bool missed;
	int rc;

	*changed = false;
	rc = store_listen(s, "gatehouse_catalog", timeout_ms, take_change, changed, &missed, err);
	*changed |= missed;
	return rc;
}
