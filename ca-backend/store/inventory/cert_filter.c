/* Conditions on certificates in SQL. See cert_filter.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"

#include "store/cert_columns.h"
#include "store/store_private.h"

#include "filter_writer.h"

void
cert_node_free(struct cert_node *n)
{
	if (n == NULL)
		return;
	cert_node_free(n->left);
	cert_node_free(n->right);
	free(n->part);
	free(n->text);
	free(n);
}

/* ---- tests ---- */

static bool
is_negative(enum cert_op op)
{
	return op == CERT_NE || op == CERT_NOT_CONTAINS;
}

/* What a negative one denies. */
static enum cert_op
positive_of(enum cert_op op)
{
	return op == CERT_NE ? CERT_EQ : op == CERT_NOT_CONTAINS ? CERT_CONTAINS : op;
}

static const char *
sign_of(enum cert_op op)
{
	switch (op) {
	case CERT_LT:
		return "<";
	case CERT_LE:
		return "<=";
	case CERT_GT:
		return ">";
	case CERT_GE:
		return ">=";
	default:
		return "=";
	}
}

static bool
is_like(enum cert_op op)
{
	return op == CERT_CONTAINS || op == CERT_STARTS_WITH || op == CERT_ENDS_WITH;
}

/* sql: text. */
static void
put_text(struct filter_writer *w, const struct cert_node *n, enum cert_op op, const char *sql)
{
	char v[SQL_VALUE_SIZE];

	if (is_like(op))
		gh_buf_putf(w->b, "lower(%s) LIKE lower(%s)", sql,
		    filter_add_owned(w,
			filter_pattern(n->text, op != CERT_STARTS_WITH, op != CERT_ENDS_WITH), v));
	else
		gh_buf_putf(w->b, "lower(%s) %s lower(%s)", sql, sign_of(op),
		    filter_add_text(w, n->text, v));
}

static void
put_number(struct filter_writer *w, const struct cert_node *n, enum cert_op op, const char *sql)
{
	char v[SQL_VALUE_SIZE];

	gh_buf_putf(w->b, "%s %s %s::bigint", sql, sign_of(op), filter_add_number(w, n->number, v));
}

/* A day is all of its seconds: after it is from its end on. */
static void
put_time(struct filter_writer *w, const struct cert_node *n, enum cert_op op, const char *sql)
{
	int64_t begin = n->number, end = begin + (n->is_day ? GH_DAY_SECONDS : 1);
	char v[SQL_VALUE_SIZE], v2[SQL_VALUE_SIZE];

	if (op == CERT_EQ)
		gh_buf_putf(w->b,
		    "%s >= to_timestamp(%s::bigint) AND %s < to_timestamp(%s::bigint)", sql,
		    filter_add_number(w, begin, v), sql, filter_add_number(w, end, v2));
	else
		gh_buf_putf(w->b, "%s %s to_timestamp(%s::bigint)", sql,
		    op == CERT_LT || op == CERT_LE ? "<" : ">=",
		    filter_add_number(w, op == CERT_LT || op == CERT_GE ? begin : end, v));
}

static void
put_serial(struct filter_writer *w, const struct cert_node *n)
{
	char v[SQL_VALUE_SIZE], v2[SQL_VALUE_SIZE];
	struct store_serial_forms forms;

	store_serial_forms(n->text, &forms);
	gh_buf_putf(w->b, "serial IN (decode(%s, 'hex'), decode(%s, 'hex'))",
	    filter_add_text(w, forms.bare, v), filter_add_text(w, forms.filled, v2));
}

/* As it is written, "E8F5" is the beginning of E8F5BFDC. */
static void
put_hex(struct filter_writer *w, const struct cert_node *n, enum cert_op op)
{
	char v[SQL_VALUE_SIZE];

	if (n->column == CERT_COL_SERIAL && op == CERT_EQ)
		put_serial(w, n);
	else if (n->column == CERT_COL_SERIAL)
		put_text(w, n, op, "encode(serial, 'hex')");
	else if (n->column == CERT_COL_KEY)
		gh_buf_putf(w->b, "spki_sha256 = decode(%s, 'hex')",
		    filter_add_text(w, n->text, v));
	else
		gh_buf_putf(w->b, "%s = decode(%s, 'hex')",
		    strlen(n->text) == CERT_SHA1_DIGITS ? "sha1" : "sha256",
		    filter_add_text(w, n->text, v));
}

