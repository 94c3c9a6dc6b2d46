/* Controls of CMC that ask for something: revocation, certificates, CRLs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_cmc.h"

static unsigned
ask_by_passphrase(unsigned char reason, const char *passphrase, const char *comment)
{
	const unsigned char serial[] = {GH_DER_INTEGER, 3, 0x00, 0xab, 0xcd};
	const unsigned char why[] = {GH_DER_ENUMERATED, 1, reason};
	unsigned char *name;
	size_t n = fake_cmc_issuer_name(&name);
	struct gh_buf b;
	unsigned id;

	gh_buf_init(&b, 4096);
	gh_buf_put(&b, name, n);
	gh_buf_put(&b, serial, sizeof(serial));
	gh_buf_put(&b, why, sizeof(why));
	if (passphrase != NULL)
		gh_der_put(&b, GH_DER_OCTETS, passphrase, strlen(passphrase));
	if (comment != NULL)
		gh_der_put(&b, GH_DER_UTF8, comment, strlen(comment));
	id = message_value(&fake_cmc.message, CMC_REVOKE_REQUEST, GH_DER_SEQUENCE, b.data, b.len);
	gh_buf_free(&b);
	OPENSSL_free(name);
	return id;
}

static unsigned
ask_revocation(unsigned char reason, const char *comment)
{
	return ask_by_passphrase(reason, NULL, comment);
}

static void
test_C17_revoked_by_its_owner(void **state)
{
	struct response_status s;
	unsigned id;

	(void)state;
	id = ask_revocation(4, "no longer used");
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_true(fake_cmc.answer.is_full);
	assert_true(response_status(&fake_cmc.response, 0, &s));
	assert_int_equal(s.state, CMC_SUCCESS);
	assert_int_equal(s.body[0], id);
	assert_int_equal(fake_cmc.status.state, STORE_CERT_REVOKED);
	assert_int_equal(fake_cmc.status.reason, 4);
	assert_string_equal(fake_cmc.status.comment, "no longer used");
	assert_string_equal(fake_cmc.found_serial, "00ABCD");
}

static void
test_C17_not_by_another(void **state)
{
	unsigned id;

	(void)state;
	strcpy(fake_cmc.status.requester, "bob");
	strcpy(fake_cmc.status.requester_dn, "cn=bob,dc=example,dc=test");
	id = ask_revocation(4, NULL);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "officer");
	assert_int_equal(fake_cmc.status.state, STORE_CERT_VALID);
}

static void
test_C17_bad_cert_id(void **state)
{
	unsigned id;

	(void)state;
	fake_cmc.status.id = 0;
	id = ask_revocation(4, NULL);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_CERT_ID, id, "no such certificate");
}

static void
test_C17_malformed(void **state)
{
	(void)state;
	(void)message_value(&fake_cmc.message, CMC_REVOKE_REQUEST, GH_DER_SEQUENCE, "\5\0", 2);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 1, "malformed");
}

static void
set_secret(void)
{
	fake_cmc.ctx.caller = NULL;
	fake_cmc.identification = "alice's";
	fake_cmc.secret = "a secret of 16 and more characters";
	fake_cmc.user = "alice";
	(void)message_value(&fake_cmc.message, CMC_IDENTIFICATION, GH_DER_UTF8, "alice's", 7);
}

/* In a message that nobody signed. */
static void
test_C17_revoked_by_secret(void **state)
{
	(void)state;
	set_secret();
	(void)ask_by_passphrase(1, fake_cmc.secret, NULL);
	fake_cmc_send(&(struct message_signing){.key = NULL});
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_cmc.status.state, STORE_CERT_REVOKED);
}

static void
test_C17_secret_is_wrong(void **state)
{
	unsigned id;

	(void)state;
	set_secret();
	(void)ask_by_passphrase(1, fake_cmc.secret, NULL);
	id = ask_by_passphrase(1, "a secret of 16 and more characterS", NULL);
	fake_cmc_send(&(struct message_signing){.key = NULL});
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "do not fit");
	fake_cmc_again();
	set_secret();
	id = ask_revocation(1, NULL);
	fake_cmc_send(&(struct message_signing){.key = NULL});
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "do not fit");
	/* of another one's certificate */
	fake_cmc_again();
	set_secret();
	fake_cmc.user = "bob";
	id = ask_by_passphrase(1, fake_cmc.secret, NULL);
	fake_cmc_send(&(struct message_signing){.key = NULL});
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "officer");
	assert_int_equal(fake_cmc.status.state, STORE_CERT_VALID);
}

