/* The query language of the inventory, by recursive descent. See query_parse.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "utf8.h"

#include "query_field.h"
#include "query_value.h"

#define FIELD_MAX_BYTES 80
#define NEAR_SIZE 256
#define FOUND_SHOWN 20 /* bytes of what was found instead */
#define BLANKS " \t\r\n"
#define WORD_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

struct parser {
	const struct query_env *env;
	const char *text, *at;
	size_t tests;
	int depth;
	struct gh_error *err;
};

static const struct {
	const char *name;
	enum cert_op op, with_null;
} operators[] = {{"-eq", CERT_EQ, CERT_HAS_NONE}, {"-ne", CERT_NE, CERT_HAS_SOME},
    {"-lt", CERT_LT, CERT_LT}, {"-le", CERT_LE, CERT_LE}, {"-gt", CERT_GT, CERT_GT},
    {"-ge", CERT_GE, CERT_GE}, {"-contains", CERT_CONTAINS, CERT_CONTAINS},
    {"-notcontains", CERT_NOT_CONTAINS, CERT_NOT_CONTAINS},
    {"-startswith", CERT_STARTS_WITH, CERT_STARTS_WITH},
    {"-endswith", CERT_ENDS_WITH, CERT_ENDS_WITH}};
#define OPERATORS (sizeof(operators) / sizeof(operators[0]))

/* ---- what is wrong ---- */

/* At the character where `at` points. */
static int
wrong(const struct parser *p, const char *at, const char *what)
{
	return gh_refuse(p->err, GH_E_BAD_REQUEST, "column %zu: %s",
	    gh_utf8_length(p->text, (size_t)(at - p->text)) + 1, what);
}

static int
expected(const struct parser *p, const char *what)
{
	char message[200];
	size_t n = strcspn(p->at, BLANKS);

	if (*p->at == '\0')
		snprintf(message, sizeof(message), "expected %s, the query ends here", what);
	else
		snprintf(message, sizeof(message), "expected %s, found \"%.*s\"", what,
		    (int)gh_utf8_cut(p->at, n, FOUND_SHOWN), p->at);
	return wrong(p, p->at, message);
}

/* ---- words ---- */

static void
skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, BLANKS);
}

static size_t
word_length(const struct parser *p)
{
	return strspn(p->at, WORD_CHARS);
}

static bool
is_word(const struct parser *p, const char *word)
{
	size_t n = word_length(p);

	return n == strlen(word) && strncasecmp(p->at, word, n) == 0;
}

static bool
take_word(struct parser *p, const char *word)
{
	if (!is_word(p, word))
		return false;
	p->at += strlen(word);
	skip_blanks(p);
	return true;
}

/* ---- a test ---- */

static int
take_field(struct parser *p, struct cert_node *n)
{
	char name[FIELD_MAX_BYTES + 1], near[NEAR_SIZE], message[400];
	const char *begin = p->at;
	struct query_field field;
	size_t len = word_length(p);

	if (len == 0 || len > FIELD_MAX_BYTES || *p->at == '-')
		return expected(p, "the name of a field");
	snprintf(name, sizeof(name), "%.*s", (int)len, p->at);
	if (!query_field_find(p->env, name, &field)) {
		snprintf(message, sizeof(message), "there is no field \"%s\"%s", name,
		    query_field_near(p->env, name, near, sizeof(near)));
		return wrong(p, begin, message);
	}
	n->column = field.column;
	n->type = field.type;
	n->is_indexed = field.is_indexed;
	if (field.part != NULL && (n->part = strdup(field.part)) == NULL)
		return gh_fail(p->err, GH_E_NOMEM, "query");
	p->at += len;
	skip_blanks(p);
	return 0;
}

static int
take_operator(struct parser *p, struct cert_node *n, size_t *which)
{
	const char *begin = p->at;

	for (*which = 0; *which < OPERATORS && !take_word(p, operators[*which].name); (*which)++)
		;
	if (*which == OPERATORS)
		return expected(p,
		    "an operator (-eq, -ne, -lt, -le, -gt, -ge, -contains, -notcontains, -startswith, -endswith)");
	n->op = operators[*which].op;
	return query_value_may(n) ? 0
				  : wrong(p, begin, "this operator is not for this kind of field");
}

/* The text in quotes that begins here, without white space around it; a quote in it is written
 * twice. *out malloc'd. */
static int
take_quoted(struct parser *p, char **out)
{
	const char *begin = p->at, quote = *p->at;
	char *text = malloc(strlen(p->at) + 1), *to = text;

	*out = NULL;
	if (text == NULL)
		return gh_fail(p->err, GH_E_NOMEM, "query");
	for (p->at++; *p->at != '\0' && (*p->at != quote || p->at[1] == quote); p->at++) {
		*to++ = *p->at;
		p->at += *p->at == quote;
	}
	if (*p->at == '\0') {
		free(text);
		return wrong(p, begin, "the quote that begins here has no end");
	}
	p->at++;
	while (to > text && strchr(BLANKS, to[-1]) != NULL)
		to--;
	*to = '\0';
	memmove(text, text + strspn(text, BLANKS), strlen(text + strspn(text, BLANKS)) + 1);
	*out = text;
	return 0;
}

