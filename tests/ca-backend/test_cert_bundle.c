/* Certificates in files of whatever form, and what can be told of odd ones. */
/* valgrind: reads whatever bytes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "case.h"
#include "der.h"
#include "encoding.h"
#include "formats/cert_bundle.h"
#include "formats/foreign_cert.h"
#include "pem.h"

static EVP_PKEY *key;
static X509 *one, *two;
static struct gh_der one_der, two_der;

static X509 *
make_cert(const char *cn, long serial)
{
	X509 *x = X509_new();
	X509_NAME *name;

	assert_non_null(x);
	name = X509_get_subject_name(x);
	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
			     (const unsigned char *)cn, -1, -1, 0),
	    1);
	assert_int_equal(X509_set_issuer_name(x, name), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), serial), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 86400));
	assert_int_equal(X509_set_pubkey(x, key), 1);
	return x;
}

static struct gh_der
sign(X509 *x)
{
	unsigned char *der = NULL;
	int n;

	assert_true(X509_sign(x, key, NULL) > 0);
	n = i2d_X509(x, &der);
	assert_true(n > 0);
	return (struct gh_der){der, (size_t)n};
}

static int
set_up(void **state)
{
	(void)state;
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); /* signatures of one length */
	one = make_cert("one", 1);
	two = make_cert("two", 2);
	one_der = sign(one);
	two_der = sign(two);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	OPENSSL_free((void *)(uintptr_t)one_der.p);
	OPENSSL_free((void *)(uintptr_t)two_der.p);
	X509_free(one);
	X509_free(two);
	EVP_PKEY_free(key);
	return 0;
}

/* ---- what is in it ---- */

/* wanted: "1" and "2" for the two, "?" for one that is wrong, each with its line where it has one:
 * "1:3 ?:9". */
static void
expect_bundle(const void *bytes, size_t len, const char *password, const char *wanted)
{
	struct cert_bundle b;
	struct gh_error err;
	char found[200] = "";
	size_t n = 0;

	assert_int_equal(cert_bundle_read(bytes, len, password, &b, &err), 0);
	for (size_t i = 0; i < b.n; i++) {
		const struct cert_bundle_item *it = &b.item[i];
		char what = it->der == NULL                     ? '?'
		    : gh_der_equals(&one_der, it->der, it->len) ? '1'
		    : gh_der_equals(&two_der, it->der, it->len) ? '2'
								: 'x';

		assert_int_equal(it->number, (int)i + 1);
		assert_int_equal(it->der == NULL, *it->wrong != '\0');
		n += (size_t)snprintf(found + n, sizeof(found) - n,
		    it->line > 0 ? "%s%c:%d" : "%s%c", i > 0 ? " " : "", what, it->line);
	}
	assert_string_equal(found, wanted);
	cert_bundle_clear(&b);
}

static void
expect_failure(const void *bytes, size_t len, const char *password, enum gh_code code)
{
	struct cert_bundle b;
	struct gh_error err;

	assert_int_equal(cert_bundle_read(bytes, len, password, &b, &err), code);
	assert_true(*err.message != '\0');
	cert_bundle_clear(&b);
}

static void
put_pem(struct gh_buf *b, const char *label, const struct gh_der *der)
{
	gh_pem_put(b, label, der->p, der->len);
}

static void
bundle__pem(void **state)
{
	struct gh_buf b;

	(void)state;
	gh_buf_init(&b, 64 * 1024);
	gh_buf_puts(&b, "0 s:CN = one\r\n");
	put_pem(&b, "CERTIFICATE", &one_der);
	put_pem(&b, "CERTIFICATE REQUEST", &one_der);
	put_pem(&b, "X509 CERTIFICATE", &two_der);
	assert_int_equal(gh_buf_check(&b, NULL), 0);
	expect_bundle(b.data, b.len, NULL, "1:2 2:16");
	gh_buf_free(&b);
}

