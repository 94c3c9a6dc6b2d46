/* Full CMC through the pipeline: who may ask, what comes back, and each CMCFailInfo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_cmc.h"

/* --- issued ----------------------------------------------------------------------------------- */

static void
test_C009_certificates_alone_where_they_say_all(void **state)
{
	(void)state;
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_false(fake_cmc.answer.is_full);
	assert_int_equal(fake_cmc_certs(), 3);
	assert_int_equal(fake_store.rows, 1);
	assert_string_equal(fake_row(1)->requester.name, "alice");
	assert_string_equal(fake_row(1)->requester.address, "192.0.2.1");
}

static void
test_C020_C4_C5_C6_C25_full_response_gives_back_what_it_must(void **state)
{
	static const unsigned char id[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09};
	struct response_status s;
	struct gh_der v;
	unsigned request;

	(void)state;
	(void)message_value(&fake_cmc.message, CMC_TRANSACTION_ID, GH_DER_INTEGER, id, sizeof(id));
	(void)message_value(&fake_cmc.message, CMC_SENDER_NONCE, GH_DER_OCTETS, "nonce", 5);
	(void)message_value(&fake_cmc.message, CMC_DATA_RETURN, GH_DER_OCTETS, "mine", 4);
	(void)fake_cmc_add_request();
	request = fake_cmc.message.last_id;
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_true(fake_cmc.answer.is_full);
	assert_true(response_status(&fake_cmc.response, 0, &s));
	assert_int_equal(s.state, CMC_SUCCESS);
	assert_int_equal(s.body[0], request);
	v = response_control(&fake_cmc.response, CMC_TRANSACTION_ID, 0);
	assert_true(v.len == 11 && memcmp(v.p + 2, id, 9) == 0);
	v = response_control(&fake_cmc.response, CMC_RECIPIENT_NONCE, 0);
	assert_true(v.len == 7 && memcmp(v.p + 2, "nonce", 5) == 0);
	v = response_control(&fake_cmc.response, CMC_DATA_RETURN, 0);
	assert_true(v.len == 6 && memcmp(v.p + 2, "mine", 4) == 0);
	assert_int_equal(response_control(&fake_cmc.response, CMC_SENDER_NONCE, 0).len, 18);
	/* leaf, issuing CA, root, and the signer of the fake_cmc.response */
	assert_int_equal(fake_cmc_certs(), 4);
	assert_int_equal(fake_cmc.signers_made, 1);
}

static void
test_C010_signer_is_made_once(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		fake_cmc_send_own();
		assert_true(fake_cmc.answer.is_full);
		assert_int_equal(sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(fake_cmc.response_cms)),
		    1);
	}
	assert_int_equal(fake_cmc.signers_made, 1);
}

/* C-034: whose it is says the row; his entry is looked up again. */
static void
test_C034_signed_by_certificate_without_other_identity(void **state)
{
	(void)state;
	fake_cmc.ctx.caller = NULL;
	(void)fake_cmc_add_request();
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_string_equal(fake_row(1)->requester.name, "alice");
	assert_int_equal(fake_dir.lookups, 1);
}

static void
test_C003_C21_pending_has_token_and_is_asked_for(void **state)
{
	struct response_status s;
	unsigned char token[64];
	size_t len;

	(void)state;
	fake_cmc.ctx.template_name = "Slow";
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_true(fake_cmc.answer.is_pending);
	assert_true(response_status(&fake_cmc.response, 0, &s));
	assert_int_equal(s.state, CMC_PENDING);
	assert_true(s.token.len > 16 && s.token.len <= sizeof(token));
	memcpy(token, s.token.p, len = s.token.len);
	fake_cmc_again();
	(void)message_value(&fake_cmc.message, CMC_QUERY_PENDING, GH_DER_OCTETS, token, len);
	fake_cmc_send_by_cert();
	assert_true(response_status(&fake_cmc.response, 0, &s));
	assert_int_equal(s.state, CMC_PENDING);
	assert_true(s.token.len == len && memcmp(s.token.p, token, len) == 0);
	/* another one's, and none of ours */
	fake_cmc.alice = fake_requester("bob");
	fake_cmc.recognized.requester = fake_cmc.alice;
	strcpy(fake_cmc.recognized.requester.id, "bob's entry");
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 1, "no request of yours");
	token[7] ^= 1;
	fake_cmc_again();
	(void)message_value(&fake_cmc.message, CMC_QUERY_PENDING, GH_DER_OCTETS, token, len);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 1, "no token of ours");
}

