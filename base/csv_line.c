/* Lines of CSV files. See csv_line.h. */
#include <string.h>

#include "utf8.h"

#include "csv_line.h"

ssize_t
csv_line_read(FILE *in, char line[CSV_LINE_SIZE])
{
	size_t n = 0;
	int c = 0;

	while (c != '\n' && (c = getc_unlocked(in)) != EOF)
		if (n < CSV_LINE_SIZE)
			line[n++] = (char)c;
	if (n == 0 || ferror(in))
		return -1;
	if (n == CSV_LINE_SIZE)
		memset(line, 0, n--);
	line[n] = '\0';
	return (ssize_t)n;
}

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
	if (n > CSV_LINE_MAX || strlen(line) != n || !gh_utf8_is_valid(line, n))
		return gh_refuse(err, GH_E_VALIDATION, "is not UTF-8 text, or is too long");
	return 0;
}