static void
bundle__pem_garbage_hides_nothing(void **state)
{
	struct gh_buf b;

	(void)state;
	gh_buf_init(&b, 64 * 1024);
	gh_buf_puts(&b, "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
	gh_buf_puts(&b, "-----BEGIN CERTIFICATE-----\nMAA=\n"); /* without an end */
	put_pem(&b, "CERTIFICATE", &one_der);
	gh_buf_puts(&b, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	gh_buf_puts(&b, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
	put_pem(&b, "CERTIFICATE", &two_der);
	gh_buf_puts(&b, "-----BEGIN CERTIFICATE-----\nMIIB");
	assert_int_equal(gh_buf_check(&b, NULL), 0);
	expect_bundle(b.data, b.len, NULL, "?:1 ?:4 1:6 ?:13 ?:16 2:18 ?:25");
	gh_buf_free(&b);
}

static void
bundle__pem_without_line_ends(void **state)
{
	static const char text[] = "-----BEGIN CERTIFICATE-----";

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		expect_failure(text, n, NULL, GH_E_BAD_REQUEST);
	expect_bundle(text, sizeof(text) - 1, NULL, "?:1");
	expect_failure("no certificate\n", 15, NULL, GH_E_BAD_REQUEST);
	expect_failure("", 0, NULL, GH_E_BAD_REQUEST);
}

static void
bundle__private_keys_are_counted(void **state)
{
	struct cert_bundle b;
	struct gh_error err;
	struct gh_buf text;

	(void)state;
	gh_buf_init(&text, 64 * 1024);
	put_pem(&text, "EC PRIVATE KEY", &two_der);
	put_pem(&text, "CERTIFICATE", &one_der);
	put_pem(&text, "ENCRYPTED PRIVATE KEY", &two_der);
	assert_int_equal(cert_bundle_read(text.data, text.len, NULL, &b, &err), 0);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.keys, 2);
	cert_bundle_clear(&b);
	gh_buf_free(&text);
}

static void
bundle__der(void **state)
{
	struct gh_buf b;
	char *text = gh_base64_encode(one_der.p, one_der.len, GH_BASE64_CRLF_64);

	(void)state;
	expect_bundle(one_der.p, one_der.len, NULL, "1");
	expect_bundle(text, strlen(text), NULL, "1");
	free(text);
	for (size_t n = 1; n < one_der.len; n++) {
		struct cert_bundle cut;
		struct gh_error err;

		if (cert_bundle_read(one_der.p, n, NULL, &cut, &err) == 0) {
			assert_int_equal(cut.n, 1);
			assert_null(cut.item[0].der);
		}
		cert_bundle_clear(&cut);
	}
	gh_buf_init(&b, 64 * 1024);
	gh_buf_put(&b, one_der.p, one_der.len);
	gh_buf_put(&b, two_der.p, two_der.len);
	expect_bundle(b.data, b.len, NULL, "1 2");
	gh_buf_puts(&b, "more");
	expect_bundle(b.data, b.len, NULL, "1 2 ?");
	gh_buf_free(&b);
}

/* A PEM file in base64, as Keyfactor's import takes it. */
static void
bundle__base64_of_pem(void **state)
{
	struct gh_buf b;
	char *text;

	(void)state;
	gh_buf_init(&b, 64 * 1024);
	gh_buf_puts(&b,
	    "\xef\xbb\xbf"
	    "bag attributes\n");
	put_pem(&b, "CERTIFICATE", &one_der);
	put_pem(&b, "PRIVATE KEY", &two_der);
	put_pem(&b, "CERTIFICATE", &two_der);
	text = gh_base64_encode(b.data, b.len, GH_BASE64_ONE_LINE);
	expect_bundle(text, strlen(text), NULL, "1:2 2:16");
	free(text);
	text = gh_base64_encode((const unsigned char *)"-----BEGIN NOTHING-----\n", 24,
	    GH_BASE64_ONE_LINE);
	expect_failure(text, strlen(text), NULL, GH_E_BAD_REQUEST);
	free(text);
	gh_buf_free(&b);
}

static void
bundle__pkcs7(void **state)
{
	PKCS7 *p7 = PKCS7_new();
	unsigned char *der = NULL;
	struct gh_buf b;
	int n;

	(void)state;
	assert_int_equal(PKCS7_set_type(p7, NID_pkcs7_signed), 1);
	assert_int_equal(PKCS7_content_new(p7, NID_pkcs7_data), 1);
	n = i2d_PKCS7(p7, &der);
	expect_bundle(der, (size_t)n, NULL, "?"); /* without certificates */
	OPENSSL_free(der);
	der = NULL;
	assert_int_equal(PKCS7_add_certificate(p7, one), 1);
	assert_int_equal(PKCS7_add_certificate(p7, two), 1);
	n = i2d_PKCS7(p7, &der);
	assert_true(n > 0);
	expect_bundle(der, (size_t)n, NULL, "1 2");
	gh_buf_init(&b, 64 * 1024);
	gh_pem_put(&b, "PKCS7", der, (size_t)n);
	expect_bundle(b.data, b.len, NULL, "1:1 2:1");
	for (int cut = 1; cut < n; cut++) {
		struct cert_bundle part;
		struct gh_error err;

		(void)!cert_bundle_read(der, (size_t)cut, NULL, &part, &err);
		cert_bundle_clear(&part);
	}
	gh_buf_free(&b);
	OPENSSL_free(der);
	PKCS7_free(p7);
}

static void
bundle__pkcs12(void **state)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	unsigned char *der = NULL;
	struct cert_bundle b;
	struct gh_error err;
	PKCS12 *p12;
	int n;

	(void)state;
	assert_true(sk_X509_push(others, two) > 0);
	p12 = PKCS12_create("secret", "me", key, one, others, NID_aes_256_cbc, NID_aes_256_cbc, 100,
	    100, 0);
	n = i2d_PKCS12(p12, &der);
	assert_true(n > 0);
	assert_true(cert_bundle_is_pkcs12(der, (size_t)n));
	assert_false(cert_bundle_is_pkcs12(one_der.p, one_der.len));
	expect_bundle(der, (size_t)n, "secret", "1 2");
	expect_failure(der, (size_t)n, "wrong", GH_E_AUTH_FAILED);
	expect_failure(der, (size_t)n, NULL, GH_E_AUTH_FAILED);
	assert_int_equal(cert_bundle_read(der, (size_t)n, "secret", &b, &err), 0);
	assert_int_equal(b.keys, 1);
	cert_bundle_clear(&b);
	for (int cut = 4; cut < n; cut += 7)
		expect_failure(der, (size_t)cut, "secret", GH_E_BAD_REQUEST);
	OPENSSL_free(der);
	PKCS12_free(p12);
	der = NULL;
	/* nobody waits for hours */
	p12 = PKCS12_create("secret", "me", key, one, NULL, NID_aes_256_cbc, NID_aes_256_cbc, 100,
	    -1, 0);
	assert_int_equal(PKCS12_set_mac(p12, "secret", -1, NULL, 0, 1, EVP_sha256()), 1);
	n = i2d_PKCS12(p12, &der);
	expect_bundle(der, (size_t)n, "secret", "1");
	OPENSSL_free(der);
	PKCS12_free(p12);
	sk_X509_free(others);
}

/* Of three bytes, so that other three can stand there. */
#define ROUNDS 0x010203

/* The file says that it wants other rounds to be opened than those that it was made with. found:
 * NULL for none. Takes p12. */
static void
expect_rounds(PKCS12 *p12, const char *written, const char *found)
{
	unsigned char *der = NULL;
	int n = i2d_PKCS12(p12, &der), changed = 0;

	for (int i = 0; i + 5 <= n; i++) {
		if (memcmp(der + i, "\x02\x03\x01\x02\x03", 5) == 0) {
			memcpy(der + i + 2, written, 3);
			changed++;
		}
	}
	assert_int_equal(changed, 1);
	if (found != NULL)
		expect_bundle(der, (size_t)n, "secret", found);
	else
		expect_failure(der, (size_t)n, "secret", GH_E_BAD_REQUEST);
	OPENSSL_free(der);
	PKCS12_free(p12);
}

/* Its MAC, its certificates, its key, which nobody opens. What is below a MAC cannot be changed. */
static void
bundle__pkcs12_that_takes_too_long(void **state)
{
	static const char *const written[] = {"\x01\x02\x03", "\x7f\xff\xff", "\xff\xff\xff",
	    "\x00\x00\x00"};

	(void)state;
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		PKCS12 *p12 =
		    PKCS12_create("secret", "me", key, one, NULL, NID_aes_256_cbc, -1, 1, -1, 0);

		assert_int_equal(PKCS12_set_mac(p12, "secret", -1, NULL, 0, ROUNDS, EVP_sha256()),
		    1);
		expect_rounds(p12, written[i], i == 0 ? "1" : NULL);
		expect_rounds(PKCS12_create("secret", "me", NULL, one, NULL, NID_undef,
				  NID_aes_256_cbc, ROUNDS, -1, 0),
		    written[i], i == 0 ? "1" : "?");
		expect_rounds(PKCS12_create("secret", "me", key, one, NULL, NID_aes_256_cbc, -1,
				  ROUNDS, -1, 0),
		    written[i], "1");
	}
}

