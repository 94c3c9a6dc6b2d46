/* Tests of the query language, written. See console_query_test.h. */
#include "console_query_test.h"

/* A quote inside is written twice. */
static void
put_text(struct gh_buf *b, const char *text)
{
	gh_buf_putc(b, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			gh_buf_putc(b, '"');
		gh_buf_putc(b, *text);
	}
	gh_buf_putc(b, '"');
}

void
console_query_test(struct gh_buf *b, const char *field, const char *op, const char *value)
{
	gh_buf_putf(b, "%s%s %s ", b->len > 0 ? " AND " : "", field, op);
	put_text(b, value);
}
