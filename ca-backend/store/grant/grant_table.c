/* The tables that grant rights. See grant_table.h. */
#include "grant_table.h"

enum kind {
	INT,
	TEXT,
	BOOL,
	JSON,
	TEXTS,      /* text[]: array of strings */
	BYTES,      /* bytea: base64 */
	HEX,        /* bytea: hexadecimal */
	BYTES_LIST, /* bytea[]: array of base64 */
	/* As those above, of columns that a table got later: a row has the member only where the
	 * column has a value, so that rows from before have the MAC that they had. */
	LATER_INT,
	LATER_TEXT,
	LATER_BOOL,
	FREE, /* not sealed: written, never read */
};

struct column {
	const char *name;
	enum kind kind;
	const char *free; /* of FREE: the value, an expression over the JSON r */
};

/* UTC seconds */
#define TIME(name) "to_timestamp((r->>'" name "')::bigint)"

#define COLUMNS(...) ((const struct column[]){__VA_ARGS__, {NULL, FREE, NULL}})

static const struct table {
	const char *name, *where;
	const struct column *column; /* ends with an empty one */
} tables[GRANT_TABLES] = {
    [GRANT_ADMIN_USER] = {"admin_user", NULL,
	COLUMNS({"id", INT, NULL}, {"name", TEXT, NULL}, {"hash", TEXT, NULL}, {"roles", INT, NULL},
	    {"enabled", BOOL, NULL}, {"changed_at", FREE, "now()"})},
    [GRANT_APPLICATION] = {"application", NULL,
	COLUMNS({"id", INT, NULL}, {"name", TEXT, NULL}, {"key_index", HEX, NULL},
	    {"secret_sealed", TEXT, NULL}, {"templates", TEXTS, NULL}, {"ca", TEXT, NULL},
	    {"groups", TEXTS, NULL}, {"signature_required", BOOL, NULL}, {"min_hash", TEXT, NULL},
	    {"service_identity", TEXT, NULL}, {"enabled", BOOL, NULL})},
    [GRANT_CA] = {"ca", NULL,
	COLUMNS({"id", INT, NULL}, {"name", TEXT, NULL}, {"parent", TEXT, NULL},
	    {"subject", TEXT, NULL}, {"chain", BYTES_LIST, NULL}, {"sealed", BYTES, NULL},
	    {"cdp", TEXTS, NULL}, {"aia", TEXTS, NULL}, {"ocsp", TEXTS, NULL}, {"slug", TEXT, NULL},
	    {"state", TEXT, NULL}, {"policy", JSON, NULL}, {"csr", BYTES, NULL},
	    {"crl_shards", INT, NULL}, {"protection", TEXT, NULL},
	    {"not_before", FREE, TIME("not_before")}, {"not_after", FREE, TIME("not_after")})},
    [GRANT_CA_CERTIFICATE] = {"ca_certificate", NULL,
	COLUMNS({"id", INT, NULL}, {"ca_id", INT, NULL}, {"kind", TEXT, NULL}, {"der", BYTES, NULL},
	    {"not_after", FREE, TIME("not_after")})},
    [GRANT_CA_RULE] = {"ca_rule", NULL,
	COLUMNS({"id", INT, NULL}, {"name", TEXT, NULL}, {"priority", INT, NULL},
	    {"tenant", TEXT, NULL}, {"purpose", TEXT, NULL}, {"email_domain", TEXT, NULL},
	    {"network", TEXT, NULL}, {"group", TEXT, NULL}, {"template", TEXT, NULL},
	    {"ca", TEXT, NULL})},
    [GRANT_EST_KEY] = {"est_key", NULL,
	COLUMNS({"id", INT, NULL}, {"name", TEXT, NULL}, {"audience", TEXT, NULL},
	    {"identifier", HEX, NULL}, {"secret_sealed", TEXT, NULL}, {"cert", BYTES, NULL},
	    {"expires", INT, NULL})},
    [GRANT_EST_LABEL] = {"est_label", NULL,
	COLUMNS({"id", INT, NULL}, {"name", TEXT, NULL}, {"settings", JSON, NULL},
	    {"enabled", BOOL, NULL})},
    [GRANT_EST_USER] = {"est_user", NULL,
	COLUMNS({"id", INT, NULL}, {"name", TEXT, NULL}, {"secret_sealed", TEXT, NULL},
	    {"label", TEXT, NULL}, {"one_time", BOOL, NULL}, {"expires", INT, NULL},
	    {"enabled", BOOL, NULL})},
    [GRANT_CMC_SECRET] = {"cmc_secret", NULL,
	COLUMNS({"id", INT, NULL}, {"name", TEXT, NULL}, {"secret_sealed", TEXT, NULL},
	    {"requester", TEXT, NULL}, {"requester_id", TEXT, NULL}, {"label", TEXT, NULL},
	    {"one_time", BOOL, NULL}, {"expires", INT, NULL})},
    [GRANT_EST_DEVICE] = {"est_device", NULL,
	COLUMNS({"id", INT, NULL}, {"serial", TEXT, NULL}, {"anchor", TEXT, NULL},
	    {"spki", TEXT, NULL}, {"labels", TEXT, NULL}, {"subject", TEXT, NULL},
	    {"san", TEXT, NULL}, {"est_user", TEXT, NULL}, {"enabled", BOOL, NULL},
	    {"expires", INT, NULL}, {"note", TEXT, NULL})},
    [GRANT_METADATA_FIELD] = {"metadata_field", NULL,
	COLUMNS({"id", INT, NULL}, {"name", TEXT, NULL}, {"type", INT, NULL},
	    {"required", BOOL, NULL}, {"regex", TEXT, NULL}, {"options", TEXTS, NULL},
	    {"default", TEXT, NULL}, {"message", TEXT, NULL}, {"hint", TEXT, NULL},
	    {"description", LATER_TEXT, NULL}, {"display_order", LATER_INT, NULL},
	    {"allow_api", LATER_BOOL, NULL}, {"explicit_update", LATER_BOOL, NULL},
	    {"owner_sets", LATER_BOOL, NULL}, {"indexed", LATER_BOOL, NULL})},
    [GRANT_NAME_OWNER] = {"name_owner", NULL,
	COLUMNS({"id", INT, NULL}, {"owner", TEXT, NULL}, {"kind", TEXT, NULL},
	    {"patterns", TEXTS, NULL}, {"comments", TEXTS, NULL})},
    [GRANT_PACKAGE] = {"package", NULL,
	COLUMNS({"id", INT, NULL}, {"kind", TEXT, NULL}, {"name", TEXT, NULL},
	    {"audience", TEXT, NULL}, {"reference", HEX, NULL}, {"sha256", HEX, NULL},
	    {"size", INT, NULL}, {"sealed", BOOL, NULL}, {"wants_receipt", BOOL, NULL},
	    {"added_at", INT, NULL}, {"expires_at", INT, NULL})},
    /* An older version grants nothing; its row becomes one that was added when it is made active.
     */
    [GRANT_TEMPLATE] = {"template", "active",
	COLUMNS({"id", INT, NULL}, {"name", TEXT, NULL}, {"version", INT, NULL},
	    {"body", JSON, NULL}, {"active", BOOL, NULL}, {"created_by", FREE, "r->>'created_by'"},
	    {"sha256", FREE, "sha256(convert_to((r->'body')::jsonb::text, 'UTF8'))"})},
    [GRANT_VIEW_RULE] = {"view_rule", NULL,
	COLUMNS({"id", INT, NULL}, {"name", TEXT, NULL}, {"group", TEXT, NULL},
	    {"template", TEXT, NULL}, {"ca", TEXT, NULL}, {"field", TEXT, NULL},
	    {"value", TEXT, NULL})},
    [GRANT_WEBHOOK] = {"webhook", NULL,
	COLUMNS({"id", INT, NULL}, {"name", TEXT, NULL}, {"url", TEXT, NULL},
	    {"events", TEXTS, NULL}, {"secret_sealed", TEXT, NULL}, {"enabled", BOOL, NULL})},
};

