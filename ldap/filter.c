/* Search filters: escaping (RFC 4515, 3) and the patterns of the configuration. */
#include <stdbool.h>
#include <string.h>

#include <ldap.h>

#include "filter.h"

/* The value with every byte escaped that could end or widen an assertion (RFC 4515, 3). */
static void
put_value(struct gh_buf *b, const void *p, size_t n)
{
	struct berval in, out = {0, NULL};

	in.bv_len = n;
	in.bv_val = (char *)(uintptr_t)p; /* libldap's API lacks the const; it only reads */
	if (n == 0)
		return;
	if (ldap_bv2escaped_filter_value(&in, &out) != 0) {
		b->failed = true;
		return;
	}
	gh_buf_put(b, out.bv_val, out.bv_len);
	if (out.bv_val != in.bv_val)
		ber_memfree(out.bv_val);
}

void
dir_filter_equal(struct gh_buf *b, const char *attr, const void *p, size_t n)
{
	gh_buf_putf(b, "(%s=", attr);
	put_value(b, p, n);
	gh_buf_putc(b, ')');
}

void
dir_filter_expand(struct gh_buf *b, const char *pattern, const char *s, const char *u)
{
	for (; *pattern != '\0'; pattern++) {
		if (*pattern != '%') {
			gh_buf_putc(b, *pattern);
			continue;
		}
		pattern++;
		if (*pattern == 's')
			put_value(b, s, strlen(s));
		else if (*pattern == 'u')
			put_value(b, u, strlen(u));
		else if (*pattern == '%')
			gh_buf_putc(b, '%');
		else {
			b->failed = true; /* dir_filter_check was not called */
			return;
		}
	}
}

/* Every "(" has its ")", and the first one closes last. */
static bool
is_balanced(const char *f)
{
	int depth = 0;

	if (*f != '(')
		return false;
	for (; *f != '\0'; f++) {
		if (*f == '(')
			depth++;
		else if (*f == ')' && --depth == 0)
			return f[1] == '\0';
	}
	return false;
}

int
dir_filter_check(const char *pattern, const char *option, struct gh_error *err)
{
	bool has_name = false;

	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p != '%')
			continue;
		p++;
		if (*p == 's' || *p == 'u')
			has_name = true;
		else if (*p != '%')
			return gh_refuse(err, GH_E_CONF,
			    "directory.%s: only %%s, %%u and %%%% are known", option);
	}
	if (!has_name)
		return gh_refuse(err, GH_E_CONF, "directory.%s: %%s or %%u is missing", option);
	if (!is_balanced(pattern))
		return gh_refuse(err, GH_E_CONF, "directory.%s: is not one filter in parentheses",
		    option);
	return 0;
}
