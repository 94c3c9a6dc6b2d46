/*
 * What is inside a sealed record: only a faulty signer seals such a thing, and the next one must
 * not break of it. A record that is read is written back byte for byte; certificate and key are
 * decoded unless a password is asked for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signer/keys/ca_key.h"
#include "signer/keys/record.h"

static void
must_be_written_back(const struct record *r, const uint8_t *data, size_t size)
{
	struct gh_buf b;

	gh_buf_init(&b, RECORD_MAX);
	if (record_put(r, &b, NULL) != 0 || b.len != size || memcmp(b.data, data, size) != 0)
		abort();
	gh_buf_free(&b);
}

static void
use(const struct record *r)
{
	EVP_PKEY *key = NULL;
	struct issuer *ca = NULL;

	if (r->protection == RECORD_PKCS11)
		return;
	if (r->protection == RECORD_SYSTEM && ca_key_open(r, NULL, &key, NULL) != 0)
		return;
	if (record_issuer(r, key, &ca, NULL) == 0 && issuer_is_locked(ca) != (key == NULL))
		abort();
	issuer_unref(ca);
	EVP_PKEY_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_der in = {data, size};
	struct record r;

	if (size > RECORD_MAX)
		return 0;
	if (record_read(&in, &r, NULL) == 0) {
		if (data[0] == 2)
			must_be_written_back(&r, data, size);
		use(&r);
	}
	record_free(&r);
	return 0;
}
