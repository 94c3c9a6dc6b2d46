/* Reading the row of a CA. See ca_row.h. */
#include <stdlib.h>
#include <strings.h>

#include "ca_private.h"
#include "ca_row.h"
#include "store/grant/grant.h"

/* Names beginning with NAME@ and slugs NAME-N that nobody has: URLs are looked up by slug, then by
 * name. */
#define SPARE_NAME \
	"(SELECT c.name || '@' || n FROM generate_series(1, 10000) n WHERE NOT EXISTS (SELECT FROM ca x " \
	"WHERE lower(x.name) = lower(c.name || '@' || n)) ORDER BY n LIMIT 1)"
#define SPARE_SLUG \
	"(SELECT c.name || '-' || n FROM generate_series(2, 10000) n WHERE NOT EXISTS (SELECT FROM ca x " \
	"WHERE lower(x.name) = lower(c.name || '-' || n) OR lower(x.slug) = lower(c.name || '-' || n)) " \
	"ORDER BY n LIMIT 1)"

/* What is sealed in place of what the statement said, which is to be the CA that was asked for. */
static int
take_sealed(const struct grants *g, const char *asked, gh_json *out, struct gh_error *err)
{
	const struct grant_row *row;
	const char *name;
	int64_t id = 0;

	(void)gh_json_int(gh_json_get(out, "id"), &id);
	row = grant_find_id(g, GRANT_CA, id);
	name = row != NULL ? gh_json_string(gh_json_get(row->content, "name")) : NULL;
	if (name == NULL || (strcasecmp(name, asked) != 0 && strtoll(asked, NULL, 10) != id))
		return gh_refuse(err, GH_E_CONFLICT,
		    "CA %.80s was changed by somebody else meanwhile: try again.", asked);
	for (size_t i = 0; grant_table_column(GRANT_CA, i) != NULL; i++) {
		const char *column = grant_table_column(GRANT_CA, i);

		if (gh_json_set(out, column, gh_json_ref(gh_json_get(row->content, column))) != 0)
			return gh_fail(err, GH_E_NOMEM, "CA");
	}
	return 0;
}

int
store_ca_get(struct store *s, const char *ca, gh_json **out, struct gh_error *err)
{
	static const struct store_statement st = {"ca_get",
	    "SELECT json_build_object('id', id, 'name', name, 'parent', parent, 'subject', subject, "
	    "'slug', slug, 'state', state, 'protection', protection, "
	    "'not_before', iso_utc(not_before), 'not_after', iso_utc(not_after), 'created_at', iso_utc(created_at), "
	    "'chain', COALESCE((SELECT json_agg(base64_line(x) ORDER BY n) FROM unnest(chain) WITH ORDINALITY "
	    "  AS u(x, n)), '[]'), "
	    "'also', COALESCE((SELECT json_agg(base64_line(der) ORDER BY n DESC) FROM (SELECT a.id AS n, der "
	    "  FROM ca_certificate a WHERE a.ca_id = c.id ORDER BY a.id DESC LIMIT 8) AS newest), '[]'), "
	    "'sealed', base64_line(sealed), 'csr', base64_line(csr), "
	    "'cdp', to_json(cdp), 'aia', to_json(aia), 'ocsp', to_json(ocsp), 'crl_shards', crl_shards, "
	    "'policy', policy, 'certificates', COALESCE((SELECT json_agg(json_build_object('kind', a.kind, "
	    "  'not_after', iso_utc(a.not_after), 'created_at', iso_utc(a.created_at), 'der', base64_line(a.der)) "
	    "  ORDER BY a.id) FROM ca_certificate a WHERE a.ca_id = c.id), '[]'), "
	    "'spare_name', " SPARE_NAME ", 'spare_slug', " SPARE_SLUG
	    ") FROM ca c WHERE id = (" STORE_CA_FIND ")"};
	struct store_params p = {0};
	struct grants g;
	int rc;

	*out = NULL;
	if ((rc = grant_load(s, GRANT_ALL, &g, err)) != 0)
		return rc;
	store_put_text(&p, ca);
	rc = store_read_json(s, &st, &p, out, err);
	if (rc == 0 && *out == NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no CA \"%.80s\".", ca);
	if (rc == 0 && (rc = take_sealed(&g, ca, *out, err)) != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	grant_clear(&g);
	return rc;
}
