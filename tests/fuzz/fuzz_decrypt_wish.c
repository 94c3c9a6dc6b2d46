/* SMIMECapabilities, alone and as attributes of a PKCS#10 of a client that wants its private key
 * encrypted: whatever is chosen is something that it lists. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/decrypt_wish.h"

static bool
lists(const bool has[SMIME_AES_SIZES], const char *content_alg)
{
	return has[(atoi(content_alg + strlen("AES-")) - 128) / 64];
}

static void
check_choices(const struct smime_caps *caps)
{
	struct smime_choice c;

	for (size_t len = 0; len <= 64; len++)
		if (smime_caps_choose_kek(caps, len, &c, NULL) == 0 &&
		    ((len != 16 && len != 24 && len != 32) || !caps->has_wrap[len / 8 - 2] ||
			!lists(caps->has_cbc, c.content_alg)))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_error err = {0};
	struct decrypt_wish wish;
	struct smime_caps caps;
	struct ca_pkcs10 *csr;
	int rc = smime_caps_read(&(struct gh_der){data, size}, &caps, &err);

	if (rc == 0)
		check_choices(&caps);
	else if (rc != GH_E_BAD_REQUEST || err.code != rc)
		abort();
	if (ca_pkcs10_parse(data, size, &csr, NULL) != 0)
		return 0;
	rc = decrypt_wish_read(csr, &wish, &err);
	if (rc == 0 && wish.kind != DECRYPT_NONE) {
		if (wish.id.len == 0 || wish.id.len > DECRYPT_KEY_ID_MAX)
			abort();
		check_choices(&wish.caps);
	} else if (rc != 0 && rc != GH_E_BAD_REQUEST) {
		abort();
	}
	ca_pkcs10_free(csr);
	return 0;
}