/* --- whose certificates ---------------------------------------------------------------------- */

static bool
takes_none(const void *arg, const struct store_own_cert *own)
{
	assert_ptr_equal(arg, &fake_cmc);
	assert_true(own->is_ours);
	return false;
}

static void
test_C031_a_signer_that_the_caller_of_cmc_does_not_take(void **state)
{
	(void)state;
	fake_cmc.ctx.takes_cert = takes_none;
	fake_cmc.ctx.takes_arg = &fake_cmc;
	(void)fake_cmc_add_request();
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "not issued by this label");
	assert_int_equal(fake_store.rows, 0);
}

/* --- replays ---------------------------------------------------------------------------------- */

static void
test_C020_same_message_is_answered_once_more(void **state)
{
	(void)state;
	(void)message_value(&fake_cmc.message, CMC_SENDER_NONCE, GH_DER_OCTETS, "nonce", 5);
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 1);
	assert_int_equal(fake_ca.signed_certs, 2); /* one is the signer's */
	assert_int_equal(fake_cmc_certs(), 4);
}

static void
test_C020_C6_nonce_in_another_message_is_refused(void **state)
{
	(void)state;
	(void)message_value(&fake_cmc.message, CMC_SENDER_NONCE, GH_DER_OCTETS, "nonce", 5);
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	fake_cmc_again();
	(void)message_value(&fake_cmc.message, CMC_SENDER_NONCE, GH_DER_OCTETS, "nonce", 5);
	fake_cmc.message.last_id = 7; /* another number does not make it another place */
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, GH_E_CONFLICT);
	assert_int_equal(fake_store.rows, 1);
}

/* --- refused ---------------------------------------------------------------------------------- */

static void
test_C031_bad_alg(void **state)
{
	(void)state;
	(void)fake_cmc_add_request();
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.key,
	    .cert = fake_cmc.own,
	    .md = EVP_sha1(),
	    .flags = CMS_USE_KEYID | CMS_NOCERTS});
	fake_cmc_assert_failed(CMC_BAD_ALG, 0, "SHA-256");
}

static void
test_C031_bad_message_check(void **state)
{
	(void)state;
	(void)fake_cmc_add_request();
	/* by a fake_cmc.key that is neither a request's nor a certificate's */
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.old,
	    .cert = fake_cmc.cert,
	    .flags = CMS_USE_KEYID | CMS_NOCERTS});
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "neither");
	/* nobody, and two */
	fake_cmc_send(&(struct message_signing){.key = NULL});
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "one signature");
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.key,
	    .cert = fake_cmc.own,
	    .flags = CMS_USE_KEYID | CMS_NOCERTS,
	    .copies = 1});
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "no other one");
}

/* RFC 5652, 5.3: what is not id-data has signed attributes. */
static void
test_C006_no_signed_attributes(void **state)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	X509 *x = message_cert(rsa, message_key_id, sizeof(message_key_id));
	X509_REQ *req = message_csr(rsa, message_key_id, sizeof(message_key_id));

	(void)state;
	(void)message_pkcs10(&fake_cmc.message, req);
	fake_cmc_send(&(struct message_signing){.key = rsa,
	    .cert = x,
	    .flags = CMS_USE_KEYID | CMS_NOCERTS | CMS_NOATTR});
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "not valid");
	X509_REQ_free(req);
	X509_free(x);
	EVP_PKEY_free(rsa);
}

/* The signature says that it is by the fake_cmc.key of the request, and is by another. */
static void
test_C006_signature_of_another_key(void **state)
{
	X509 *lie = message_cert(fake_cmc.old, message_key_id, sizeof(message_key_id));

	(void)state;
	(void)fake_cmc_add_request();
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.old,
	    .cert = lie,
	    .flags = CMS_USE_KEYID | CMS_NOCERTS});
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "not valid");
	X509_free(lie);
}

/* Each byte of a good fake_cmc.message, changed: what no signature is over says nothing, and all
 * else is refused. Nobody gets anything but what the fake_cmc.message asked for. */
