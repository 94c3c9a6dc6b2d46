/* From a method and a path to a row of the route table. */
#include <string.h>

#include "routes.h"

/* A segment that is safe in names of objects, logs and file names. */
static bool
match_name(const char **path, struct route_match *m)
{
	size_t n =
	    strspn(*path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-");

	if (n == 0 || n >= sizeof(m->name))
		return false;
	memcpy(m->name, *path, n);
	m->name[n] = '\0';
	*path += n;
	return true;
}

/* One "{...}" of a pattern against the start of *path; moves *path behind it. */
static bool
match_variable(const char *variable, const char **path, struct route_match *m)
{
	const char *p = *path;
	int64_t n = 0;

	if (strncmp(variable, "{v}", 3) == 0 || strncmp(variable, "{v12}", 5) == 0) {
		if (*p < '1' || *p > (variable[2] == '}' ? '3' : '2'))
			return false;
		m->version = *p - '0';
		*path = p + 1;
		return true;
	}
	if (strncmp(variable, "{name}", 6) == 0)
		return match_name(path, m);
	if (strncmp(variable, "{rest}", 6) == 0) {
		m->rest = p;
		*path = p + strlen(p);
		return *p != '\0';
	}
	for (; *p >= '0' && *p <= '9'; p++) {
		if (n > (INT64_MAX - (*p - '0')) / 10)
			return false;
		n = n * 10 + (*p - '0');
	}
	m->id = n;
	*path = p;
	return n > 0;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* The whole path, in any case, with or without a slash at its end. */
static bool
match_pattern(const char *pattern, const char *path, struct route_match *m)
{
	while (*pattern != '\0') {
		if (*pattern == '{') {
			if (!match_variable(pattern, &path, m))
				return false;
			pattern = strchr(pattern, '}') + 1;
		} else if (*pattern++ != lower(*path++)) {
			return false;
		}
	}
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

	if (match_pattern(r->pattern, path, m))
		return true;
	rest = f->strip != NULL ? f->strip(conf, path) : NULL;
	return rest != NULL && match_pattern(r->pattern, rest, m);
}

int
route_find(const struct gh_conf *conf, enum gh_http_method method, const char *path,
    struct route_match *m, struct gh_error *err)
{
	memset(m, 0, sizeof(*m));
	m->rest = "";
	m->family = route_family_of_path(path);
	for (size_t i = 0; i < route_table_len; i++) {
		const struct route *r = &route_table[i];
		struct route_match found = {.route = r, .rest = "", .family = route_family_of(r)};

		if (!match_row(conf, r, path, &found))
			continue;
		found.allowed = m->allowed | r->methods;
		if (r->methods & (unsigned)method) {
			*m = found;
			return 0;
		}
		m->allowed = found.allowed;
		m->family = found.family;
	}
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
	return m->family != NULL ? m->family : route_family_of_path(path != NULL ? path : "");
}
