/* Envelopes of CMC: several signatures, and what is encrypted for us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmc/cmc_run.h"

#include "fake_cmc.h"

#define ENVELOPED "1.2.840.113549.1.7.3"

/* --- several signatures ----------------------------------------------------------------------- */

static void
test_C035_two_certificates_of_one_requester(void **state)
{
	(void)state;
	fake_cmc.ctx.caller = NULL;
	fake_cmc_add_second("alice");
	(void)fake_cmc_add_request();
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.old,
	    .cert = fake_cmc.cert,
	    .also_key = fake_cmc.old,
	    .also_cert = fake_cmc.second});
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_string_equal(fake_row(1)->requester.name, "alice");
}

static void
test_C035_two_requesters(void **state)
{
	(void)state;
	fake_cmc.ctx.caller = NULL;
	fake_cmc_add_second("bob");
	(void)fake_cmc_add_request();
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.old,
	    .cert = fake_cmc.cert,
	    .also_key = fake_cmc.old,
	    .also_cert = fake_cmc.second});
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "different requesters");
	assert_int_equal(fake_store.rows, 0);
}

/* RFC 5272, 3.2: exactly one SignerInfo, where the key of a request signs. */
static void
test_C007_key_of_a_request_beside_a_certificate(void **state)
{
	(void)state;
	(void)fake_cmc_add_request();
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.key,
	    .cert = fake_cmc.own,
	    .also_key = fake_cmc.old,
	    .also_cert = fake_cmc.cert,
	    .flags = CMS_USE_KEYID | CMS_NOCERTS});
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "no other one");
}

/* One that is right does not help where another is wrong. */
static void
test_C006_each_signature_is_verified(void **state)
{
	struct message_signing s = {.key = fake_cmc.old, .cert = fake_cmc.cert},
			       wrong = {.key = fake_cmc.key, .cert = fake_cmc.own};

	(void)state;
	fake_cmc.ctx.caller = NULL;
	(void)fake_cmc_add_request();
	/* issuer and serial of the certificate that comes with it, but another key */
	s.also_key = wrong.key;
	s.also_cert = wrong.cert;
	s.also_flags = wrong.flags = CMS_NOCERTS;
	wrong.also_key = s.key;
	wrong.also_cert = s.cert;
	fake_cmc_send(&s);
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "not valid");
	fake_cmc_send(&wrong);
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "not valid");
}

static void
test_C035_too_many_signatures(void **state)
{
	(void)state;
	(void)fake_cmc_add_request();
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.key,
	    .cert = fake_cmc.own,
	    .flags = CMS_USE_KEYID | CMS_NOCERTS,
	    .copies = CMC_SIGNATURES_MAX});
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "a few");
}

/* --- encrypted -------------------------------------------------------------------------------- */

struct sealing {
	const EVP_CIPHER *cipher; /* NULL: AES-256-CBC */
	const EVP_MD *kdf;        /* NULL: SHA-256 */
	X509 *cert;               /* NULL: that of the gateway */
	bool is_data;             /* a ContentInfo as id-data, as `openssl cms` encrypts it */
};

/* What is in the ContentInfo: without type and [0]. */
static struct gh_der
content_of(const unsigned char *der, size_t len)
{
	struct gh_der in = {der, len}, all, content = {NULL, 0};

	assert_true(gh_der_take(&in, GH_DER_SEQUENCE, &all) &&
	    gh_der_take(&all, GH_DER_OID, NULL) && gh_der_take(&all, GH_DER_CONTEXT(0), &content));
	return content;
}

