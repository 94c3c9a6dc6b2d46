/* A key that was made here. See est_made_key.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>

#include "hex.h"
#include "kra/key_envelope.h"
#include "kra/key_pkcs12.h"
#include "package/package_oid.h"
#include "store/key/generated_key.h"
#include "kra_env.h"

#include "est_made_key.h"

#define PASSWORD_BYTES 32

void
est_made_key_clear(struct est_made_key *k)
{
	if (k->der.p != NULL)
		OPENSSL_clear_free((unsigned char *)k->der.p, k->der.len);
	memset(k, 0, sizeof(*k));
}

/* ---- plain ---- */

/* The KRA gives it out as PKCS#12 under a password that nobody else ever sees. */
static int
open_pkcs12(const struct signer_blob *blob, const char *password, struct est_made_key *out,
    struct gh_error *err)
{
	const unsigned char *p = blob->p;
	PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)blob->len);
	PKCS8_PRIV_KEY_INFO *info = NULL;
	EVP_PKEY *key = NULL;
	unsigned char *der = NULL;
	int n = 0;

	if (p12 != NULL && PKCS12_parse(p12, password, &key, NULL, NULL) == 1 && key != NULL &&
	    (info = EVP_PKEY2PKCS8(key)) != NULL)
		n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	if (n > 0)
		*out = (struct est_made_key){{der, (size_t)n}, EST_PLAIN_KEY_TYPE};
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(key);
	PKCS12_free(p12);
	ERR_clear_error();
	return n > 0 ? 0 : gh_fail(err, GH_E_INTERNAL, "PKCS#12 of the KRA cannot be opened");
}

/* *out malloc'd, to be wiped. */
static int
make_pkcs12(const struct worker_env *env, const struct est_key_of *of, const char *password,
    struct signer_blob *out, struct gh_error *err)
{
	const struct key_pkcs12_ask a = {.mark = of->mark,
	    .password = password,
	    .chain = of->chain};
	struct kra_means means = kra_env_means(env);
	struct store_archived_key kept;
	int rc = store_get_kept_key(env->store, a.mark, REPLAY_MARK_SIZE, &kept, err);

	if (rc == 0 && (rc = key_pkcs12(&means, &kept, &a, out, err)) != 0)
		kra_env_explain(err);
	store_archived_key_clear(&kept);
	return rc;
}

int
est_made_key_plain(const struct worker_env *env, const struct est_key_of *of,
    struct est_made_key *out, struct gh_error *err)
{
	unsigned char random[PASSWORD_BYTES];
	char password[2 * PASSWORD_BYTES + 1];
	struct signer_blob p12 = {NULL, 0};
	int rc;

	memset(out, 0, sizeof(*out));
	if (RAND_bytes(random, sizeof(random)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	(void)gh_hex_lower(random, sizeof(random), password);
	if ((rc = make_pkcs12(env, of, password, &p12, err)) == 0)
		rc = open_pkcs12(&p12, password, out, err);
	OPENSSL_cleanse(random, sizeof(random));
	OPENSSL_cleanse(password, sizeof(password));
	if (p12.p != NULL)
		OPENSSL_cleanse(p12.p, p12.len);
	free(p12.p);
	return rc;
}

/* Moves what the store's allocator gave to that of OpenSSL, which clears all forms. */
static int
take(const struct signer_blob *blob, const char *type, struct est_made_key *out,
    struct gh_error *err)
{
	unsigned char *p = OPENSSL_memdup(blob->p, blob->len);

	if (p != NULL)
		*out = (struct est_made_key){{p, blob->len}, type};
	return p != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "key package");
}

int
est_made_key_pkcs12(const struct worker_env *env, const struct est_key_of *of,
    const struct est_recipient *r, struct est_made_key *out, struct gh_error *err)
{
	struct signer_blob p12 = {NULL, 0};
	char *password = malloc(r->kek_len + 1);
	int rc;

	memset(out, 0, sizeof(*out));
	if (password == NULL)
		return gh_fail(err, GH_E_NOMEM, "password");
	memcpy(password, r->kek, r->kek_len);
	password[r->kek_len] = '\0';
	if ((rc = make_pkcs12(env, of, password, &p12, err)) == 0)
		rc = take(&p12, EST_PKCS12_TYPE, out, err);
	OPENSSL_cleanse(password, r->kek_len);
	free(password);
	free(p12.p);
	return rc;
}

/* ---- protected ---- */

/* Both DER, of OPENSSL_malloc. */
static int
encode_signer(const struct gateway_signer *s, struct kra_key_package *p, struct gh_error *err)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(s->key);
	unsigned char *key = NULL, *cert = NULL;
	int key_len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &key) : -1,
	    cert_len = i2d_X509(s->cert, &cert);

	PKCS8_PRIV_KEY_INFO_free(info);
	p->signer_key = (struct gh_der){key, key_len > 0 ? (size_t)key_len : 0};
	p->signer_cert = (struct gh_der){cert, cert_len > 0 ? (size_t)cert_len : 0};
	return key_len > 0 && cert_len > 0 ? 0 : gh_fail(err, GH_E_NOMEM, "signer of keys");
}

