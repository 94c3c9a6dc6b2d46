/* Which names are one name: RFC 5280, 7.1, and what Java, OpenSSL and NSS make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/name_fixture.h"
#include "ca_identity.h"
#include "dn_key.h"
#include "name_prep.h"

/* --- values ----------------------------------------------------------------------------------- */

static void
name_prep__makes_one_form(void **state)
{
	static const struct {
		const char *text, *form;
	} rows[] = {
	    {"Issuing CA", "issuing ca"}, {"  Issuing \t\n  CA ", "issuing ca"}, {"", ""},
	    {"   ", ""},
	    {"Issuing\xc2\xa0"
	     "CA",
		"issuing ca"}, /* no-break space */
	    {"Issuing\xe3\x80\x80"
	     "CA",
		"issuing ca"},                                /* ideographic space */
	    {"Iss\xc2\xaduing\xe2\x80\x8b CA", "issuing ca"}, /* soft hyphen, zero width space */
	    {"\xef\xbc\xa9ssuing CA", "issuing ca"},          /* fullwidth I */
	    {"\xc4\xb1ssuing CA", "issuing ca"},              /* dotless i: Java by upper case */
	    {"I\xc5\xbf\xc5\xbfuing CA", "issuing ca"},       /* long s */
	    {"Issuing \xe2\x84\x82"
	     "A",
		"issuing ca"}, /* double-struck C */
	    {"STRASSE", "strasse"},
	    {"Stra\xc3\x9f"
	     "e",
		"strasse"},
	    {"STRA\xe1\xba\x9e"
	     "E",
		"strasse"},
	    {"\xc3\x84", "a\xcc\x88"}, {"A\xcc\x88", "a\xcc\x88"}, /* A umlaut, composed or not */
	    {"\xe2\x84\xab", "a\xcc\x8a"},                         /* angstrom sign */
	    {"\xef\xac\x83", "ffi"},                               /* ligature */
	    {"a\xcc\xa3\xcc\x87", "a\xcc\x87\xcc\xa3"}, {"a\xcc\x87\xcc\xa3", "a\xcc\x87\xcc\xa3"},
	    {"\xea\xb0\x81", "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8"}, /* Hangul: composed */
	    {"\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8", "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8"},
	    {"\xce\xa3\xcf\x83\xcf\x82", "\xcf\x83\xcf\x83\xcf\x83"}, /* sigma, final sigma */
	    {"\xe1\xbe\xb3", "\xce\xb1\xce\xb9"},                     /* alpha with ypogegrammeni */
	    /* as Java: alpha, ypogegrammeni and tonos in two orders, alpha and iota with tonos */
	    {"\xce\xb1\xcd\x85\xcc\x81", "\xce\xb1\xcc\x81\xce\xb9"},
	    {"\xe1\xbe\xb4", "\xce\xb1\xcc\x81\xce\xb9"},
	    {"\xce\xb1\xce\xaf", "\xce\xb1\xcc\x81\xce\xb9"}, {"Corp, Inc.", "corp, inc."},
	    {"Corp\\, Inc.", "corp, inc."},
	    {"Corp\xef\xbc\xbc\xef\xbc\x8c Inc.",
		"corp, inc."}, /* fullwidth backslash and comma: Java */
	    {"Corp\xef\xb9\xa8\xef\xb9\x90 Inc.", "corp, inc."}, /* small ones */
	    {"Corp\xef\xbc\x8c Inc.", "corp, inc."},
	    {"\xf0\x9d\x92\x9e\xf3\xa0\x81\x81", "c"}, /* script C, a tag */
	    {"\xf0\x90\x90\x80", "\xf0\x90\x90\xa8"},  /* Deseret, beyond 16 bits */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gh_buf b;

		gh_buf_init(&b, 1024);
		assert_int_equal(gh_name_prep(rows[i].text, strlen(rows[i].text), &b, NULL), 0);
		gh_buf_putc(&b, '\0');
		assert_string_equal((const char *)b.data, rows[i].form);
		gh_buf_free(&b);
	}
}

