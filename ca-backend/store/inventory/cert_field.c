/* Indexes of metadata fields. See cert_field.h. */
#include <stdio.h>
#include <string.h>

#include "store/store_private.h"

#include "cert_field.h"
#include "filter_writer.h"

/* Bytes of a value that are compared with what the index has of it: whatever lower() of a locale
 * makes of so many characters, it is less than the 200 that are in there. */
#define VALUE_MAX 96
#define NO_VALUE "-1e20"
#define NO_NUMBER "-2e19" /* another value */

/* What whole numbers of 64 bits are compared with: limited, so that it is small however long the
 * number is; one with a fraction is between its neighbours. */
#define LIMITED "least(greatest((metadata->>%1$s)::numeric, -1e19), 1e19)"
#define NUMBER \
	"coalesce(CASE WHEN jsonb_typeof(metadata->%1$s) = 'number' THEN " \
	"(floor(" LIMITED ") + ceil(" LIMITED \
	")) * 0.5 WHEN metadata->>%1$s <> '' THEN " NO_NUMBER " END, " NO_VALUE ")"

void
cert_field_put_expr(struct gh_buf *b, bool is_number, const char *name)
{
	if (is_number)
		gh_buf_putf(b, "(" NUMBER ")", name);
	else
		gh_buf_putf(b, "(coalesce(lower(left(metadata->>%s, 200)), '') COLLATE \"C\")",
		    name);
}

/* ---- tests ---- */

static bool
is_limit(enum cert_op op)
{
	return op == CERT_LT || op == CERT_LE || op == CERT_GT || op == CERT_GE;
}

static bool
is_whole(const struct cert_node *n)
{
	return n->text == NULL || strlen(n->text) <= VALUE_MAX;
}

/* Bytes of its text that a beginning is compared by: all, or those before the first one that a
 * locale might make something else of, depending on what follows. */
static size_t
prefix_length(const struct cert_node *n)
{
	size_t len = 0;

	if (is_whole(n))
		return strlen(n->text);
	while (len < VALUE_MAX && n->text[len] >= ' ' && n->text[len] <= '~')
		len++;
	return len;
}

bool
cert_field_is_value(const struct cert_node *n)
{
	return n->is_indexed && ((n->op == CERT_EQ && is_whole(n)) || n->op == CERT_HAS_NONE);
}

bool
cert_field_is_range(const struct cert_node *n)
{
	if (!n->is_indexed)
		return false;
	if (n->op == CERT_STARTS_WITH || (n->op == CERT_EQ && !is_whole(n)))
		return prefix_length(n) > 0;
	return is_limit(n->op) || n->op == CERT_HAS_SOME;
}

static const char *
sign_of(enum cert_op op)
{
	static const char *const signs[] = {[CERT_EQ] = "=",
	    [CERT_LT] = "<",
	    [CERT_LE] = "<=",
	    [CERT_GT] = ">",
	    [CERT_GE] = ">=",
	    [CERT_HAS_NONE] = "=",
	    [CERT_HAS_SOME] = ">"};

	return signs[op];
}

static void
put_prefix(struct filter_writer *w, const struct cert_node *n)
{
	char v[SQL_VALUE_SIZE], text[VALUE_MAX + 1];

	snprintf(text, sizeof(text), "%.*s", (int)prefix_length(n), n->text);
	gh_buf_putf(w->b, " LIKE lower(%s)",
	    filter_add_owned(w, filter_pattern(text, false, true), v));
}

/* What is compared with, and what stands for none. */
static void
put_value(struct filter_writer *w, const struct cert_node *n)
{
	char v[SQL_VALUE_SIZE];

	if (n->op == CERT_HAS_NONE || n->op == CERT_HAS_SOME)
		gh_buf_puts(w->b, n->type == CERT_NUMBER ? NO_VALUE : "''");
	else if (n->type == CERT_NUMBER)
		gh_buf_putf(w->b, "%s::numeric", filter_add_number(w, n->number, v));
	else if (n->type == CERT_BOOL)
		gh_buf_puts(w->b, n->number != 0 ? "'true'" : "'false'");
	else
		gh_buf_putf(w->b, "lower(%s)", filter_add_text(w, n->text, v));
}

void
cert_field_put(struct filter_writer *w, const struct cert_node *n)
{
	bool is_number = n->type == CERT_NUMBER;
	char name[SQL_VALUE_SIZE];

	filter_add_text(w, n->part, name);
	cert_field_put_expr(w->b, is_number, name);
	if (n->op == CERT_STARTS_WITH || !is_whole(n)) {
		put_prefix(w, n);
		return;
	}
	gh_buf_putf(w->b, " %s ", sign_of(n->op));
	put_value(w, n);
	if (n->op != CERT_LT && n->op != CERT_LE)
		return;
	gh_buf_puts(w->b, " AND ");
	cert_field_put_expr(w->b, is_number, name);
	gh_buf_putf(w->b, " > %s", is_number ? NO_NUMBER : "''");
}

void
cert_field_put_value(struct gh_buf *b, struct store_params *p, const struct cert_node *n)
{
	struct filter_writer *w = filter_begin(b, p);

	if (w != NULL)
		put_value(w, n);
	filter_end(w, p);
}

/* ---- along its order ---- */

bool
cert_field_is_bound(const struct cert_node *n, const char *field)
{
	return cert_field_is_range(n) && strcmp(n->part, field) == 0;
}

bool
cert_field_bounds(const struct cert_node *n, const char *field)
{
	if (n->kind == CERT_TEST)
		return cert_field_is_bound(n, field);
	return n->kind == CERT_AND &&
	    (cert_field_bounds(n->left, field) || cert_field_bounds(n->right, field));
}

static void
put_bounds(struct filter_writer *w, const struct cert_node *n, const char *field)
{
	if (n->kind == CERT_AND) {
		put_bounds(w, n->left, field);
		put_bounds(w, n->right, field);
	} else if (n->kind == CERT_TEST && cert_field_is_bound(n, field)) {
		gh_buf_puts(w->b, " AND (");
		cert_field_put(w, n);
		gh_buf_putc(w->b, ')');
	}
}

void
cert_field_put_bounds(struct gh_buf *b, struct store_params *p, const struct cert_node *n,
    const char *field)
{
	struct filter_writer *w = filter_begin(b, p);

	if (w != NULL)
		put_bounds(w, n, field);
	filter_end(w, p);
}

bool
cert_field_has_value(const struct cert_node *n, const char *field)
{
	if (n->kind == CERT_TEST)
		return cert_field_is_value(n) && strcmp(n->part, field) == 0;
	return n->kind == CERT_AND &&
	    (cert_field_has_value(n->left, field) || cert_field_has_value(n->right, field));
}

const struct cert_node *
cert_field_bounded(const struct cert_node *n)
{
	const struct cert_node *found;

	if (n->kind == CERT_OR)
		return NULL;
	if (n->kind == CERT_TEST)
		return cert_field_is_range(n) ? n : NULL;
	found = cert_field_bounded(n->left);
	return found != NULL ? found : cert_field_bounded(n->right);
}
