/* Private keys in records. See ca_key.h. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "key_alg.h"

#include "ca_key.h"
#include "password.h"
#include "token.h"

static bool
is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* --- making ----------------------------------------------------------------------------------- */

int
ca_key_make(const char *alg, const char *uri, EVP_PKEY **out, struct gh_error *err)
{
	*out = NULL;
	if (is_set(uri))
		return token_find_key(uri, out, err);
	if (!gh_key_is_name(alg))
		return gh_fail(err, GH_E_SIGNER, "unknown key algorithm \"%s\"", alg);
	*out = gh_key_make(alg);
	return *out != NULL ? 0 : gh_fail(err, GH_E_INTERNAL, "cannot make a %s key", alg);
}

/* --- taking out ------------------------------------------------------------------------------- */

EVP_PKEY *
ca_key_from_pkcs8(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	PKCS8_PRIV_KEY_INFO *p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)len);
	EVP_PKEY *key = p8 != NULL && p == der + len ? EVP_PKCS82PKEY(p8) : NULL;

	PKCS8_PRIV_KEY_INFO_free(p8);
	ERR_clear_error();
	return key;
}

static int
open_pkcs8(const struct gh_buf *der, EVP_PKEY **out, struct gh_error *err)
{
	if ((*out = ca_key_from_pkcs8(der->data, der->len)) == NULL)
		return gh_fail(err, GH_E_SIGNER, "sealed record: the key cannot be read");
	return 0;
}

static int
open_under_password(const struct record *r, const char *password, EVP_PKEY **out,
    struct gh_error *err)
{
	struct gh_der sealed = {r->key.data, r->key.len};
	struct gh_buf der;
	int rc;

	if (!is_set(password))
		return gh_fail(err, GH_E_CA_PASSWORD, "the key of the CA needs its password");
	gh_buf_init(&der, RECORD_MAX);
	der.secret = true;
	if ((rc = password_open(password, &sealed, &der, err)) == 0)
		rc = open_pkcs8(&der, out, err);
	gh_buf_free(&der);
	return rc;
}

/* The public half, from the certificate or the SubjectPublicKeyInfo of the record. */
static EVP_PKEY *
public_key_of(const struct record *r)
{
	const unsigned char *p = r->cert.data;
	EVP_PKEY *key;
	X509 *x;

	if (r->kind == RECORD_PENDING || record_is_of_kra(r))
		return d2i_PUBKEY(NULL, &p, (long)r->cert.len);
	x = d2i_X509(NULL, &p, (long)r->cert.len);
	key = x != NULL ? X509_get_pubkey(x) : NULL;
	X509_free(x);
	return key;
}

/* The token is not asked: it may be away, and the CA still be loaded. */
static int
open_in_token(const struct record *r, EVP_PKEY **out, struct gh_error *err)
{
	char uri[SIGNER_KEY_URI_SIZE];
	int rc;

	if (r->key.len == 0 || r->key.len >= sizeof(uri) ||
	    memchr(r->key.data, 0, r->key.len) != NULL)
		return gh_fail(err, GH_E_SIGNER, "sealed record: the URI of the key is damaged");
	memcpy(uri, r->key.data, r->key.len);
	uri[r->key.len] = '\0';
	if ((*out = public_key_of(r)) == NULL)
		return gh_fail(err, GH_E_SIGNER, "sealed record: no public key");
	if ((rc = token_mark_key(*out, uri, err)) != 0) {
		EVP_PKEY_free(*out);
		*out = NULL;
	}
	return rc;
}

int
ca_key_open(const struct record *r, const char *password, EVP_PKEY **out, struct gh_error *err)
{
	*out = NULL;
	switch (r->protection) {
	case RECORD_SYSTEM:
		return open_pkcs8(&r->key, out, err);
	case RECORD_PASSWORD:
		return open_under_password(r, password, out, err);
	case RECORD_PKCS11:
		return open_in_token(r, out, err);
	}
	return gh_fail(err, GH_E_SIGNER, "sealed record: unknown protection");
}

/* --- putting in ------------------------------------------------------------------------------- */

static int
put_der(const unsigned char *der, size_t len, const char *password, struct record *r,
    struct gh_error *err)
{
	struct gh_der secret = {der, len};

	if (is_set(password)) {
		r->protection = RECORD_PASSWORD;
		return password_seal(password, &secret, &r->key, err);
	}
	r->protection = RECORD_SYSTEM;
	gh_buf_put(&r->key, der, len);
	return gh_buf_check(&r->key, err);
}

int
ca_key_put(EVP_PKEY *key, const char *uri, const char *password, struct record *r,
    struct gh_error *err)
{
	PKCS8_PRIV_KEY_INFO *p8;
	unsigned char *der = NULL;
	int n, rc;

	r->key.len = 0;
	if (is_set(uri)) {
		r->protection = RECORD_PKCS11;
		gh_buf_puts(&r->key, uri);
		return gh_buf_check(&r->key, err);
	}
	if (token_has(key))
		return gh_refuse(err, GH_E_CONFLICT,
		    "The CA's key is in a PKCS#11 token: it has no password here.");
	p8 = EVP_PKEY2PKCS8(key);
	n = p8 != NULL ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;
	PKCS8_PRIV_KEY_INFO_free(p8);
	if (n <= 0)
		return gh_fail(err, GH_E_INTERNAL, "private key cannot be encoded");
	rc = put_der(der, (size_t)n, password, r, err);
	OPENSSL_clear_free(der, (size_t)n);
	return rc;
}

int
ca_key_copy(const struct record *from, struct record *to, struct gh_error *err)
{
	to->protection = from->protection;
	to->key.len = 0;
	gh_buf_put(&to->key, from->key.data, from->key.len);
	return gh_buf_check(&to->key, err);
}

int
ca_key_put_public(EVP_PKEY *key, struct gh_buf *out, struct gh_error *err)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);

	if (n <= 0)
		return gh_fail(err, GH_E_INTERNAL, "public key cannot be encoded");
	gh_buf_put(out, der, (size_t)n);
	OPENSSL_free(der);
	return gh_buf_check(out, err);
}
