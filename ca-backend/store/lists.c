/* Lists as JSON, made by the database. Pages by id (keyset), never OFFSET. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "formats/revocation_reason.h"

#include "cert_columns.h"
#include "store_private.h"

#define LIST_LIMIT_MAX 1000
#define SQL_MAX 4096
#define ID_DIGITS_MAX 18 /* longer ones are serial numbers */

#define CERT_TABLE \
	"certificate LEFT JOIN (SELECT certificate_id, reason, revoked_at, invalidity_date, removed_at, revoked_by, " \
	"comment FROM revocation) r ON certificate_id = id"

/* name: column of the filter. join: to the rows of a page. */
static const struct list {
	const char *fields, *table, *name;
	bool has_disposition;
	const char *join;
} lists[] = {
    [STORE_LIST_CAS] =
	{"id, name, parent, subject, iso_utc(not_before) AS not_before, "
	 "iso_utc(not_after) AS not_after, sealed IS NOT NULL AS has_key, slug, state, protection, "
	 "crl_shards",
	    "ca", "name", false, NULL},
    [STORE_LIST_TEMPLATES] =
	{"id, name, version, active, body->>'purpose' AS purpose, iso_utc(created_at) AS created, "
	 "created_by, encode(sha256, 'hex') AS sha256",
	    "template", "name", false, NULL},
    [STORE_LIST_APPS] =
	{"id, name, ca, to_json(templates) AS templates, to_json(groups) AS groups, "
	 "signature_required, min_hash, service_identity, secret_sealed IS NOT NULL AS has_secret, enabled, "
	 "iso_utc(created_at) AS created",
	    "application", "name", false, NULL},
    [STORE_LIST_USERS] =
	{"id, name, to_json(array_remove(ARRAY[CASE WHEN roles & 1 <> 0 THEN 'admin' END, "
	 "CASE WHEN roles & 2 <> 0 THEN 'officer' END, CASE WHEN roles & 4 <> 0 THEN 'auditor' END, "
	 "CASE WHEN roles & 8 <> 0 THEN 'agent' END], NULL)) "
	 "AS roles, enabled, iso_utc(created_at) AS created",
	    "admin_user", "name", false, NULL},
    [STORE_LIST_CERTS] = {CERT_FIELDS, "certificate", "requester", false, CERT_JOIN},
    [STORE_LIST_REQUESTS] =
	{"id, iso_utc(submitted_at) AS submitted, requester, app_name AS application, "
	 "template, disposition_name(disposition) AS disposition, disposition AS disposition_code, message, "
	 "'0x' || lpad(to_hex(status_code), 8, '0') AS status_code, certificate_id AS cms_id, "
	 "iso_utc(resolved_at) AS resolved, resolved_by",
	    "request", "requester", true, NULL},
    [STORE_LIST_METADATA_FIELDS] = {"id, name, type, required, regex, to_json(options) AS options, "
				    "\"default\", message, hint, description, "
				    "coalesce(display_order, 0) AS display_order, "
				    "coalesce(allow_api, true) AS allow_api, "
				    "coalesce(explicit_update, false) AS explicit_update, "
				    "coalesce(owner_sets, false) AS owner_sets, "
				    "coalesce(indexed, false) AS indexed",
	"metadata_field", "name", false, NULL},
    [STORE_LIST_CA_RULES] = {"id, name, priority, tenant, purpose, email_domain, network, "
			     "\"group\", template, ca",
	"ca_rule", "name", false, NULL},
    [STORE_LIST_VIEW_RULES] = {"id, name, \"group\", template, ca, field, value", "view_rule",
	"name", false, NULL},
    [STORE_LIST_EST_LABELS] = {"id, name, settings, enabled", "est_label", "name", false, NULL},
    [STORE_LIST_NOTIFICATIONS] =
	{"id, iso_utc(created_at) AS time, event, audience, nullif(recipient, '') AS recipient, "
	 "nullif(recipient_id, '') AS recipient_id, object, facts, state, error",
	    "notification", "recipient", false, NULL},
    [STORE_LIST_DELIVERIES] =
	{"id, uuid, iso_utc(created_at) AS created, channel, address, state, attempts, "
	 "CASE WHEN state = 'waiting' THEN iso_utc(next_at) END AS next, iso_utc(ended_at) AS ended, last_error, "
	 "notification_id AS notification, (SELECT n.event FROM notification n WHERE n.id = notification_id) AS event, "
	 "(SELECT n.object FROM notification n WHERE n.id = notification_id) AS object",
	    "delivery", "address", false, NULL},
    [STORE_LIST_AUDIT] =
	{"id, iso_utc(at) AS time, event, outcome, actor AS who, actor_kind, app, address, "
	 "request_id, object, detail",
	    "audit", "actor", false, NULL},
};

