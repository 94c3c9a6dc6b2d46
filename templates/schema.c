/* The engine that reads JSON objects by table; see schema.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "schema.h"

static size_t
print_path(const struct schema_at *at, char *out, size_t size)
{
	size_t used;
	int n;

	if (at == NULL)
		return 0;
	used = print_path(at->up, out, size);
	if (used >= size)
		return size;
	if (at->name == NULL)
		n = snprintf(out + used, size - used, "[%zu]", at->index);
	else
		n = snprintf(out + used, size - used, "%s%.64s", used > 0 ? "." : "", at->name);
	return n < 0 ? used : used + (size_t)n;
}

int
schema_fail(const struct schema_at *at, struct gh_error *err, const char *fmt, ...)
{
	char path[128] = "", text[160];
	va_list ap;

	print_path(at, path, sizeof(path));
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return gh_refuse(err, GH_E_TEMPLATE_INVALID, "%s%s%s", path, path[0] != '\0' ? ": " : "",
	    text);
}

static const struct schema_member *
find_member(const struct schema_member *table, const char *name)
{
	for (; table->name != NULL; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

static const char *
type_name(enum gh_json_type type)
{
	static const char *const name[] = {
	    [GH_JSON_NULL] = "null",
	    [GH_JSON_BOOL] = "true or false",
	    [GH_JSON_INT] = "an integer",
	    [GH_JSON_REAL] = "a number",
	    [GH_JSON_STRING] = "a string",
	    [GH_JSON_ARRAY] = "an array",
	    [GH_JSON_OBJECT] = "an object",
	};

	return name[type];
}

static int
load_member(const struct schema_member *m, const gh_json *v, const struct schema_at *up, void *out,
    struct gh_error *err)
{
	struct schema_at at = {up, m->name, 0};

	if (v == NULL) {
		if (m->required)
			return schema_fail(&at, err, "is missing");
		return 0;
	}
	if (gh_json_type(v) != m->type)
		return schema_fail(&at, err, "must be %s, not %s", type_name(m->type),
		    type_name(gh_json_type(v)));
	if (m->type == GH_JSON_ARRAY &&
	    (gh_json_size(v) > (size_t)m->max || gh_json_size(v) < (size_t)m->min))
		return schema_fail(&at, err, "must have %lld to %lld elements", (long long)m->min,
		    (long long)m->max);
	return m->load(m, v, &at, (char *)out + m->offset, err);
}

int
schema_load(const struct schema_member *table, const gh_json *obj, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	const struct schema_member *m;
	void *it;
	int rc;

	if (gh_json_type(obj) != GH_JSON_OBJECT)
		return schema_fail(at, err, "must be an object");
	for (it = gh_json_iter(obj); it != NULL; it = gh_json_next(obj, it)) {
		struct schema_at here = {at, gh_json_iter_name(it), 0};

		if (find_member(table, here.name) == NULL)
			return schema_fail(&here, err, "unknown member");
	}
	for (m = table; m->name != NULL; m++) {
		if ((rc = load_member(m, gh_json_get(obj, m->name), at, out, err)) != 0)
			return rc;
	}
	return 0;
}

static int
check_length(const char *s, const struct schema_member *m, const struct schema_at *at,
    struct gh_error *err)
{
	size_t n = strlen(s);

	if (n < (size_t)m->min || n > (size_t)m->max)
		return schema_fail(at, err, "must have %lld to %lld characters", (long long)m->min,
		    (long long)m->max);
	if (!tmpl_text_is_utf8(s, n, NULL))
		return schema_fail(at, err, "must not hold control characters");
	return 0;
}

int
schema_string(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	const struct schema_check *check = m->arg;
	const char *s = gh_json_string(v);
	int rc;

	if ((rc = check_length(s, m, at, err)) != 0)
		return rc;
	if (check != NULL && (s = check->accept(s)) == NULL)
		return schema_fail(at, err, "%s", check->why);
	if ((*(char **)out = strdup(s)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "template text");
	return 0;
}

int
schema_int(const struct schema_member *m, const gh_json *v, const struct schema_at *at, void *out,
    struct gh_error *err)
{
	int64_t i;

	if (!gh_json_int(v, &i) || i < m->min || i > m->max)
		return schema_fail(at, err, "must be between %lld and %lld", (long long)m->min,
		    (long long)m->max);
	*(int *)out = (int)i;
	return 0;
}

int
schema_bool(const struct schema_member *m, const gh_json *v, const struct schema_at *at, void *out,
    struct gh_error *err)
{
	(void)m;
	(void)at;
	(void)err;
	*(bool *)out = gh_json_bool(v, false);
	return 0;
}

int
schema_text_at(const gh_json *array, size_t i, const struct schema_at *at, const char **out,
    struct gh_error *err)
{
	*out = gh_json_string(gh_json_at(array, i));
	if (*out == NULL)
		return schema_fail(at, err, "must be a string");
	if ((*out)[0] == '\0' || strlen(*out) > TMPL_TEXT_MAX)
		return schema_fail(at, err, "must have 1 to %d characters", TMPL_TEXT_MAX);
	if (!tmpl_text_is_utf8(*out, strlen(*out), NULL))
		return schema_fail(at, err, "must not hold control characters");
	return 0;
}

static int
append_text(struct tmpl_list *l, const char *text, const struct schema_at *at, struct gh_error *err)
{
	if (tmpl_list_has(l, text))
		return schema_fail(at, err, "is there twice");
	if ((l->v[l->n] = strdup(text)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "template list");
	l->n++;
	return 0;
}

int
schema_list(const struct schema_member *m, const gh_json *v, const struct schema_at *at, void *out,
    struct gh_error *err)
{
	const struct schema_check *check = m->arg;
	struct tmpl_list *l = out;
	const char *text;
	size_t i;
	int rc;

	if ((l->v = calloc(gh_json_size(v) + 1, sizeof(*l->v))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "template list");
	for (i = 0; i < gh_json_size(v); i++) {
		struct schema_at here = {at, NULL, i};

		if ((rc = schema_text_at(v, i, &here, &text, err)) != 0)
			return rc;
		if (check != NULL && (text = check->accept(text)) == NULL)
			return schema_fail(&here, err, "%s", check->why);
		if ((rc = append_text(l, text, &here, err)) != 0)
			return rc;
	}
	return 0;
}

static int
load_flag(const struct tmpl_flag *table, const char *name, const struct schema_at *at,
    uint32_t *bits, struct gh_error *err)
{
	for (; table->name != NULL; table++) {
		if (strcmp(table->name, name) != 0)
			continue;
		if (table->why != NULL)
			return schema_fail(at, err, "%.48s is not supported: %s", name, table->why);
		if (table->bit != 0 && (*bits & table->bit) == table->bit)
			return schema_fail(at, err, "is there twice");
		*bits |= table->bit;
		return 0;
	}
	return schema_fail(at, err, "unknown name \"%.48s\"", name);
}

int
schema_flags(const struct schema_member *m, const gh_json *v, const struct schema_at *at, void *out,
    struct gh_error *err)
{
	const char *name;
	size_t i;
	int rc;

	for (i = 0; i < gh_json_size(v); i++) {
		struct schema_at here = {at, NULL, i};

		if ((rc = schema_text_at(v, i, &here, &name, err)) != 0)
			return rc;
		if ((rc = load_flag(m->arg, name, &here, out, err)) != 0)
			return rc;
	}
	return 0;
}

int
schema_choice(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	const struct schema_choice *c;
	char known[96] = "";
	size_t used = 0;
	int n;

	for (c = m->arg; c->name != NULL; c++) {
		if (strcmp(c->name, gh_json_string(v)) == 0) {
			*(int *)out = c->value;
			return 0;
		}
		n = snprintf(known + used, sizeof(known) - used, "%s%s", used > 0 ? ", " : "",
		    c->name);
		if (n < 0 || (used += (size_t)n) >= sizeof(known))
			break;
	}
	return schema_fail(at, err, "must be one of %s", known);
}
