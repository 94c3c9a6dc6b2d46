/* Distinguished names (RFC 4514), their encoding, and the forms of names. */
#include "fixture.h"

#include "model.h"

static char *
to_text(const char *dn)
{
	struct tmpl_dn *parsed;
	X509_NAME *name = X509_NAME_new();
	char *data, *out;
	BIO *bio;
	long n;

	if (tmpl_dn_parse(dn, &parsed, NULL) != 0) {
		assert_null(parsed);
		X509_NAME_free(name);
		return NULL;
	}
	if (tmpl_dn_to_name(parsed, name, NULL) != 0) {
		tmpl_dn_free(parsed);
		X509_NAME_free(name);
		return NULL;
	}
	bio = BIO_new(BIO_s_mem());
	X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	n = BIO_get_mem_data(bio, &data);
	out = n > 0 ? strndup(data, (size_t)n) : strdup("");
	BIO_free(bio);
	tmpl_dn_free(parsed);
	X509_NAME_free(name);
	return out;
}

/* OpenSSL prints a name in the order of RFC 2253: the text comes back. */
static void
dn__reads_what_directories_write(void **state)
{
	static const struct {
		const char *in, *out;
	} good[] = {
	    {"", ""},
	    {"CN=a", "CN=a"},
	    {"CN=Bob\\, the (Ops)*,OU=x,DC=ad,DC=test", "CN=Bob\\, the (Ops)*,OU=x,DC=ad,DC=test"},
	    {"CN=Bob\\2C the (Ops)*,DC=test", "CN=Bob\\, the (Ops)*,DC=test"},
	    {"cn=a, ou=b , dc=c", "CN=a,OU=b,DC=c"},
	    {"CN=\\ a\\ ,DC=c", "CN=\\ a\\ ,DC=c"},
	    {"CN=a b  c  ", "CN=a b  c"},
	    {"CN=\\#a\\+b\\\"c\\\\d\\<e\\>f\\;g\\=h", "CN=\\#a\\+b\\\"c\\\\d\\<e\\>f\\;g=h"},
	    {"2.5.4.3=a,OID.2.5.4.11=b", "CN=a,OU=b"},
	    {"UID=a+CN=b,DC=c", "CN=b+UID=a,DC=c"},
	    {"CN=\xc3\xbc\\C3\\BC", "CN=\xc3\xbc\xc3\xbc"},
	    {"street=Main 1,postalCode=1,title=Dr,givenName=A,SN=B",
		"street=Main 1,postalCode=1,title=Dr,GN=A,SN=B"},
	};
	size_t i;
	char *text;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		text = to_text(good[i].in);
		if (text == NULL)
			fail_msg("refused: %s", good[i].in);
		assert_string_equal(text, good[i].out);
		free(text);
	}
}

static void
dn__refuses_what_is_not_rfc_4514(void **state)
{
	static const char *const bad[] = {
	    "a",
	    "CN",
	    "=a",
	    "CN=",
	    "CN=a,",
	    "CN=a+",
	    ",CN=a",
	    "CN=a,,DC=b",
	    "CN=a;DC=b",
	    "CN=a\\",
	    "CN=a\\q",
	    "CN=a\\0",
	    "CN=a\\00b",
	    "CN=\"a\"",
	    "CN=#0402",
	    "CN=a<b",
	    "foo=a",
	    "1.2.3=a",
	    "CN=a\x01",
	    "CN=\xff",
	    "CN=\xc0\x80",
	    "CN=\\ED\\A0\\80",
	    "C=DEU",
	    "DC=\xc3\xbc",
	    "CN =a,=b",
	    "CN=a,DC= ",
	};
	size_t i;
	char *text;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if ((text = to_text(bad[i])) != NULL)
			fail_msg("accepted: %s", bad[i]);
	}
}

static void
dn__is_bounded(void **state)
{
	char many[512] = "", big[TMPL_DN_MAX + 16];
	size_t i;
	char *text;

	(void)state;
	for (i = 0; i < TMPL_RDN_MAX; i++)
		strcat(many, i == 0 ? "DC=a" : ",DC=a");
	text = to_text(many);
	assert_non_null(text);
	free(text);
	strcat(many, ",DC=a");
	assert_null(to_text(many));
	memset(big, 'a', sizeof(big));
	memcpy(big, "CN=", 3);
	big[TMPL_DN_MAX + 1] = '\0';
	assert_null(to_text(big));
	big[TMPL_DN_MAX] = '\0'; /* parses, but CN is too long */
	assert_null(to_text(big));
}

