/*
 * Templates: TEMPLATE, NUL, VALUE. Whatever template is taken, a value changes nothing of its
 * document but texts: gumbo, which is an HTML parser of others (WHATWG), finds the same elements
 * and attributes with VALUE as with a harmless one.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <gumbo.h>

#include "markup.h"

#define DEPTH_MAX 200
#define OUT_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct markup *
find(const void *arg, const char *name)
{
	(void)name;
	return arg;
}

/* The document also depends on whether there is any text, and on <input type="hidden"> in a table:
 * so x begins with text, and u is text and not that. */
static const char *
whole(const char *value)
{
	return value[strspn(value, " \t\r\n")] == '\0' || strcasecmp(value, "hidden") == 0 ? "x1"
											   : value;
}

static gh_json *
data_of(const char *value)
{
	gh_json *o = gh_json_new_object(), *list = gh_json_new_array(), *in = gh_json_new_object();
	char *text = NULL;
	int rc = -1;

	if (o != NULL && list != NULL && in != NULL && asprintf(&text, "x1%s", value) > 0)
		rc = gh_json_set_string(o, "x", text) | gh_json_set_string(in, "x", text) |
		    gh_json_set_string(o, "u", whole(value)) |
		    gh_json_set_string(in, "u", whole(value)) |
		    gh_json_append(list, gh_json_new_string(text)) |
		    gh_json_append(list, gh_json_ref(in)) | gh_json_set(o, "l", gh_json_ref(list)) |
		    gh_json_set(o, "o", gh_json_ref(in));
	gh_json_free(list);
	gh_json_free(in);
	free(text);
	if (rc == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* False: it cannot be rendered, whatever the value. */
static bool
render(const struct markup *m, const struct markup *partial, const char *value, struct gh_buf *out)
{
	const struct markup_find partials = {find, partial};
	gh_json *data = data_of(value);
	struct gh_error err;
	bool ok;

	gh_buf_init(out, OUT_MAX);
	ok = data != NULL && markup_render(m, &partials, data, words_find("en"), out, &err) == 0;
	gh_json_free(data);
	return ok && out->data != NULL;
}

/* ---- documents ---- */

static bool
is_good_url(const char *s)
{
	return (s[0] == '/' && s[1] != '/' && s[1] != '\\') || *s == '#' || *s == '?' ||
	    *s == '\0' || strncmp(s, "https://", 8) == 0 || strncmp(s, "mailto:", 7) == 0 ||
	    strcmp(s, "about:invalid") == 0;
}

static void
check_attribute(const GumboAttribute *a)
{
	static const char *const urls[] = {"href", "src", "action", "formaction"};

	if (strncmp(a->name, "on", 2) == 0)
		abort();
	for (size_t i = 0; i < 4; i++)
		if (strcmp(a->name, urls[i]) == 0 && !is_good_url(a->value))
			abort();
}

static void
compare_attributes(const GumboVector *a, const GumboVector *b)
{
	if (a->length != b->length)
		abort();
	for (unsigned i = 0; i < a->length; i++) {
		const GumboAttribute *one = a->data[i], *two = b->data[i];

		if (strcmp(one->name, two->name) != 0)
			abort();
		check_attribute(one);
		check_attribute(two);
	}
}

static const GumboNode *
next_element(const GumboVector *v, unsigned *i)
{
	while (*i < v->length) {
		const GumboNode *node = v->data[(*i)++];

		if (node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE)
			return node;
		if (node->type == GUMBO_NODE_COMMENT)
			abort(); /* no template has one */
	}
	return NULL;
}

static void
compare(const GumboNode *a, const GumboNode *b, int depth)
{
	const GumboVector *in_a = &a->v.element.children, *in_b = &b->v.element.children;
	unsigned i = 0, k = 0;

	if (depth > DEPTH_MAX)
		return;
	if (a->v.element.tag != b->v.element.tag || a->v.element.tag == GUMBO_TAG_SCRIPT)
		abort();
	compare_attributes(&a->v.element.attributes, &b->v.element.attributes);
	for (;;) {
		const GumboNode *one = next_element(in_a, &i), *two = next_element(in_b, &k);

		if ((one == NULL) != (two == NULL))
			abort();
		if (one == NULL)
			return;
		compare(one, two, depth + 1);
	}
}

static void
compare_html(const struct gh_buf *a, const struct gh_buf *b)
{
	GumboOptions options = kGumboDefaultOptions;
	GumboOutput *one, *two;

	one = gumbo_parse_with_options(&options, (const char *)a->data, a->len);
	two = gumbo_parse_with_options(&options, (const char *)b->data, b->len);
	compare(one->root, two->root, 0);
	gumbo_destroy_output(&options, one);
	gumbo_destroy_output(&options, two);
}

/* A value is in one line. */
static void
compare_text(const struct gh_buf *a, const struct gh_buf *b)
{
	size_t lines = 0;

	for (size_t i = 0; i < a->len; i++)
		lines += a->data[i] == '\n';
	for (size_t i = 0; i < b->len; i++)
		lines -= b->data[i] == '\n';
	if (lines != 0)
		abort();
}

static void
check(enum markup_kind kind, const char *text, const char *value)
{
	static const char inner[] = "<p title=\"{{a}}\">{{x}}</p>", plain[] = "{{a}}{{x}}";
	const char *with = kind == MARKUP_HTML ? inner : plain;
	struct markup *m, *partial;
	struct gh_buf a, b;
	struct gh_error err;
	bool rendered;

	if (markup_parse("partial", with, strlen(with), kind, &partial, &err) != 0)
		abort();
	if (markup_parse("x", text, strlen(text), kind, &m, &err) != 0) {
		if (m != NULL || *err.message == '\0')
			abort();
		markup_free(partial);
		return;
	}
	rendered = render(m, partial, "", &a);
	if (render(m, partial, value, &b) && rendered) {
		if (kind == MARKUP_HTML)
			compare_html(&a, &b);
		else
			compare_text(&a, &b);
	}
	gh_buf_free(&a);
	gh_buf_free(&b);
	markup_free(m);
	markup_free(partial);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 2);
	const char *value;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = text[size + 1] = '\0';
	value = text + strlen(text) + 1;
	check(MARKUP_HTML, text, value);
	check(MARKUP_TEXT, text, value);
	free(text);
	return 0;
}
