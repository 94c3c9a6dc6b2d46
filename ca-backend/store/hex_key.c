/* Serial numbers and thumbprints as people write them. */
#include <stdio.h>
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
store_serial_forms(const char *digits, struct store_serial_forms *out)
{
	size_t n;

	digits += strspn(digits, "0");
	n = strlen(digits);
	if (n == 0)
		snprintf(out->bare, sizeof(out->bare), "00");
	else
		snprintf(out->bare, sizeof(out->bare), "%s%s", n % 2 != 0 ? "0" : "", digits);
	memcpy(out->filled, out->bare, sizeof(out->filled));
	if (n < (size_t)2 * SERIAL_BYTES) {
		memset(out->filled, '0', 2 * SERIAL_BYTES);
		memcpy(out->filled + 2 * SERIAL_BYTES - n, digits, n + 1);
	}
}

void
store_put_serial(struct store_params *p, const char *digits)
{
	struct store_serial_forms forms;

	store_serial_forms(digits, &forms);
	store_put_hex(p, forms.bare);
	store_put_hex(p, forms.filled);
}