static size_t
seal(const struct sealing *s, const unsigned char *der, size_t len, unsigned char **out)
{
	const unsigned flags = CMS_BINARY | CMS_PARTIAL;
	struct gh_der inner = s->is_data ? (struct gh_der){der, len} : content_of(der, len);
	BIO *in = BIO_new_mem_buf(inner.p, (int)inner.len);
	CMS_ContentInfo *cms =
	    CMS_encrypt(NULL, NULL, s->cipher != NULL ? s->cipher : EVP_aes_256_cbc(), flags);
	X509 *cert = s->cert != NULL ? s->cert : fake_cmc_recipient();
	CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, cert, CMS_KEY_PARAM | flags);
	EVP_PKEY_CTX *kdf = CMS_RecipientInfo_get0_pkey_ctx(ri);
	int n;

	if (CMS_RecipientInfo_type(ri) == CMS_RECIPINFO_AGREE)
		assert_true(
		    EVP_PKEY_CTX_set_ecdh_kdf_md(kdf, s->kdf != NULL ? s->kdf : EVP_sha256()) > 0);
	if (!s->is_data)
		assert_int_equal(CMS_set1_eContentType(cms, OBJ_nid2obj(NID_pkcs7_signed)), 1);
	assert_int_equal(CMS_final(cms, in, NULL, flags), 1);
	*out = NULL;
	n = i2d_CMS_ContentInfo(cms, out);
	assert_true(n > 0);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	if (s->cert == NULL)
		X509_free(cert);
	return (size_t)n;
}

static const struct message_signing *
by_cert(void)
{
	static struct message_signing s;

	s = (struct message_signing){.key = fake_cmc.old, .cert = fake_cmc.cert};
	return &s;
}

/* The message, signed and encrypted; *out is of the library. */
static size_t
seal_message(const struct sealing *s, const struct message_signing *by, unsigned char **out)
{
	unsigned char *der;
	size_t len = fake_cmc_sign(by, &der);

	len = seal(s, der, len, out);
	OPENSSL_free(der);
	return len;
}

static void
send_sealed(const struct sealing *s, const struct message_signing *by)
{
	unsigned char *der;
	size_t len = seal_message(s, by, &der);

	fake_cmc_send_bytes(der, len);
	OPENSSL_free(der);
}

static int
set_up(void **state)
{
	int rc = fake_cmc_set_up(state);

	fake_cmc.ctx.caller = NULL;
	X509_free(fake_cmc_recipient());
	(void)fake_cmc_add_request();
	return rc;
}

static void
test_C005_enveloped(void **state)
{
	(void)state;
	send_sealed(&(struct sealing){.is_data = false}, by_cert());
	assert_int_equal(fake_cmc.answer.rc, 0);
	send_sealed(&(struct sealing){.is_data = true, .kdf = EVP_sha512()}, by_cert());
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 1); /* it was the same message */
}

/* Signed{Enveloped{Signed{PKIData}}}: outside by the one who signed inside. */
static void
test_C005_signed_around_it(void **state)
{
	struct message_signing s = {.type = ENVELOPED, .key = fake_cmc.old, .cert = fake_cmc.cert};
	unsigned char *sealed, *der;
	struct gh_der content;
	struct gh_buf b;
	size_t len;

	(void)state;
	fake_cmc_add_second("alice");
	len = seal_message(&(struct sealing){.is_data = false}, by_cert(), &sealed);
	content = content_of(sealed, len);
	gh_buf_init(&b, 65536);
	gh_buf_put(&b, content.p, content.len);
	for (int i = 0; i < 2; i++) {
		if (i == 1)
			s.cert = fake_cmc.second;
		len = message_sign(&b, &s, &der);
		fake_cmc_send_bytes(der, len);
		assert_int_equal(fake_cmc.answer.rc, 0);
		OPENSSL_free(der);
	}
	/* by another, and by nobody */
	fake_cmc.second_requester = fake_requester("bob");
	strcpy(fake_cmc.second_requester.id, "bob's entry");
	len = message_sign(&b, &s, &der);
	fake_cmc_send_bytes(der, len);
	assert_int_equal(fake_cmc.answer.rc, GH_E_SIGNATURE);
	OPENSSL_free(der);
	s.key = NULL;
	len = message_sign(&b, &s, &der);
	fake_cmc_send_bytes(der, len);
	assert_int_equal(fake_cmc.answer.rc, GH_E_SIGNATURE);
	OPENSSL_free(der);
	OPENSSL_free(sealed);
	gh_buf_free(&b);
}

