/* The JSON that Gatehouse reads and writes, over jansson. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "buf.h"
#include "json.h"
#include "utf8.h"

#define LENIENT_GROWTH 6 /* "\u00XX" for one byte */
#define INT_DIGITS_MAX 18

/* A body can carry passwords. jansson copies a string twice on its way into a value and tells
 * nobody. */
static void
wiping_free(void *p)
{
	if (p != NULL)
		OPENSSL_cleanse(p, malloc_usable_size(p));
	free(p);
}

/* Before anything allocates: what one function gave, the other must take. */
__attribute__((constructor)) static void
wipe_what_is_freed(void)
{
	json_set_alloc_funcs(malloc, wiping_free);
}

/*
 * Make strict JSON of what real clients send: control characters inside strings become escapes, and
 * if the text is not UTF-8 its bytes are read as ISO-8859-1. Everything outside strings stays as it
 * is.
 */
static void
normalise(struct gh_buf *b, const char *text, size_t len)
{
	bool in_string = false, escaped = false, utf8 = gh_utf8_is_valid(text, len);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (in_string && !escaped && c < 0x20) {
			gh_buf_putf(b, "\\u%04x", c);
			continue;
		}
		if (c >= 0x80 && !utf8)
			gh_utf8_put(b, c);
		else
			gh_buf_put(b, &c, 1);
		if (in_string && !escaped && c == '\\') {
			escaped = true;
			continue;
		}
		if (c == '"' && !escaped)
			in_string = !in_string;
		escaped = false;
	}
}

static int
parse_strict(const char *text, size_t len, gh_json **out, struct gh_error *err)
{
	json_error_t je;

	*out = NULL;
	if (len == 0)
		return gh_refuse(err, GH_E_BAD_JSON, "The body is empty: it must be JSON.");
	*out = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (*out == NULL) {
		/* "\u0000 is not allowed without JSON_ALLOW_NUL": how our program could read it
		 * helps nobody */
		char *ours = strstr(je.text, " without JSON_");

		if (ours != NULL)
			*ours = '\0';
		/* "premature end of input near '"secret'": line and column do, and repeat nothing
		 * of the body */
		char *quoted = strstr(je.text, " near ");

		if (quoted != NULL)
			*quoted = '\0';
		return gh_refuse(err, GH_E_BAD_JSON,
		    "This is not valid JSON: line %d, column %d: %.150s", je.line, je.column,
		    je.text);
	}
	return 0;
}

int
gh_json_parse(const char *text, size_t len, enum gh_json_mode mode, gh_json **out,
    struct gh_error *err)
{
	struct gh_buf b;
	int ret;

	*out = NULL;
	if (mode == GH_JSON_STRICT)
		return parse_strict(text, len, out, err);
	/* the byte order mark that .NET writes is no part of the value */
	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (len > SIZE_MAX / LENIENT_GROWTH)
		return gh_fail(err, GH_E_TOO_LARGE, "JSON of %zu bytes", len);
	gh_buf_init(&b, len * LENIENT_GROWTH);
	b.secret = true; /* a body can carry passwords */
	normalise(&b, text, len);
	if ((ret = gh_buf_check(&b, err)) == 0)
		ret = parse_strict(b.data != NULL ? (char *)b.data : "", b.len, out, err);
	gh_buf_free(&b);
	return ret;
}

void
gh_json_free(gh_json *v)
{
	json_decref(v);
}

gh_json *
gh_json_ref(gh_json *v)
{
	return json_incref(v);
}

bool
gh_json_equal(const gh_json *a, const gh_json *b)
{
	return json_equal(a, b) != 0;
}

enum gh_json_type
gh_json_type(const gh_json *v)
{
	if (v == NULL)
		return GH_JSON_NULL;
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return GH_JSON_OBJECT;
	case JSON_ARRAY:
		return GH_JSON_ARRAY;
	case JSON_STRING:
		return GH_JSON_STRING;
	case JSON_INTEGER:
		return GH_JSON_INT;
	case JSON_REAL:
		return GH_JSON_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return GH_JSON_BOOL;
	case JSON_NULL:
		break;
	}
	return GH_JSON_NULL;
}