/* No password and an empty one are the same, and are written in two ways. */
static void
bundle__pkcs12_without_a_password(void **state)
{
	static const char *const passwords[] = {NULL, ""};

	(void)state;
	for (int i = 0; i < 2; i++) {
		PKCS12 *p12 = PKCS12_create(passwords[i], "me", key, one, NULL, NID_aes_256_cbc,
		    NID_aes_256_cbc, 100, 100, 0);
		unsigned char *der = NULL;
		int n = i2d_PKCS12(p12, &der);

		expect_bundle(der, (size_t)n, NULL, "1");
		expect_bundle(der, (size_t)n, "", "1");
		expect_failure(der, (size_t)n, "secret", GH_E_AUTH_FAILED);
		OPENSSL_free(der);
		PKCS12_free(p12);
	}
}

/* b becomes the content of this tag behind before, whole elements. */
static void
wrap(struct gh_buf *b, unsigned tag, const char *before, size_t len)
{
	struct gh_buf out;

	gh_buf_init(&out, 8192);
	gh_der_put_header(&out, tag, len + b->len);
	gh_buf_put(&out, before, len);
	gh_buf_put(&out, b->data, b->len);
	assert_int_equal(gh_buf_check(&out, NULL), 0);
	gh_buf_free(b);
	*b = out;
}