/* Not deeper. */
static void
test_C005_enveloped_twice(void **state)
{
	unsigned char *once, *twice;
	size_t len;

	(void)state;
	len = seal_message(&(struct sealing){.is_data = true}, by_cert(), &once);
	len = seal(&(struct sealing){.is_data = true}, once, len, &twice);
	fake_cmc_send_bytes(twice, len);
	assert_int_equal(fake_cmc.answer.rc, GH_E_SIGNATURE);
	OPENSSL_free(once);
	OPENSSL_free(twice);
}

static void
test_C005_other_algorithms(void **state)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	X509 *of_rsa = message_cert(rsa, "rsa", 3);

	(void)state;
	send_sealed(&(struct sealing){.cipher = EVP_des_ede3_cbc()}, by_cert());
	assert_int_equal(fake_cmc.answer.rc, GH_E_CSR_WEAK);
	send_sealed(&(struct sealing){.kdf = EVP_sha1()}, by_cert());
	assert_int_equal(fake_cmc.answer.rc, GH_E_CSR_WEAK);
	/* for others */
	send_sealed(&(struct sealing){.cert = of_rsa}, by_cert());
	assert_int_equal(fake_cmc.answer.rc, GH_E_SIGNATURE);
	send_sealed(&(struct sealing){.cert = fake_cmc.own}, by_cert());
	assert_int_equal(fake_cmc.answer.rc, GH_E_SIGNATURE);
	X509_free(of_rsa);
	EVP_PKEY_free(rsa);
	assert_int_equal(fake_store.rows, 0);
}

/* The whole response but its nonce and its signature. */
static void
assert_same_refusal(size_t at)
{
	struct response_status s;

	assert_true(response_status(&fake_cmc.response, 0, &s));
	if (s.state != CMC_FAILED || s.fail != CMC_BAD_MESSAGE_CHECK || s.body[0] != 0 ||
	    strstr(s.text, "cannot be decrypted") == NULL ||
	    response_status(&fake_cmc.response, 1, &s) ||
	    response_control(&fake_cmc.response, CMC_TRANSACTION_ID, 0).len != 0 ||
	    response_control(&fake_cmc.response, CMC_RECIPIENT_NONCE, 0).len != 0 ||
	    response_control(&fake_cmc.response, CMC_DATA_RETURN, 0).len != 0)
		fail_msg("byte %zu: state %u fail %u: %s", at, s.state, s.fail, s.text);
}

/* No oracle: whichever byte of what is encrypted is changed, the answer is one and the same, and
 * brings nothing back, however much of the message can be read. */
static void
test_C005_one_answer_whatever_is_wrong(void **state)
{
	unsigned char *der;
	size_t len, from;

	(void)state;
	(void)message_value(&fake_cmc.message, CMC_SENDER_NONCE, GH_DER_OCTETS, "nonce", 5);
	(void)message_value(&fake_cmc.message, CMC_DATA_RETURN, GH_DER_OCTETS,
	    "twenty bytes of data", 20);
	len = seal_message(&(struct sealing){.is_data = false}, by_cert(), &der);
	from = len - content_of(der, len).len / 2; /* far behind the recipients */
	for (size_t i = from; i < len; i += 3) {
		der[i] ^= 0x01;
		fake_cmc_send_bytes(der, len);
		if (fake_cmc.answer.rc != 0) /* else what no signature is over, as anywhere */
			assert_same_refusal(i);
		der[i] ^= 0x01;
	}
	assert_true(fake_store.rows <= 1);
	fake_cmc_send_bytes(der, len);
	assert_int_equal(fake_cmc.answer.rc, 0);
	OPENSSL_free(der);
}

/* The same where nothing is changed, but what is inside is none or is not signed. */
static void
test_C005_what_is_inside_is_signed(void **state)
{
	(void)state;
	send_sealed(&(struct sealing){.is_data = false}, &(struct message_signing){.key = NULL});
	assert_same_refusal(0);
	send_sealed(&(struct sealing){.is_data = false},
	    &(struct message_signing){.key = fake_cmc.old,
		.cert = fake_cmc.cert,
		.type = "1.3.6.1.5.5.7.12.3"});
	assert_same_refusal(0);
}

