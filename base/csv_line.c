/* Lines of CSV files. See csv_line.h. */
#include <string.h>

#include "utf8.h"

#include "csv_line.h"

#define LINE_MAX_BYTES 8192

bool
csv_line_field(char *s, char **field, char **next)
{
	char *out = s;
	bool is_closed = false;

	*field = s;
	if (*s != '"') {
		*next = strchr(s, ',');
		if (*next != NULL)
			*(*next)++ = '\0';
		return strchr(*field, '"') == NULL;
	}
	for (s++; *s != '\0'; s++) {
		if (*s == '"' && *++s != '"') {
			is_closed = true;
			break;
		}
		*out++ = *s;
	}
	if (!is_closed || (*s != ',' && *s != '\0'))
		return false;
	*next = *s == ',' ? s + 1 : NULL;
	*out = '\0';
	return true;
}

int
csv_line_trim(char *line, size_t n, bool is_first, char **text, struct gh_error *err)
{
	static const char bom[] = "\xef\xbb\xbf";

	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		line[--n] = '\0';
	*text = is_first && strncmp(line, bom, strlen(bom)) == 0 ? line + strlen(bom) : line;
	if (n > LINE_MAX_BYTES || strlen(line) != n || !gh_utf8_is_valid(line, n))
		return gh_refuse(err, GH_E_VALIDATION, "is not UTF-8 text, or is too long");
	return 0;
}