static bool
is_by_expiry(const struct store_filter *f)
{
	return f->expires_from != 0 || f->expires_to != 0;
}

/* Rows behind the one where the page before ended. */
static void
put_start(struct gh_buf *b, struct store_params *p, const struct store_filter *f)
{
	char op = f->newest_first ? '<' : '>';

	store_put_int(p, f->after_id);
	if (f->after_id == 0) {
		gh_buf_puts(b, "$1::bigint = 0");
	} else if (is_by_expiry(f)) {
		store_put_int(p, f->after_expiry);
		/* the first half is what the index can use */
		gh_buf_putf(b,
		    "not_after %c= to_timestamp($2::bigint) AND (not_after %c to_timestamp($2::bigint) OR "
		    "id %c $1::bigint)",
		    op, op, op);
	} else {
		gh_buf_putf(b, "id %c $1::bigint", op);
	}
}

#define IS_HELD \
	"EXISTS (SELECT FROM revocation h WHERE h.certificate_id = certificate.id AND h.reason = 6 AND h.removed_at IS NULL)"

static void
put_cert_filter(struct gh_buf *b, struct store_params *p, const struct store_filter *f)
{
	if (f->cert_state != NULL)
		gh_buf_puts(b,
		    strcmp(f->cert_state, "valid") == 0         ? " AND status = 20"
			: strcmp(f->cert_state, "foreign") == 0 ? " AND status = 12"
			: strcmp(f->cert_state, "hold") == 0    ? " AND status = 21 AND " IS_HELD
							     : " AND status = 21 AND NOT " IS_HELD);
	if (f->template_name != NULL) {
		store_put_text(p, f->template_name);
		gh_buf_putf(b, " AND " CERT_TEMPLATE_KEY " = lower($%d)", p->n);
	}
	if (f->serial != NULL) {
		store_put_serial(p, f->serial);
		gh_buf_putf(b, " AND serial IN ($%d::bytea, $%d::bytea)", p->n - 1, p->n);
	}
	if (f->expires_from != 0) {
		store_put_int(p, f->expires_from);
		gh_buf_putf(b, " AND not_after >= to_timestamp($%d::bigint)", p->n);
	}
	if (f->expires_to != 0) {
		store_put_int(p, f->expires_to);
		gh_buf_putf(b, " AND not_after <= to_timestamp($%d::bigint)", p->n);
	}
}

/* Literals, so that the planner sees that the partial index of what was not issued will do. */
static void
put_disposition(struct gh_buf *b, int disposition)
{
	gh_buf_putf(b, " AND disposition = %d", disposition);
	if (disposition != DB_DISP_ISSUED)
		gh_buf_putf(b, " AND disposition <> %d", DB_DISP_ISSUED);
}

/* Named with the table: the column of the answer is text. */
static void
put_order(struct gh_buf *b, const struct list *l, const struct store_filter *f)
{
	const char *order = f->newest_first ? "DESC" : "ASC";

	gh_buf_puts(b, " ORDER BY ");
	if (is_by_expiry(f))
		gh_buf_putf(b, "%s.not_after %s, ", l->table, order);
	gh_buf_putf(b, "%s.id %s", l->table, order);
}

/* Only fixed text and numbers get into the statement. */
static void
build_query(struct gh_buf *b, struct store_params *p, const struct list *l,
    const struct store_filter *f)
{
	/* first the rows of the page, then what belongs to them; the aggregate takes them in the
	 * order in which they come */
	gh_buf_putf(b,
	    "SELECT COALESCE(json_agg(row_to_json(t)), '[]') FROM (SELECT %s FROM "
	    "(SELECT * FROM %s WHERE ",
	    l->fields, l->table);
	put_start(b, p, f);
	if (f->name != NULL) {
		store_put_text(p, f->name);
		gh_buf_putf(b, " AND lower(%s) = lower($%d)", l->name, p->n);
	}
	if (l->has_disposition && f->disposition != 0)
		put_disposition(b, f->disposition);
	if (l == &lists[STORE_LIST_CERTS])
		put_cert_filter(b, p, f);
	if (l == &lists[STORE_LIST_DELIVERIES] && f->state != NULL) {
		store_put_text(p, f->state);
		gh_buf_putf(b, " AND state = $%d", p->n);
	}
	store_put_int(p, f->limit);
	put_order(b, l, f);
	gh_buf_putf(b, " LIMIT $%d::int) %s%s", p->n, l->table, l->join != NULL ? l->join : "");
	put_order(b, l, f);
	gh_buf_puts(b, ") t");
}

