/* UTF-8, RFC 3629. */
#include <string.h>

#include "utf8.h"

size_t
gh_utf8_char(const void *s, size_t left, uint32_t *code)
{
	static const struct {
		unsigned char lead, mask;
		uint32_t least;
	} form[] = {{0x00, 0x80, 0}, {0xc0, 0xe0, 0x80}, {0xe0, 0xf0, 0x800},
	    {0xf0, 0xf8, 0x10000}};
	const unsigned char *p = s;
	uint32_t c;
	size_t n, i;

	for (n = 0; n < 4 && left > 0 && (p[0] & form[n].mask) != form[n].lead; n++)
		;
	if (n == 4 || n >= left)
		return 0;
	c = p[0] & (unsigned char)~form[n].mask;
	for (i = 1; i <= n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < form[n].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	if (code != NULL)
		*code = c;
	return n + 1;
}

bool
gh_utf8_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069);
}

void
gh_utf8_put(struct gh_buf *b, uint32_t code)
{
	static const unsigned char lead[] = {0x00, 0xc0, 0xe0, 0xf0};
	unsigned n = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;

	gh_buf_put_u8(b, (uint8_t)(lead[n] | code >> 6 * n));
	while (n-- > 0)
		gh_buf_put_u8(b, (uint8_t)(0x80 | (code >> 6 * n & 0x3f)));
}

bool
gh_utf8_is_valid(const void *s, size_t len)
{
	const unsigned char *p = s;
	size_t n;

	for (; len > 0; p += n, len -= n)
		if ((n = gh_utf8_char(p, len, NULL)) == 0)
			return false;
	return true;
}

static bool
is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

size_t
gh_utf8_length(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += !is_continuation((unsigned char)s[i]);
	return n;
}

size_t
gh_utf8_cut(const void *s, size_t len, size_t max)
{
	const unsigned char *p = s;
	size_t n = max;

	if (len <= max)
		return len;
	while (n > 0 && is_continuation(p[n]))
		n--;
	return n;
}

/* Does the text end inside the character at p? */
static bool
is_cut(const unsigned char *p)
{
	size_t n = p[0] < 0xC2 || p[0] > 0xF4 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;

	for (size_t i = 1; i < n; i++) {
		if (p[i] == '\0')
			return true;
		if (!is_continuation(p[i]))
			return false;
	}
	return false;
}

static bool
is_ascii_control(unsigned char c)
{
	return c < 0x20 || c == 0x7F;
}

char *
gh_utf8_clean(char *s)
{
	unsigned char *p = (unsigned char *)s;

	while (*p != '\0') {
		size_t n = gh_utf8_char(p, GH_UTF8_TO_NUL, NULL);

		if (n == 0 && is_cut(p)) {
			*p = '\0';
			break;
		}
		if (n == 0 || is_ascii_control(*p)) {
			*p = '?';
			n = 1;
		}
		p += n;
	}
	return s;
}

bool
gh_utf8_is_clean(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n;

	for (; *p != '\0'; p += n)
		if ((n = gh_utf8_char(p, GH_UTF8_TO_NUL, NULL)) == 0 || is_ascii_control(*p))
			return false;
	return true;
}