static void
put_state(struct filter_writer *w, const struct cert_node *n)
{
	static const char *const conditions[] = {[CERT_ACTIVE] =
						     "status <> 21 AND not_after >= now()",
	    [CERT_EXPIRED] = "status <> 21 AND not_after < now()",
	    [CERT_REVOKED] =
		"status = 21 AND NOT EXISTS (SELECT FROM revocation h WHERE h.certificate_id = certificate.id AND h.reason = 6 AND h.removed_at IS NULL)",
	    [CERT_ON_HOLD] =
		"status = 21 AND EXISTS (SELECT FROM revocation h WHERE h.certificate_id = certificate.id AND h.reason = 6 AND h.removed_at IS NULL)",
	    [CERT_FOREIGN] = "status = 12"};

	gh_buf_puts(w->b, conditions[n->number]);
}

/* ---- columns ---- */

/* One of the values of "source AS v(v)" is enough. */
static void
put_any(struct filter_writer *w, const struct cert_node *n, enum cert_op op, const char *source)
{
	gh_buf_putf(w->b, "EXISTS (SELECT FROM %s AS v(v)", source);
	if (op != CERT_HAS_SOME) {
		gh_buf_puts(w->b, " WHERE ");
		put_text(w, n, op, "v");
	}
	gh_buf_putc(w->b, ')');
}

/* Where a scan has found it last. */
#define LOCATIONS \
	"(SELECT " ENDPOINT_NAME \
	" FROM scan_sighting s JOIN scan_endpoint e ON e.id = s.endpoint_id " \
	"WHERE s.certificate_id = certificate.id AND s.is_current)"

static void
put_name(struct filter_writer *w, const struct cert_node *n, enum cert_op op)
{
	char v[SQL_VALUE_SIZE], source[160];

	if (n->column == CERT_COL_SUBJECT_PART)
		snprintf(source, sizeof(source), "dn_values(subject, %s)",
		    filter_add_text(w, n->part, v));
	else if (n->part != NULL)
		snprintf(source, sizeof(source),
		    "(SELECT substr(n, strpos(n, ':') + 1) FROM unnest(sans) n WHERE starts_with(n, %s))",
		    filter_add_text(w, n->part, v));
	else
		snprintf(source, sizeof(source),
		    "(SELECT substr(n, strpos(n, ':') + 1) FROM unnest(sans) n)");
	put_any(w, n, op, source);
}

/* Members of metadata have the type that their field had when they were written. */
static void
put_metadata(struct filter_writer *w, const struct cert_node *n, enum cert_op op)
{
	char v[SQL_VALUE_SIZE], v2[SQL_VALUE_SIZE], sql[200];

	filter_add_text(w, n->part, v);
	if (op == CERT_HAS_SOME) {
		gh_buf_putf(w->b, "coalesce(metadata->>%s, '') <> ''", v);
	} else if (n->type == CERT_NUMBER) {
		snprintf(sql, sizeof(sql),
		    "CASE WHEN jsonb_typeof(metadata->%s) = 'number' THEN (metadata->>%s)::numeric END",
		    v, v);
		put_number(w, n, op, sql);
	} else if (n->type == CERT_BOOL) {
		gh_buf_putf(w->b, "metadata->>%s = %s", v,
		    filter_add_text(w, n->number != 0 ? "true" : "false", v2));
	} else {
		snprintf(sql, sizeof(sql),
		    n->type == CERT_DAY ? "nullif(metadata->>%s, '') COLLATE \"C\""
					: "(metadata->>%s)",
		    v);
		put_text(w, n, op, sql);
	}
}