static void
test_C17_secret_is_for_nothing_else(void **state)
{
	unsigned id;

	(void)state;
	set_secret();
	(void)ask_by_passphrase(1, fake_cmc.secret, NULL);
	id = message_value(&fake_cmc.message, CMC_QUERY_PENDING, GH_DER_OCTETS, "x", 1);
	fake_cmc_send(&(struct message_signing){.key = NULL});
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, id, "only revoke");
	assert_int_equal(fake_cmc.status.state, STORE_CERT_VALID);
}

static unsigned
ask_certificate(void)
{
	const unsigned char serial[] = {GH_DER_INTEGER, 1, 7};
	unsigned char *name;
	size_t n = fake_cmc_issuer_name(&name);
	struct gh_buf b;
	unsigned id;

	gh_buf_init(&b, 4096);
	gh_der_put(&b, GH_DER_CONTEXT(4), name, n);
	gh_buf_put(&b, serial, sizeof(serial));
	id = message_value(&fake_cmc.message, CMC_GET_CERT, GH_DER_SEQUENCE, b.data, b.len);
	gh_buf_free(&b);
	OPENSSL_free(name);
	return id;
}

static void
test_C15_get_cert(void **state)
{
	unsigned id;

	(void)state;
	fake_cmc.cert_der = fake_ca_chain(1);
	id = ask_certificate();
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_false(fake_cmc.answer.is_full);
	assert_int_equal(fake_cmc_certs(), 1);
	fake_cmc.status.id = 0;
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_CERT_ID, id, "no such");
}

static void
make_crl(void)
{
	X509_CRL *crl = X509_CRL_new();
	EVP_PKEY *any = EVP_EC_gen("P-256");
	X509 *ca = fake_cmc_issuing();
	ASN1_TIME *now = ASN1_TIME_set(NULL, 1700000000);
	unsigned char *der = NULL;
	int n;

	assert_true(X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
	    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca)) == 1 &&
	    X509_CRL_set1_lastUpdate(crl, now) == 1 && X509_CRL_set1_nextUpdate(crl, now) == 1 &&
	    X509_CRL_sign(crl, any, EVP_sha256()) > 0);
	n = i2d_X509_CRL(crl, &der);
	fake_cmc.crl = malloc((size_t)n);
	memcpy(fake_cmc.crl, der, fake_cmc.crl_len = (size_t)n);
	OPENSSL_free(der);
	ASN1_TIME_free(now);
	X509_free(ca);
	EVP_PKEY_free(any);
	X509_CRL_free(crl);
}

static void
test_C16_get_crl(void **state)
{
	STACK_OF(X509_CRL) * crls;
	unsigned char *name;
	size_t n = fake_cmc_issuer_name(&name);
	unsigned id;

	(void)state;
	id = message_value(&fake_cmc.message, CMC_GET_CRL, GH_DER_SEQUENCE, name, n);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_CERT_ID, id, "no complete CRL");
	make_crl();
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	crls = CMS_get1_crls(fake_cmc.response_cms);
	assert_int_equal(sk_X509_CRL_num(crls), 1);
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	OPENSSL_free(name);
}

/* A message has room for 64 of them, and a CRL for a mebibyte. */
static void
test_C16_one_crl_goes_once(void **state)
{
	STACK_OF(X509_CRL) * crls;
	unsigned char *name;
	size_t n = fake_cmc_issuer_name(&name);

	(void)state;
	for (int i = 0; i < 3; i++)
		(void)message_value(&fake_cmc.message, CMC_GET_CRL, GH_DER_SEQUENCE, name, n);
	make_crl();
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	crls = CMS_get1_crls(fake_cmc.response_cms);
	assert_int_equal(sk_X509_CRL_num(crls), 1);
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	OPENSSL_free(name);
}

static void
test_C16_no_such_ca(void **state)
{
	(void)state;
	(void)message_value(&fake_cmc.message, CMC_GET_CRL, GH_DER_SEQUENCE, "\x30\0", 2);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_CERT_ID, 1, "No CA");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fake_cmc_set_up_alices, fake_cmc_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_C17_revoked_by_its_owner),
	    CASE(test_C17_not_by_another),
	    CASE(test_C17_bad_cert_id),
	    CASE(test_C17_malformed),
	    CASE(test_C17_revoked_by_secret),
	    CASE(test_C17_secret_is_wrong),
	    CASE(test_C17_secret_is_for_nothing_else),
	    CASE(test_C15_get_cert),
	    CASE(test_C16_get_crl),
	    CASE(test_C16_one_crl_goes_once),
	    CASE(test_C16_no_such_ca),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
