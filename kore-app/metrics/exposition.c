/* See exposition.h. */
#include "exposition.h"

void
exposition_put_head(struct gh_buf *b, const char *name, const char *type, const char *help)
{
	gh_buf_putf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void
exposition_put_gauge(struct gh_buf *b, const char *name, const char *help, long long value)
{
	exposition_put_head(b, name, "gauge", help);
	gh_buf_putf(b, "%s %lld\n", name, value);
}

/* Label values escape backslash, quote and newline (exposition format 0.0.4). */
void
exposition_put_label(struct gh_buf *b, const char *name, const char *value)
{
	gh_buf_puts(b, name);
	gh_buf_puts(b, "=\"");
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			gh_buf_putc(b, '\\');
		if (*value == '\n')
			gh_buf_puts(b, "\\n");
		else
			gh_buf_putc(b, *value);
	}
	gh_buf_putc(b, '"');
}
