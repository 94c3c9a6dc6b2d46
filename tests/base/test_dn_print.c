/* Names of certificates as text: the same as OpenSSL prints, whoever writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509.h>

#include "dn_print.h"

#define OPENSSL_FLAGS (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)

struct row {
	const char *types[4], *values[4];
	bool joins; /* the second attribute stands in the first one's RDN */
	const char *expected;
};

static const struct row rows[] = {
    {{NULL}, {NULL}, false, ""},
    {{"DC", "DC", "CN"}, {"com", "keyexample", "CorpCA1"}, false,
	"CN=CorpCA1,DC=keyexample,DC=com"},
    {{"C", "ST", "L"}, {"DE", "NRW", "Bonn (Bad Godesberg)"}, false,
	"L=Bonn (Bad Godesberg),ST=NRW,C=DE"},
    {{"serialNumber", "UID", "emailAddress"}, {"42", "alice", "a.b@c"}, false,
	"emailAddress=a.b@c,UID=alice,serialNumber=42"},
    {{"O", "OU"}, {"Keys", "IT"}, true, "O=Keys+OU=IT"},
    {{"O", "title", "CN"}, {"Keys", "Dr", "x/y:z_'-"}, false, "CN=x/y:z_'-,title=Dr,O=Keys"},
    {{"CN"}, {"J\xc3\xbcrgen"}, false, "CN=J\xc3\xbcrgen"},
    {{"CN"}, {" a b "}, false, "CN=\\ a b\\ "},
    {{"CN"}, {"#a"}, false, "CN=\\#a"},
    {{"CN"}, {"a,b+c\"d\\e<f>g;h"}, false, "CN=a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h"},
    {{"CN"},
	{"a\x01\x7f"
	 "b"},
	false, "CN=a\\01\\7Fb"},
    {{"CN"}, {"a=b"}, false, NULL},
    {{"1.2.3.4"}, {"x"}, false, "1.2.3.4=#0C0178"},
};

static X509_NAME *
make_name(const struct row *r)
{
	X509_NAME *name = X509_NAME_new();

	assert_non_null(name);
	for (size_t i = 0; i < 4 && r->types[i] != NULL; i++)
		assert_int_equal(X509_NAME_add_entry_by_txt(name, r->types[i], MBSTRING_UTF8,
				     (const unsigned char *)r->values[i], -1, -1,
				     i == 1 && r->joins ? -1 : 0),
		    1);
	return name;
}

static void
check(X509_NAME *name, const char *expected, bool is_spaced)
{
	unsigned long flags = OPENSSL_FLAGS & ~(unsigned long)XN_FLAG_SEP_MASK;
	const unsigned char *der, *p;
	BIO *b = BIO_new(BIO_s_mem());
	X509_NAME *decoded; /* a SET is in order only then */
	char *data = NULL, *text;
	size_t len;
	long n;

	assert_int_equal(X509_NAME_get0_der(name, &der, &len), 1);
	text = gh_dn_print(der, len, is_spaced);
	assert_non_null(text);
	if (expected != NULL)
		assert_string_equal(text, expected);
	flags |= is_spaced ? XN_FLAG_SEP_CPLUS_SPC : XN_FLAG_SEP_COMMA_PLUS;
	p = der;
	assert_non_null(decoded = d2i_X509_NAME(NULL, &p, (long)len));
	assert_true(X509_NAME_print_ex(b, decoded, 0, flags) >= 0);
	X509_NAME_free(decoded);
	n = BIO_get_mem_data(b, &data);
	assert_int_equal(strlen(text), n);
	assert_memory_equal(text, data, (size_t)n);
	free(text);
	BIO_free(b);
}

static void
dn__is_what_openssl_prints(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		X509_NAME *name = make_name(&rows[i]);

		check(name, rows[i].expected, false);
		check(name, NULL, true);
		X509_NAME_free(name);
	}
}

/* Whatever stands in a string: each byte, in each string type that names use. */
static void
dn__every_byte_as_openssl_prints_it(void **state)
{
	static const int types[] = {V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING, V_ASN1_IA5STRING,
	    V_ASN1_T61STRING};

	(void)state;
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		for (int c = 0; c < (types[t] == V_ASN1_UTF8STRING ? 0x80 : 0x100); c++) {
			unsigned char value[] = {'a', (unsigned char)c, 'b'};
			X509_NAME *name = X509_NAME_new();

			assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, types[t],
					     value, sizeof(value), -1, 0),
			    1);
			check(name, NULL, false);
			X509_NAME_free(name);
		}
	}
}

/* More RDNs, and longer values, than are written here. */
static void
dn__long_names(void **state)
{
	static char value[2000];
	X509_NAME *name = X509_NAME_new();

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(X509_NAME_add_entry_by_txt(name, "DC", MBSTRING_ASC,
				     (const unsigned char *)"example", -1, -1, 0),
		    1);
	check(name, NULL, true);
	X509_NAME_free(name);
	memset(value, 'x', sizeof(value) - 1);
	name = X509_NAME_new();
	assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING,
			     (unsigned char *)value, -1, -1, 0),
	    1);
	check(name, NULL, true);
	X509_NAME_free(name);
}

static void
dn__no_name(void **state)
{
	static const unsigned char cut[] = {0x30, 5, 0x31, 3, 0x30}, octets[] = {4, 1, 0};

	(void)state;
	assert_null(gh_dn_print(cut, sizeof(cut), false));
	assert_null(gh_dn_print(octets, sizeof(octets), false));
	assert_null(gh_dn_print("", 0, false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dn__is_what_openssl_prints),
	    cmocka_unit_test(dn__every_byte_as_openssl_prints_it),
	    cmocka_unit_test(dn__long_names),
	    cmocka_unit_test(dn__no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