const char *
grant_table_name(enum grant_table t)
{
	return tables[t].name;
}

static bool
is_later(const struct column *c)
{
	return c->kind == LATER_INT || c->kind == LATER_TEXT || c->kind == LATER_BOOL;
}

/* The sealed column i; its name is NULL behind the last one. */
static const struct column *
sealed_column(enum grant_table t, size_t i)
{
	const struct column *c = tables[t].column;

	while (c->name != NULL && (c->kind == FREE || i-- > 0))
		c++;
	return c;
}

const char *
grant_table_column(enum grant_table t, size_t i)
{
	return sealed_column(t, i)->name;
}

bool
grant_table_is_later(enum grant_table t, size_t i)
{
	return is_later(sealed_column(t, i));
}

/* --- SQL -------------------------------------------------------------------------------------- */

#define BASE64(x) "translate(encode(" x ", 'base64'), E'\\n', '')"

static void
put_read(struct gh_buf *b, const struct column *c)
{
	switch (c->kind) {
	case TEXTS:
		gh_buf_putf(b, "to_json(\"%s\")", c->name);
		break;
	case BYTES:
		gh_buf_putf(b, BASE64("\"%s\""), c->name);
		break;
	case HEX:
		gh_buf_putf(b, "upper(encode(\"%s\", 'hex'))", c->name);
		break;
	case BYTES_LIST:
		gh_buf_putf(b,
		    "COALESCE((SELECT json_agg(" BASE64("x") " ORDER BY n) FROM unnest(\"%s\") "
							     "WITH ORDINALITY AS u(x, n)), '[]')",
		    c->name);
		break;
	default:
		gh_buf_putf(b, "\"%s\"", c->name);
	}
}

