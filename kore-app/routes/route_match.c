/* From a method and a path to a row of the route table. */
#include <string.h>

#include "percent.h"
#include "utf8.h"

#include "routes.h"

/* A text that is safe in names of objects, logs and file names. */
static bool
is_name(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@:-");

	return n > 0 && s[n] == '\0' && strcmp(s, ".") != 0 && strcmp(s, "..") != 0;
}

/* Positive, nothing but digits; 0: it is none. */
static int64_t
number_of(const char *s)
{
	int64_t n = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		if (n > (INT64_MAX - (*s - '0')) / 10)
			return 0;
		n = n * 10 + (*s - '0');
	}
	return *s == '\0' ? n : 0;
}

/* One segment of *path, which moves behind it. */
static bool
decode_segment(const char **path, char out[CALL_PART_SIZE])
{
	const char *end = *path + strcspn(*path, "/");
	size_t n = 0;

	while (*path < end) {
		int c = gh_percent_next(path, end);

		if (c <= 0 || n == CALL_PART_SIZE - 1)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n > 0;
}

static bool
is_variable(const char *pattern, const char *name)
{
	return strncmp(pattern, name, strlen(name)) == 0;
}

static bool
read_version(const char **path, int max, int *version)
{
	*version = *(*path)++ - '0';
	return *version >= 1 && *version <= max;
}

/* The "{...}" at the start of pattern against the start of *path, which moves behind it. */
static bool
match_variable(const char *pattern, const char **path, struct route_match *m)
{
	struct call_part *part = &m->parts.part[m->parts.n];
	bool is_number = is_variable(pattern, "{id}");

	if (is_variable(pattern, "{rest}")) {
		m->rest = *path;
		*path += strlen(*path);
		return *m->rest != '\0';
	}
	if (is_variable(pattern, "{v}"))
		return read_version(path, 3, &m->version);
	if (is_variable(pattern, "{v12}"))
		return read_version(path, 2, &m->version);
	if (m->parts.n == CALL_PARTS_MAX || !decode_segment(path, part->text))
		return false;
	part->name = pattern + 1;
	part->number = is_number ? number_of(part->text) : 0;
	m->parts.n++;
	if (is_variable(pattern, "{profile}"))
		return gh_utf8_is_clean(part->text) && strchr(part->text, '/') == NULL;
	return is_number ? part->number > 0 : is_name(part->text);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

bool
route_pattern_match(const char *pattern, const char *path, struct route_match *m)
{
	m->version = 0;
	m->parts.n = 0;
	m->rest = "";
	while (*pattern != '\0') {
		if (*pattern == '{') {
			if (!match_variable(pattern, &path, m))
				return false;
			pattern = strchr(pattern, '}') + 1;
		} else if (*pattern++ != lower(*path++)) {
			return false;
		}
	}
	/* with or without a slash at its end */
	if (*path == '/')
		path++;
	return *path == '\0';
}

/* With or without a prefix of its family. */
static bool
match_row(const struct gh_conf *conf, const struct route *r, const char *path,
    struct route_match *m)
{
	const struct route_family *f = route_family_of(r);
	const char *rest;

	if (route_pattern_match(r->pattern, path, m))
		return true;
	rest = f->strip != NULL ? f->strip(conf, path) : NULL;
	return rest != NULL &&
	    route_pattern_match(r->pattern + (f->root != NULL ? strlen(f->root) : 0), rest, m);
}

int
route_find(const struct gh_conf *conf, enum gh_http_method method, const char *path,
    struct route_match *m, struct gh_error *err)
{
	m->allowed = 0;
	m->family = NULL;
	for (size_t i = 0; i < route_table_len; i++) {
		const struct route *r = &route_table[i];

		if (!match_row(conf, r, path, m))
			continue;
		m->allowed |= r->methods;
		m->family = route_family_of(r);
		if (r->methods & (unsigned)method) {
			m->route = r;
			return 0;
		}
	}
	*m = (struct route_match){.allowed = m->allowed, .family = m->family, .rest = ""};
	if (m->family == NULL)
		m->family = route_family_of_path(conf, path);
	if (m->allowed != 0)
		return gh_fail(err, GH_E_METHOD, "method not allowed");
	return gh_refuse(err, GH_E_NOT_FOUND, "There is nothing at this path. Check its spelling.");
}

const struct route_family *
route_family_of(const struct route *r)
{
	return r->family != NULL ? r->family : &route_family_rest;
}

const struct route_family *
route_match_family(const struct route_match *m, const char *path)
{
	if (m->route != NULL)
		return route_family_of(m->route);
	return m->family != NULL ? m->family : route_family_of_path(NULL, path != NULL ? path : "");
}