/* Columns of one value, which all certificates have, or null. */
static const char *const columns[] = {[CERT_COL_ID] = "id",
    [CERT_COL_REQUEST] = "nullif(request_id, 0)",
    [CERT_COL_SUBJECT] = "subject",
    [CERT_COL_CA] = "(SELECT ca.name FROM ca WHERE ca.id = ca_id)",
    [CERT_COL_ISSUER] = CERT_ISSUER,
    [CERT_COL_SERIAL] = "serial",
    [CERT_COL_THUMBPRINT] = "sha1",
    [CERT_COL_KEY] = "spki_sha256",
    [CERT_COL_REQUESTER] = "requester",
    [CERT_COL_TEMPLATE] = "template",
    [CERT_COL_KEY_TYPE] = "split_part(certificate_key(der), ' ', 1)",
    [CERT_COL_KEY_SIZE] = "substring(certificate_key(der) FROM ' (?:P-)?([0-9]+)$')::bigint",
    [CERT_COL_NOT_BEFORE] = "not_before",
    [CERT_COL_NOT_AFTER] = "not_after",
    [CERT_COL_METADATA] = NULL};

static void
put_column(struct filter_writer *w, const struct cert_node *n, enum cert_op op)
{
	const char *sql = columns[n->column];

	if (op == CERT_HAS_SOME)
		gh_buf_putf(w->b, "coalesce((%s)::text, '') <> ''", sql);
	else if (n->type == CERT_NUMBER)
		put_number(w, n, op, sql);
	else if (n->type == CERT_TIME)
		put_time(w, n, op, sql);
	else
		put_text(w, n, op, sql);
}

/* With an operator that denies nothing. */
static void
put_test(struct filter_writer *w, const struct cert_node *n, enum cert_op op)
{
	if (n->column == CERT_COL_METADATA)
		put_metadata(w, n, op);
	else if (n->column == CERT_COL_SAN || n->column == CERT_COL_SUBJECT_PART)
		put_name(w, n, op);
	else if (n->column == CERT_COL_LOCATION)
		put_any(w, n, op, LOCATIONS);
	else if (n->type == CERT_STATE)
		put_state(w, n);
	else if (n->type == CERT_HEX && op != CERT_HAS_SOME)
		put_hex(w, n, op);
	else
		put_column(w, n, op);
}

/* What a row costs: a column, the names in it, or what is read from the certificate and from other
 * tables. */
static int
cost_of(const struct cert_node *n)
{
	int left, right;

	if (n->kind != CERT_TEST) {
		left = cost_of(n->left);
		right = cost_of(n->right);
		return left > right ? left : right;
	}
	switch (n->column) {
	case CERT_COL_KEY_TYPE:
	case CERT_COL_KEY_SIZE:
	case CERT_COL_LOCATION:
		return 2;
	case CERT_COL_SUBJECT_PART:
	case CERT_COL_SAN:
		return 1;
	default:
		return 0;
	}
}

/* A value that is not there makes a test unknown: what is denied holds then. A window evaluates
 * what is written from left to right (cert_statement.c), so what costs less comes first. */
void
filter_put_node(struct filter_writer *w, const struct cert_node *n)
{
	gh_buf_putc(w->b, '(');
	if (n->kind != CERT_TEST) {
		bool swaps = cost_of(n->left) > cost_of(n->right);

		filter_put_node(w, swaps ? n->right : n->left);
		gh_buf_puts(w->b, n->kind == CERT_AND ? " AND " : " OR ");
		filter_put_node(w, swaps ? n->left : n->right);
	} else if (n->op == CERT_HAS_NONE) {
		gh_buf_puts(w->b, "NOT ");
		filter_put_node(w,
		    &(struct cert_node){.column = n->column,
			.part = n->part,
			.type = n->type,
			.op = CERT_HAS_SOME});
	} else if (is_negative(n->op)) {
		gh_buf_putc(w->b, '(');
		put_test(w, n, positive_of(n->op));
		gh_buf_puts(w->b, ") IS NOT TRUE");
	} else {
		put_test(w, n, n->op);
	}
	gh_buf_putc(w->b, ')');
}

void
cert_filter_put(struct gh_buf *b, struct store_params *p, const struct cert_node *n)
{
	struct filter_writer *w = filter_begin(b, p);

	if (w != NULL)
		filter_put_node(w, n);
	filter_end(w, p);
}
