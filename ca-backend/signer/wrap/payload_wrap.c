/* A secret under a symmetric key. See payload_wrap.h. */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "oid.h"

#include "payload_wrap.h"
#include "refusal.h"

#define GCM_TAG 16
#define KW_MIN 16 /* RFC 3394: two blocks */
#define KW_BLOCK 8
#define CBC_BLOCK 16

enum mode { MODE_GCM, MODE_KW, MODE_KWP, MODE_CBC };

struct payload_alg {
	const char *name;
	const EVP_CIPHER *(*cipher)(void);
	enum mode mode;
	size_t key_size, iv_size;
	unsigned char oid_end; /* of GH_OID_AES */
};

static const struct payload_alg algs[] = {
    {"AES-128-GCM", EVP_aes_128_gcm, MODE_GCM, 16, 12, 6},
    {"AES-256-GCM", EVP_aes_256_gcm, MODE_GCM, 32, 12, 46},
    {"AES-128-KW", EVP_aes_128_wrap, MODE_KW, 16, 0, 5},
    {"AES-256-KW", EVP_aes_256_wrap, MODE_KW, 32, 0, 45},
    {"AES-128-KWP", EVP_aes_128_wrap_pad, MODE_KWP, 16, 0, 8},
    {"AES-256-KWP", EVP_aes_256_wrap_pad, MODE_KWP, 32, 0, 48},
    {"AES-128-CBC", EVP_aes_128_cbc, MODE_CBC, 16, 16, 2},
    {"AES-256-CBC", EVP_aes_256_cbc, MODE_CBC, 32, 16, 42},
};
#define ALGS (sizeof(algs) / sizeof(algs[0]))

const struct payload_alg *
payload_alg_find(const struct gh_der *name)
{
	for (size_t i = 0; i < ALGS; i++)
		if (gh_der_equals(name, algs[i].name, strlen(algs[i].name)))
			return &algs[i];
	return NULL;
}

static const struct payload_alg *
find_oid(const struct gh_der *oid)
{
	for (size_t i = 0; i < ALGS; i++)
		if (GH_OID_IS(oid, GH_OID_AES(algs[i].oid_end)))
			return &algs[i];
	return NULL;
}

/* GCMParameters (RFC 5084, 3.2); the default of aes-ICVlen is 12 octets, which are too few here. */
static bool
read_gcm(struct gh_der in, struct gh_der *iv)
{
	struct gh_der body;
	unsigned tag_size;

	return gh_der_take(&in, GH_DER_SEQUENCE, &body) && in.len == 0 &&
	    gh_der_take(&body, GH_DER_OCTETS, iv) && gh_der_take_u32(&body, &tag_size) &&
	    body.len == 0 && tag_size == GCM_TAG;
}

/* CBC: its IV (RFC 3565, 4.1). Key wraps have none (RFC 5649, 3: absent); what old clients put
 * there means nothing. */
static bool
read_parameters(const struct payload_alg *alg, struct gh_der in, struct gh_der *iv)
{
	*iv = (struct gh_der){NULL, 0};
	switch (alg->mode) {
	case MODE_GCM:
		return read_gcm(in, iv);
	case MODE_CBC:
		return gh_der_take(&in, GH_DER_OCTETS, iv) && in.len == 0;
	case MODE_KW:
	case MODE_KWP:
		break;
	}
	return in.len == 0 ||
	    ((gh_der_take(&in, GH_DER_NULL, NULL) || gh_der_take(&in, GH_DER_OCTETS, NULL)) &&
		in.len == 0);
}

bool
payload_alg_read(const struct gh_der *algorithm, const struct payload_alg **out, struct gh_der *iv)
{
	struct gh_der in = *algorithm, oid;

	return gh_der_take(&in, GH_DER_OID, &oid) && (*out = find_oid(&oid)) != NULL &&
	    read_parameters(*out, in, iv) && iv->len == (*out)->iv_size;
}

size_t
payload_alg_key_size(const struct payload_alg *alg)
{
	return alg->key_size;
}

bool
payload_alg_is_authentic(const struct payload_alg *alg)
{
	return alg->mode != MODE_CBC;
}

static EVP_CIPHER_CTX *
start(const struct payload_alg *alg, const unsigned char *key, const unsigned char *iv,
    bool is_wrapping)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx == NULL)
		return NULL;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_CipherInit_ex2(ctx, alg->cipher(), key, alg->iv_size > 0 ? iv : NULL, is_wrapping,
		NULL) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static bool
fits(const struct payload_alg *alg, const struct gh_der *secret)
{
	if (secret->len == 0 || secret->len > KRA_SECRET_MAX)
		return false;
	return alg->mode != MODE_KW || (secret->len >= KW_MIN && secret->len % KW_BLOCK == 0);
}

