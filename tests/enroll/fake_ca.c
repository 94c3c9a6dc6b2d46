/* A CA with its key at hand: certificates of this one are real. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "encoding.h"
#include "hex.h"

#include "fake.h"
#include "formats/names_text.h"

struct fake_ca fake_ca;

static EVP_PKEY *ca_key[2]; /* issuing, root */
static char *chain_text[2];

static X509_NAME *
name_of(const char *cn)
{
	X509_NAME *n = X509_NAME_new();

	assert_int_equal(X509_NAME_add_entry_by_txt(n, "DC", MBSTRING_ASC,
			     (const unsigned char *)"test", -1, -1, 0),
	    1);
	assert_int_equal(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC,
			     (const unsigned char *)cn, -1, -1, 0),
	    1);
	return n;
}

static X509 *
make_cert(X509_NAME *subject, X509_NAME *issuer, EVP_PKEY *pub, EVP_PKEY *signer, int64_t end)
{
	X509 *x = X509_new();
	BIGNUM *bn = BN_new();

	assert_true(
	    x != NULL && bn != NULL && BN_rand(bn, 128, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1);
	assert_non_null(BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)));
	BN_free(bn);
	assert_true(X509_set_version(x, X509_VERSION_3) && X509_set_subject_name(x, subject) &&
	    X509_set_issuer_name(x, issuer) && X509_set_pubkey(x, pub) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -600) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), (long)end) != NULL &&
	    X509_sign(x, signer, EVP_sha256()) > 0);
	return x;
}

static char *
text_of(X509 *x)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	char *text;

	assert_true(n > 0);
	text = gh_base64_encode(der, (size_t)n, GH_BASE64_ONE_LINE);
	OPENSSL_free(der);
	return text;
}

static void
forget_ca(void)
{
	for (int i = 0; i < 2; i++) {
		EVP_PKEY_free(ca_key[i]);
		free(chain_text[i]);
	}
}

const char *
fake_ca_chain(int i)
{
	X509_NAME *issuing = name_of("Issuing"), *root = name_of("Root");
	X509 *x;

	if (ca_key[0] == NULL) {
		assert_int_equal(atexit(forget_ca), 0);
		ca_key[0] = EVP_EC_gen("P-256");
		ca_key[1] = EVP_EC_gen("P-256");
		x = make_cert(issuing, root, ca_key[0], ca_key[1], 864000);
		chain_text[0] = text_of(x);
		X509_free(x);
		x = make_cert(root, root, ca_key[1], ca_key[1], 8640000);
		chain_text[1] = text_of(x);
		X509_free(x);
	}
	X509_NAME_free(issuing);
	X509_NAME_free(root);
	return chain_text[i];
}

int
ca_finish(struct ca *ca, struct gh_error *err)
{
	const unsigned char *p = ca->chain.cert[0].der;

	ca->cert = d2i_X509(NULL, &p, (long)ca->chain.cert[0].len);
	if (ca->cert == NULL)
		return gh_fail(err, GH_E_DB, "no certificate");
	ca->issuer_dn = ca_dn_text(X509_get_subject_name(ca->cert));
	return ca->issuer_dn != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "CA");
}

static void
urls_free(char **u)
{
	for (size_t i = 0; u != NULL && u[i] != NULL; i++)
		free(u[i]);
	free(u);
}

void
ca_free(struct ca *ca)
{
	if (ca == NULL)
		return;
	free(ca->name);
	free(ca->slug);
	gh_json_free(ca->policy);
	urls_free(ca->groups);
	X509_free(ca->cert);
	cert_chain_clear(&ca->chain);
	cert_chain_clear(&ca->also);
	free(ca->sealed);
	urls_free(ca->cdp_urls);
	urls_free(ca->aia_urls);
	urls_free(ca->ocsp_urls);
	free(ca->issuer_dn);
	free(ca);
}

int
ca_check_spec(const struct ca *ca, const struct cert_spec *spec, int64_t *not_after,
    struct gh_error *err)
{
	(void)ca;
	(void)err;
	*not_after = spec->not_after;
	return 0;
}

static void
sign(struct ca_signing *m)
{
	const unsigned char *p = m->spec->spki;
	unsigned char *der = NULL;
	EVP_PKEY *pub;
	X509 *x;
	int n;

	m->cert = NULL;
	m->rc = 0;
	if (fake_ca.fail != 0 && fake_ca.skip-- <= 0) {
		m->rc = gh_fail(&m->err, fake_ca.fail, "the CA was told to fail");
		return;
	}
	pub = d2i_PUBKEY(NULL, &p, (long)m->spec->spki_len);
	x = make_cert(m->spec->subject, X509_get_subject_name(m->ca->cert), pub, ca_key[0], 3600);
	n = i2d_X509(x, &der);
	assert_true(n > 0);
	m->cert = malloc((size_t)n);
	memcpy(m->cert, der, (size_t)n);
	m->cert_len = (size_t)n;
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(pub);
	fake_ca.signed_certs++;
}

void
ca_sign_batch(struct signer_client *signer, struct ca_signing *m, size_t n)
{
	(void)signer;
	fake_ca.exchanges++;
	for (size_t i = 0; i < n; i++)
		sign(&m[i]);
}

bool
ca_signs_slowly(const struct ca *ca)
{
	return fake_ca.slow_ca != NULL && strcmp(fake_ca.slow_ca, ca->name) == 0;
}

int
ca_outcome_set_cert(struct enroll_outcome *out, const struct ca *ca, const unsigned char *leaf,
    size_t leaf_len, struct gh_error *err)
{
	unsigned char sha1[20];
	char *hex;
	int rc;

	assert_int_equal(EVP_Digest(leaf, leaf_len, sha1, NULL, EVP_sha1(), NULL), 1);
	hex = gh_hex_encode(sha1, sizeof(sha1));
	strcpy(out->thumbprint, hex);
	free(hex);
	snprintf(out->serial, sizeof(out->serial), "%032X", ++fake_ca.serial);
	out->issuer_dn = strdup(ca->issuer_dn);
	rc = cert_chain_add(&out->chain, leaf, leaf_len, err);
	for (size_t i = 0; rc == 0 && i < ca->chain.n; i++)
		rc = cert_chain_add(&out->chain, ca->chain.cert[i].der, ca->chain.cert[i].len, err);
	return rc;
}
