/* CsrAttrs: the vectors of RFC 9908, and the template form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encoding.h"
#include "formats/csr_attrs.h"

static void
expect(struct gh_buf *list, const char *base64)
{
	unsigned char *der;
	struct gh_error err;
	size_t len;
	char *text;

	assert_int_equal(csr_attrs_close(list, &der, &len, &err), 0);
	assert_true(gh_der_is_strict(der, len));
	text = gh_base64_encode(der, len, GH_BASE64_ONE_LINE);
	assert_string_equal(text, base64);
	free(text);
	free(der);
}

/* RFC 9908, 5.2: the corrected example of RFC 8951. */
static void
csr_attrs__E111_E114_ec(void **state)
{
	const struct csr_attrs_key key = {.type = CA_KEY_EC, .curve = "P-384"};
	struct gh_buf list;

	(void)state;
	gh_buf_init(&list, CSR_ATTRS_MAX);
	csr_attrs_put_oid(&list, "1.2.840.113549.1.9.7");
	csr_attrs_put_key(&list, &key);
	csr_attrs_put_oid(&list, "1.3.6.1.1.1.1.22");
	csr_attrs_put_oid(&list, csr_attrs_signature(&key));
	expect(&list, "MDIGCSqGSIb3DQEJBzASBgcqhkjOPQIBMQcGBSuBBAAiBgcrBgEBAQEWBggqhkjOPQQDAw==");
}

static void
csr_attrs__E114_rsa(void **state)
{
	const struct csr_attrs_key key = {.type = CA_KEY_RSA, .bits = 4096};
	struct gh_buf list;

	(void)state;
	gh_buf_init(&list, CSR_ATTRS_MAX);
	csr_attrs_put_oid(&list, "1.2.840.113549.1.9.7");
	csr_attrs_put_key(&list, &key);
	csr_attrs_put_oid(&list, csr_attrs_signature(&key));
	expect(&list, "MCkGCSqGSIb3DQEJBzARBgkqhkiG9w0BAQExBAICEAAGCSqGSIb3DQEBCw==");
}

/* What a key needs no more words for, and a list of nothing. */
static void
csr_attrs__E110_short_ones(void **state)
{
	const struct csr_attrs_key key = {.type = CA_KEY_ED25519};
	struct gh_buf list;

	(void)state;
	assert_null(csr_attrs_signature(&key));
	gh_buf_init(&list, CSR_ATTRS_MAX);
	expect(&list, "MAA=");
	gh_buf_init(&list, CSR_ATTRS_MAX);
	csr_attrs_put_key(&list, &key);
	expect(&list, "MAkwBwYDK2VwMQA=");
}

/* 0.9.2342...61: version, CN and O without values, the key, a SAN without value. */
static void
csr_attrs__E115_template(void **state)
{
	static const unsigned char want[] = {0x30, 0x51, 0x30, 0x4f, 0x06, 0x0b, 0x2a, 0x86, 0x48,
	    0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x3d, 0x31, 0x40, 0x30, 0x3e, 0x02, 0x01,
	    0x00,
	    /* subject */
	    0x30, 0x09, 0x31, 0x07, 0x30, 0x05, 0x06, 0x03, 0x55, 0x04, 0x03,
	    /* [0] key */
	    0xa0, 0x15, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
	    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
	    /* [1] attributes */
	    0xa1, 0x17, 0x30, 0x15, 0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09,
	    0x10, 0x02, 0x3e, 0x31, 0x06};
	const struct csr_attrs_template t = {.rdn = {"2.5.4.3"},
	    .rdns = 1,
	    .key = {.type = CA_KEY_EC, .curve = "P-256"},
	    .has_san = true};
	struct gh_error err;
	struct gh_buf list;
	unsigned char *der;
	size_t len;

	(void)state;
	gh_buf_init(&list, CSR_ATTRS_MAX);
	csr_attrs_put_template(&list, &t);
	assert_int_equal(csr_attrs_close(&list, &der, &len, &err), 0);
	assert_true(gh_der_is_strict(der, len));
	assert_memory_equal(der + 4, want + 4, 12); /* the OID; lengths are strict already */
	assert_non_null(memmem(der, len, want + 24, 11));
	assert_non_null(memmem(der, len, want + 35, 23));
	assert_non_null(memmem(der, len, want + 62, 13));
	assert_int_equal(der[len - 1], 0x11); /* 2.5.29.17, and no value */
	free(der);
}

/* The placeholder has the size of the key, and is a key to a decoder. */
static void
csr_attrs__E115_rsa_placeholder(void **state)
{
	const struct csr_attrs_template t = {.key = {.type = CA_KEY_RSA, .bits = 3072}};
	struct gh_error err;
	struct gh_buf list;
	unsigned char *der, *spki;
	const unsigned char *p;
	EVP_PKEY *key;
	size_t len;

	(void)state;
	gh_buf_init(&list, CSR_ATTRS_MAX);
	csr_attrs_put_template(&list, &t);
	assert_int_equal(csr_attrs_close(&list, &der, &len, &err), 0);
	assert_true(gh_der_is_strict(der, len));
	spki = memchr(der, 0xa0, len);
	assert_non_null(spki);
	*spki = GH_DER_SEQUENCE;
	p = spki;
	key = d2i_PUBKEY(NULL, &p, (long)(der + len - spki));
	assert_non_null(key);
	assert_int_equal(EVP_PKEY_get_bits(key), 3072);
	EVP_PKEY_free(key);
	free(der);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(csr_attrs__E111_E114_ec),
	    cmocka_unit_test(csr_attrs__E114_rsa),
	    cmocka_unit_test(csr_attrs__E110_short_ones),
	    cmocka_unit_test(csr_attrs__E115_template),
	    cmocka_unit_test(csr_attrs__E115_rsa_placeholder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
