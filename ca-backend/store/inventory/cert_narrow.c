/* Conditions that indexes serve. See cert_narrow.h; each form of SQL here is that of an index in
 * migrations/. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/cert_columns.h"
#include "store/store_private.h"

#include "cert_field.h"
#include "cert_narrow.h"
#include "filter_writer.h"

/* Bytes that are looked for in an index of the first 200 characters of a subject, or of 60 of a
 * common name. */
#define SUBJECT_MAX 150
#define CN_MAX 60
/* Of ASCII, what a value in an encoded name has as it is (RFC 4514, 2.4); but blanks at its ends.
 */
#define PLAIN_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-@*/:_ '()&"
#define SUBJECT_INDEX "lower(left(subject, 200)) COLLATE \"C\""
/* Those whose common name does not begin the subject, or that have several; dn_further_cn of those
 * that have too many is ''. What the function has is asked once, and not for each row. */
#define IN_MILLIONS "id >> 20 = ANY ((SELECT certificate_millions())::bigint[]) AND "
#define INNER_INDEX "dn_inner_cn(subject) COLLATE \"C\""
#define FURTHER_INDEX "dn_further_cn(subject) COLLATE \"C\""
/* Of a certificate's alternative names, as formats/san_names.h writes them. */
static const char *const kinds[] = {"dns:", "ip:", "email:", "upn:", "uri:", "guid:", "dn:", "rid:",
    "other:"};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- beginnings of the subject ---- */

static bool
is_cn(const struct cert_node *n)
{
	return n->column == CERT_COL_SUBJECT_PART && strcmp(n->part, "CN") == 0;
}

/* Bytes of the first character, where the subject has it as it is and every locale's lower() makes
 * the same of it, whatever is beside it: ASCII, and letters of Latin-1 and Latin Extended-A but the
 * dotted I. 0: it is another one. */
static size_t
plain_bytes(const char *p, bool is_value)
{
	unsigned char c = (unsigned char)*p;

	if (c >= 0xc3 && c <= 0xc5)
		return memcmp(p, "\xc4\xb0", 2) != 0 && p[1] != '\0' ? 2 : 0;
	return c >= ' ' && c <= '~' && (!is_value || strchr(PLAIN_CHARS, c) != NULL) ? 1 : 0;
}

/* How many bytes of the text an index knows; 0: none. */
static size_t
prefix_length(const struct cert_node *n)
{
	const char *p = n->text;
	size_t max = is_cn(n) ? CN_MAX : SUBJECT_MAX, len = 0, more;

	while (*p != ' ' && (more = plain_bytes(p + len, is_cn(n))) > 0 && len + more <= max)
		len += more;
	/* with what is behind it, it may be another letter: in Turkish, I and a dot above are i */
	if (len > 0 && (unsigned char)p[len] >= 0x80)
		do
			len--;
		while (len > 0 && ((unsigned char)p[len] & 0xc0) == 0x80);
	while (len > 0 && p[len - 1] == ' ')
		len--;
	return len;
}

static bool
is_subject(const struct cert_node *n)
{
	return (n->op == CERT_EQ || n->op == CERT_STARTS_WITH) &&
	    (n->column == CERT_COL_SUBJECT || is_cn(n)) && prefix_length(n) > 0;
}

/* What is compared with an index of names. */
struct beginning {
	bool is_whole; /* what -eq asks for, and not only how that begins */
	char value[SQL_VALUE_SIZE];
};

static void
add_beginning(struct filter_writer *w, const struct cert_node *n, struct beginning *out)
{
	char text[SUBJECT_MAX + 4];

	snprintf(text, sizeof(text), "%s%.*s", is_cn(n) ? "CN=" : "", (int)prefix_length(n),
	    n->text);
	out->is_whole = n->op == CERT_EQ && n->text[prefix_length(n)] == '\0';
	filter_add_owned(w, out->is_whole ? strdup(text) : filter_pattern(text, false, true),
	    out->value);
}

/* A common name ends before ", " or " + ", or where all ends: what goes on with "-" or any
 * character behind it is another one. */
static void
put_begins(struct filter_writer *w, const struct beginning *begin, bool is_cn, const char *sql)
{
	const char *v = begin->value;

	if (!begin->is_whole)
		gh_buf_putf(w->b, "%s LIKE lower(%s)", sql, v);
	else if (!is_cn)
		gh_buf_putf(w->b, "%s = lower(%s)", sql, v);
	else
		gh_buf_putf(w->b, "%s >= lower(%s) AND %s < lower(%s) || '-'", sql, v, sql, v);
}

static void
put_subject(struct filter_writer *w, const struct cert_node *n)
{
	struct beginning begin;

	add_beginning(w, n, &begin);
	put_begins(w, &begin, is_cn(n), SUBJECT_INDEX);
	if (!is_cn(n))
		return;
	gh_buf_puts(w->b, " OR " IN_MILLIONS);
	put_begins(w, &begin, true, INNER_INDEX);
	gh_buf_puts(w->b, " OR " IN_MILLIONS);
	put_begins(w, &begin, true, FURTHER_INDEX);
	gh_buf_puts(w->b, " OR " IN_MILLIONS FURTHER_INDEX " = ''");
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

/* before, then ANY of the marks of the names, which are asked for once and not for each row. */
static void
put_san_marks(struct filter_writer *w, const struct cert_node *n, const char *value,
    const char *before)
{
	gh_buf_putf(w->b, "%s = ANY ((SELECT certificate_marks(", before);
	put_sans(w, n, value);
	gh_buf_puts(w->b, "))::bigint[]) OR ");
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
	    "certificate_mark(id, encode(%s, 'hex')) = ANY ((SELECT certificate_marks(lower(%s)))::bigint[])",
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

bool
cert_is_narrow_by_one(const struct cert_node *n)
{
	return rank_of(n) == RANK_ONE;
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