/* SEQUENCE { type, [0] b } */
static void
wrap_typed(struct gh_buf *b, const char *type, size_t len)
{
	wrap(b, GH_DER_CONTEXT(0), "", 0);
	wrap(b, GH_DER_SEQUENCE, type, len);
}

#define OID_DATA "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define OID_SAFE_CONTENTS "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x06"

/* A bag in so many others (RFC 7292, 4.2.6). */
static void
expect_nested(PKCS12_SAFEBAG *bag, int depth, const char *found, int keys)
{
	unsigned char *der = NULL;
	int n = i2d_PKCS12_SAFEBAG(bag, &der);
	struct cert_bundle bundle;
	struct gh_error err;
	struct gh_buf b;

	gh_buf_init(&b, 8192);
	gh_buf_put(&b, der, (size_t)n);
	for (int i = 0; i < depth; i++) {
		wrap(&b, GH_DER_SEQUENCE, "", 0);
		wrap_typed(&b, OID_SAFE_CONTENTS, sizeof(OID_SAFE_CONTENTS) - 1);
	}
	for (int i = 0; i < 2; i++) { /* SafeContents, AuthenticatedSafe */
		wrap(&b, GH_DER_SEQUENCE, "", 0);
		wrap(&b, GH_DER_OCTETS, "", 0);
		wrap_typed(&b, OID_DATA, sizeof(OID_DATA) - 1);
	}
	wrap(&b, GH_DER_SEQUENCE, "\x02\x01\x03", 3);
	if (found != NULL) {
		expect_bundle(b.data, b.len, NULL, found);
	} else {
		assert_int_equal(cert_bundle_read(b.data, b.len, NULL, &bundle, &err),
		    GH_E_BAD_REQUEST); /* no certificate */
		assert_int_equal(bundle.keys, keys);
		cert_bundle_clear(&bundle);
	}
	gh_buf_free(&b);
	OPENSSL_free(der);
}

