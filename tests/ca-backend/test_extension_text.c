/* Extensions of Microsoft as text, as Windows' CA writes them, and what is none. */
/* valgrind: a parser */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/extension_text.h"

#define SID \
	"303ea03c060a2b060104018237190201a02e042c532d312d352d32312d313030343333363334382d3131373732333839" \
	"31352d3638323030333333302d353132"

static const struct {
	const char *oid, *der, *name, *text;
} rows[] = {
    /* BMPString "User", UTF8String "Mail" */
    {"1.3.6.1.4.1.311.20.2", "1e080055007300650072", "Certificate Template Name", "User"},
    {"1.3.6.1.4.1.311.20.2", "0c044d61696c", "Certificate Template Name", "Mail"},
    {"1.3.6.1.4.1.311.20.2", "1e0700550073006500", "Certificate Template Name",
	"1E0700550073006500"},
    {"1.3.6.1.4.1.311.20.2", "0c00", "Certificate Template Name", "0C00"},
    /* "User", NUL, "X": what is behind it is not hidden */
    {"1.3.6.1.4.1.311.20.2", "0c06557365720058", "Certificate Template Name", "0C06557365720058"},
    /* with more behind it; with a version and without; cut off; of other members */
    {"1.3.6.1.4.1.311.21.7", "3012060a2b06010401823715080102016402010300", "Certificate Template",
	"3012060A2B06010401823715080102016402010300"},
    {"1.3.6.1.4.1.311.21.7", "3012060a2b060104018237150801020164020103", "Certificate Template",
	"1.3.6.1.4.1.311.21.8.1, version 100.3"},
    {"1.3.6.1.4.1.311.21.7", "300c060a2b060104018237150801", "Certificate Template",
	"1.3.6.1.4.1.311.21.8.1"},
    {"1.3.6.1.4.1.311.21.7", "300d060a2b060104018237150801", "Certificate Template",
	"300D060A2B060104018237150801"},
    {"1.3.6.1.4.1.311.21.7", "3003020101", "Certificate Template", "3003020101"},
    {"1.3.6.1.4.1.311.21.7", "3000", "Certificate Template", "3000"},
    /* client authentication and log-on with a smart card */
    {"1.3.6.1.4.1.311.21.10", "301a300a06082b06010505070302300c060a2b060104018237140202",
	"Application Policies", "TLS Web Client Authentication, Microsoft Smartcard Login"},
    {"1.3.6.1.4.1.311.21.10", "3000", "Application Policies", "3000"},
    {"1.3.6.1.4.1.311.25.2", SID, "Security Identifier (SID)",
	"S-1-5-21-1004336348-1177238915-682003330-512"},
    {"1.3.6.1.4.1.311.25.2", "301aa018060a2b060104018237190201a00a0408532d312d35000031",
	"Security Identifier (SID)", "301AA018060A2B060104018237190201A00A0408532D312D35000031"},
    {"1.3.6.1.4.1.311.25.2", "3003820161", "Security Identifier (SID)", "3003820161"},
    {"1.3.6.1.4.1.311.21.1", "020100", "CA Version", "V0.0"},
    {"1.3.6.1.4.1.311.21.1", "0203010001", "CA Version", "V1.1"},
    {"1.3.6.1.4.1.311.21.1", "0206010000000001", "CA Version", "0206010000000001"},
    {"1.3.6.1.4.1.311.21.1", "0201ff", "CA Version", "0201FF"},
    {"1.3.6.1.4.1.311.21.2", "0403aabbcc", "Previous CA Certificate Hash", "AABBCC"},
    /* not ours */
    {"1.3.6.1.4.1.99999.1", "0403aabbcc", "1.3.6.1.4.1.99999.1", "0403AABBCC"},
    {"2.5.29.19", "3000", "X509v3 Basic Constraints", "CA:FALSE"},
};

static X509_EXTENSION *
make(const char *oid, const char *hex, bool is_critical)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;
	long n = 0;
	unsigned char *der = OPENSSL_hexstr2buf(hex, &n);

	assert_true(o != NULL && value != NULL && der != NULL);
	assert_int_equal(ASN1_OCTET_STRING_set(value, der, (int)n), 1);
	ext = X509_EXTENSION_create_by_OBJ(NULL, o, is_critical, value);
	assert_non_null(ext);
	OPENSSL_free(der);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(o);
	return ext;
}

static void
text__of_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		X509_EXTENSION *ext = make(rows[i].oid, rows[i].der, false);
		char *name = ca_extension_name(ext), *text = ca_extension_text(ext);

		assert_string_equal(name, rows[i].name);
		assert_string_equal(text, rows[i].text);
		free(name);
		free(text);
		X509_EXTENSION_free(ext);
	}
}

static void
text__critical(void **state)
{
	X509_EXTENSION *ext = make("1.3.6.1.4.1.311.21.1", "020100", true);
	char *text = ca_extension_text(ext);

	(void)state;
	assert_string_equal(text, "critical, V0.0");
	free(text);
	X509_EXTENSION_free(ext);
}

/* What somebody else has made: cleaned, and each beginning of each value is read without harm. */
static void
text__of_hostile_values(void **state)
{
	X509_EXTENSION *ext = make("1.3.6.1.4.1.311.20.2", "0c053c1b5b3e0a", false);
	char *text = ca_extension_text(ext);

	(void)state;
	assert_null(strpbrk(text, "\x1b\n"));
	free(text);
	X509_EXTENSION_free(ext);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t n = 2; n < strlen(rows[i].der); n += 2) {
			char *cut = strndup(rows[i].der, n);

			ext = make(rows[i].oid, cut, false);
			text = ca_extension_text(ext);
			assert_non_null(text);
			free(text);
			free(cut);
			X509_EXTENSION_free(ext);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text__of_each),
	    cmocka_unit_test(text__critical),
	    cmocka_unit_test(text__of_hostile_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
