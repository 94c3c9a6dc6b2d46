/* Random passwords. See generated.h. */
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "generated.h"

#define GENERATED 20 /* characters */

int
generated_password(char **out, struct gh_error *err)
{
	static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char raw[GENERATED];
	char *text = malloc(GENERATED + GENERATED / 5);
	size_t n = 0;

	*out = NULL;
	if (text == NULL)
		return gh_fail(err, GH_E_NOMEM, "password");
	if (RAND_bytes(raw, sizeof(raw)) != 1) {
		free(text);
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	}
	for (size_t i = 0; i < GENERATED; i++) {
		if (i > 0 && i % 5 == 0)
			text[n++] = '-';
		text[n++] = alphabet[raw[i] % 32];
	}
	text[n] = '\0';
	OPENSSL_cleanse(raw, sizeof(raw));
	*out = text;
	return 0;
}