static void
bundle__pkcs12_of_bags_in_bags(void **state)
{
	PKCS12_SAFEBAG *cert = PKCS12_SAFEBAG_create_cert(one),
		       *plain = PKCS12_SAFEBAG_create0_p8inf(EVP_PKEY2PKCS8(key));

	(void)state;
	for (int depth = 0; depth <= 4; depth++) {
		expect_nested(cert, depth, "1", 0);
		expect_nested(plain, depth, NULL, 1);
	}
	for (int depth = 5; depth <= 12; depth++)
		expect_nested(cert, depth, "?", 0);
	expect_nested(plain, 5, "?", 0);
	PKCS12_SAFEBAG_free(cert);
	PKCS12_SAFEBAG_free(plain);
}

/* Its rounds would be counted by nobody. */
static void
bundle__pkcs12_with_pbmac1(void **state)
{
	PKCS12 *p12 = PKCS12_create("secret", "me", key, one, NULL, NID_aes_256_cbc,
	    NID_aes_256_cbc, 100, 100, 0);
	ASN1_STRING *parameters = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
	unsigned char *der = NULL;
	const X509_ALGOR *alg;
	int n;

	(void)state;
	PKCS12_get0_mac(NULL, &alg, NULL, NULL, p12);
	assert_int_equal(ASN1_STRING_set(parameters, "\x30", 2), 1); /* an empty one */
	assert_int_equal(X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)alg,
			     OBJ_txt2obj("1.2.840.113549.1.5.14", 1), V_ASN1_SEQUENCE, parameters),
	    1);
	n = i2d_PKCS12(p12, &der);
	assert_true(n > 0);
	expect_failure(der, (size_t)n, "secret", GH_E_BAD_REQUEST);
	OPENSSL_free(der);
	PKCS12_free(p12);
}

/* ---- odd ones ---- */

/* Whatever it is, it is taken or refused in words. */
static void
expect_read(X509 *x, bool is_taken, const char *note)
{
	struct gh_der der = sign(x);
	struct foreign_cert c;
	struct gh_error err;
	int rc = foreign_cert_read(der.p, der.len, &c, &err);

	assert_int_equal(rc, is_taken ? 0 : GH_E_BAD_REQUEST);
	if (is_taken && note == NULL)
		assert_null(c.note);
	if (is_taken && note != NULL)
		assert_string_equal(c.note, note);
	foreign_cert_clear(&c);
	OPENSSL_free((void *)(uintptr_t)der.p);
	X509_free(x);
}

static void
foreign__serial_numbers(void **state)
{
	static const unsigned char long_one[33] = {1};
	X509 *x = make_cert("negative", -5);

	(void)state;
	expect_read(x, true, NULL);
	x = make_cert("zero", 0);
	expect_read(x, true, NULL);
	for (int n = 20; n <= 33; n++) {
		x = make_cert("long", 1);
		assert_int_equal(ASN1_STRING_set(X509_get_serialNumber(x), long_one, n), 1);
		expect_read(x, n <= FOREIGN_SERIAL_MAX, NULL);
	}
}

static void
foreign__times(void **state)
{
	static const struct {
		const char *from, *to;
		bool is_taken;
	} rows[] = {{"19500101000000Z", "99991231235959Z", true},
	    {"00010101000000Z", "19691231235959Z", true},
	    {"20300101000000Z", "20200101000000Z", true},
	    {"00000101000000Z", "20200101000000Z", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		X509 *x = make_cert("times", 1);

		assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(x), rows[i].from), 1);
		assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(x), rows[i].to), 1);
		expect_read(x, rows[i].is_taken, NULL);
	}
}

