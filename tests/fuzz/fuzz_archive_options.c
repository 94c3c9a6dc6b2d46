/* PKIArchiveOptions: BER becomes DER that stays as it is, and a KRA takes none that was not made
 * for its keys, which are new in each run. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ber.h"
#include "key_alg.h"
#include "signer/kra/archive_options.h"

#define SIZE_MAX_HERE (64 * 1024)

static struct kra kra = {.allows_legacy = true};
static unsigned char id[2][KRA_KEY_ID_SIZE];

static void
add_key(const char *alg, unsigned char out[KRA_KEY_ID_SIZE])
{
	EVP_PKEY *key = gh_key_make(alg);
	unsigned char *spki = NULL;
	int n = i2d_PUBKEY(key, &spki);
	struct issuer *i;

	if (issuer_from_spki(ISSUER_TRANSPORT, &(struct gh_der){spki, (size_t)n}, key, &i, NULL) !=
	    0)
		abort();
	memcpy(out, i->ca_id, KRA_KEY_ID_SIZE);
	if (issuer_table_put(kra.keys, i, NULL, NULL) != 0)
		abort();
	OPENSSL_free(spki);
	EVP_PKEY_free(key);
}

static void
try_ber(const struct gh_der *in)
{
	struct gh_buf once, twice;

	gh_buf_init(&once, SIZE_MAX_HERE);
	gh_buf_init(&twice, SIZE_MAX_HERE);
	if (gh_ber_put_der(in, &once)) {
		if (once.len > in->len ||
		    !gh_ber_put_der(&(struct gh_der){once.data, once.len}, &twice) ||
		    once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
			abort();
	}
	if (gh_der_is_strict(in->p, in->len) &&
	    (once.len != in->len || memcmp(once.data, in->p, in->len) != 0))
		abort();
	gh_buf_free(&once);
	gh_buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_der in = {data, size};
	struct gh_error err = {0};
	struct gh_buf out;
	bool is_authentic;
	int rc;

	if (kra.keys == NULL) {
		kra.keys = issuer_table_new();
		add_key("RSA-2048", id[0]);
		add_key("P-256", id[1]);
	}
	if (size > SIZE_MAX_HERE)
		return 0;
	try_ber(&in);
	for (int i = 0; i < 2; i++) {
		gh_buf_init(&out, KRA_SECRET_MAX);
		rc = archive_options_open(&kra, id[i], &in, &out, &is_authentic, &err);
		/* a random key of v1.5 may hit upon a padding of CBC, once in 256 times */
		if (rc != GH_E_VALIDATION && (rc != 0 || is_authentic))
			abort();
		if (rc != 0 && (err.code != GH_E_VALIDATION || out.len != 0))
			abort();
		gh_buf_free(&out);
	}
	return 0;
}
