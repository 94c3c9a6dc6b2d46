/* Heads of the audit trail. See audit_sign.h. */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "digest.h"

#include "audit_sign.h"

static const char label[] = "gatehouse audit key 1";

static int
fill(struct audit_key *k, const unsigned char seed[32], struct gh_error *err)
{
	int n;

	k->key = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, 32);
	if (k->key == NULL || (n = i2d_PUBKEY(k->key, &k->spki)) <= 0)
		return gh_fail(err, GH_E_INTERNAL, "audit key");
	k->spki_len = (size_t)n;
	if (!gh_digest(GH_SHA256, k->spki, k->spki_len, k->id))
		return gh_fail(err, GH_E_INTERNAL, "SHA-256");
	return 0;
}

int
audit_key_derive(const unsigned char system_key[32], struct audit_key *out, struct gh_error *err)
{
	unsigned char seed[32];
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = gh_derive_key(system_key, label, seed, err)) == 0)
		rc = fill(out, seed, err);
	OPENSSL_cleanse(seed, sizeof(seed));
	if (rc != 0)
		audit_key_free(out);
	return rc;
}

void
audit_key_free(struct audit_key *k)
{
	EVP_PKEY_free(k->key);
	OPENSSL_free(k->spki);
	memset(k, 0, sizeof(*k));
}

int
audit_sign(const struct audit_key *k, const unsigned char head[SIGNER_AUDIT_HEAD], uint64_t seal_id,
    unsigned char sig[SIGNER_AUDIT_SIG], struct gh_error *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = SIGNER_AUDIT_SIG;
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, 256);
	gh_buf_puts(&b, SIGNER_AUDIT_PREFIX);
	gh_buf_put_u64(&b, seal_id);
	gh_buf_put(&b, head, SIGNER_AUDIT_HEAD);
	if ((rc = gh_buf_check(&b, err)) == 0 &&
	    (ctx == NULL || EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, k->key, NULL) != 1 ||
		EVP_DigestSign(ctx, sig, &len, b.data, b.len) != 1 || len != SIGNER_AUDIT_SIG))
		rc = gh_fail(err, GH_E_INTERNAL, "signing of an audit head failed");
	gh_buf_free(&b);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return rc;
}
