/* Conditions that indexes serve. See cert_narrow.h; each form of SQL here is that of an index in
 * migrations/. */
#include <stdlib.h>
#include <string.h>

#include "store/cert_columns.h"
#include "store/store_private.h"

#include "cert_field.h"
#include "cert_narrow.h"
#include "filter_writer.h"

#define PREFIX_MAX 150 /* bytes that are looked for in an index of the first 200 characters */
/* What an encoded name has as it is (RFC 4514, 2.4), and what every locale's lower() keeps apart.
 */
#define PLAIN_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-@*/:_"
#define SUBJECT_INDEX "lower(left(subject, 200)) COLLATE \"C\""
#define INNER_CN "strpos(lower(substr(subject, 2)), 'cn=') > 0"
/* Of a certificate's alternative names, as formats/san_names.h writes them. */
static const char *const kinds[] = {"dns:", "ip:", "email:", "upn:", "uri:", "guid:", "dn:", "rid:",
    "other:"};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- beginnings of the subject ---- */

/* malloc'd: how the subject begins in which this is the common name, or which it is; "" where no
 * index knows. NULL: no memory. */
static char *
subject_prefix(const struct cert_node *n)
{
	const char *begin = n->column == CERT_COL_SUBJECT ? "" : "CN=";
	size_t plain = strspn(n->text, *begin == '\0' ? PLAIN_CHARS "=, " : PLAIN_CHARS),
	       n_begin = strlen(begin), len = plain < PREFIX_MAX ? plain : PREFIX_MAX;
	char *out = malloc(n_begin + len + 1);

	if (out == NULL)
		return NULL;
	memcpy(out, begin, n_begin);
	memcpy(out + n_begin, n->text, len);
	out[len > 0 ? n_begin + len : 0] = '\0';
	return out;
}

static bool
is_subject(const struct cert_node *n)
{
	char *prefix;
	bool is;

	if (n->op != CERT_EQ && n->op != CERT_STARTS_WITH)
		return false;
	if (n->column != CERT_COL_SUBJECT &&
	    (n->column != CERT_COL_SUBJECT_PART || strcmp(n->part, "CN") != 0))
		return false;
	prefix = subject_prefix(n);
	is = prefix != NULL && *prefix != '\0';
	free(prefix);
	return is;
}

/* A CN that is not the first part of the subject, or one of several, is found by INNER_CN. */
static void
put_subject(struct filter_writer *w, const struct cert_node *n)
{
	char *prefix = subject_prefix(n), v[SQL_VALUE_SIZE];

	gh_buf_putf(w->b, SUBJECT_INDEX " LIKE lower(%s)",
	    filter_add_owned(w, prefix != NULL ? filter_pattern(prefix, false, true) : NULL, v));
	if (n->column == CERT_COL_SUBJECT_PART)
		gh_buf_puts(w->b, " OR " INNER_CN);
	free(prefix);
}

/* ---- alternative names ---- */

static bool
is_san(const struct cert_node *n)
{
	return n->column == CERT_COL_SAN && n->op == CERT_EQ;
}

/* "dns:x, ip:x ..." of the kinds that are meant. */
static void
put_sans(struct filter_writer *w, const struct cert_node *n, const char *value)
{
	for (size_t i = 0, put = 0; i < KINDS; i++)
		if (n->part == NULL || strcmp(n->part, kinds[i]) == 0)
			gh_buf_putf(w->b, "%s'%s' || lower(%s)", put++ > 0 ? ", " : "", kinds[i],
			    value);
}

/* before, then ANY of the marks of the names. */
static void
put_san_marks(struct filter_writer *w, const struct cert_node *n, const char *value,
    const char *before)
{
	gh_buf_putf(w->b, "%s = ANY (certificate_marks(", before);
	put_sans(w, n, value);
	gh_buf_puts(w->b, ")) OR ");
}

static void
put_san(struct filter_writer *w, const struct cert_node *n)
{
	char v[SQL_VALUE_SIZE];

	filter_add_text(w, n->text, v);
	put_san_marks(w, n, v, "sans[1] IS NOT NULL AND certificate_mark(id, lower(sans[1]))");
	put_san_marks(w, n, v, "sans[2] IS NOT NULL AND certificate_mark(id, lower(sans[2]))");
	gh_buf_puts(w->b, "sans[3] IS NOT NULL AND lower_texts(sans) && ARRAY[");
	put_sans(w, n, v);
	gh_buf_putc(w->b, ']');
}