static void
test_C006_changed_bytes(void **state)
{
	struct gh_buf content;
	unsigned char *der, *csr = NULL;
	X509_REQ *req = message_csr(fake_cmc.key, message_key_id, sizeof(message_key_id));
	size_t len, good = (size_t)i2d_X509_REQ(req, &csr);

	(void)state;
	(void)message_pkcs10(&fake_cmc.message, req);
	X509_REQ_free(req);
	gh_buf_init(&content, 65536);
	message_pki_data(&fake_cmc.message, &content);
	len = message_sign(&content,
	    &(struct message_signing){.key = fake_cmc.key,
		.cert = fake_cmc.own,
		.flags = CMS_USE_KEYID | CMS_NOCERTS},
	    &der);
	for (size_t i = 0; i < len; i++) {
		der[i] ^= 0x01;
		fake_cmc_send_bytes(der, len);
		if (fake_store.rows > 1 ||
		    (fake_store.rows == 1 &&
			(fake_row(1)->csr_len != good || memcmp(fake_row(1)->csr, csr, good) != 0)))
			fail_msg("byte %zu of %zu", i, len);
		der[i] ^= 0x01;
	}
	fake_cmc_send_bytes(der, len - 1);
	assert_int_equal(fake_cmc.answer.rc, GH_E_BAD_REQUEST);
	OPENSSL_free(der);
	OPENSSL_free(csr);
	gh_buf_free(&content);
}

static void
test_C031_bad_request(void **state)
{
	(void)state;
	fake_cmc_send_bytes((const unsigned char *)"no cms", 6);
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 0, "SignedData");
	(void)fake_cmc_add_request();
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.key,
	    .cert = fake_cmc.own,
	    .type = "1.3.6.1.5.5.7.12.3",
	    .flags = CMS_USE_KEYID | CMS_NOCERTS});
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 0, "PKIData");
}

static void
test_C024_unknown_controls_fail_the_whole(void **state)
{
	struct response_status s;

	(void)state;
	(void)message_value(&fake_cmc.message, 37, GH_DER_OCTETS, "x", 1);
	(void)message_value(&fake_cmc.message, 1, GH_DER_OCTETS, "x", 1);
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 1, "no control");
	assert_true(response_status(&fake_cmc.response, 1, &s));
	assert_int_equal(s.body[0], 2);
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C021_body_part_ids(void **state)
{
	(void)state;
	(void)fake_cmc_add_request();
	fake_cmc.message.last_id = 0; /* once more the same */
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 0, "there twice");
	fake_cmc_again();
	fake_cmc.message.last_id = (unsigned)-1;
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 0, "is 0");
}

static void
test_C022_other_request_is_not_supported(void **state)
{
	static const unsigned char other[] = {GH_DER_CONTEXT(2), 8, GH_DER_INTEGER, 1, 9,
	    GH_DER_OID, 1, 0x2a, GH_DER_NULL, 0};
	struct response_status s;

	(void)state;
	(void)fake_cmc_add_request();
	gh_buf_put(&fake_cmc.message.requests, other, sizeof(other));
	fake_cmc_send_own();
	assert_true(response_status(&fake_cmc.response, 0, &s));
	assert_int_equal(s.state, CMC_NO_SUPPORT);
	assert_int_equal(s.body[0], 9);
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C031_bad_identity(void **state)
{
	(void)state;
	/* a signature by the request's fake_cmc.own fake_cmc.key proves nothing about who asks */
	fake_cmc.ctx.caller = NULL;
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "proves who asks");
	assert_int_equal(fake_cmc.answer.rc, GH_E_AUTH_REQUIRED);
	/* somebody's certificate, revoked, of a revoked CA */
	fake_cmc.recognized.is_ours = false;
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "not issued here");
	fake_cmc.recognized.is_ours = fake_cmc.recognized.is_revoked = true;
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "revoked");
	fake_cmc.recognized.is_revoked = false;
	fake_cmc.recognized.is_issuer_revoked = true;
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "revoked");
	/* one whose row is not under a MAC, as it is without an id */
	fake_cmc.recognized.is_issuer_revoked = false;
	fake_cmc.recognized.requester.id[0] = '\0';
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "not known whose");
	assert_int_equal(fake_store.rows, 0);
}

