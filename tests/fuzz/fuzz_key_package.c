/* Keys that an EST server made, as the client reads them: the envelope, what is signed in it, and
 * the package. Nobody who signed it is known here: a key comes out of the package alone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "device/est_decrypt.h"
#include "device/est_key_package.h"

static void
try_envelope(const struct gh_der *in)
{
	static unsigned char kek[32] = {7}, id[] = "id";
	const struct est_decrypt d = {.kek = kek, .kek_len = sizeof(kek), .id = id, .id_len = 2};
	struct gh_error err = {0};
	struct gh_buf out;
	EVP_PKEY *key;

	gh_buf_init(&out, 1 << 20);
	if (est_decrypt_open(&d, in, &out, &err) == 0) {
		if (out.len == 0)
			abort();
		if (est_key_package_open(&(struct gh_der){out.data, out.len}, NULL, &key, &err) ==
		    0)
			abort();
	} else if (err.code != GH_E_BAD_REQUEST) {
		abort();
	}
	gh_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct gh_der in = {data, size};
	struct gh_error err = {0};
	EVP_PKEY *key;
	int rc;

	try_envelope(&in);
	if (est_key_package_open(&in, NULL, &key, &err) == 0 || key != NULL)
		abort();
	rc = est_key_package_read(&in, &key, &err);
	if ((rc == 0) != (key != NULL) || (rc != 0 && rc != GH_E_BAD_REQUEST))
		abort();
	EVP_PKEY_free(key);
	return 0;
}