/* ---- thumbprints, and hashes of keys ---- */

static void
put_digest(struct filter_writer *w, const struct cert_node *n)
{
	char v[SQL_VALUE_SIZE];

	gh_buf_putf(w->b,
	    "certificate_mark(id, encode(%s, 'hex')) = ANY (certificate_marks(lower(%s)))",
	    n->column == CERT_COL_KEY                 ? "spki_sha256"
		: strlen(n->text) == CERT_SHA1_DIGITS ? "sha1"
						      : "sha256",
	    filter_add_text(w, n->text, v));
}

/* ---- tests ---- */

static bool
is_of(const struct cert_node *n, enum cert_column column)
{
	return n->column == column && n->op == CERT_EQ;
}

/* A limit of not_after, or a state that is one. */
static bool
is_not_after(const struct cert_node *n)
{
	return n->column == CERT_COL_NOT_AFTER
	    ? n->op == CERT_EQ || (n->op >= CERT_LT && n->op <= CERT_GE)
	    : is_of(n, CERT_COL_STATE) && (n->number == CERT_EXPIRED || n->number == CERT_ACTIVE);
}

/* A state with an index of its own, by id. */
static bool
is_rare_state(const struct cert_node *n)
{
	return is_of(n, CERT_COL_STATE) && (n->number == CERT_REVOKED || n->number == CERT_FOREIGN);
}

static bool
is_held(const struct cert_node *n)
{
	return is_of(n, CERT_COL_STATE) && n->number == CERT_ON_HOLD;
}

static bool
is_narrow_test(const struct cert_node *n, enum cert_narrow how)
{
	bool is_by_id = is_of(n, CERT_COL_REQUESTER) || is_of(n, CERT_COL_TEMPLATE) ||
	    is_rare_state(n) || is_held(n) || cert_field_is_value(n);

	if (how == CERT_NARROW_BY_ID)
		return is_by_id;
	if (how == CERT_NARROW_BY_NOT_AFTER)
		return is_not_after(n);
	if (how == CERT_NARROW_BY_TEMPLATE)
		return is_of(n, CERT_COL_TEMPLATE);
	return is_by_id || is_not_after(n) || is_of(n, CERT_COL_ID) || is_of(n, CERT_COL_SERIAL) ||
	    is_of(n, CERT_COL_THUMBPRINT) || is_of(n, CERT_COL_KEY) || is_subject(n) || is_san(n) ||
	    cert_field_is_range(n);
}

static void
put_test(struct filter_writer *w, const struct cert_node *n)
{
	char v[SQL_VALUE_SIZE];

	gh_buf_putc(w->b, '(');
	if (is_subject(n))
		put_subject(w, n);
	else if (is_san(n))
		put_san(w, n);
	else if (is_of(n, CERT_COL_THUMBPRINT) || is_of(n, CERT_COL_KEY))
		put_digest(w, n);
	else if (is_rare_state(n))
		gh_buf_puts(w->b, n->number == CERT_REVOKED ? "status = 21" : "status = 12");
	else if (is_held(n))
		gh_buf_puts(w->b,
		    "id IN (SELECT h.certificate_id FROM revocation h WHERE h.reason = 6 AND h.removed_at IS NULL)");
	else if (is_of(n, CERT_COL_TEMPLATE))
		gh_buf_putf(w->b, CERT_TEMPLATE_KEY " = lower(%s)", filter_add_text(w, n->text, v));
	else if (n->is_indexed)
		cert_field_put(w, n);
	else
		filter_put_node(w, n);
	gh_buf_putc(w->b, ')');
}

/* ---- all of it ---- */

bool
cert_is_narrow(const struct cert_node *n, enum cert_narrow how)
{
	if (n->kind == CERT_AND)
		return cert_is_narrow(n->left, how) || cert_is_narrow(n->right, how);
	if (n->kind == CERT_OR)
		return how == CERT_NARROW_ANY && cert_is_narrow(n->left, how) &&
		    cert_is_narrow(n->right, how);
	return is_narrow_test(n, how);
}

