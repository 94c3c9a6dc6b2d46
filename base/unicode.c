/* UTF-8, RFC 3629. */
#include "unicode.h"

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

void
gh_utf8_put(struct gh_buf *b, uint32_t code)
{
	static const unsigned char lead[] = {0x00, 0xc0, 0xe0, 0xf0};
	unsigned n = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;

	gh_buf_put_u8(b, (uint8_t)(lead[n] | code >> 6 * n));
	while (n-- > 0)
		gh_buf_put_u8(b, (uint8_t)(0x80 | (code >> 6 * n & 0x3f)));
}