static void
name_prep__refuses_what_is_no_text_or_too_long(void **state)
{
	static const char *const bad[] = {"\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80",
	    /* Java: CN=Issuing CA, O=Corp. Fullwidth comma, plus and equals; a digit with a comma
	     */
	    "Issuing CA\xef\xbc\x8cO=Corp",
	    ("Issuing CA\xef\xbc\x8bO\xef\xbc\x9d"
	     "Corp"),
	    "CA \xf0\x9f\x84\x81O=Corp"};
	char *text = malloc(GH_NAME_PREP_MAX + 1);
	struct gh_buf b;

	(void)state;
	gh_buf_init(&b, 64 * 1024);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(gh_name_prep(bad[i], strlen(bad[i]), &b, NULL), GH_E_SUBJECT);
	memset(text, 'a', GH_NAME_PREP_MAX + 1);
	assert_int_equal(gh_name_prep(text, GH_NAME_PREP_MAX, &b, NULL), 0);
	assert_int_equal(gh_name_prep(text, GH_NAME_PREP_MAX + 1, &b, NULL), GH_E_SUBJECT);
	/* few bytes that become many characters: ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM, 18 of
	 * them */
	for (size_t i = 0; i + 3 <= 3 * 500; i += 3)
		memcpy(text + i, "\xef\xb7\xba", 3);
	assert_int_equal(gh_name_prep(text, 3 * 500, &b, NULL), GH_E_SUBJECT);
	/* a run of marks is sorted, however long */
	for (size_t i = 0; i + 2 <= GH_NAME_PREP_MAX; i += 2)
		memcpy(text + i, i % 4 == 0 ? "\xcc\x87" : "\xcc\xa3", 2);
	assert_int_equal(gh_name_prep(text, GH_NAME_PREP_MAX, &b, NULL), 0);
	gh_buf_free(&b);
	free(text);
}

/* --- names ------------------------------------------------------------------------------------ */

#define WORDS_MAX 5

static void
key_of(const char *const *words, unsigned char key[GH_DN_KEY_SIZE])
{
	X509_NAME *name = name_of_words(words);
	unsigned char *der = NULL;
	int n = i2d_X509_NAME(name, &der);
	struct gh_der in = {der, (size_t)n};

	assert_true(n > 0);
	assert_int_equal(gh_dn_key(&in, key, NULL), 0);
	OPENSSL_free(der);
	X509_NAME_free(name);
}

static const struct pair {
	const char *a[WORDS_MAX], *b[WORDS_MAX];
	bool same;
} pairs[] = {
    {{"CN=Issuing CA", "O=Corp"}, {"CN=Issuing CA", "O=Corp"}, true},
    {{"CN=Issuing CA"}, {"CN:printable=Issuing CA"}, true},
    {{"CN=Issuing CA"}, {"CN:t61=ISSUING CA"}, true},
    {{"CN=Issuing CA"}, {"CN:bmp=issuing ca"}, true},
    {{"CN=Issuing CA"}, {"CN:universal=Issuing  CA"}, true},
    {{"CN=Issuing CA"}, {"CN:ia5= Issuing CA "}, true},
    {{"CN=B\xc3\xbcro"}, {"CN:t61=B\xfcro"}, true},
    {{"CN=B\xc3\xbcro"}, {"CN=BU\xcc\x88RO"}, true},
    {{"DC=example", "DC=com"}, {"DC:ia5=EXAMPLE", "DC:ia5=com"}, true},
    /* a multi-valued RDN is a set */
    {{"CN=a", "+OU=b"}, {"OU=b", "+CN=a"}, true},
    {{"O=x", "CN=a", "+OU=b"}, {"O=X", "OU=B", "+CN=A"}, true},
    {{"CN=a", "+OU=b"}, {"CN=a", "OU=b"}, false},
    /* the order of RDNs counts, and so do their types and number */
    {{"CN=a", "O=b"}, {"O=b", "CN=a"}, false},
    {{"CN=a"}, {"O=a"}, false},
    {{"CN=a"}, {"CN=a", "CN=a"}, false},
    {{"CN=a"}, {"CN="}, false},
    {{"CN=Issuing CA"}, {"CN=Issuing CA 2"}, false},
    {{"CN=Issuing CA"}, {"CN=IssuingCA"}, false},
    {{"CN=a"}, {NULL}, false},
    /* no text: byte by byte */
    {{"CN:bits=a"}, {"CN:bits=a"}, true},
    {{"CN:bits=a"}, {"CN:bits=A"}, false},
    {{"CN:bits=a"}, {"CN=a"}, false},
};

