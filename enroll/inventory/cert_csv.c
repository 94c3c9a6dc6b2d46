/* Lines of CSV. See cert_csv.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cert_csv.h"

#define LINE_END "\r\n"

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* In quotes, which are doubled inside. An apostrophe where a spreadsheet would see a formula: at
 * the beginning, and behind what another separator than ours begins a cell with (OWASP, CSV
 * injection). */
static void
put_text(struct gh_buf *b, const char *s)
{
	bool begins = true;

	gh_buf_puts(b, is_one_of(*s, "\t\r\n") ? "\"'" : "\"");
	for (; *s != '\0'; s++) {
		if (begins && is_one_of(*s, "=+-@"))
			gh_buf_putc(b, '\'');
		begins = is_one_of(*s, ";\t\r\n") || (begins && is_one_of(*s, " \""));
		if (*s == '"')
			gh_buf_putc(b, '"');
		gh_buf_putc(b, *s);
	}
	gh_buf_putc(b, '"');
}

static void
put_list(struct gh_buf *b, const gh_json *v)
{
	struct gh_buf text;

	gh_buf_init(&text, b->max);
	for (size_t i = 0; i < gh_json_size(v); i++) {
		const char *s = gh_json_string(gh_json_at(v, i));

		gh_buf_puts(&text, i > 0 ? "; " : "");
		gh_buf_puts(&text, s != NULL ? s : "");
	}
	b->failed |= text.failed;
	put_text(b, text.len > 0 ? (const char *)text.data : "");
	gh_buf_free(&text);
}

static void
put_value(struct gh_buf *b, const gh_json *v)
{
	const char *s = gh_json_string(v);
	int64_t n;
	char *text;

	if (gh_json_type(v) == GH_JSON_NULL)
		return;
	if (gh_json_type(v) == GH_JSON_ARRAY) {
		put_list(b, v);
	} else if (s != NULL) {
		put_text(b, s);
	} else if (gh_json_type(v) == GH_JSON_INT && gh_json_int(v, &n)) {
		gh_buf_putf(b, "%" PRId64, n);
	} else {
		text = gh_json_print(v, false);
		b->failed |= text == NULL;
		put_text(b, text != NULL ? text : "");
		free(text);
	}
}

void
cert_csv_head(struct gh_buf *b, const struct cert_members *m)
{
	for (size_t i = 0; cert_members_at(m, i) != NULL; i++)
		gh_buf_putf(b, "%s%s", i > 0 ? "," : "", cert_members_at(m, i));
	gh_buf_puts(b, LINE_END);
}

void
cert_csv_line(struct gh_buf *b, const struct cert_members *m, const gh_json *entry)
{
	for (size_t i = 0; cert_members_at(m, i) != NULL; i++) {
		gh_buf_puts(b, i > 0 ? "," : "");
		put_value(b, cert_members_value(m, i, entry));
	}
	gh_buf_puts(b, LINE_END);
}
