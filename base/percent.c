/* Percent-encoding. See percent.h. */
#include <stdbool.h>
#include <stdlib.h>

#include "hex.h"
#include "percent.h"
#include "utf8.h"

int
gh_percent_next(const char **text, const char *end)
{
	const char *p = *text;
	int high, low;

	if (*p != '%') {
		*text = p + 1;
		return (unsigned char)*p;
	}
	if (end - p < 3 || (high = gh_hex_value(p[1])) < 0 || (low = gh_hex_value(p[2])) < 0)
		return -1;
	*text = p + 3;
	return high << 4 | low;
}

char *
gh_percent_value(const char *s, size_t n)
{
	const char *end = s + n;
	char *out = malloc(n + 1);
	size_t len = 0;

	if (out == NULL)
		return NULL;
	while (s < end) {
		bool is_blank = *s == '+';
		int c = gh_percent_next(&s, end);

		if (c <= 0) {
			free(out);
			return NULL;
		}
		out[len++] = is_blank ? ' ' : (char)c;
	}
	out[len] = '\0';
	if (gh_utf8_is_clean(out))
		return out;
	free(out);
	return NULL;
}
