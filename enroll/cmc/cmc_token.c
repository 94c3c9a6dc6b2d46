/* pendToken. See cmc_token.h. */
#include <string.h>

#include <openssl/crypto.h>

#include "cmc_token.h"

#define LABEL "gatehouse cmc pending v1"
#define ID_SIZE 8

static void
put_id(int64_t id, unsigned char out[ID_SIZE])
{
	for (int i = 0; i < ID_SIZE; i++)
		out[i] = (unsigned char)((uint64_t)id >> (56 - 8 * i));
}

int
cmc_token_make(const struct worker_env *env, int64_t id, unsigned char out[CMC_TOKEN_SIZE],
    struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE];
	int rc = gh_derive_key(env->server_secret, LABEL, key, err);

	put_id(id, out);
	if (rc == 0 && !gh_hmac(GH_SHA256, key, sizeof(key), out, ID_SIZE, out + ID_SIZE))
		rc = gh_fail(err, GH_E_NOMEM, "pendToken");
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

int
cmc_token_read(const struct worker_env *env, const unsigned char *p, size_t len, int64_t *id,
    struct gh_error *err)
{
	unsigned char again[CMC_TOKEN_SIZE];
	uint64_t n = 0;
	int rc;

	*id = 0;
	for (size_t i = 0; len == CMC_TOKEN_SIZE && i < ID_SIZE; i++)
		n = n << 8 | p[i];
	if ((rc = cmc_token_make(env, (int64_t)n, again, err)) != 0)
		return rc;
	if (len != CMC_TOKEN_SIZE || CRYPTO_memcmp(p, again, CMC_TOKEN_SIZE) != 0)
		return gh_refuse(err, GH_E_BAD_REQUEST, "queryPending: no token of ours.");
	*id = (int64_t)n;
	return 0;
}
