/* Templates are parsed. See markup.h. */
#include <stdlib.h>
#include <string.h>

#include "markup_private.h"
#include "utf8.h"

#define DEPTH_MAX 16 /* of sections in sections */
#define TAG_MAX 512  /* bytes of {{...}} */
#define TEMPLATE_MAX (256 * 1024)

struct open {
	size_t node;
	struct markup_html html;
};

struct parser {
	struct markup *m;
	const char *at, *end;
	struct markup_html html;
	struct open open[DEPTH_MAX];
	size_t depth;
	struct gh_error *err;
};

/* ---- what is wrong, and where ---- */

static int
refuse(const struct parser *p, const char *at, const char *why)
{
	int line = 1;

	for (const char *c = p->m->text; c < at; c++)
		line += *c == '\n';
	return gh_refuse(p->err, GH_E_CONF, "%s, line %d: %s", p->m->name, line, why);
}

/* ---- nodes ---- */

static struct markup_node *
new_node(struct parser *p, enum markup_step step)
{
	struct markup *m = p->m;

	if (m->n == m->cap) {
		size_t cap = m->cap > 0 ? 2 * m->cap : 16;
		struct markup_node *larger = reallocarray(m->node, cap, sizeof(*larger));

		if (larger == NULL)
			return NULL;
		m->node = larger;
		m->cap = cap;
	}
	m->node[m->n] = (struct markup_node){.step = step};
	return &m->node[m->n++];
}

static struct markup_node *
new_named(struct parser *p, enum markup_step step, const char *name)
{
	struct markup_node *node = new_node(p, step);

	if (node == NULL || (node->name = strdup(name)) == NULL) {
		gh_fail(p->err, GH_E_NOMEM, "node of a template");
		return NULL;
	}
	return node;
}

static int
add_literal(struct parser *p, const char *text, size_t len)
{
	struct markup_node *node;
	const char *wrong = NULL;
	size_t used = 0;

	if (len == 0)
		return 0;
	if (p->m->kind == MARKUP_HTML)
		wrong = markup_html_scan(&p->html, text, len, &used);
	if (wrong != NULL)
		return refuse(p, text + used, wrong);
	if ((node = new_node(p, MARKUP_LITERAL)) == NULL)
		return gh_fail(p->err, GH_E_NOMEM, "node of a template");
	node->text = text;
	node->len = len;
	return 0;
}

/* ---- names ---- */

