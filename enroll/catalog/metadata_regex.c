/* Patterns of metadata fields. See metadata_regex.h. */
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "metadata_regex.h"

#define DEPTH_MAX 64 /* brackets in brackets */

static bool
has_back_reference(const char *p)
{
	for (; *p != '\0'; p++) {
		if (*p != '\\')
			continue;
		if (isdigit((unsigned char)*++p) || *p == '\0')
			return true;
	}
	return false;
}

/* Behind the "[...]" that p is behind the beginning of. A "]" that is first is one of the set. */
static const char *
skip_set(const char *p)
{
	p += *p == '^';
	p += *p == ']';
	while (*p != '\0' && *p != ']') {
		if (*p == '[' && p[1] != '\0' && strchr(".:=", p[1]) != NULL) {
			char kind = p[1];

			for (p += 2; *p != '\0' && !(*p == kind && p[1] == ']'); p++)
				;
			p += *p != '\0';
		}
		p += *p != '\0';
	}
	return p + (*p == ']');
}

/* The larger bound of "{m,n}", and p behind it. */
static long
read_bound(const char **p)
{
	char *end;
	long m = strtol(*p, &end, 10), n;

	if (m > METADATA_REGEX_POSITIONS_MAX)
		m = METADATA_REGEX_POSITIONS_MAX + 1;
	n = m;
	if (*end == ',')
		n = isdigit((unsigned char)end[1]) ? strtol(end + 1, &end, 10) : m + 1;
	*p = end + strcspn(end, "}");
	*p += **p == '}';
	m = n > m ? n : m;
	return m < 1 ? 1 : m;
}

/* What is inside the brackets at this depth, and the last piece of it, which a bound repeats. */
struct level {
	long all, last;
};

static long
multiply(long a, long b)
{
	return a > METADATA_REGEX_POSITIONS_MAX || b > METADATA_REGEX_POSITIONS_MAX
	    ? METADATA_REGEX_POSITIONS_MAX + 1
	    : a * b;
}

static void
repeat(struct level *l, long times)
{
	l->all -= l->last;
	l->last = multiply(l->last, times);
	l->all += l->last;
}

static void
add(struct level *l, long n)
{
	l->last = n;
	l->all += n;
}

static bool
is_small(const char *p)
{
	struct level level[DEPTH_MAX] = {{0, 0}};
	int depth = 0;

	while (*p != '\0' && level[depth].all <= METADATA_REGEX_POSITIONS_MAX) {
		char c = *p++;

		if (c == '(') {
			if (++depth == DEPTH_MAX)
				return false;
			level[depth] = (struct level){0, 0};
		} else if (c == ')' && depth > 0) {
			depth--;
			add(&level[depth], level[depth + 1].all);
		} else if (c == '{') {
			repeat(&level[depth], read_bound(&p));
		} else if (c == '+') {
			repeat(&level[depth], 2); /* glibc makes "x+" to "xx*", also of "x++++" */
		} else if (strchr("*?|", c) == NULL) {
			if (c == '[')
				p = skip_set(p);
			else if (c == '\\' && *p != '\0')
				p++;
			add(&level[depth], 1);
		}
	}
	return *p == '\0' && level[0].all <= METADATA_REGEX_POSITIONS_MAX;
}

bool
metadata_regex_is_usable(const char *pattern)
{
	regex_t re;

	if (strlen(pattern) > METADATA_REGEX_MAX || has_back_reference(pattern) ||
	    !is_small(pattern) || regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	regfree(&re);
	return true;
}
