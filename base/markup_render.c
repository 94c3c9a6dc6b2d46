/* Templates are filled. See markup.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "markup_private.h"

#define PARTIALS_MAX 8 /* in one another */
#define NAME_SIZE 128

/* Where names are looked up: the innermost first. */
struct scope {
	const gh_json *value;
	const struct scope *outer;
};

struct renderer {
	const struct markup_find *partials;
	const struct words *words;
	struct gh_buf *out;
	struct gh_error *err;
	int depth;
};

/* ---- values ---- */

static const gh_json *
find_name(const struct scope *s, const char *name)
{
	for (; s != NULL; s = s->outer) {
		const gh_json *v = gh_json_get(s->value, name);

		if (v != NULL)
			return v;
	}
	return NULL;
}

/* The next name of a path; "[a]" is what the value of a says. "": there is none. */
static const char *
next_name(const struct scope *s, const char *path, char out[NAME_SIZE])
{
	size_t n = strcspn(path, ".");

	snprintf(out, NAME_SIZE, "%.*s", (int)n, path);
	if (*out == '[') {
		const char *name;

		out[strcspn(out, "]")] = '\0';
		name = gh_json_string(find_name(s, out + 1));
		snprintf(out, NAME_SIZE, "%s", name != NULL ? name : "");
	}
	return path[n] == '.' ? path + n + 1 : NULL;
}

static const gh_json *
find_path(const struct scope *s, const char *path)
{
	const gh_json *v;
	char name[NAME_SIZE];

	if (strcmp(path, ".") == 0)
		return s->value;
	path = next_name(s, path, name);
	v = find_name(s, name);
	while (v != NULL && path != NULL) {
		path = next_name(s, path, name);
		v = gh_json_get(v, name);
	}
	return v;
}

static bool
is_something(const gh_json *v)
{
	int64_t n;

	switch (gh_json_type(v)) {
	case GH_JSON_NULL:
		return false;
	case GH_JSON_BOOL:
		return gh_json_bool(v, false);
	case GH_JSON_INT:
		return gh_json_int(v, &n) && n != 0;
	case GH_JSON_STRING:
		return gh_json_string_length(v) > 0;
	case GH_JSON_ARRAY:
	case GH_JSON_OBJECT:
		return gh_json_size(v) > 0;
	default:
		return true;
	}
}

static void
put(const struct renderer *r, enum markup_place place, const char *s)
{
	markup_put(r->out, place, s, strlen(s));
}

static int
put_value(struct renderer *r, enum markup_place place, const gh_json *v, const char *name)
{
	char number[24];
	int64_t n = 0;

	switch (gh_json_type(v)) {
	case GH_JSON_NULL:
		return 0;
	case GH_JSON_BOOL:
		put(r, place, gh_json_bool(v, false) ? "true" : "false");
		return 0;
	case GH_JSON_INT:
		(void)gh_json_int(v, &n);
		snprintf(number, sizeof(number), "%" PRId64, n);
		put(r, place, number);
		return 0;
	case GH_JSON_STRING:
		put(r, place, gh_json_string(v));
		return 0;
	default:
		return gh_fail(r->err, GH_E_INTERNAL, "%.100s is not a text", name);
	}
}

/* ---- texts ---- */

static int
put_placeholder(struct renderer *r, enum markup_place place, const struct scope *s,
    const char *text, size_t len)
{
	char path[NAME_SIZE];

	snprintf(path, sizeof(path), "%.*s", (int)len, text);
	return put_value(r, place, find_path(s, path), path);
}

/* "Hello {name}" */
static int
put_text(struct renderer *r, enum markup_place place, const struct scope *s, const char *text)
{
	int rc = 0;

	while (rc == 0 && *text != '\0') {
		size_t n = strcspn(text, "{");

		markup_put(r->out, place, text, n);
		text += n;
		if (*text == '\0')
			break;
		n = strcspn(++text, "}");
		rc = put_placeholder(r, place, s, text, n);
		text += n + (text[n] == '}');
	}
	return rc;
}