/* to: secret->len + PAYLOAD_OVERHEAD bytes. Key wraps take the whole in one update. */
static bool
encrypt(const struct payload_alg *alg, const unsigned char *key, const unsigned char *iv,
    const struct gh_der *secret, unsigned char *to, size_t *len)
{
	EVP_CIPHER_CTX *ctx = start(alg, key, iv, true);
	int n = 0, rest = 0;
	bool ok = ctx != NULL && EVP_CipherUpdate(ctx, to, &n, secret->p, (int)secret->len) == 1 &&
	    EVP_CipherFinal_ex(ctx, to + n, &rest) == 1;

	*len = (size_t)n + (size_t)rest;
	if (ok && alg->mode == MODE_GCM) {
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, GCM_TAG, to + *len) == 1;
		*len += GCM_TAG;
	}
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

int
payload_wrap(const struct payload_alg *alg, const unsigned char *key, const struct gh_der *secret,
    struct gh_buf *iv, struct gh_buf *out, struct gh_error *err)
{
	unsigned char nonce[PAYLOAD_IV_MAX], cipher[KRA_SECRET_MAX + PAYLOAD_OVERHEAD];
	size_t len;
	int rc;

	if (!fits(alg, secret))
		return gh_refuse(err, GH_E_VALIDATION, "%s does not wrap a secret of %zu octets.",
		    alg->name, secret->len);
	if (RAND_bytes(nonce, (int)alg->iv_size) != 1 ||
	    !encrypt(alg, key, nonce, secret, cipher, &len)) {
		ERR_clear_error();
		return gh_fail(err, GH_E_INTERNAL, "%s", alg->name);
	}
	gh_buf_put(iv, nonce, alg->iv_size);
	gh_buf_put(out, cipher, len);
	if ((rc = gh_buf_check(iv, err)) != 0)
		return rc;
	return gh_buf_check(out, err);
}

/* to: cipher->len + PAYLOAD_OVERHEAD bytes. */
static bool
decrypt(const struct payload_alg *alg, const unsigned char *key, const struct payload_form *form,
    const struct gh_der *cipher, unsigned char *to, size_t *len)
{
	size_t body = cipher->len - (alg->mode == MODE_GCM ? GCM_TAG : 0);
	EVP_CIPHER_CTX *ctx = start(alg, key, form->iv.p, false);
	int n = 0, rest = 0;
	bool ok = ctx != NULL &&
	    (alg->mode != MODE_CBC || EVP_CIPHER_CTX_set_padding(ctx, 0) == 1) &&
	    (form->aad.len == 0 ||
		EVP_CipherUpdate(ctx, NULL, &n, form->aad.p, (int)form->aad.len) == 1) &&
	    EVP_CipherUpdate(ctx, to, &n, cipher->p, (int)body) == 1 &&
	    (alg->mode != MODE_GCM ||
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, GCM_TAG,
		    (void *)(cipher->p + body)) == 1) &&
	    EVP_CipherFinal_ex(ctx, to + n, &rest) == 1;

	*len = (size_t)n + (size_t)rest;
	EVP_CIPHER_CTX_free(ctx);
	return ok && *len > 0;
}

int
payload_unwrap_form(const struct payload_alg *alg, const unsigned char *key,
    const struct payload_form *form, const struct gh_der *cipher, struct gh_buf *out,
    struct gh_error *err)
{
	unsigned char secret[KRA_SECRET_MAX + 2 * PAYLOAD_OVERHEAD];
	size_t len = 0;
	bool ok = form->iv.len == alg->iv_size && cipher->len > GCM_TAG - 1 &&
	    cipher->len <= KRA_SECRET_MAX + PAYLOAD_OVERHEAD &&
	    (form->aad.len == 0 || alg->mode == MODE_GCM) &&
	    decrypt(alg, key, form, cipher, secret, &len);

	if (ok)
		gh_buf_put(out, secret, len);
	OPENSSL_cleanse(secret, sizeof(secret));
	ERR_clear_error();
	return ok ? gh_buf_check(out, err) : refuse_wrapped_secret(err);
}

int
payload_unwrap(const struct payload_alg *alg, const unsigned char *key, const struct gh_der *iv,
    const struct gh_der *cipher, struct gh_buf *out, struct gh_error *err)
{
	return payload_unwrap_form(alg, key, &(struct payload_form){.iv = *iv}, cipher, out, err);
}

bool
payload_is_padding(const struct gh_der *rest)
{
	if (rest->len < 1 || rest->len > CBC_BLOCK)
		return false;
	for (size_t i = 0; i < rest->len; i++)
		if (rest->p[i] != rest->len)
			return false;
	return true;
}
