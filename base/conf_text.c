/* The text of a configuration file, as libconfuse can read it with right line numbers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_private.h"

#define FILE_MAX_BYTES (1024 * 1024)

/* End of the comment at p, or p when there is none. Slashes inside an unquoted word start none. */
static char *
comment_end(char *p, bool in_word)
{
	char *end;

	if (p[0] == '#' || (!in_word && p[0] == '/' && p[1] == '/'))
		return p + strcspn(p, "\n");
	if (in_word || p[0] != '/' || p[1] != '*')
		return p;
	end = strstr(p + 2, "*/");
	return end != NULL ? end + 2 : p + strlen(p);
}

/* End of the quoted string at p, or p when there is none. */
static char *
string_end(char *p)
{
	char quote = *p;

	if (quote != '"' && quote != '\'')
		return p;
	for (p++; *p != '\0' && *p != quote; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return *p == quote ? p + 1 : p;
}

/* libconfuse 3.3 counts the line of a comment three times: without comments its line numbers are
 * right. */
static void
blank_comments(char *p)
{
	bool in_word = false;

	while (*p != '\0') {
		char *string = string_end(p), *comment = comment_end(p, in_word);

		if (string == p && comment == p) {
			in_word = strchr(" \t\r\n={}(),+", *p) == NULL;
			p++;
			continue;
		}
		for (; p < comment; p++)
			if (*p != '\n')
				*p = ' ';
		if (string > p)
			p = string;
		in_word = false;
	}
}

char *
conf_text_read(const char *path)
{
	char *text = NULL;
	size_t n = 0;
	FILE *in = fopen(path, "re"), *out = open_memstream(&text, &n);
	bool ok = in != NULL && out != NULL;

	for (int c; ok && (c = getc(in)) != EOF;)
		ok = c != '\0' && n < FILE_MAX_BYTES && putc(c, out) != EOF;
	if (in != NULL)
		ok = !ferror(in) && ok;
	if (in != NULL)
		fclose(in);
	if (out != NULL)
		ok = fclose(out) == 0 && ok;
	if (!ok) {
		free(text);
		return NULL;
	}
	blank_comments(text);
	return text;
}