const char *
gh_json_type_name(const gh_json *v)
{
	static const char *const names[] = {"null", "boolean", "integer", "number", "string",
	    "array", "object"};

	return names[gh_json_type(v)];
}

gh_json *
gh_json_get(const gh_json *obj, const char *name)
{
	return json_object_get(obj, name);
}

static bool
is_name(const char *have, const char *want)
{
	size_t n;

	have += strspn(have, " \t\r\n");
	n = strlen(have);
	while (n > 0 && strchr(" \t\r\n", have[n - 1]) != NULL)
		n--;
	return n == strlen(want) && strncasecmp(have, want, n) == 0;
}

int
gh_json_find(const gh_json *obj, const char *name, gh_json **out, struct gh_error *err)
{
	*out = NULL;
	for (void *it = gh_json_iter(obj); it != NULL; it = gh_json_next(obj, it)) {
		if (!is_name(gh_json_iter_name(it), name))
			continue;
		if (*out != NULL) {
			*out = NULL;
			return gh_refuse(err, GH_E_BAD_JSON,
			    "The member \"%s\" stands in the body twice.", name);
		}
		*out = gh_json_iter_value(it);
	}
	return 0;
}

const char *
gh_json_string(const gh_json *v)
{
	return json_string_value(v);
}

size_t
gh_json_string_length(const gh_json *v)
{
	return json_string_length(v);
}

bool
gh_json_int(const gh_json *v, int64_t *out)
{
	const char *s, *p;
	int64_t n = 0;

	if (json_is_integer(v)) {
		*out = json_integer_value(v);
		return true;
	}
	if ((s = json_string_value(v)) == NULL)
		return false;
	for (p = *s == '-' ? s + 1 : s; *p >= '0' && *p <= '9'; p++) {
		if (p - s >= INT_DIGITS_MAX)
			return false;
		n = n * 10 + (*p - '0');
	}
	if (*p != '\0' || p == s || p[-1] == '-')
		return false;
	*out = *s == '-' ? -n : n;
	return true;
}

bool
gh_json_bool(const gh_json *v, bool fallback)
{
	return json_is_boolean(v) ? json_is_true(v) : fallback;
}

size_t
gh_json_size(const gh_json *v)
{
	return json_is_array(v) ? json_array_size(v) : json_object_size(v);
}

gh_json *
gh_json_at(const gh_json *array, size_t i)
{
	return json_array_get(array, i);
}

void *
gh_json_iter(const gh_json *obj)
{
	return json_object_iter((json_t *)(uintptr_t)obj);
}

void *
gh_json_next(const gh_json *obj, void *it)
{
	return json_object_iter_next((json_t *)(uintptr_t)obj, it);
}

const char *
gh_json_iter_name(void *it)
{
	return json_object_iter_key(it);
}

gh_json *
gh_json_iter_value(void *it)
{
	return json_object_iter_value(it);
}

gh_json *
gh_json_new_object(void)
{
	return json_object();
}

gh_json *
gh_json_new_array(void)
{
	return json_array();
}

gh_json *
gh_json_new_string(const char *s)
{
	return s != NULL ? json_string(s) : json_null();
}

gh_json *
gh_json_new_int(int64_t v)
{
	return json_integer(v);
}

gh_json *
gh_json_new_bool(bool v)
{
	return json_boolean(v);
}

int
gh_json_set(gh_json *obj, const char *name, gh_json *v)
{
	return json_object_set_new(obj, name, v);
}

int
gh_json_set_string(gh_json *obj, const char *name, const char *s)
{
	return gh_json_set(obj, name, gh_json_new_string(s));
}

int
gh_json_set_int(gh_json *obj, const char *name, int64_t v)
{
	return gh_json_set(obj, name, gh_json_new_int(v));
}

int
gh_json_set_bool(gh_json *obj, const char *name, bool v)
{
	return gh_json_set(obj, name, gh_json_new_bool(v));
}

int
gh_json_append(gh_json *array, gh_json *v)
{
	return json_array_append_new(array, v);
}

char *
gh_json_print(const gh_json *v, bool pretty)
{
	return json_dumps(v, JSON_ENCODE_ANY | (pretty ? JSON_INDENT(2) : JSON_COMPACT));
}
