/* Hexadecimal digits. See hex.h. */
#include <stdint.h>
#include <stdlib.h>

#include "hex.h"

static void
put_digits(const unsigned char *in, size_t n, const char digits[16], char *out)
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
	out[2 * n] = '\0';
}

char *
gh_hex_upper(const void *p, size_t n, char *out)
{
	put_digits(p, n, "0123456789ABCDEF", out);
	return out;
}

char *
gh_hex_encode(const void *p, size_t n)
{
	char *out;

	if (n > SIZE_MAX / 4 || (out = malloc(2 * n + 1)) == NULL)
		return NULL;
	return gh_hex_upper(p, n, out);
}

char *
gh_hex_lower(const void *p, size_t n, char *out)
{
	put_digits(p, n, "0123456789abcdef", out);
	return out;
}

int
gh_hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0'
	    : c >= 'a' && c <= 'f'  ? c - 'a' + 10
	    : c >= 'A' && c <= 'F'  ? c - 'A' + 10
				    : -1;
}

int
gh_hex_decode(const char *text, size_t len, unsigned char **out, size_t *out_len,
    struct gh_error *err)
{
	size_t n = len / 2 + len % 2, odd = len % 2;
	unsigned char *p;

	*out = NULL;
	*out_len = 0;
	if ((p = calloc(1, n + 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "hex of %zu characters", len);
	for (size_t i = 0; i < len; i++) {
		int v = gh_hex_value(text[i]);

		if (v < 0) {
			free(p);
			return gh_refuse(err, GH_E_BAD_REQUEST, "not valid hex");
		}
		p[(i + odd) / 2] = (unsigned char)(p[(i + odd) / 2] << 4 | v);
	}
	*out = p;
	*out_len = n;
	return 0;
}