static int
tag_of(int type, const char *value)
{
	X509_NAME *name = X509_NAME_new();
	int tag = -1;

	if (tmpl_rdn_add(name, type, value, strlen(value), false, NULL) == 0)
		tag = ASN1_STRING_type(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, 0)));
	X509_NAME_free(name);
	return tag;
}

static void
rdn__encodes_as_rfc_5280_has_it(void **state)
{
	(void)state;
	assert_int_equal(tag_of(tmpl_rdn_type("cn", 2), "Alice (1)"), V_ASN1_PRINTABLESTRING);
	assert_int_equal(tag_of(tmpl_rdn_type("CN", 2), "a@b"), V_ASN1_UTF8STRING);
	assert_int_equal(tag_of(tmpl_rdn_type("CN", 2), "\xc3\xbc"), V_ASN1_UTF8STRING);
	assert_int_equal(tag_of(tmpl_rdn_type("DC", 2), "test"), V_ASN1_IA5STRING);
	assert_int_equal(tag_of(tmpl_rdn_type("E", 1), "a@b.test"), V_ASN1_IA5STRING);
	assert_int_equal(tag_of(tmpl_rdn_type("C", 1), "DE"), V_ASN1_PRINTABLESTRING);
	assert_int_equal(tag_of(tmpl_rdn_type("C", 1), "D"), -1);
	assert_int_equal(tag_of(tmpl_rdn_type("serialNumber", 12), "a_b"), -1);
	assert_int_equal(tag_of(tmpl_rdn_type("E", 1), "\xc3\xbc@b.test"), -1);
	assert_int_equal(tag_of(tmpl_rdn_type("CN", 2), ""), -1);
	assert_int_equal(tmpl_rdn_type("CNx", 3), -1);
	assert_int_equal(tmpl_rdn_type("", 0), -1);
}

static void
text__dns_names(void **state)
{
	static const char *const good[] = {"a", "a.b", "A-1.b_c.test", "xn--bcher-kva.example",
	    "a23456789012345678901234567890123456789012345678901234567890123.b"};
	static const char *const bad[] = {"", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "a.1",
	    "10.0.0.1", "*.a.b", "a*", "\xc3\xbc.b", "a/b",
	    "a234567890123456789012345678901234567890123456789012345678901234.b"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(tmpl_text_is_dns(good[i], false));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(tmpl_text_is_dns(bad[i], false));
	assert_true(tmpl_text_is_dns("*.a.b", true));
	assert_false(tmpl_text_is_dns("*.b", true));
	assert_false(tmpl_text_is_dns("a.*.b", true));
	assert_false(tmpl_text_is_dns("*", true));
}

static void
text__mail_upn_sid_uri(void **state)
{
	(void)state;
	assert_true(tmpl_text_is_mail("a.b+c@d.test"));
	assert_false(tmpl_text_is_mail("a"));
	assert_false(tmpl_text_is_mail("@a"));
	assert_false(tmpl_text_is_mail("a@"));
	assert_false(tmpl_text_is_mail("a@b@c"));
	assert_false(tmpl_text_is_mail("a b@c"));
	assert_false(tmpl_text_is_mail("a@10.0.0.1"));
	assert_true(tmpl_text_is_upn("a@b"));
	assert_true(tmpl_text_is_upn("\xc3\xbc@b"));
	assert_false(tmpl_text_is_upn("a"));
	assert_false(tmpl_text_is_upn("@b"));
	assert_false(tmpl_text_is_upn("a@"));
	assert_false(tmpl_text_is_upn("a@b\n"));
	assert_true(tmpl_text_is_sid("S-1-5-18"));
	assert_true(tmpl_text_is_sid("S-1-5-21-1-2-3-4294967295"));
	assert_false(tmpl_text_is_sid("S-1-5"));
	assert_false(tmpl_text_is_sid("S-1-5-"));
	assert_false(tmpl_text_is_sid("S-1--5"));
	assert_false(tmpl_text_is_sid("S-2-5-18"));
	assert_false(tmpl_text_is_sid("S-1-5-21-1-2-3-4x"));
	assert_true(tmpl_text_is_uri("urn:a"));
	assert_false(tmpl_text_is_uri("a"));
	assert_false(tmpl_text_is_uri("a:"));
	assert_false(tmpl_text_is_uri("1a:b"));
	assert_false(tmpl_text_is_uri("a:b c"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dn__reads_what_directories_write),
	    cmocka_unit_test(dn__refuses_what_is_not_rfc_4514),
	    cmocka_unit_test(dn__is_bounded),
	    cmocka_unit_test(rdn__encodes_as_rfc_5280_has_it),
	    cmocka_unit_test(text__dns_names),
	    cmocka_unit_test(text__mail_upn_sid_uri),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
