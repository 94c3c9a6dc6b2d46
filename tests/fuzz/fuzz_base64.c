/* Base64 and hex: what decodes is encoded again, decoded again, and must be the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "hex.h"

static void
check_base64_round(const unsigned char *p, size_t n, enum gh_base64_lines lines)
{
	unsigned char *again = NULL;
	size_t again_len = 0;
	char *text = gh_base64_encode(p, n, lines);

	if (text == NULL || strlen(text) >= GH_BASE64_SIZE(n) ||
	    gh_base64_decode(text, strlen(text), &again, &again_len, NULL) != 0 || again_len != n ||
	    memcmp(again, p, n) != 0)
		abort();
	free(text);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_error err;
	unsigned char *out = (unsigned char *)"";
	size_t len = 1;
	char *text;

	if (gh_base64_decode((const char *)data, size, &out, &len, &err) == 0) {
		check_base64_round(out, len, GH_BASE64_ONE_LINE);
		check_base64_round(out, len, GH_BASE64_CRLF_64);
	} else if (out != NULL || err.code == GH_OK) {
		abort();
	}
	free(out);

	out = NULL;
	if (gh_hex_decode((const char *)data, size, &out, &len, &err) == 0) {
		if ((text = gh_hex_encode(out, len)) == NULL || strlen(text) != 2 * len)
			abort();
		free(text);
	} else if (out != NULL) {
		abort();
	}
	free(out);

	if ((text = malloc(size + 1)) == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	out = NULL;
	if (gh_secret_decode(text, &out, &len, &err) != 0 && out != NULL)
		abort();
	free(out);
	free(text);
	return 0;
}