bool
cert_is_narrow_beside(const struct cert_node *n, enum cert_narrow how)
{
	if (n->kind == CERT_AND)
		return cert_is_narrow_beside(n->left, how) || cert_is_narrow_beside(n->right, how);
	if (n->kind == CERT_OR)
		return cert_is_narrow(n, CERT_NARROW_ANY);
	return is_narrow_test(n, CERT_NARROW_ANY) && !is_narrow_test(n, how);
}

bool
cert_is_narrow_beside_field(const struct cert_node *n, const char *field)
{
	if (n->kind == CERT_AND)
		return cert_is_narrow_beside_field(n->left, field) ||
		    cert_is_narrow_beside_field(n->right, field);
	return cert_is_narrow(n, CERT_NARROW_ANY) &&
	    (n->kind == CERT_OR || !cert_field_is_bound(n, field));
}

enum {
	RANK_ONE,
	RANK_HELD,
	RANK_REQUESTER,
	RANK_VALUE,
	RANK_TEMPLATE,
	RANK_REVOKED,
	RANK_RANGE,
	RANK_TIME,
	RANK_NONE
};

/* How few an index most likely finds; the least is the best. */
static int
rank_of(const struct cert_node *n)
{
	int left, right;

	if (n->kind != CERT_TEST) {
		left = rank_of(n->left);
		right = rank_of(n->right);
		return (n->kind == CERT_AND) == (left < right) ? left : right;
	}
	if (!is_narrow_test(n, CERT_NARROW_ANY))
		return RANK_NONE;
	return is_held(n)                  ? RANK_HELD
	    : is_of(n, CERT_COL_REQUESTER) ? RANK_REQUESTER
	    : cert_field_is_value(n)       ? RANK_VALUE
	    : is_of(n, CERT_COL_TEMPLATE)  ? RANK_TEMPLATE
	    : is_rare_state(n)             ? RANK_REVOKED
	    : cert_field_is_range(n)       ? RANK_RANGE
	    : is_not_after(n)              ? RANK_TIME
					   : RANK_ONE;
}

static bool
bound_one_field(const struct cert_node *a, const struct cert_node *b)
{
	const struct cert_node *left = cert_field_bounded(a), *right = cert_field_bounded(b);

	return left != NULL && right != NULL && strcmp(left->part, right->part) == 0;
}

/* Rows are looked for by one index: of two, one would be looked through for what the other one
 * finds, however long that takes. */
static void
choose(const struct cert_node *n, enum cert_narrow how, bool *left, bool *right)
{
	int of_left = rank_of(n->left), of_right = rank_of(n->right);

	*left = cert_is_narrow(n->left, how);
	*right = cert_is_narrow(n->right, how);
	if (!*left || !*right || how == CERT_NARROW_BY_NOT_AFTER || n->kind == CERT_OR ||
	    (of_left == RANK_TIME && of_right == RANK_TIME) ||
	    (of_left == RANK_RANGE && of_right == RANK_RANGE && bound_one_field(n->left, n->right)))
		return;
	*left = of_left <= of_right;
	*right = !*left;
}

const struct cert_node *
cert_narrow_value(const struct cert_node *n)
{
	bool left, right;

	while (n->kind == CERT_AND && cert_is_narrow(n, CERT_NARROW_BY_ID)) {
		choose(n, CERT_NARROW_BY_ID, &left, &right);
		n = left ? n->left : n->right;
	}
	return n->kind == CERT_TEST && cert_field_is_value(n) ? n : NULL;
}

static void
put_narrow(struct filter_writer *w, const struct cert_node *n, enum cert_narrow how)
{
	bool left, right;

	if (n->kind == CERT_TEST) {
		put_test(w, n);
		return;
	}
	choose(n, how, &left, &right);
	gh_buf_putc(w->b, '(');
	if (left)
		put_narrow(w, n->left, how);
	if (left && right)
		gh_buf_puts(w->b, n->kind == CERT_AND ? " AND " : " OR ");
	if (right)
		put_narrow(w, n->right, how);
	gh_buf_putc(w->b, ')');
}

void
cert_narrow_put(struct gh_buf *b, struct store_params *p, const struct cert_node *n,
    enum cert_narrow how)
{
	struct filter_writer *w = filter_begin(b, p);

	if (w != NULL)
		put_narrow(w, n, how);
	filter_end(w, p);
}
