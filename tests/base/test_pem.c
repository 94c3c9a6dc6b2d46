/* Textual encodings: what OpenSSL reads of ours, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "pem.h"

#define TEXT_MAX 100000

/* DER of a self-signed certificate; *len its size. */
static unsigned char *
make_cert(const char *name, size_t *len)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	unsigned char *der = NULL;
	int n;

	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 1000);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	n = i2d_X509(x, &der);
	assert_true(n > 0);
	*len = (size_t)n;
	X509_free(x);
	EVP_PKEY_free(key);
	return der;
}

static void
written_as_openssl_writes_it(void **state)
{
	unsigned char bytes[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7);
	for (size_t n = 1; n <= sizeof(bytes); n++) {
		BIO *bio = BIO_new(BIO_s_mem());
		struct gh_buf b;
		char *data;

		gh_buf_init(&b, TEXT_MAX);
		gh_pem_put(&b, "X509 CRL", bytes, n);
		assert_true(PEM_write_bio(bio, "X509 CRL", "", bytes, (long)n) > 0);
		assert_int_equal(BIO_get_mem_data(bio, &data), b.len);
		assert_memory_equal(data, b.data, b.len);
		gh_buf_free(&b);
		BIO_free(bio);
	}
}

static void
reads_all_certificates_in_order(void **state)
{
	STACK_OF(X509) * certs;
	struct gh_error err;
	struct gh_buf b;

	(void)state;
	gh_buf_init(&b, TEXT_MAX);
	gh_buf_puts(&b, "what people write in front\n");
	gh_pem_put(&b, "PUBLIC KEY", "0", 1);
	for (int i = 0; i < 3; i++) {
		char name[] = {(char)('a' + i), '\0'};
		size_t len;
		unsigned char *der = make_cert(name, &len);

		gh_pem_put(&b, "CERTIFICATE", der, len);
		OPENSSL_free(der);
	}
	gh_buf_puts(&b, "and behind\n");
	assert_int_equal(gh_pem_read_certs((char *)b.data, b.len, &certs, &err), 0);
	assert_int_equal(sk_X509_num(certs), 3);
	for (int i = 0; i < 3; i++) {
		char name[8];

		assert_true(
		    X509_NAME_get_text_by_NID(X509_get_subject_name(sk_X509_value(certs, i)),
			NID_commonName, name, sizeof(name)) == 1);
		assert_int_equal(name[0], 'a' + i);
	}
	sk_X509_pop_free(certs, X509_free);
	gh_buf_free(&b);
}

/* OpenSSL's own loop would end there and give the shorter chain. */
static void
a_damaged_certificate_is_not_the_end(void **state)
{
	STACK_OF(X509) * certs;
	struct gh_error err;
	struct gh_buf b;
	size_t len, second;
	unsigned char *der = make_cert("a", &len);

	(void)state;
	gh_buf_init(&b, TEXT_MAX);
	gh_pem_put(&b, "CERTIFICATE", der, len);
	second = b.len;
	gh_pem_put(&b, "CERTIFICATE", der, len);
	b.data[second + 40] = '!';
	assert_int_equal(gh_pem_read_certs((char *)b.data, b.len, &certs, &err), GH_E_CONF);
	assert_null(certs);
	assert_non_null(strstr(err.message, "certificate 2"));
	b.len = second;
	gh_pem_put(&b, "CERTIFICATE", der, len - 1);
	assert_int_equal(gh_pem_read_certs((char *)b.data, b.len, &certs, &err), GH_E_CONF);
	assert_null(certs);
	b.len = second + 100; /* cut off */
	assert_int_equal(gh_pem_read_certs((char *)b.data, b.len, &certs, &err), GH_E_CONF);
	assert_null(certs);
	OPENSSL_free(der);
	gh_buf_free(&b);
}

static void
no_certificate_is_an_error(void **state)
{
	static const char *const none[] = {"", "text\n",
	    "-----BEGIN PUBLIC KEY-----\nMA==\n-----END PUBLIC KEY-----\n"};
	STACK_OF(X509) * certs;
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(gh_pem_read_certs(none[i], strlen(none[i]), &certs, &err),
		    GH_E_CONF);
		assert_null(certs);
		assert_non_null(strstr(err.message, "no certificate"));
	}
}

/* The same text in pieces, of the length that was announced. */
static void
stream_writes_the_same(void **state)
{
	static const size_t more[] = {12000, 12048, 12287, 12288, 12289, 20000, 48 * 1024, 60001};
	static unsigned char piece[GH_STREAM_PIECE];

	(void)state;
	for (size_t i = 0; i < 200 + sizeof(more) / sizeof(more[0]); i++) {
		size_t n = i < 200 ? i : more[i - 200], at = 0, got;
		unsigned char *der = malloc(n + 1);
		struct gh_stream *s;
		struct gh_buf b;

		assert_non_null(der);
		for (size_t k = 0; k < n; k++)
			der[k] = (unsigned char)(k * 7 + k / 256);
		gh_buf_init(&b, TEXT_MAX);
		gh_pem_put(&b, "X509 CRL", der, n);
		assert_non_null(s = gh_pem_stream("X509 CRL", gh_shared_new(der, n)));
		assert_int_equal(s->len, b.len);
		while (at < s->len) {
			got = s->next(s, piece);
			assert_in_range(got, 1, sizeof(piece));
			assert_true(at + got <= b.len);
			assert_memory_equal(piece, b.data + at, got);
			at += got;
		}
		gh_stream_free(s);
		gh_buf_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(written_as_openssl_writes_it),
	    cmocka_unit_test(stream_writes_the_same),
	    cmocka_unit_test(reads_all_certificates_in_order),
	    cmocka_unit_test(a_damaged_certificate_is_not_the_end),
	    cmocka_unit_test(no_certificate_is_an_error),
	};

	return cmocka_run_group_tests_name("base/pem", tests, NULL, NULL);
}