static size_t
name_length(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

/* "a.b", "a.[b]", ".". */
static bool
is_path(const char *s)
{
	if (strcmp(s, ".") == 0)
		return true;
	for (;;) {
		bool is_indirect = *s == '[';
		size_t n;

		s += is_indirect;
		if ((n = name_length(s)) == 0)
			return false;
		s += n;
		if (is_indirect && *s++ != ']')
			return false;
		if (*s == '\0')
			return true;
		if (*s++ != '.')
			return false;
	}
}

static bool
is_words(const char *name)
{
	return strncmp(name, "t.", 2) == 0;
}

/* ---- tags ---- */

static int
add_value(struct parser *p, const char *at, const char *name)
{
	bool is_text = is_words(name);
	enum markup_place place =
	    p->m->kind == MARKUP_HTML ? markup_html_value(&p->html) : MARKUP_IN_PLAIN;
	struct markup_node *node;

	if (!is_path(name) || strcmp(name, "t") == 0)
		return refuse(p, at, "a value is {{name}} or {{name.name}}, in lower case");
	if (place == MARKUP_NOWHERE)
		return refuse(p, at, "no value may stand here: see markup.h");
	if (is_text && (place == MARKUP_IN_URL || place == MARKUP_IN_URL_REST))
		return refuse(p, at, "no text may stand in an URL");
	node = new_named(p, is_text ? MARKUP_WORDS : MARKUP_VALUE, is_text ? name + 2 : name);
	if (node == NULL)
		return GH_E_NOMEM;
	node->place = place;
	return 0;
}

static int
open_section(struct parser *p, const char *at, enum markup_step step, const char *name)
{
	if (!is_path(name) || is_words(name))
		return refuse(p, at, "a section is {{#name}} or {{#name.name}}, in lower case");
	if (p->depth == DEPTH_MAX)
		return refuse(p, at, "too many sections in one another");
	if (!markup_html_is_between(&p->html))
		return refuse(p, at, "no section may begin here: a blank before it?");
	p->open[p->depth++] = (struct open){p->m->n, p->html};
	return new_named(p, step, name) != NULL ? 0 : GH_E_NOMEM;
}

/* Shown or not, once or often: what follows must be read the same way. */
static int
close_section(struct parser *p, const char *at, const char *name)
{
	const struct open *open = p->depth > 0 ? &p->open[p->depth - 1] : NULL;

	if (open == NULL || strcmp(p->m->node[open->node].name, name) != 0)
		return refuse(p, at, "the end of a section that is not open");
	if (!markup_html_is_same(&open->html, &p->html))
		return refuse(p, at,
		    "a section ends where it began: in text, in the same value, or in a tag "
		    "behind a blank");
	p->m->node[open->node].end = p->m->n;
	p->depth--;
	return 0;
}

/* name="value" ... */
static int
read_args(const struct parser *p, const char *at, char *s, gh_json *args)
{
	while (*s != '\0') {
		size_t n = name_length(s);
		char *value = s + n + 2, *end;

		if (n == 0 || strncmp(s + n, "=\"", 2) != 0 || (end = strchr(value, '"')) == NULL)
			return refuse(p, at, "a partial is {{>name a=\"text\" b=\"text\"}}");
		s[n] = *end = '\0';
		if (gh_json_set_string(args, s, value) != 0)
			return gh_fail(p->err, GH_E_NOMEM, "arguments of a partial");
		s = end + 1;
		s += strspn(s, " \n\t");
	}
	return 0;
}

static int
add_partial(struct parser *p, const char *at, char *text)
{
	size_t n = name_length(text);
	char *args = text + n + strspn(text + n, " \n\t");
	struct markup_node *node;

	if (n == 0 || (text[n] != '\0' && args == text + n))
		return refuse(p, at, "a partial is {{>name a=\"text\" b=\"text\"}}");
	if (p->html.at != HTML_TEXT)
		return refuse(p, at, "a partial stands in text");
	text[n] = '\0';
	if ((node = new_named(p, MARKUP_PARTIAL, text)) == NULL)
		return GH_E_NOMEM;
	if ((node->args = gh_json_new_object()) == NULL)
		return gh_fail(p->err, GH_E_NOMEM, "arguments of a partial");
	return read_args(p, at, args, node->args);
}

/* What stands between the braces, which begin at `at`. */
static int
add_tag(struct parser *p, const char *at, char *tag)
{
	char *name = tag + (*tag != '\0');

	name += strspn(name, " ");
	switch (*tag) {
	case '!':
		return 0;
	case '#':
		return open_section(p, at, MARKUP_SECTION, name);
	case '^':
		return open_section(p, at, MARKUP_INVERTED, name);
	case '/':
		return close_section(p, at, name);
	case '>':
		return add_partial(p, at, name);
	case '{':
	case '&':
		return refuse(p, at, "a value is always escaped");
	default:
		return add_value(p, at, tag);
	}
}

/* A tag that shows nothing and stands alone in its line takes the line with it. */
static bool
is_alone(const struct parser *p, const char *open, const char *end)
{
	while (open > p->m->text && (open[-1] == ' ' || open[-1] == '\t'))
		open--;
	end += strspn(end, " \t");
	return (open == p->m->text || open[-1] == '\n') && (*end == '\n' || *end == '\0');
}

static int
read_tag(struct parser *p, const char *open)
{
	const char *text = open + 2 + strspn(open + 2, " "), *close = strstr(text, "}}"),
		   *end = close;
	char tag[TAG_MAX];

	if (close == NULL)
		return refuse(p, open, "{{ without }}");
	while (end > text && end[-1] == ' ')
		end--;
	if ((size_t)(end - text) >= sizeof(tag))
		return refuse(p, open, "too long between {{ and }}");
	memcpy(tag, text, (size_t)(end - text));
	tag[end - text] = '\0';
	p->at = close + 2;
	return add_tag(p, open, tag);
}

/* A literal and the tag behind it. */
static int
read_piece(struct parser *p)
{
	const char *open = strstr(p->at, "{{"), *begin = p->at, *end;
	bool alone;
	int rc;

	if (open == NULL) {
		p->at = p->end;
		return add_literal(p, begin, (size_t)(p->end - begin));
	}
	end = strstr(open, "}}");
	alone = end != NULL && open[2] != '\0' && strchr("!#^/", open[2]) != NULL &&
	    is_alone(p, open, end + 2);
	end = open;
	while (alone && end > begin && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if ((rc = add_literal(p, begin, (size_t)(end - begin))) != 0)
		return rc;
	if ((rc = read_tag(p, open)) != 0 || !alone)
		return rc;
	p->at += strspn(p->at, " \t");
	p->at += *p->at == '\n';
	return 0;
}

static int
read_all(struct parser *p)
{
	int rc = 0;

	while (rc == 0 && p->at < p->end)
		rc = read_piece(p);
	if (rc == 0 && p->depth > 0)
		rc = refuse(p, p->end, "a section is not ended");
	if (rc == 0 && p->html.at != HTML_TEXT)
		rc = refuse(p, p->end, "it ends inside a tag or an element");
	return rc;
}

int
markup_parse(const char *name, const char *text, size_t len, enum markup_kind kind,
    struct markup **out, struct gh_error *err)
{
	struct parser p = {.err = err};
	int rc;

	*out = NULL;
	if (len > TEMPLATE_MAX || memchr(text, '\0', len) != NULL || !gh_utf8_is_valid(text, len))
		return gh_refuse(err, GH_E_CONF, "%s: no text in UTF-8, or more than %d bytes",
		    name, TEMPLATE_MAX);
	if ((p.m = calloc(1, sizeof(*p.m))) == NULL || (p.m->name = strdup(name)) == NULL ||
	    (p.m->text = strndup(text, len)) == NULL) {
		markup_free(p.m);
		return gh_fail(err, GH_E_NOMEM, "template");
	}
	p.m->kind = kind;
	p.at = p.m->text;
	p.end = p.m->text + len;
	if ((rc = read_all(&p)) == 0)
		*out = p.m;
	else
		markup_free(p.m);
	return rc;
}

void
markup_free(struct markup *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n; i++) {
		free(m->node[i].name);
		gh_json_free(m->node[i].args);
	}
	free(m->node);
	free(m->text);
	free(m->name);
	free(m);
}

const char *
markup_find_name(const struct markup *m,
    bool (*is_known)(const void *arg, const char *name, bool is_text), const void *arg)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct markup_node *node = &m->node[i];

		/* there are no partials where names are looked at */
		if (node->step != MARKUP_LITERAL &&
		    (node->step == MARKUP_PARTIAL ||
			!is_known(arg, node->name, node->step == MARKUP_WORDS)))
			return node->name;
	}
	return NULL;
}
