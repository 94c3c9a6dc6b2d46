/* A key under a password. See password.h. */
#include <pthread.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "aead.h"

#include "password.h"

#define SALT_SIZE 16
#define SALT_MAX 64
/* What new passwords get: 32 MiB and some 80 ms. */
#define COST_N (1u << 15)
#define COST_R 8u
#define COST_P 1u
/* What is believed: not weaker than 16 MiB, and not so much that one password stops the signer. */
#define COST_N_MIN (1u << 14)
#define COST_N_MAX (1u << 18)
#define COST_R_MAX 16u
#define COST_P_MAX 4u
#define COST_MEMORY_MAX (128u * 1024 * 1024)

static const unsigned char aad[] = "gatehouse CA key under a password 1";
static const struct gh_der label = {aad, sizeof(aad) - 1};

struct scrypt {
	struct gh_der salt;
	uint64_t n;
	uint32_t r, p;
};

/* One derivation at a time: whoever asks often waits, and memory is taken once. */
static pthread_mutex_t derivation = PTHREAD_MUTEX_INITIALIZER;

static int
derive(const char *password, struct scrypt *s, unsigned char key[GH_KEY_SIZE], struct gh_error *err)
{
	uint64_t memory = 2ull * COST_MEMORY_MAX;
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[] = {OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PASSWORD, (char *)password,
				   strlen(password)),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, (void *)s->salt.p, s->salt.len),
	    OSSL_PARAM_uint64(OSSL_KDF_PARAM_SCRYPT_N, &s->n),
	    OSSL_PARAM_uint32(OSSL_KDF_PARAM_SCRYPT_R, &s->r),
	    OSSL_PARAM_uint32(OSSL_KDF_PARAM_SCRYPT_P, &s->p),
	    OSSL_PARAM_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory), OSSL_PARAM_END};
	int ok;

	pthread_mutex_lock(&derivation);
	ok = ctx != NULL && EVP_KDF_derive(ctx, key, GH_KEY_SIZE, params) == 1;
	pthread_mutex_unlock(&derivation);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	ERR_clear_error();
	return ok ? 0 : gh_fail(err, GH_E_INTERNAL, "scrypt");
}

static void
put_scrypt(struct gh_buf *b, const struct scrypt *s)
{
	gh_buf_put_block(b, s->salt.p, s->salt.len);
	gh_buf_put_u64(b, s->n);
	gh_buf_put_u32(b, s->r);
	gh_buf_put_u32(b, s->p);
}

static bool
get_scrypt(struct gh_reader *r, struct scrypt *s)
{
	s->salt.p = gh_reader_block(r, SALT_MAX, &s->salt.len);
	s->n = gh_reader_u64(r);
	s->r = gh_reader_u32(r);
	s->p = gh_reader_u32(r);
	return !r->failed && s->salt.len >= SALT_SIZE && s->n >= COST_N_MIN && s->n <= COST_N_MAX &&
	    (s->n & (s->n - 1)) == 0 && s->r >= COST_R && s->r <= COST_R_MAX && s->p >= 1 &&
	    s->p <= COST_P_MAX && 128 * s->n * s->r <= COST_MEMORY_MAX;
}

int
password_seal(const char *password, const struct gh_der *secret, struct gh_buf *out,
    struct gh_error *err)
{
	unsigned char salt[SALT_SIZE], key[GH_KEY_SIZE];
	struct scrypt s = {{salt, sizeof(salt)}, COST_N, COST_R, COST_P};
	struct gh_buf cipher;
	int rc;

	if (RAND_bytes(salt, sizeof(salt)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random salt");
	if ((rc = derive(password, &s, key, err)) != 0)
		return rc;
	gh_buf_init(&cipher, out->max);
	if ((rc = gh_aead_seal(key, &label, secret, &cipher, err)) == 0) {
		put_scrypt(out, &s);
		gh_buf_put_block(out, cipher.data, cipher.len);
		rc = gh_buf_check(out, err);
	}
	OPENSSL_cleanse(key, sizeof(key));
	gh_buf_free(&cipher);
	return rc;
}

int
password_open(const char *password, const struct gh_der *sealed, struct gh_buf *out,
    struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE];
	struct gh_der cipher;
	struct gh_reader r;
	struct scrypt s;
	int rc;

	gh_reader_init(&r, sealed->p, sealed->len);
	if (!get_scrypt(&r, &s))
		return gh_fail(err, GH_E_SIGNER, "scrypt parameters out of bounds");
	cipher.p = gh_reader_block(&r, sealed->len, &cipher.len);
	if (!gh_reader_is_done(&r) || cipher.len <= GH_AEAD_OVERHEAD)
		return gh_fail(err, GH_E_SIGNER, "key under a password: malformed");
	if ((rc = derive(password, &s, key, err)) != 0)
		return rc;
	rc = gh_aead_open(key, &label, &cipher, out, err);
	OPENSSL_cleanse(key, sizeof(key));
	return rc == GH_E_BAD_REQUEST ? gh_fail(err, GH_E_CA_PASSWORD, "wrong password of a CA key")
				      : rc;
}