static void
put_value(struct gh_buf *b, const struct column *c)
{
	static const char *const format[] = {
	    [INT] = "(r->>'%s')::bigint",
	    [LATER_INT] = "(r->>'%s')::bigint",
	    [TEXT] = "(r->>'%s')",
	    [LATER_TEXT] = "(r->>'%s')",
	    [BOOL] = "(r->>'%s')::boolean",
	    [LATER_BOOL] = "(r->>'%s')::boolean",
	    [JSON] = "(r->'%s')::jsonb",
	    [TEXTS] = "ARRAY(SELECT json_array_elements_text(r->'%s'))",
	    [BYTES] = "decode(r->>'%s', 'base64')",
	    [HEX] = "decode(r->>'%s', 'hex')",
	    [BYTES_LIST] =
		"ARRAY(SELECT decode(x, 'base64') FROM json_array_elements_text(r->'%s') AS x)",
	};

	if (c->kind == FREE)
		gh_buf_puts(b, c->free);
	else
		gh_buf_putf(b, format[c->kind], c->name);
}

/* 'name', value, ... of the columns that are (not) later. */
static void
put_members(struct gh_buf *b, const struct column *first, bool later)
{
	size_t n = 0;

	for (const struct column *c = first; c->name != NULL; c++) {
		if (c->kind == FREE || is_later(c) != later)
			continue;
		gh_buf_putf(b, "%s'%s', ", n++ == 0 ? "" : ", ", c->name);
		put_read(b, c);
	}
}

void
grant_table_put_select(struct gh_buf *b, enum grant_table t)
{
	const struct column *first = tables[t].column, *c = first;

	while (c->name != NULL && !is_later(c))
		c++;
	gh_buf_putf(b, "COALESCE((SELECT json_agg(%s(",
	    c->name != NULL ? "jsonb_build_object" : "json_build_object");
	put_members(b, first, false);
	if (c->name != NULL) {
		gh_buf_puts(b, ") || jsonb_strip_nulls(jsonb_build_object(");
		put_members(b, first, true);
		gh_buf_putc(b, ')');
	}
	gh_buf_putf(b, ") ORDER BY \"%s\") FROM %s", first->name, tables[t].name);
	if (tables[t].where != NULL)
		gh_buf_putf(b, " WHERE %s", tables[t].where);
	gh_buf_puts(b, "), '[]')");
}

void
grant_table_put_insert(struct gh_buf *b, enum grant_table t)
{
	const struct column *first = tables[t].column;

	gh_buf_putf(b, "INSERT INTO %s (", tables[t].name);
	for (const struct column *c = first; c->name != NULL; c++)
		gh_buf_putf(b, "%s\"%s\"", c == first ? "" : ", ", c->name);
	gh_buf_puts(b, ") OVERRIDING SYSTEM VALUE SELECT ");
	for (const struct column *c = first; c->name != NULL; c++) {
		gh_buf_puts(b, c == first ? "" : ", ");
		put_value(b, c);
	}
	gh_buf_puts(b, " FROM (SELECT $1::json AS r) AS new");
}

void
grant_table_put_update(struct gh_buf *b, enum grant_table t)
{
	const struct column *first = tables[t].column;

	gh_buf_putf(b, "UPDATE %s AS t SET ", tables[t].name);
	for (const struct column *c = first + 1; c->name != NULL; c++) {
		gh_buf_putf(b, "%s\"%s\" = %s", c == first + 1 ? "" : ", ", c->name,
		    c->kind == FREE ? "COALESCE(" : "");
		put_value(b, c);
		if (c->kind == FREE)
			gh_buf_putf(b, ", t.\"%s\")", c->name);
	}
	gh_buf_putf(b, " FROM (SELECT $1::json AS r) AS new WHERE t.\"%s\" = ", first->name);
	put_value(b, first);
}