static void
test_signer_and_caller_are_one(void **state)
{
	struct requester bob = fake_requester("bob");

	(void)state;
	fake_cmc.ctx.caller = &bob;
	(void)fake_cmc_add_request();
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "different requesters");
}

static void
test_expired_signer(void **state)
{
	(void)state;
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(fake_cmc.cert), -60));
	assert_true(X509_sign(fake_cmc.cert, fake_cmc.old, EVP_sha256()) > 0);
	(void)fake_cmc_add_request();
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "not valid now");
}

/* None is issued where the possession of one fake_cmc.key is not proven. */
static void
test_C033_pop_failed_for_one_refuses_all(void **state)
{
	X509_REQ *req = message_csr(fake_cmc.old, NULL, 0);

	(void)state;
	(void)fake_cmc_add_request();
	assert_int_equal(X509_REQ_set_pubkey(req, fake_cmc.key),
	    1); /* its signature is by the other one */
	(void)message_pkcs10(&fake_cmc.message, req);
	X509_REQ_free(req);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_POP_FAILED, 2, "");
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C031_no_key_reuse(void **state)
{
	X509_REQ *req = message_csr(fake_cmc.old, NULL, 0);

	(void)state;
	(void)message_pkcs10(&fake_cmc.message, req);
	X509_REQ_free(req);
	fake_cmc.ctx.forbids_key_reuse = true;
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_NO_KEY_REUSE, 1, "new key");
	fake_cmc.ctx.forbids_key_reuse = false;
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
}

static void
test_C031_our_side(void **state)
{
	(void)state;
	(void)fake_cmc_add_request();
	fake_ca.fail = GH_E_SIGNER;
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_INTERNAL_CA_ERROR, 1, "");
	fake_ca.fail = GH_E_SIGNER_DOWN;
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_TRY_LATER, 1, "");
}

static void
test_policy_refuses(void **state)
{
	(void)state;
	fake_cmc.ctx.template_name = "Closed";
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 1, "");
	assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_DENIED);
}

static void
test_nothing_is_asked(void **state)
{
	(void)state;
	(void)message_value(&fake_cmc.message, CMC_SENDER_NONCE, GH_DER_OCTETS, "nonce", 5);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 0, "asks for nothing");
}

static void
test_response_is_unsigned_where_no_signer_can_be_made(void **state)
{
	(void)state;
	fake_cmc.fail_signer = GH_E_SIGNER_DOWN;
	fake_cmc_send_own();
	assert_true(fake_cmc.answer.is_full);
	assert_int_equal(sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(fake_cmc.response_cms)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CMC_CASE(test_C009_certificates_alone_where_they_say_all),
	    CMC_CASE(test_C020_C4_C5_C6_C25_full_response_gives_back_what_it_must),
	    CMC_CASE(test_C010_signer_is_made_once),
	    CMC_CASE(test_C034_signed_by_certificate_without_other_identity),
	    CMC_CASE(test_C003_C21_pending_has_token_and_is_asked_for),
	    CMC_CASE(test_C031_a_signer_that_the_caller_of_cmc_does_not_take),
	    CMC_CASE(test_C020_same_message_is_answered_once_more),
	    CMC_CASE(test_C020_C6_nonce_in_another_message_is_refused),
	    CMC_CASE(test_C031_bad_alg),
	    CMC_CASE(test_C031_bad_message_check),
	    CMC_CASE(test_C006_no_signed_attributes),
	    CMC_CASE(test_C006_signature_of_another_key),
	    CMC_CASE(test_C006_changed_bytes),
	    CMC_CASE(test_C031_bad_request),
	    CMC_CASE(test_C024_unknown_controls_fail_the_whole),
	    CMC_CASE(test_C021_body_part_ids),
	    CMC_CASE(test_C022_other_request_is_not_supported),
	    CMC_CASE(test_C031_bad_identity),
	    CMC_CASE(test_signer_and_caller_are_one),
	    CMC_CASE(test_expired_signer),
	    CMC_CASE(test_C033_pop_failed_for_one_refuses_all),
	    CMC_CASE(test_C031_no_key_reuse),
	    CMC_CASE(test_C031_our_side),
	    CMC_CASE(test_policy_refuses),
	    CMC_CASE(test_nothing_is_asked),
	    CMC_CASE(test_response_is_unsigned_where_no_signer_can_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
