/* Conditions on certificates in SQL. See cert_filter.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"

#include "store/store_private.h"

#include "cert_filter.h"

#define SHA1_DIGITS 40
#define VALUES_MAX (3 * CERT_TESTS_MAX)
#define SQL_VALUE_SIZE 48

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

bool
cert_node_is_selective(const struct cert_node *n)
{
	if (n->kind == CERT_AND)
		return cert_node_is_selective(n->left) || cert_node_is_selective(n->right);
	if (n->kind == CERT_OR)
		return cert_node_is_selective(n->left) && cert_node_is_selective(n->right);
	return n->op == CERT_EQ &&
	    (n->column == CERT_COL_ID || n->column == CERT_COL_SERIAL ||
		n->column == CERT_COL_THUMBPRINT || n->column == CERT_COL_REQUESTER);
}

/* ---- values ---- */

/* The statement that is being written, and the values in it: elements of one array. */
struct writer {
	struct gh_buf *b;
	int param;                   /* number of that parameter */
	char *value[VALUES_MAX + 1]; /* owned, NULL-ended */
	size_t values;
	bool failed;
};

/* Takes text over; where it stands in SQL, in out. */
static const char *
add_owned(struct writer *w, char *text, char out[SQL_VALUE_SIZE])
{
	snprintf(out, SQL_VALUE_SIZE, "($%d::text[])[%zu]", w->param, w->values + 1);
	if (text == NULL || w->values == VALUES_MAX) {
		w->failed = true;
		free(text);
		return out;
	}
	w->value[w->values++] = text;
	return out;
}

static const char *
add_text(struct writer *w, const char *text, char out[SQL_VALUE_SIZE])
{
	return add_owned(w, strdup(text), out);
}

static const char *
add_number(struct writer *w, int64_t number, char out[SQL_VALUE_SIZE])
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	return add_text(w, text, out);
}