static void
foreign__names(void **state)
{
	static const int types[] = {V_ASN1_BMPSTRING, V_ASN1_T61STRING, V_ASN1_UNIVERSALSTRING,
	    V_ASN1_IA5STRING};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		X509 *x = make_cert("names", 1);

		assert_int_equal(X509_NAME_add_entry_by_NID(X509_get_subject_name(x),
				     NID_organizationName, types[i],
				     (const unsigned char *)"\0\0\0a", 4, -1, 0),
		    1);
		expect_read(x, true, NULL);
	}
}

static void
foreign__no_name_at_all(void **state)
{
	X509 *x = make_cert("gone", 1);

	(void)state;
	X509_NAME_ENTRY_free(X509_NAME_delete_entry(X509_get_subject_name(x), 0));
	expect_read(x, true, NULL);
}

/* n names of so many bytes. */
static X509 *
with_names(int n, size_t bytes)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	X509 *x = make_cert("many", 1);
	char *text = malloc(bytes + 1);

	memset(text, 'a', bytes);
	text[bytes] = '\0';
	for (int i = 0; i < n; i++) {
		GENERAL_NAME *gn = GENERAL_NAME_new();
		ASN1_IA5STRING *s = ASN1_IA5STRING_new();

		assert_int_equal(ASN1_STRING_set(s, text, (int)bytes), 1);
		GENERAL_NAME_set0_value(gn, GEN_DNS, s);
		assert_true(sk_GENERAL_NAME_push(names, gn) > 0);
	}
	assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0), 1);
	GENERAL_NAMES_free(names);
	free(text);
	return x;
}

static void
foreign__many_names(void **state)
{
	(void)state;
	expect_read(with_names(CERT_NAMES_MAX, 5), true, NULL);
	expect_read(with_names(CERT_NAMES_MAX + 1, 5), true,
	    "only its first 2000 alternative names are searched for");
	expect_read(with_names(1, CERT_NAME_MAX + 1), true,
	    "its names are searched for by their beginnings only");
	expect_read(with_names(30000, 10), false, NULL); /* more than 128 KiB */
}

static void
foreign__broken_alternative_names(void **state)
{
	X509 *x = make_cert("broken", 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e;

	(void)state;
	assert_int_equal(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x30\x05\x82\xffzz",
			     6),
	    1);
	e = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	assert_int_equal(X509_add_ext(x, e, -1), 1); /* and twice */
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(value);
	expect_read(x, true, "its alternative names cannot be read, and are not searched for");
}

/* Each octet altered in turn: read or refused. */
static void
foreign__altered(void **state)
{
	unsigned char *copy = malloc(one_der.len);
	struct foreign_cert c;
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < one_der.len; i += case_stride()) {
		for (int bit = 0; bit < 8; bit++) {
			memcpy(copy, one_der.p, one_der.len);
			copy[i] ^= (unsigned char)(1 << bit);
			if (foreign_cert_read(copy, one_der.len, &c, &err) != 0)
				assert_int_equal(err.code, GH_E_BAD_REQUEST);
			foreign_cert_clear(&c);
		}
	}
	free(copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bundle__pem),
	    cmocka_unit_test(bundle__pem_garbage_hides_nothing),
	    cmocka_unit_test(bundle__pem_without_line_ends),
	    cmocka_unit_test(bundle__private_keys_are_counted),
	    cmocka_unit_test(bundle__der),
	    cmocka_unit_test(bundle__base64_of_pem),
	    cmocka_unit_test(bundle__pkcs7),
	    cmocka_unit_test(bundle__pkcs12),
	    cmocka_unit_test(bundle__pkcs12_with_pbmac1),
	    cmocka_unit_test(bundle__pkcs12_that_takes_too_long),
	    cmocka_unit_test(bundle__pkcs12_without_a_password),
	    cmocka_unit_test(bundle__pkcs12_of_bags_in_bags),
	    cmocka_unit_test(foreign__serial_numbers),
	    cmocka_unit_test(foreign__times),
	    cmocka_unit_test(foreign__names),
	    cmocka_unit_test(foreign__no_name_at_all),
	    cmocka_unit_test(foreign__many_names),
	    cmocka_unit_test(foreign__broken_alternative_names),
	    cmocka_unit_test(foreign__altered),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