static void
free_signer(struct kra_key_package *p)
{
	OPENSSL_clear_free((unsigned char *)p->signer_key.p, p->signer_key.len);
	OPENSSL_free((unsigned char *)p->signer_cert.p);
}

static struct gh_der
text(const char *s)
{
	return (struct gh_der){(const unsigned char *)s, strlen(s)};
}

/* EncryptedKeyPackage (RFC 6032, 2): the same with another tag. Its module tags implicitly. */
static int
make_key_package(struct est_made_key *k, struct gh_error *err)
{
	static const unsigned char type[] = {GH_OID_DER(OID_ENCRYPTED_KEY_PACKAGE)};
	struct gh_der in = k->der, info, tagged, enveloped;
	size_t choice, content;
	struct gh_buf b;
	int rc;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &info) || !gh_der_take(&info, GH_DER_OID, NULL) ||
	    !gh_der_take(&info, GH_DER_CONTEXT(0), &tagged) ||
	    !gh_der_take(&tagged, GH_DER_SEQUENCE, &enveloped))
		return gh_fail(err, GH_E_INTERNAL, "EnvelopedData of the KRA");
	choice = gh_der_size(enveloped.len);
	content = sizeof(type) + gh_der_size(choice);
	gh_buf_init(&b, gh_der_size(content) + 1);
	gh_der_put_header(&b, GH_DER_SEQUENCE, content);
	gh_buf_put(&b, type, sizeof(type));
	gh_der_put_header(&b, GH_DER_CONTEXT(0), choice);
	gh_der_put(&b, GH_DER_CONTEXT(0), enveloped.p, enveloped.len);
	if ((rc = gh_buf_check(&b, err)) == 0) {
		const struct signer_blob blob = {b.data, b.len};

		est_made_key_clear(k);
		rc = take(&blob, EST_KEY_PACKAGE_TYPE, k, err);
	}
	gh_buf_free(&b);
	return rc;
}

int
est_made_key_protected(const struct worker_env *env, const struct est_key_of *of,
    const struct decrypt_wish *wish, const struct est_recipient *r,
    const struct gateway_signer *signer, struct est_made_key *out, struct gh_error *err)
{
	struct key_envelope_ask a = {.mark = of->mark,
	    .chain = of->chain,
	    .package = {.content_alg = text(r->choice.content_alg),
		.key_alg = text(r->choice.key_alg),
		.kek = {r->kek, r->kek_len},
		.kek_id = r->kek != NULL ? wish->id : (struct gh_der){NULL, 0},
		.recipient = {r->cert, r->cert_len}}};
	struct kra_means means = kra_env_means(env);
	struct signer_blob blob = {NULL, 0};
	struct store_archived_key kept;
	int rc = encode_signer(signer, &a.package, err);

	memset(out, 0, sizeof(*out));
	if (rc == 0) {
		rc = store_get_kept_key(env->store, a.mark, REPLAY_MARK_SIZE, &kept, err);
		if (rc == 0 && (rc = key_envelope(&means, &kept, &a, &blob, err)) != 0)
			kra_env_explain(err);
		store_archived_key_clear(&kept);
	}
	if (rc == 0)
		rc = take(&blob, EST_PROTECTED_KEY_TYPE, out, err);
	if (rc == 0 && wish->wants_key_package)
		rc = make_key_package(out, err);
	free_signer(&a.package);
	free(blob.p);
	return rc;
}
