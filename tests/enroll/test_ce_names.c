/* The body of a Pkcs12 call: what is read, what is refused, and the names as a PKCS#10 has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "certenroll/ce_pkcs12_parse.h"

#define START "{\"TemplateName\":\"User\",\"Pkcs12Password\":\"correct horse\""

static int
parse(const char *text, struct ce_pkcs12_body *b, struct gh_error *err)
{
	return ce_pkcs12_parse(text, strlen(text), 1, b, err);
}

static void
body__members(void **state)
{
	static const char text[] =
	    "\xEF\xBB\xBF{ \" pkcs12PASSWORD \":\"Gr\\u00fc\xc3\x9f"
	    "e\",\"templatename\":\" User \","
	    "\"KEYTYPE\":\"ecc\",\"KeyLength\":\"384\",\"Flags\":\"1\",\"x\":[],"
	    "\"SubjectNameAttributes\":{},\"SubjectAltNameElements\":[]}";
	struct ce_pkcs12_body b;
	struct gh_error err = {0};

	(void)state;
	assert_int_equal(parse(text, &b, &err), 0);
	assert_string_equal(b.password,
	    "Gr\xc3\xbc\xc3\x9f"
	    "e");
	assert_string_equal(b.common.template_name, "User");
	assert_true(b.has_key_type && b.key_type == CA_KEY_EC && b.key_bits == 384);
	assert_int_equal(b.common.flags, 1);
	assert_true(b.subject != NULL && b.sans != NULL);
	ce_pkcs12_body_clear(&b);
	assert_int_equal(parse(START ",\"SubjectNameAttributes\":null,\"KeyType\":null}", &b, &err),
	    0);
	assert_true(b.subject == NULL && b.sans == NULL && !b.has_key_type && b.key_bits == 0);
	ce_pkcs12_body_clear(&b);
}

static void
body__refusals(void **state)
{
	static const char *const wrong[] = {"{\"TemplateName\":\"User\"}",
	    START ",\"KeyType\":\"DSA\"}", START ",\"KeyType\":[]}", START ",\"KeyLength\":-1}",
	    START ",\"KeyLength\":\"\"}", START ",\"PKCS12password\":\"x\"}",
	    START ",\"SubjectNameAttributes\":[]}", START ",\"SubjectAltNameElements\":1}",
	    "{\"Pkcs12Password\":\"correct horse\"}",
	    "{\"TemplateName\":\"User\",\"Pkcs12Password\":\"a\\u0007b\"}", START};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct ce_pkcs12_body b;
		struct gh_error err = {0};

		if (parse(wrong[i], &b, &err) == 0)
			fail_msg("taken: %s", wrong[i]);
		assert_int_not_equal(err.message[0], '\0');
		ce_pkcs12_body_clear(&b);
	}
}

static int
encode(const char *names, struct ce_names *out, struct gh_error *err)
{
	struct ce_pkcs12_body b;
	char text[2048];
	int rc;

	snprintf(text, sizeof(text), START ",%s}", names);
	if (parse(text, &b, err) != 0)
		fail_msg("%s: %s", names, err->message);
	rc = ce_names_encode(&b, out, err);
	ce_pkcs12_body_clear(&b);
	return rc;
}

static const struct taken {
	const char *names, *subject, *sans;
} taken[] = {
    {"\"x\":1", "", ""},
    {"\"SubjectNameAttributes\":{\"CN\":\"a\",\"c\":\"DE\",\"O\":\"\",\"L\":null,\"Title\":\"x\"}",
	"C=DE, CN=a", ""},
    {"\"SubjectNameAttributes\":{\"E\":\"a@b.c\",\"OU\":[\"u1\",\"u2\"],\"ST\":\"Bayern\",\"L\":\"M\xc3\xbcnchen\"}",
	"ST=Bayern, L=M\\C3\\BCnchen, OU=u1, OU=u2, emailAddress=a@b.c", ""},
    {"\"SubjectAltNameElements\":[{\"key\":\"DNS\",\"value\":\"a.b\"},{\"VALUE\":\"192.0.2.1\",\"Key\":\"ip\"}]",
	"", "DNS:a.b, IP Address:192.0.2.1"},
    {"\"SubjectAltNameElements\":{\"email\":\"a@b.c\",\"uri\":[\"https://a/\"],\"upn\":\"a@b\"}",
	"", "email:a@b.c, URI:https://a/, othername: UPN::a@b"},
    {"\"SubjectAltNameElements\":{\"ip6\":\"2001:db8::1\"}", "", "IP Address:2001:DB8:0:0:0:0:0:1"},
};

static void
check_subject(const struct ce_names *n, const char *expected)
{
	const unsigned char *p = n->subject;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)n->subject_len);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	assert_non_null(name);
	assert_ptr_equal(p, n->subject + n->subject_len);
	X509_NAME_print_ex(bio, name, 0,
	    XN_FLAG_SEP_CPLUS_SPC | ASN1_STRFLGS_ESC_MSB | ASN1_STRFLGS_UTF8_CONVERT);
	len = BIO_get_mem_data(bio, &text);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(text, expected, (size_t)len);
	BIO_free(bio);
	X509_NAME_free(name);
}

static void
check_sans(const struct ce_names *n, const char *expected)
{
	const unsigned char *p = n->extensions;
	X509_EXTENSIONS *list;
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	assert_int_equal(n->extensions != NULL, *expected != '\0');
	if (n->extensions == NULL) {
		BIO_free(bio);
		return;
	}
	list = d2i_X509_EXTENSIONS(NULL, &p, (long)n->extensions_len);
	assert_int_equal(sk_X509_EXTENSION_num(list), 1);
	assert_int_equal(X509V3_EXT_print(bio, sk_X509_EXTENSION_value(list, 0), 0, 0), 1);
	len = BIO_get_mem_data(bio, &text);
	if (len != (long)strlen(expected) || memcmp(text, expected, (size_t)len) != 0)
		fail_msg("%.*s is not %s", (int)len, text, expected);
	BIO_free(bio);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

static void
names__are_encoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		struct ce_names n;
		struct gh_error err = {0};

		if (encode(taken[i].names, &n, &err) != 0)
			fail_msg("%s: %s", taken[i].names, err.message);
		check_subject(&n, taken[i].subject);
		check_sans(&n, taken[i].sans);
		ce_names_clear(&n);
	}
}

static void
names__refusals(void **state)
{
	static const char *const wrong[] = {"\"SubjectNameAttributes\":{\"C\":\"Germany\"}",
	    "\"SubjectNameAttributes\":{\"CN\":[1]}", "\"SubjectNameAttributes\":{\"CN\":{}}",
	    "\"SubjectNameAttributes\":{\"CN\":\"a\\nb\"}",
	    "\"SubjectNameAttributes\":{\"CN\":\"a\",\"cn\":\"b\"}",
	    "\"SubjectAltNameElements\":[1]", "\"SubjectAltNameElements\":[{}]",
	    "\"SubjectAltNameElements\":{\"dn\":\"CN=a\"}",
	    "\"SubjectAltNameElements\":{\"dns\":\"\"}",
	    "\"SubjectAltNameElements\":{\"ip\":\"1.2.3\"}",
	    "\"SubjectAltNameElements\":{\"dns\":\"\xc3\xa4.b\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct ce_names n;
		struct gh_error err = {0};

		assert_int_not_equal(encode(wrong[i], &n, &err), 0);
		assert_int_not_equal(err.message[0], '\0');
		assert_true(n.subject == NULL && n.extensions == NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(body__members),
	    cmocka_unit_test(body__refusals), cmocka_unit_test(names__are_encoded),
	    cmocka_unit_test(names__refusals)};

	return cmocka_run_group_tests_name("enroll/ce_names", tests, NULL, NULL);
}
