/* A list of numbers of days, as the configuration writes it. */
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define DAYS_LARGEST 3650

static bool
is_in(const int *list, int n, long v)
{
	for (int i = 0; i < n; i++)
		if (list[i] == v)
			return true;
	return false;
}

int
gh_conf_days(const char *text, int out[GH_CONF_DAYS_MAX])
{
	char *end;
	int n = 0;
	long v;

	for (text += strspn(text, " \t"); *text != '\0'; text = end + strspn(end, " \t")) {
		if (*text < '0' || *text > '9' || n == GH_CONF_DAYS_MAX)
			return -1;
		v = strtol(text, &end, 10);
		if (v < 1 || v > DAYS_LARGEST || is_in(out, n, v) || strcspn(end, " \t") != 0)
			return -1;
		out[n++] = (int)v;
	}
	return n;
}