/* A pattern of LIKE for this text, whose own % and _ are no wildcards. */
static char *
pattern_of(const char *text, bool open_left, bool open_right)
{
	char *pattern = malloc(2 * strlen(text) + 3), *to = pattern;

	if (pattern == NULL)
		return NULL;
	if (open_left)
		*to++ = '%';
	for (; *text != '\0'; text++) {
		if (strchr("%_\\", *text) != NULL)
			*to++ = '\\';
		*to++ = *text;
	}
	if (open_right)
		*to++ = '%';
	*to = '\0';
	return pattern;
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
put_text(struct writer *w, const struct cert_node *n, enum cert_op op, const char *sql)
{
	char v[SQL_VALUE_SIZE];

	if (is_like(op))
		gh_buf_putf(w->b, "lower(%s) LIKE lower(%s)", sql,
		    add_owned(w, pattern_of(n->text, op != CERT_STARTS_WITH, op != CERT_ENDS_WITH),
			v));
	else
		gh_buf_putf(w->b, "lower(%s) %s lower(%s)", sql, sign_of(op),
		    add_text(w, n->text, v));
}

static void
put_number(struct writer *w, const struct cert_node *n, enum cert_op op, const char *sql)
{
	char v[SQL_VALUE_SIZE];

	gh_buf_putf(w->b, "%s %s %s::bigint", sql, sign_of(op), add_number(w, n->number, v));
}

/* A day is all of its seconds: after it is from its end on. */
static void
put_time(struct writer *w, const struct cert_node *n, enum cert_op op, const char *sql)
{
	int64_t begin = n->number, end = begin + (n->is_day ? GH_DAY_SECONDS : 1);
	char v[SQL_VALUE_SIZE], v2[SQL_VALUE_SIZE];

	if (op == CERT_EQ)
		gh_buf_putf(w->b,
		    "%s >= to_timestamp(%s::bigint) AND %s < to_timestamp(%s::bigint)", sql,
		    add_number(w, begin, v), sql, add_number(w, end, v2));
	else
		gh_buf_putf(w->b, "%s %s to_timestamp(%s::bigint)", sql,
		    op == CERT_LT || op == CERT_LE ? "<" : ">=",
		    add_number(w, op == CERT_LT || op == CERT_GE ? begin : end, v));
}

static void
put_serial(struct writer *w, const struct cert_node *n)
{
	char v[SQL_VALUE_SIZE], v2[SQL_VALUE_SIZE];
	struct store_serial_forms forms;

	store_serial_forms(n->text, &forms);
	gh_buf_putf(w->b, "serial IN (decode(%s, 'hex'), decode(%s, 'hex'))",
	    add_text(w, forms.bare, v), add_text(w, forms.filled, v2));
}

/* As it is written, "E8F5" is the beginning of E8F5BFDC. */
static void
put_hex(struct writer *w, const struct cert_node *n, enum cert_op op)
{
	char v[SQL_VALUE_SIZE];

	if (n->column == CERT_COL_SERIAL && op == CERT_EQ)
		put_serial(w, n);
	else if (n->column == CERT_COL_SERIAL)
		put_text(w, n, op, "encode(serial, 'hex')");
	else
		gh_buf_putf(w->b, "%s = decode(%s, 'hex')",
		    strlen(n->text) == SHA1_DIGITS ? "sha1" : "sha256", add_text(w, n->text, v));
}

static void
put_state(struct writer *w, const struct cert_node *n)
{
	static const char *const conditions[] = {[CERT_ACTIVE] =
						     "status <> 21 AND not_after >= now()",
	    [CERT_EXPIRED] = "status <> 21 AND not_after < now()",
	    [CERT_REVOKED] =
		"status = 21 AND NOT EXISTS (SELECT FROM revocation h WHERE h.certificate_id = certificate.id AND h.reason = 6)",
	    [CERT_ON_HOLD] =
		"status = 21 AND EXISTS (SELECT FROM revocation h WHERE h.certificate_id = certificate.id AND h.reason = 6)"};

	gh_buf_puts(w->b, conditions[n->number]);
}

/* ---- columns ---- */

/* One of the values of "source AS v(v)" is enough. */
static void
put_any(struct writer *w, const struct cert_node *n, enum cert_op op, const char *source)
{
	gh_buf_putf(w->b, "EXISTS (SELECT FROM %s AS v(v)", source);
	if (op != CERT_HAS_SOME) {
		gh_buf_puts(w->b, " WHERE ");
		put_text(w, n, op, "v");
	}
	gh_buf_putc(w->b, ')');
}

static void
put_name(struct writer *w, const struct cert_node *n, enum cert_op op)
{
	char v[SQL_VALUE_SIZE], source[160];

	if (n->column == CERT_COL_SUBJECT_PART)
		snprintf(source, sizeof(source), "dn_values(subject, %s)", add_text(w, n->part, v));
	else if (n->part != NULL)
		snprintf(source, sizeof(source),
		    "(SELECT substr(n, strpos(n, ':') + 1) FROM unnest(sans) n WHERE starts_with(n, %s))",
		    add_text(w, n->part, v));
	else
		snprintf(source, sizeof(source),
		    "(SELECT substr(n, strpos(n, ':') + 1) FROM unnest(sans) n)");
	put_any(w, n, op, source);
}

/* Members of metadata have the type that their field had when they were written. */
static void
put_metadata(struct writer *w, const struct cert_node *n, enum cert_op op)
{
	char v[SQL_VALUE_SIZE], v2[SQL_VALUE_SIZE], sql[200];

	add_text(w, n->part, v);
	if (op == CERT_HAS_SOME) {
		gh_buf_putf(w->b, "coalesce(metadata->>%s, '') <> ''", v);
	} else if (n->type == CERT_NUMBER) {
		snprintf(sql, sizeof(sql),
		    "CASE WHEN jsonb_typeof(metadata->%s) = 'number' THEN (metadata->>%s)::numeric END",
		    v, v);
		put_number(w, n, op, sql);
	} else if (n->type == CERT_BOOL) {
		gh_buf_putf(w->b, "metadata->>%s = %s", v,
		    add_text(w, n->number != 0 ? "true" : "false", v2));
	} else {
		snprintf(sql, sizeof(sql), "(metadata->>%s)%s", v,
		    n->type == CERT_DAY ? " COLLATE \"C\"" : "");
		put_text(w, n, op, sql);
	}
}

/* Columns of one value, which all certificates have, or null. */
static const char *const columns[] = {[CERT_COL_ID] = "id",
    [CERT_COL_REQUEST] = "request_id",
    [CERT_COL_SUBJECT] = "subject",
    [CERT_COL_CA] = "(SELECT ca.name FROM ca WHERE ca.id = ca_id)",
    [CERT_COL_ISSUER] = "(SELECT ca.subject FROM ca WHERE ca.id = ca_id)",
    [CERT_COL_SERIAL] = "serial",
    [CERT_COL_THUMBPRINT] = "sha1",
    [CERT_COL_REQUESTER] = "requester",
    [CERT_COL_TEMPLATE] = "template",
    [CERT_COL_NOT_BEFORE] = "not_before",
    [CERT_COL_NOT_AFTER] = "not_after",
    [CERT_COL_METADATA] = NULL};

static void
put_column(struct writer *w, const struct cert_node *n, enum cert_op op)
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
put_test(struct writer *w, const struct cert_node *n, enum cert_op op)
{
	if (n->column == CERT_COL_METADATA)
		put_metadata(w, n, op);
	else if (n->column == CERT_COL_SAN || n->column == CERT_COL_SUBJECT_PART)
		put_name(w, n, op);
	else if (n->type == CERT_STATE)
		put_state(w, n);
	else if (n->type == CERT_HEX && op != CERT_HAS_SOME)
		put_hex(w, n, op);
	else
		put_column(w, n, op);
}

/* A value that is not there makes a test unknown: what is denied holds then. */
static void
put_node(struct writer *w, const struct cert_node *n)
{
	gh_buf_putc(w->b, '(');
	if (n->kind != CERT_TEST) {
		put_node(w, n->left);
		gh_buf_puts(w->b, n->kind == CERT_AND ? " AND " : " OR ");
		put_node(w, n->right);
	} else if (n->op == CERT_HAS_NONE) {
		gh_buf_puts(w->b, "NOT ");
		put_node(w,
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
	struct writer *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		p->failed = true;
		return;
	}
	w->b = b;
	w->param = p->n + 1;
	put_node(w, n);
	if (w->values > 0)
		store_put_list(p, w->value);
	p->failed |= w->failed;
	for (size_t i = 0; i < w->values; i++)
		free(w->value[i]);
	free(w);
}