/* A number, true, false or a token: all else stands in quotes. */
static int
take_bare(struct parser *p, char **out)
{
	size_t n = strcspn(p->at, BLANKS "()\"'");
	bool is_bare = *p->at == '%' || is_word(p, "true") || is_word(p, "false") ||
	    (n > 0 && strspn(p->at, "+-0123456789") == n);

	*out = NULL;
	if (!is_bare)
		return expected(p, "a value: text in double quotes, a number, or NULL");
	if ((*out = strndup(p->at, n)) == NULL)
		return gh_fail(p->err, GH_E_NOMEM, "query");
	p->at += n;
	return 0;
}

static int
take_value(struct parser *p, struct cert_node *n, size_t which)
{
	const char *begin = p->at;
	char *text, why[120];
	int rc;

	if (take_word(p, "NULL")) {
		n->op = operators[which].with_null;
		return (n->op == CERT_HAS_NONE || n->op == CERT_HAS_SOME) && query_value_may(n)
		    ? 0
		    : wrong(p, begin, "NULL goes with -eq and -ne, and not with State");
	}
	rc = *p->at == '"' || *p->at == '\'' ? take_quoted(p, &text) : take_bare(p, &text);
	if (rc != 0)
		return rc;
	if (!query_value_take(p->env, text, n, why, sizeof(why)))
		rc = *why != '\0' ? wrong(p, begin, why) : gh_fail(p->err, GH_E_NOMEM, "query");
	free(text);
	skip_blanks(p);
	return rc;
}

static int
take_test(struct parser *p, struct cert_node **out)
{
	struct cert_node *n = calloc(1, sizeof(*n));
	size_t which;
	int rc;

	*out = NULL;
	if (n == NULL)
		return gh_fail(p->err, GH_E_NOMEM, "query");
	if (p->tests++ == CERT_TESTS_MAX)
		rc = wrong(p, p->at, "this is too long a query: it has more than 40 tests");
	else if ((rc = take_field(p, n)) == 0 && (rc = take_operator(p, n, &which)) == 0)
		rc = take_value(p, n, which);
	if (rc == 0)
		*out = n;
	else
		cert_node_free(n);
	return rc;
}

/* ---- what joins them ---- */

static int take_or(struct parser *p, struct cert_node **out);

static int
take_brackets(struct parser *p, struct cert_node **out)
{
	const char *begin = p->at;
	int rc;

	*out = NULL;
	if (*p->at != '(')
		return take_test(p, out);
	if (p->depth == QUERY_MAX_DEPTH)
		return wrong(p, begin, "too many brackets in brackets");
	p->at++;
	p->depth++;
	skip_blanks(p);
	if ((rc = take_or(p, out)) != 0)
		return rc;
	p->depth--;
	if (*p->at == ')') {
		p->at++;
		skip_blanks(p);
		return 0;
	}
	cert_node_free(*out);
	*out = NULL;
	return expected(p, "AND, OR or a closing bracket");
}

/* "next word next word ...", to the left. */
static int
take_joined(struct parser *p, const char *word, enum cert_node_kind kind,
    int (*next)(struct parser *p, struct cert_node **out), struct cert_node **out)
{
	int rc = next(p, out);

	while (rc == 0 && take_word(p, word)) {
		struct cert_node *n = calloc(1, sizeof(*n));

		if (n == NULL) {
			rc = gh_fail(p->err, GH_E_NOMEM, "query");
			break;
		}
		n->kind = kind;
		n->left = *out;
		*out = n;
		rc = next(p, &n->right);
	}
	if (rc != 0) {
		cert_node_free(*out);
		*out = NULL;
	}
	return rc;
}

static int
take_and(struct parser *p, struct cert_node **out)
{
	return take_joined(p, "AND", CERT_AND, take_brackets, out);
}

static int
take_or(struct parser *p, struct cert_node **out)
{
	return take_joined(p, "OR", CERT_OR, take_and, out);
}

int
query_parse(const char *text, const struct query_env *env, struct cert_node **out,
    struct gh_error *err)
{
	struct parser p = {.env = env, .text = text, .at = text, .err = err};
	int rc;

	*out = NULL;
	if (strlen(text) > QUERY_MAX_BYTES)
		return gh_refuse(err, GH_E_BAD_REQUEST, "a query has at most %d bytes",
		    QUERY_MAX_BYTES);
	if (!gh_utf8_is_valid(text, strlen(text)))
		return gh_refuse(err, GH_E_BAD_REQUEST, "a query is UTF-8");
	skip_blanks(&p);
	if ((rc = take_or(&p, out)) != 0)
		return rc;
	if (*p.at == '\0')
		return 0;
	cert_node_free(*out);
	*out = NULL;
	return expected(&p, "AND, OR or the end");
}
