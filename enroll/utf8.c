/* Repair of UTF-8 that was cut. */
#include <stddef.h>

#include "utf8.h"

/* Length of the character at p, 0 when it is none, and *cut set when it only lacks its end. RFC 3629, 4. */
static size_t
char_length(const unsigned char *p, int *cut)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : (p[0] & 0xF0) == 0xE0 ? 3
	    : p[0] >= 0xF0 && p[0] < 0xF5 ? 4 : 0;

	for (size_t i = 1; i < n; i++) {
		if (p[i] == '\0') {
			*cut = 1;
			return 0;
		}
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	}
	/* overlong forms, surrogates, beyond U+10FFFF */
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
	    (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

char *
enroll_utf8_clean(char *s)
{
	unsigned char *p = (unsigned char *)s;

	while (*p != '\0') {
		int cut = 0;
		size_t n = char_length(p, &cut);

		if (cut) {
			*p = '\0';
			break;
		}
		if (n == 0 || *p < 0x20 || *p == 0x7F) {
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
	int cut = 0;
	size_t n;

	for (; *p != '\0'; p += n)
		if ((n = char_length(p, &cut)) == 0 || *p < 0x20 || *p == 0x7F)
			return false;
	return true;
}
