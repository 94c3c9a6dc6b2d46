/* A key with its certificate as PKCS#12. See pkcs12.h. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>

#include "signer/keys/ca_key.h"
#include "signer/keys/cert_der.h"
#include "pkcs12.h"
#include "secret.h"

#define SALT_SIZE 16 /* bytes (NIST SP 800-132, 5.1) */

/* NULL: one of them is none. */
static STACK_OF(X509) * read_chain(const struct pkcs12_content *c)
{
	STACK_OF(X509) *chain = sk_X509_new_null();

	for (size_t i = 0; chain != NULL && i < c->chain_len; i++) {
		X509 *x = cert_der_read(&c->chain[i]);

		if (x == NULL || sk_X509_push(chain, x) == 0) {
			X509_free(x);
			sk_X509_pop_free(chain, X509_free);
			chain = NULL;
		}
	}
	return chain;
}

/* PKCS12_create has the certificates first. RFC 7292 leaves that free; Windows writes the key
 * first, and clients that were made beside it count on that. */
static bool
put_key_first(PKCS12 *p12)
{
	STACK_OF(PKCS7) *parts = PKCS12_unpack_authsafes(p12);
	PKCS7 *key = parts != NULL ? sk_PKCS7_pop(parts) : NULL;
	bool ok = key != NULL && sk_PKCS7_unshift(parts, key) > 0;

	if (key != NULL && !ok)
		PKCS7_free(key);
	ok = ok && PKCS12_pack_authsafes(p12, parts) == 1;
	sk_PKCS7_pop_free(parts, PKCS7_free);
	return ok;
}

/* PKCS12_create has SHA-1 for the MAC where no other is set: it is made without one. */
static PKCS12 *
create(const struct pkcs12_content *c, EVP_PKEY *key, X509 *cert, STACK_OF(X509) * chain)
{
	bool is_legacy = c->form == KRA_PKCS12_LEGACY;
	int nid = is_legacy ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC : NID_aes_256_cbc;
	int iter = (int)c->iterations;
	PKCS12 *p12 = PKCS12_create(c->password, c->name[0] != '\0' ? c->name : NULL, key, cert,
	    chain, nid, nid, iter, -1, 0);

	if (p12 != NULL &&
	    (!put_key_first(p12) ||
		PKCS12_set_mac(p12, c->password, -1, NULL, SALT_SIZE, iter,
		    is_legacy ? EVP_sha1() : EVP_sha256()) != 1)) {
		PKCS12_free(p12);
		p12 = NULL;
	}
	return p12;
}

static int
put(const struct pkcs12_content *c, EVP_PKEY *key, X509 *cert, STACK_OF(X509) * chain,
    struct gh_buf *out, struct gh_error *err)
{
	unsigned char *der = NULL;
	PKCS12 *p12;
	int n;

	if (key == NULL || cert == NULL || chain == NULL || X509_check_private_key(cert, key) != 1)
		return gh_refuse(err, GH_E_VALIDATION,
		    "The certificate does not belong to the key, or one of them cannot be read.");
	p12 = create(c, key, cert, chain);
	n = p12 != NULL ? i2d_PKCS12(p12, &der) : -1;
	PKCS12_free(p12);
	if (n <= 0)
		return gh_fail(err, GH_E_INTERNAL, "PKCS#12 cannot be made");
	gh_buf_put(out, der, (size_t)n);
	OPENSSL_clear_free(der, (size_t)n);
	return gh_buf_check(out, err);
}

int
pkcs12_make(const struct pkcs12_content *c, struct gh_buf *out, struct gh_error *err)
{
	STACK_OF(X509) * chain;
	EVP_PKEY *key;
	X509 *cert;
	int rc;

	if (c->chain_len > KRA_CHAIN_MAX || c->iterations < PKCS12_ITERATIONS_MIN ||
	    c->iterations > PKCS12_ITERATIONS_MAX)
		return gh_refuse(err, GH_E_VALIDATION,
		    "A PKCS#12 has at most %d issuers and %d to %d iterations.", KRA_CHAIN_MAX,
		    PKCS12_ITERATIONS_MIN, PKCS12_ITERATIONS_MAX);
	key = ca_key_from_pkcs8(c->pkcs8.p, c->pkcs8.len);
	cert = cert_der_read(&c->cert);
	chain = read_chain(c);
	rc = put(c, key, cert, chain, out, err);
	sk_X509_pop_free(chain, X509_free);
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return rc;
}
