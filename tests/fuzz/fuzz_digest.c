/* What a stranger writes behind Digest into Authorization, and as a nonce. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/digest_header.h"
#include "auth/digest_nonce.h"

static const unsigned char secret[32] = {1};

/* Nobody guesses a response or a nonce. */
static void
check(const char *header)
{
	static const struct digest_secret unknown = {{"5f", "71"}};
	struct digest_header h;
	int rc = digest_header_parse(header, &h, NULL);

	if ((rc == 0) != (h.user != NULL))
		abort();
	if (rc != 0)
		return;
	if (h.count == 0 || *h.user == '\0' || strchr(h.user, '"') != NULL ||
	    digest_header_check(&h, &unknown, "POST", NULL) != GH_E_AUTH_FAILED ||
	    digest_nonce_look(secret, h.nonce, 1800000000) != DIGEST_NONCE_FOREIGN)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *header = malloc(size + sizeof("Digest "));

	if (header == NULL)
		return 0;
	strcpy(header, "Digest ");
	memcpy(header + 7, data, size);
	header[7 + size] = '\0';
	check(header);
	free(header);
	return 0;
}
