/* Base64 (RFC 4648, section 4), strict where strictness hurts nobody. */
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "hex.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define LINE_COLUMNS 64

char *
gh_base64_encode(const void *p, size_t n, enum gh_base64_lines lines)
{
	const unsigned char *in = p;
	char *out, *o;
	size_t column = 0;

	if (n > SIZE_MAX / 4 || (out = o = malloc(GH_BASE64_SIZE(n))) == NULL)
		return NULL;
	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)in[i] << 16 | (i + 1 < n ? (unsigned)in[i + 1] << 8 : 0) |
		    (i + 2 < n ? in[i + 2] : 0);

		*o++ = alphabet[v >> 18];
		*o++ = alphabet[v >> 12 & 63];
		*o++ = i + 1 < n ? alphabet[v >> 6 & 63] : '=';
		*o++ = i + 2 < n ? alphabet[v & 63] : '=';
		column += 4;
		if (lines == GH_BASE64_CRLF_64 && (column == LINE_COLUMNS || i + 3 >= n)) {
			*o++ = '\r';
			*o++ = '\n';
			column = 0;
		}
	}
	*o = '\0';
	return out;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

static int
base64_value(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A'
	    : c >= 'a' && c <= 'z'  ? c - 'a' + 26
	    : c >= '0' && c <= '9'  ? c - '0' + 52
	    : c == '+'              ? 62
	    : c == '/'              ? 63
				    : -1;
}

/* What is left after the last whole group: 2 or 3 digits, padding right or missing, spare bits
 * zero. */
static bool
is_tail_good(unsigned digits, unsigned padding, unsigned bits)
{
	if (digits == 0)
		return padding == 0;
	if (digits == 1 || (padding != 0 && padding != 4 - digits))
		return false;
	return (bits & (digits == 2 ? 0xF : 0x3)) == 0;
}

static bool
decode_base64(const char *text, size_t len, unsigned char *out, size_t *n)
{
	unsigned bits = 0, digits = 0, padding = 0;

	*n = 0;
	for (size_t i = 0; i < len; i++) {
		int v;

		if (is_space(text[i]))
			continue;
		if (text[i] == '=') {
			padding++;
			continue;
		}
		if (padding > 0 || (v = base64_value(text[i])) < 0)
			return false;
		bits = bits << 6 | (unsigned)v;
		if (++digits == 4) {
			out[(*n)++] = (unsigned char)(bits >> 16);
			out[(*n)++] = (unsigned char)(bits >> 8);
			out[(*n)++] = (unsigned char)bits;
			bits = digits = 0;
		}
	}
	if (!is_tail_good(digits, padding, bits))
		return false;
	if (digits == 2) {
		out[(*n)++] = (unsigned char)(bits >> 4);
	} else if (digits == 3) {
		out[(*n)++] = (unsigned char)(bits >> 10);
		out[(*n)++] = (unsigned char)(bits >> 2);
	}
	return true;
}

int
gh_base64_decode(const char *text, size_t len, unsigned char **out, size_t *out_len,
    struct gh_error *err)
{
	unsigned char *p;

	*out = NULL;
	*out_len = 0;
	if ((p = malloc(len / 4 * 3 + 4)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "base64 of %zu characters", len);
	if (!decode_base64(text, len, p, out_len)) {
		free(p);
		*out_len = 0;
		return gh_refuse(err, GH_E_BAD_REQUEST, "not valid base64");
	}
	*out = p;
	return 0;
}

int
gh_secret_decode(const char *text, unsigned char **out, size_t *out_len, struct gh_error *err)
{
	if (strncmp(text, "hex:", 4) == 0)
		return gh_hex_decode(text + 4, strlen(text + 4), out, out_len, err);
	if (strncmp(text, "base64:", 7) == 0)
		return gh_base64_decode(text + 7, strlen(text + 7), out, out_len, err);
	if (strncmp(text, "text:", 5) == 0)
		text += 5;
	*out_len = strlen(text);
	if ((*out = (unsigned char *)strdup(text)) == NULL) {
		*out_len = 0;
		return gh_fail(err, GH_E_NOMEM, "secret");
	}
	return 0;
}