static void
test_C005_cut_and_changed_in_front(void **state)
{
	unsigned char *der;
	size_t len;

	(void)state;
	len = seal_message(&(struct sealing){.is_data = false}, by_cert(), &der);
	for (size_t i = 0; i < 400; i++) {
		der[i] ^= 0x01;
		fake_cmc_send_bytes(der, len);
		if (fake_cmc.answer.rc == 0 && fake_store.rows != 1)
			fail_msg("byte %zu", i);
		der[i] ^= 0x01;
		fake_cmc_send_bytes(der, i);
		assert_int_not_equal(fake_cmc.answer.rc, 0);
	}
	OPENSSL_free(der);
}

/* --- answers ---------------------------------------------------------------------------------- */

/* Also where certificates alone would do, and what is refused. */
static void
test_C005_answer_is_encrypted(void **state)
{
	struct response_status s;

	(void)state;
	fake_cmc.ctx.encrypts_answers = true;
	fake_cmc.opener = fake_cmc.old;
	send_sealed(&(struct sealing){.is_data = false}, by_cert());
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_true(fake_cmc.answer.is_full && response_status(&fake_cmc.response, 0, &s));
	assert_int_equal(s.state, CMC_SUCCESS);
	assert_in_range(fake_cmc_certs(), 2, 4);
	(void)message_value(&fake_cmc.message, CMC_ADD_EXTENSIONS, GH_DER_SEQUENCE, "", 0);
	send_sealed(&(struct sealing){.is_data = false}, by_cert());
	assert_true(response_status(&fake_cmc.response, 0, &s));
	assert_int_equal(s.fail, CMC_BAD_IDENTITY);
}

/* For a key of RSA, that of the certificate. */
static void
test_C005_answer_for_rsa(void **state)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);

	(void)state;
	EVP_PKEY_free(fake_cmc.old);
	X509_free(fake_cmc.cert);
	fake_cmc.old = rsa;
	fake_cmc.cert = message_cert(rsa, "rsa", 3);
	fake_cmc.ctx.encrypts_answers = true;
	fake_cmc.opener = rsa;
	send_sealed(&(struct sealing){.is_data = false}, by_cert());
	assert_int_equal(fake_cmc.answer.rc, 0);
}

/* Where the label does not say so, where what came was none, where the key only signs, and where
 * nobody is known. */
static void
test_C005_answer_in_the_clear(void **state)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "digitalSignature");

	(void)state;
	send_sealed(&(struct sealing){.is_data = false}, by_cert());
	assert_int_equal(fake_cmc.answer.rc, 0);
	fake_cmc.ctx.encrypts_answers = true;
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	send_sealed(&(struct sealing){.is_data = false}, &(struct message_signing){.key = NULL});
	assert_same_refusal(0);
	assert_true(X509_add_ext(fake_cmc.cert, e, -1) == 1 &&
	    X509_sign(fake_cmc.cert, fake_cmc.old, EVP_sha256()) > 0);
	send_sealed(&(struct sealing){.is_data = false}, by_cert());
	assert_int_equal(fake_cmc.answer.rc, 0);
	X509_EXTENSION_free(e);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, fake_cmc_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CMC_CASE(test_C035_two_certificates_of_one_requester),
	    CMC_CASE(test_C035_two_requesters),
	    CMC_CASE(test_C007_key_of_a_request_beside_a_certificate),
	    CMC_CASE(test_C006_each_signature_is_verified),
	    CMC_CASE(test_C035_too_many_signatures),
	    CASE(test_C005_enveloped),
	    CASE(test_C005_signed_around_it),
	    CASE(test_C005_enveloped_twice),
	    CASE(test_C005_other_algorithms),
	    CASE(test_C005_one_answer_whatever_is_wrong),
	    CASE(test_C005_what_is_inside_is_signed),
	    CASE(test_C005_cut_and_changed_in_front),
	    CASE(test_C005_answer_is_encrypted),
	    CASE(test_C005_answer_for_rsa),
	    CASE(test_C005_answer_in_the_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
