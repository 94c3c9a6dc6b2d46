/* Certs-only PKCS#7: what we write, OpenSSL reads, and in the order given. */
/* valgrind: what it makes is hashed, signed or encrypted */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "issuing/ca.h"
#include "formats/pkcs7.h"

/* A self-signed certificate; the encoding of a longer name sorts behind a shorter one in DER's SET
 * order. */
static void
add_cert(struct cert_chain *chain, const char *cn)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *x = X509_new();
	unsigned char *der = NULL;
	struct gh_error err;
	int n;

	assert_true(key != NULL && x != NULL);
	X509_set_version(x, X509_VERSION_3);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
	    (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 60);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_true((n = i2d_X509(x, &der)) > 0);
	assert_int_equal(cert_chain_add(chain, der, (size_t)n, &err), 0);
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void
check_content(const struct cert_chain *chain)
{
	unsigned char *der, *cert;
	const unsigned char *p;
	struct gh_error err;
	size_t len, i;
	PKCS7 *p7;
	int n;

	assert_int_equal(ca_pkcs7_encode(chain, &der, &len, &err), 0);
	p = der;
	p7 = d2i_PKCS7(NULL, &p, (long)len);
	assert_non_null(p7);
	assert_ptr_equal(p, der + len);
	assert_true(PKCS7_type_is_signed(p7));
	assert_int_equal(ASN1_INTEGER_get(p7->d.sign->version), 1);
	assert_int_equal(sk_PKCS7_SIGNER_INFO_num(p7->d.sign->signer_info), 0);
	assert_int_equal(sk_X509_ALGOR_num(p7->d.sign->md_algs), 0);
	assert_true(PKCS7_type_is_data(p7->d.sign->contents));
	assert_int_equal(sk_X509_num(p7->d.sign->cert), chain->n);
	for (i = 0; i < chain->n; i++) {
		cert = NULL;
		n = i2d_X509(sk_X509_value(p7->d.sign->cert, (int)i), &cert);
		assert_int_equal(n, chain->cert[i].len);
		assert_memory_equal(cert, chain->cert[i].der, chain->cert[i].len);
		OPENSSL_free(cert);
	}
	PKCS7_free(p7);
	free(der);
}

static void
pkcs7__holds_the_chain_in_order(void **state)
{
	struct cert_chain chain = {0};

	(void)state;
	add_cert(&chain, "a leaf with a long name");
	check_content(&chain);
	add_cert(&chain, "middle one");
	add_cert(&chain, "root");
	check_content(&chain);
	cert_chain_clear(&chain);
	assert_int_equal(chain.n, 0);
}

static void
pkcs7__of_nothing_is_well_formed(void **state)
{
	struct cert_chain chain = {0};
	unsigned char *der;
	const unsigned char *p;
	struct gh_error err;
	size_t len;
	PKCS7 *p7;

	(void)state;
	assert_int_equal(ca_pkcs7_encode(&chain, &der, &len, &err), 0);
	p = der;
	assert_non_null(p7 = d2i_PKCS7(NULL, &p, (long)len));
	assert_ptr_equal(p, der + len);
	PKCS7_free(p7);
	free(der);
}

static void
pkcs7__refuses_what_is_too_large(void **state)
{
	struct cert_chain chain = {0};
	unsigned char *der, *large = calloc(1, 300 * 1024);
	struct gh_error err;
	size_t len;

	(void)state;
	assert_non_null(large);
	assert_int_equal(cert_chain_add(&chain, large, 300 * 1024, &err), 0);
	assert_int_equal(cert_chain_add(&chain, large, 300 * 1024, &err), 0);
	assert_int_equal(ca_pkcs7_encode(&chain, &der, &len, &err), GH_E_NOMEM);
	assert_null(der);
	cert_chain_clear(&chain);
	free(large);
}

static void
chain__is_bounded(void **state)
{
	struct cert_chain chain = {0};
	struct gh_error err;
	int i;

	(void)state;
	for (i = 0; i < CERT_CHAIN_MAX; i++)
		assert_int_equal(cert_chain_add(&chain, "x", 1, &err), 0);
	assert_int_equal(cert_chain_add(&chain, "x", 1, &err), GH_E_INTERNAL);
	assert_int_equal(chain.n, CERT_CHAIN_MAX);
	cert_chain_clear(&chain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pkcs7__holds_the_chain_in_order),
	    cmocka_unit_test(pkcs7__of_nothing_is_well_formed),
	    cmocka_unit_test(pkcs7__refuses_what_is_too_large),
	    cmocka_unit_test(chain__is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
