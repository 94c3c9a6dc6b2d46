/* Percent-encoding. See percent.h. */
#include "hex.h"
#include "percent.h"

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