static int
put_words(struct renderer *r, enum markup_place place, const struct scope *s, const char *path)
{
	char key[2 * NAME_SIZE] = "", name[NAME_SIZE];
	const char *text;
	size_t len = 0;

	while (path != NULL && len < sizeof(key)) {
		path = next_name(s, path, name);
		len += (size_t)snprintf(key + len, sizeof(key) - len, "%s%s", len > 0 ? "." : "",
		    name);
	}
	text = words_get(r->words, key);
	if (text != NULL)
		return put_text(r, place, s, text);
	put(r, place, key); /* seen by whoever forgot it; a test looks, too */
	return 0;
}

/* ---- nodes ---- */

static int render(struct renderer *r, const struct markup *m, size_t from, size_t to,
    const struct scope *s);

static int
render_section(struct renderer *r, const struct markup *m, size_t i, const struct scope *s)
{
	const struct markup_node *node = &m->node[i];
	const gh_json *v = find_path(s, node->name);
	bool is_list = gh_json_type(v) == GH_JSON_ARRAY;
	size_t n = is_list ? gh_json_size(v) : is_something(v);
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < n; k++) {
		const struct scope inner = {is_list ? gh_json_at(v, k) : v, s};

		rc = render(r, m, i + 1, node->end, &inner);
	}
	return rc;
}

static int
render_partial(struct renderer *r, const struct markup *m, const struct markup_node *node,
    const struct scope *s)
{
	const struct scope inner = {node->args, s};
	const struct markup *partial =
	    r->partials != NULL ? r->partials->find(r->partials->arg, node->name) : NULL;
	int rc;

	if (partial == NULL || partial->kind != m->kind)
		return gh_fail(r->err, GH_E_INTERNAL, "%s: there is no %s for it", m->name,
		    node->name);
	if (r->depth == PARTIALS_MAX)
		return gh_fail(r->err, GH_E_INTERNAL, "%s: partials in one another", m->name);
	r->depth++;
	rc = render(r, partial, 0, partial->n, &inner);
	r->depth--;
	return rc;
}

static int
render_node(struct renderer *r, const struct markup *m, size_t i, const struct scope *s)
{
	const struct markup_node *node = &m->node[i];

	switch (node->step) {
	case MARKUP_LITERAL:
		gh_buf_put(r->out, node->text, node->len);
		return 0;
	case MARKUP_VALUE:
		return put_value(r, node->place, find_path(s, node->name), node->name);
	case MARKUP_WORDS:
		return put_words(r, node->place, s, node->name);
	case MARKUP_SECTION:
		return render_section(r, m, i, s);
	case MARKUP_INVERTED:
		return is_something(find_path(s, node->name)) ? 0
							      : render(r, m, i + 1, node->end, s);
	case MARKUP_PARTIAL:
		return render_partial(r, m, node, s);
	}
	return gh_fail(r->err, GH_E_INTERNAL, "step %d of a template", (int)node->step);
}

static int
render(struct renderer *r, const struct markup *m, size_t from, size_t to, const struct scope *s)
{
	int rc = 0;

	while (rc == 0 && from < to) {
		const struct markup_node *node = &m->node[from];
		bool is_section = node->step == MARKUP_SECTION || node->step == MARKUP_INVERTED;

		rc = render_node(r, m, from, s);
		from = is_section ? node->end : from + 1;
	}
	return rc;
}

int
markup_render(const struct markup *m, const struct markup_find *partials, const gh_json *data,
    const struct words *words, struct gh_buf *out, struct gh_error *err)
{
	struct renderer r = {.partials = partials, .words = words, .out = out, .err = err};
	const struct scope root = {data, NULL};
	int rc = render(&r, m, 0, m->n, &root);

	return rc != 0 ? rc : gh_buf_check(out, err);
}
