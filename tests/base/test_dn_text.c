/* Distinguished names as typed: what they become, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dn_text.h"

/* One line, DER order: "C=DE,O=a+OU=b". */
static void
check(const char *text, const char *wanted)
{
	struct gh_error err = {0};
	X509_NAME *name = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long n;

	assert_int_equal(gh_dn_parse(text, &name, &err), 0);
	assert_true(X509_NAME_print_ex(bio, name, 0,
			XN_FLAG_SEP_COMMA_PLUS | XN_FLAG_FN_SN | ASN1_STRFLGS_UTF8_CONVERT) >= 0);
	n = BIO_get_mem_data(bio, &data);
	assert_int_equal(n, strlen(wanted));
	assert_memory_equal(data, wanted, strlen(wanted));
	BIO_free(bio);
	X509_NAME_free(name);
}

static void
refuse(const char *text)
{
	struct gh_error err = {0};
	X509_NAME *name = (X509_NAME *)&err;

	assert_int_equal(gh_dn_parse(text, &name, &err), GH_E_CONF);
	assert_null(name);
	assert_true(err.message[0] != '\0');
}

static void
dn__turns_the_order_of_rfc_4514(void **state)
{
	(void)state;
	check("CN=Alice,OU=Staff,DC=example,DC=com", "DC=com,DC=example,OU=Staff,CN=Alice");
	check(" CN = Alice , O = Example Corp ", "O=Example Corp,CN=Alice");
}

static void
dn__keeps_the_order_of_slashes(void **state)
{
	(void)state;
	check("/DC=com/O=Example/CN=Alice", "DC=com,O=Example,CN=Alice");
	check("/O=a, b/CN=c\\/d", "O=a, b,CN=c/d");
}

static void
dn__takes_escapes(void **state)
{
	(void)state;
	check("CN=Smith\\, John,O=A\\2CB", "O=A,B,CN=Smith, John");
	check("CN=J\\C3\\BCrgen", "CN=J\xC3\xBCrgen");
	check("CN=J\xC3\xBCrgen", "CN=J\xC3\xBCrgen");
	check("CN=a\\ ", "CN=a ");
}

static void
dn__joins_values_of_one_rdn(void **state)
{
	(void)state;
	check("CN=Alice+serialNumber=7,O=Example", "O=Example,CN=Alice+serialNumber=7");
}

static void
dn__empty_name_is_empty(void **state)
{
	struct gh_error err;
	unsigned char *der;
	size_t len;

	(void)state;
	check("", "");
	assert_int_equal(gh_dn_parse_der("", &der, &len, &err), 0);
	assert_int_equal(len, 2);
	assert_memory_equal(der, "\x30\x00", 2);
	free(der);
}

static void
dn__refuses_what_is_no_name(void **state)
{
	static const char *const bad[] = {"Alice", "CN=", "CN=a,", "CN=a,,O=b", ",CN=a", "=a",
	    "CN=a\\", "Nonsense=a", "CN=a\\00b", "C=Germany", "CN=a+", "CN", "/", "/CN=a/",
	    "CN=\xff\xfe"};
	char longer[200] = "CN=";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(bad[i]);
	memset(longer + 3, 'a', 65); /* ub-common-name is 64 (RFC 5280, appendix A) */
	refuse(longer);
}

static void
dn__refuses_too_many_parts(void **state)
{
	char text[400] = "DC=a";

	(void)state;
	for (int i = 0; i < 32; i++)
		strcat(text, ",DC=a");
	refuse(text);
}

static void
dn__unescapes(void **state)
{
	static const struct {
		const char *text;
		size_t used;
		char want;
	} rows[] = {{"2C", 2, ','}, {"c3\\a4", 2, (char)0xc3}, {",x", 1, ','}, {"\\", 1, '\\'},
	    {"a", 1, 'a'}, {"ag", 1, 'a'}, {"00", 0, 0}, {"", 0, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char c = 'x';

		assert_int_equal(gh_dn_unescape(rows[i].text, &c), rows[i].used);
		assert_int_equal(c, rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dn__turns_the_order_of_rfc_4514),
	    cmocka_unit_test(dn__keeps_the_order_of_slashes),
	    cmocka_unit_test(dn__takes_escapes),
	    cmocka_unit_test(dn__joins_values_of_one_rdn),
	    cmocka_unit_test(dn__empty_name_is_empty),
	    cmocka_unit_test(dn__refuses_what_is_no_name),
	    cmocka_unit_test(dn__refuses_too_many_parts),
	    cmocka_unit_test(dn__unescapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