static void
dn_key__tells_names_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		unsigned char a[GH_DN_KEY_SIZE], b[GH_DN_KEY_SIZE];

		key_of(pairs[i].a, a);
		key_of(pairs[i].b, b);
		if ((memcmp(a, b, sizeof(a)) == 0) != pairs[i].same)
			fail_msg("row %zu: %s, %s", i, pairs[i].a[0], pairs[i].b[0]);
	}
}

static void
dn_key__refuses_what_is_no_name(void **state)
{
	static const struct {
		unsigned char der[16];
		size_t len;
	} bad[] = {
	    {{0}, 0}, {{0x30}, 1}, {{0x31, 0}, 2}, {{0x30, 0, 0}, 3},
	    {{0x30, 2, 0x30, 0}, 4},                                           /* RDN is no SET */
	    {{0x30, 4, 0x31, 2, 0x30, 0}, 6},                                  /* no type */
	    {{0x30, 9, 0x31, 7, 0x30, 5, 6, 3, 0x55, 4, 3}, 11},               /* no value */
	    {{0x30, 13, 0x31, 11, 0x30, 9, 6, 3, 0x55, 4, 3, 5, 0, 5, 0}, 15}, /* two values */
	};
	unsigned char key[GH_DN_KEY_SIZE], zero[GH_DN_KEY_SIZE] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct gh_der in = {bad[i].der, bad[i].len};

		assert_int_equal(gh_dn_key(&in, key, NULL), GH_E_SUBJECT);
		assert_memory_equal(key, zero, sizeof(key));
	}
}

/* --- identities ------------------------------------------------------------------------------- */

static struct gh_der
encode_name(const char *const *words, unsigned char **der)
{
	X509_NAME *name = name_of_words(words);
	int n = i2d_X509_NAME(name, der);

	X509_NAME_free(name);
	assert_true(n > 0);
	return (struct gh_der){*der, (size_t)n};
}