/* The reason's name in place of its number. */
int
store_name_reason(gh_json *row, struct gh_error *err)
{
	int64_t n;

	if (!gh_json_int(gh_json_get(row, "reason"), &n))
		return 0;
	if (gh_json_set_string(row, "reason", revocation_reason_name((int)n)) != 0)
		return gh_fail(err, GH_E_NOMEM, "reason");
	return 0;
}

static int
name_reasons(gh_json *rows, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < gh_json_size(rows) && rc == 0; i++)
		rc = store_name_reason(gh_json_at(rows, i), err);
	return rc;
}

int
store_list(struct store *s, enum store_list what, const struct store_filter *f, gh_json **out,
    struct gh_error *err)
{
	struct store_params p = {0};
	struct gh_buf b;
	int rc;

	*out = NULL;
	if (f->limit < 1 || f->limit > LIST_LIMIT_MAX)
		return gh_fail(err, GH_E_INTERNAL, "limit %d", f->limit);
	gh_buf_init(&b, SQL_MAX);
	build_query(&b, &p, &lists[what], f);
	rc = store_read_composed(s, &b, &p, out, err);
	if (rc == 0 && what == STORE_LIST_CERTS && (rc = name_reasons(*out, err)) != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}

/* --- one certificate -------------------------------------------------------------------------- */

/* As an id, or as the bytes of a serial or thumbprint. */
static int
put_key(struct store_params *p, const char *text, struct gh_error *err)
{
	char hex[STORE_HEX_DIGITS_MAX + 1];
	size_t n = strlen(text);

	if (!store_clean_hex(text, hex))
		return gh_fail(err, GH_E_NOT_FOUND, "neither id, serial nor thumbprint");
	if (strspn(text, "0123456789") == n && n <= ID_DIGITS_MAX) {
		store_put_int(p, strtoll(text, NULL, 10));
		for (int i = 0; i < 3; i++)
			store_put_text(p, NULL);
	} else {
		store_put_text(p, NULL);
		store_put_hex(p, hex);
		store_put_serial(p, hex);
	}
	return 0;
}

int
store_get_cert(struct store *s, const char *id_serial_or_thumbprint, gh_json **out,
    struct gh_error *err)
{
	static const struct store_statement st = {"certificate_get",
	    "SELECT row_to_json(t), ca_id < 0 FROM (SELECT " CERT_FIELDS ", ca_id, "
	    "(SELECT ca.name FROM ca WHERE ca.id = ca_id) AS ca, " CERT_ISSUER
	    " AS issuer, request_id, " CERT_LOCATIONS ", " CERT_FOLLOWS ", " CERT_ARCHIVED_KEY
	    ", hex_upper(sha256) AS sha256, hex_upper(spki_sha256) AS spki_sha256, "
	    "base64_line(der) AS der FROM " CERT_TABLE " "
	    "WHERE id = $1::bigint OR serial IN ($3::bytea, $4::bytea) OR " CERT_BY_DIGEST("",
		"sha1", "$2::bytea") " OR " CERT_BY_DIGEST("", "sha256",
		"$2::bytea") " "
			     "ORDER BY ca_id < 0 LIMIT 2) t"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	*out = NULL;
	if ((rc = put_key(&p, id_serial_or_thumbprint, err)) == 0)
		rc = store_read(s, &st, &p, &res, err);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_fail(err, GH_E_NOT_FOUND, "no such certificate");
	else if (rc == 0 && PQntuples(res) > 1 && store_bool(res, 0, 1) == store_bool(res, 1, 1))
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "Two issuers have a certificate of this serial number: "
		    "ask by id or thumbprint.");
	else if (rc == 0 && (rc = store_json(res, 0, 0, out, err)) == 0 &&
	    (rc = store_name_reason(*out, err)) != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	store_params_clear(&p);
	PQclear(res);
	return rc;
}
