/* The parts of a certificate: the same that OpenSSL finds. */
/* valgrind: what it makes is hashed, signed or encrypted */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "formats/cert_parts.h"

static void
add_extension(X509 *x, const char *name, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, name, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* san NULL: version 1, without extensions. Times as text, UTCTime or GeneralizedTime. */
static X509 *
make_cert(const char *san, const char *from, const char *to)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *x = X509_new();
	unsigned char *der = NULL;

	assert_true(key != NULL && x != NULL);
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
			     (const unsigned char *)"leaf", -1, -1, 0),
	    1);
	assert_int_equal(ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), 0x80aabbccULL), 1);
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(x), from), 1);
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(x), to), 1);
	assert_int_equal(X509_set_pubkey(x, key), 1);
	if (san != NULL) {
		assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
		add_extension(x, "basicConstraints", "critical,CA:FALSE");
		if (*san != '\0')
			add_extension(x, "subjectAltName", san);
		add_extension(x, "keyUsage", "critical,digitalSignature");
	}
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_true(i2d_X509(x, &der) > 0); /* encodes what was set */
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	return x;
}

static void
check_name_and_key(const struct cert_parts *c, X509 *x)
{
	static const unsigned char serial[] = {0, 0x80, 0xaa, 0xbb, 0xcc};
	unsigned char *spki = NULL;
	const unsigned char *name;
	size_t len;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);

	assert_true(gh_der_equals(&c->serial, serial, sizeof(serial)));
	assert_int_equal(X509_NAME_get0_der(X509_get_subject_name(x), &name, &len), 1);
	assert_true(gh_der_equals(&c->subject, name, len));
	assert_true(n > 0 && gh_der_equals(&c->spki, spki, (size_t)n));
	OPENSSL_free(spki);
}

static void
check(X509 *x, bool has_san)
{
	unsigned char *der = NULL, *longer;
	int n = i2d_X509(x, &der), at;
	struct cert_parts c;
	int64_t from, to;

	assert_true(n > 0 && cert_parts_read(der, (size_t)n, &c));
	check_name_and_key(&c, x);
	assert_true(gh_asn1_time_get(X509_get0_notBefore(x), &from));
	assert_true(gh_asn1_time_get(X509_get0_notAfter(x), &to));
	assert_int_equal(c.not_before, from);
	assert_int_equal(c.not_after, to);
	assert_int_equal(c.san.len > 0, has_san);
	if ((at = X509_get_ext_by_NID(x, NID_subject_alt_name, -1)) >= 0) {
		const ASN1_OCTET_STRING *s = X509_EXTENSION_get_data(X509_get_ext(x, at));

		assert_true(gh_der_equals(&c.san, s->data, (size_t)s->length));
	}
	for (int k = 0; k < n; k++)
		assert_false(cert_parts_read(der, (size_t)k, &c));
	longer = calloc(1, (size_t)n + 1);
	memcpy(longer, der, (size_t)n);
	assert_false(cert_parts_read(longer, (size_t)n + 1, &c));
	free(longer);
	OPENSSL_free(der);
	X509_free(x);
}

static void
cert__parts_are_those_that_openssl_finds(void **state)
{
	(void)state;
	check(make_cert("DNS:a.example,IP:10.0.0.1", "20260101000000Z", "20600101000000Z"), true);
	check(make_cert("", "20260101000000Z", "20270101000000Z"), false);
	check(make_cert(NULL, "260101000000Z", "270101000000Z"), false);
}

/* Wherever a byte is another one, reading stays within the certificate, and so do the parts. */
static void
cert__damaged(void **state)
{
	X509 *x = make_cert("DNS:a.example", "260101000000Z", "270101000000Z");
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);

	(void)state;
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		for (int bit = 0; bit < 8; bit++) {
			struct cert_parts c;

			der[i] ^= (unsigned char)(1 << bit);
			if (cert_parts_read(der, (size_t)n, &c) && c.san.len > 0)
				assert_true(c.san.p > der && c.san.p + c.san.len <= der + n);
			der[i] ^= (unsigned char)(1 << bit);
		}
	}
	OPENSSL_free(der);
	X509_free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cert__parts_are_those_that_openssl_finds),
	    cmocka_unit_test(cert__damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
