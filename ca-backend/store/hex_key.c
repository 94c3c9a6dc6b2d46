/* Serial numbers and thumbprints as people write them. */
#include <string.h>

#include "store/store_private.h"

bool
store_clean_hex(const char *text, char out[STORE_HEX_DIGITS_MAX + 1])
{
	size_t n = 0;

	while (*text == ' ')
		text++;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (; *text != '\0'; text++) {
		char c = *text >= 'a' && *text <= 'f' ? (char)(*text - 'a' + 'A') : *text;

		if (strchr(" :-", c) != NULL)
			continue;
		if (n == STORE_HEX_DIGITS_MAX || strchr("0123456789ABCDEF", c) == NULL)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return n > 0;
}

void
store_put_serial(struct store_params *p, const char *digits)
{
	char padded[STORE_HEX_DIGITS_MAX + 1];
	size_t n;

	digits += strspn(digits, "0");
	n = strlen(digits);
	store_put_hex(p, n > 0 ? digits : "00");
	if (n < (size_t)2 * SERIAL_BYTES) {
		memset(padded, '0', sizeof(padded));
		memcpy(padded + 2 * SERIAL_BYTES - n, digits, n + 1);
		digits = padded;
	}
	store_put_hex(p, digits);
}
