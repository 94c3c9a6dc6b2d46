/* See metrics_value.h. */
#include <stdlib.h>
#include <string.h>

#include "metrics_value.h"

int64_t
metrics_value(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line != NULL && *line != '\0';) {
		if (strncmp(line, name, len) == 0 && line[len] == ' ') {
			double value = strtod(line + len + 1, NULL);

			return value >= 0 && value < 1e18 ? (int64_t)value : -1;
		}
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return -1;
}
