/* See json_write.h. */
#include <string.h>

#include "utf8.h"

#include "json_write.h"

static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void
put_escaped(struct gh_buf *b, char c)
{
	static const char escaped[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	const char *at = strchr(escaped, c);

	if (at != NULL) {
		gh_buf_putc(b, '\\');
		gh_buf_putc(b, letter[at - escaped]);
	} else {
		gh_buf_putf(b, "\\u%04X", (unsigned char)c);
	}
}

void
gh_json_put_string(struct gh_buf *b, const char *s)
{
	size_t n;

	gh_buf_putc(b, '"');
	while (*s != '\0') {
		for (n = 0; is_plain((unsigned char)s[n]); n++)
			;
		gh_buf_put(b, s, n);
		s += n;
		if ((unsigned char)*s >= 0x80) {
			if ((n = gh_utf8_char(s, GH_UTF8_TO_NUL, NULL)) == 0) {
				b->failed = true;
				return;
			}
			gh_buf_put(b, s, n);
			s += n;
		} else if (*s != '\0') {
			put_escaped(b, *s++);
		}
	}
	gh_buf_putc(b, '"');
}
