/* Repair of UTF-8 that was cut. */
#include "unicode.h"

#include "utf8.h"

/* Does the text end inside the character at p? */
static bool
is_cut(const unsigned char *p)
{
	size_t n = p[0] < 0xC2 || p[0] > 0xF4 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;

	for (size_t i = 1; i < n; i++) {
		if (p[i] == '\0')
			return true;
		if ((p[i] & 0xC0) != 0x80)
			return false;
	}
	return false;
}

static bool
is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7F;
}

char *
enroll_utf8_clean(char *s)
{
	unsigned char *p = (unsigned char *)s;

	while (*p != '\0') {
		size_t n = gh_utf8_char(p, GH_UTF8_TO_NUL, NULL);

		if (n == 0 && is_cut(p)) {
			*p = '\0';
			break;
		}
		if (n == 0 || is_control(*p)) {
			*p = '?';
			n = 1;
		}
		p += n;
	}
	return s;
}

bool
enroll_utf8_is_clean(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n;

	for (; *p != '\0'; p += n)
		if ((n = gh_utf8_char(p, GH_UTF8_TO_NUL, NULL)) == 0 || is_control(*p))
			return false;
	return true;
}