static void
ca_identity__knows_names(void **state)
{
	static const char *const ca[] = {"O=Corp", "CN=Issuing CA", NULL},
				 *const same[] = {"O=CORP", "CN:printable=issuing ca", NULL},
				 *const other[] = {"O=Corp", "CN=alice", NULL};
	struct gh_ca_identities t = {0};
	unsigned char *der[3] = {NULL, NULL, NULL}, san_der[256] = {0x30, 0, 0xa4, 0};
	static const unsigned char empty_der[] = {0x30, 0}, bad_san[] = {0x30, 2, 0xa4, 0};
	struct gh_der ca_name = encode_name(ca, &der[0]), same_name = encode_name(same, &der[1]);
	struct gh_der other_name = encode_name(other, &der[2]), none = {NULL, 0};
	struct gh_der empty = {empty_der, 2}, san = {san_der, same_name.len + 4},
		      bad = {bad_san, 4};
	struct gh_error err;

	(void)state;
	assert_int_equal(gh_ca_identities_check_names(&t, &ca_name, &none, &err), 0);
	assert_int_equal(gh_ca_identities_add_name(&t, &ca_name, &err), 0);
	assert_int_equal(gh_ca_identities_add_name(&t, &same_name, &err), 0);
	assert_int_equal(gh_ca_identities_add_name(&t, &empty, &err), 0);
	assert_int_equal(t.names.n, 1);
	assert_int_equal(gh_ca_identities_check_names(&t, &same_name, &none, &err), GH_E_CA_POLICY);
	assert_string_equal(err.message, "the subject is the name of a certification authority");
	assert_int_equal(gh_ca_identities_check_names(&t, &other_name, &none, &err), 0);
	assert_int_equal(gh_ca_identities_check_names(&t, &empty, &none, &err), 0);
	/* GeneralNames with one directoryName */
	san_der[1] = (unsigned char)(same_name.len + 2);
	san_der[3] = (unsigned char)same_name.len;
	memcpy(san_der + 4, same_name.p, same_name.len);
	assert_int_equal(gh_ca_identities_check_names(&t, &empty, &san, &err), GH_E_CA_POLICY);
	assert_string_equal(err.message,
	    "the directoryName of the subjectAltName is the name of a certification authority");
	assert_int_equal(gh_ca_identities_check_names(&t, &other_name, &bad, &err), GH_E_SUBJECT);
	gh_ca_identities_clear(&t);
	assert_int_equal(t.names.n, 0);
	for (int i = 0; i < 3; i++)
		OPENSSL_free(der[i]);
}

static struct gh_der
spki_of(EVP_PKEY *key, unsigned char **der)
{
	int n = i2d_PUBKEY(key, der);

	assert_true(n > 0);
	return (struct gh_der){*der, (size_t)n};
}

static void
ca_identity__knows_keys_in_every_encoding(void **state)
{
	static const char *const groups[] = {"P-256", "P-384", "P-521"};
	struct gh_ca_identities t = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", groups[i]);
		EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", groups[i]);
		unsigned char *der[3] = {NULL, NULL, NULL};
		struct gh_der plain = spki_of(key, &der[0]), compressed,
			      foreign = spki_of(other, &der[1]);

		assert_int_equal(gh_ca_identities_add_key(&t, &plain, NULL), 0);
		assert_int_equal(EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed"),
		    1);
		compressed = spki_of(key, &der[2]);
		assert_true(compressed.len < plain.len);
		assert_true(gh_ca_identities_has_key(&t, &compressed));
		assert_false(gh_ca_identities_has_key(&t, &foreign));
		EVP_PKEY_free(key);
		EVP_PKEY_free(other);
		for (int k = 0; k < 3; k++)
			OPENSSL_free(der[k]);
	}
	gh_ca_identities_clear(&t);
}

/* The same modulus with another exponent, and with parameters left out. */
static void
ca_identity__knows_rsa_keys_by_modulus(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	struct gh_ca_identities t = {0};
	unsigned char *der = NULL;
	struct gh_der spki = spki_of(key, &der);

	(void)state;
	assert_int_equal(gh_ca_identities_add_key(&t, &spki, NULL), 0);
	der[spki.len - 3] = 3; /* 65537 is 01 00 01 */
	assert_true(gh_ca_identities_has_key(&t, &spki));
	der[spki.len - 100] ^= 1;
	assert_false(gh_ca_identities_has_key(&t, &spki));
	gh_ca_identities_clear(&t);
	EVP_PKEY_free(key);
	OPENSSL_free(der);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(name_prep__makes_one_form),
	    cmocka_unit_test(name_prep__refuses_what_is_no_text_or_too_long),
	    cmocka_unit_test(dn_key__tells_names_apart),
	    cmocka_unit_test(dn_key__refuses_what_is_no_name),
	    cmocka_unit_test(ca_identity__knows_names),
	    cmocka_unit_test(ca_identity__knows_keys_in_every_encoding),
	    cmocka_unit_test(ca_identity__knows_rsa_keys_by_modulus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
