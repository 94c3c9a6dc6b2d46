/* Full CMC through the pipeline: who may ask, what comes back, and each CMCFailInfo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/app.h"
#include "cmc/cmc.h"
#include "store/status/delegated_signer.h"
#include "store/status/revocation.h"

#include "cmc_message.h"

static struct worker_env env;
static struct requester alice;
static struct cmc_context ctx;
static struct cmc_answer answer;
static struct cmc_message message;
static EVP_PKEY *key; /* of the request */
static EVP_PKEY *old; /* of a certificate of ours */
static X509 *own, *cert;
static struct gh_der response; /* PKIResponse */
static CMS_ContentInfo *response_cms;
static struct store_own_cert recognized; /* whatever signed */
static struct store_signer signer_row;
static int signers_made, fail_signer;

/* --- stand-ins -------------------------------------------------------------------------------- */

int
store_recognize(struct store *s, const unsigned char *der, size_t len, struct store_own_cert *out,
    struct gh_error *err)
{
	(void)s;
	(void)der;
	(void)len;
	(void)err;
	*out = recognized;
	return 0;
}

void
store_signer_clear(struct store_signer *o)
{
	free(o->cert);
	free(o->sealed);
	memset(o, 0, sizeof(*o));
}

static int
give_signer(struct store_signer *out)
{
	*out = signer_row;
	out->cert = malloc(signer_row.cert_len);
	memcpy(out->cert, signer_row.cert, signer_row.cert_len);
	out->sealed = malloc(signer_row.sealed_len);
	memcpy(out->sealed, signer_row.sealed, signer_row.sealed_len);
	return 0;
}

int
store_find_signer(struct store *s, enum store_signer_use use, int64_t ca_id, int64_t until,
    struct store_signer *out, struct gh_error *err)
{
	(void)s;
	(void)ca_id;
	assert_int_equal(use, STORE_SIGNER_CMC);
	memset(out, 0, sizeof(*out));
	return signer_row.cert != NULL && signer_row.not_after > until
	    ? give_signer(out)
	    : gh_fail(err, GH_E_NOT_FOUND, "none");
}

int
store_issue_signer(struct store *s, const struct store_signer_issue *i, struct store_signer *out,
    bool *is_new, struct gh_error *err)
{
	int rc;

	(void)s;
	*is_new = true;
	if (fail_signer != 0)
		return gh_fail(err, (enum gh_code)fail_signer, "told to fail");
	store_signer_clear(&signer_row);
	if ((rc = i->make(i->arg, &signer_row, err)) != 0)
		return rc;
	signers_made++;
	signer_row.not_after = INT64_MAX;
	return give_signer(out);
}

/* --- the world -------------------------------------------------------------------------------- */

static int
set_up(void **state)
{
	(void)state;
	fake_world_new(&env);
	alice = fake_requester("alice");
	ctx = (struct cmc_context){.env = &env,
	    .caller = &alice,
	    .entry = fake_entry("alice"),
	    .profile = &catalog_find_app_id(env.catalog, 7)->profile,
	    .template_name = "User",
	    .address = "192.0.2.1",
	    .request_id = "r1",
	    .protocol = ENROLL_REST,
	    .poll_after = 60};
	key = EVP_EC_gen("P-256");
	old = EVP_EC_gen("P-256");
	own = message_cert(key, message_key_id, sizeof(message_key_id));
	cert = message_cert(old, "old", 3);
	recognized = (struct store_own_cert){.is_ours = true, .requester = alice};
	message_init(&message);
	fail_signer = signers_made = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	dir_entry_free(ctx.entry);
	CMS_ContentInfo_free(response_cms);
	response_cms = NULL;
	cmc_answer_clear(&answer);
	message_free(&message);
	store_signer_clear(&signer_row);
	EVP_PKEY_free(key);
	EVP_PKEY_free(old);
	X509_free(own);
	X509_free(cert);
	fake_world_free(&env);
	return 0;
}

static void
add_request(void)
{
	X509_REQ *req = message_csr(key, message_key_id, sizeof(message_key_id));

	(void)message_pkcs10(&message, req);
	X509_REQ_free(req);
}

/* The response, whose signature must be right where there is one. */
static void
read_response(void)
{
	const unsigned char *p = answer.body;
	ASN1_OCTET_STRING **content;

	CMS_ContentInfo_free(response_cms);
	response_cms = d2i_CMS_ContentInfo(NULL, &p, (long)answer.len);
	assert_non_null(response_cms);
	response = (struct gh_der){NULL, 0};
	if (!answer.is_full)
		return;
	content = CMS_get0_content(response_cms);
	response.p = ASN1_STRING_get0_data(*content);
	response.len = (size_t)ASN1_STRING_length(*content);
	if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(response_cms)) > 0)
		assert_int_equal(CMS_verify(response_cms, NULL, NULL, NULL, NULL,
				     CMS_NO_SIGNER_CERT_VERIFY),
		    1);
}

static void
send_bytes(const unsigned char *der, size_t len)
{
	cmc_answer_clear(&answer);
	cmc_answer(&ctx, der, len, &answer);
	assert_non_null(answer.body);
	read_response();
}

static void
send_signed(const struct message_signing *s)
{
	struct gh_buf content;
	unsigned char *der;
	size_t len;

	gh_buf_init(&content, 262144);
	message_pki_data(&message, &content);
	len = message_sign(&content, s, &der);
	gh_buf_free(&content);
	send_bytes(der, len);
	OPENSSL_free(der);
}

/* By the key of the request (RFC 5272, 3.2). */
static void
send_own(void)
{
	send_signed(&(
	    struct message_signing){.key = key, .cert = own, .flags = CMS_USE_KEYID | CMS_NOCERTS});
}

/* By a certificate of ours. */
static void
send_by_cert(void)
{
	send_signed(&(struct message_signing){.key = old, .cert = cert});
}

static void
assert_failed(enum cmc_fail fail, unsigned body, const char *text)
{
	struct response_status s;

	assert_true(answer.is_full);
	assert_true(response_status(&response, 0, &s));
	if (s.state != CMC_FAILED || s.fail != (unsigned)fail || s.body[0] != body ||
	    strstr(s.text, text) == NULL)
		fail_msg("status %u fail %u body %u: %s", s.state, s.fail, s.body[0], s.text);
	assert_int_not_equal(answer.rc, 0);
	assert_int_equal(fake_ca.signed_certs, signers_made);
}

static int
certs_in_response(void)
{
	STACK_OF(X509) *certs = CMS_get1_certs(response_cms);
	int n = sk_X509_num(certs);

	sk_X509_pop_free(certs, X509_free);
	return n;
}

/* --- issued ----------------------------------------------------------------------------------- */

static void
test_C009_certificates_alone_where_they_say_all(void **state)
{
	(void)state;
	add_request();
	send_own();
	assert_int_equal(answer.rc, 0);
	assert_false(answer.is_full);
	assert_int_equal(certs_in_response(), 3);
	assert_int_equal(fake_store.rows, 1);
	assert_string_equal(fake_row(1)->requester.name, "alice");
	assert_string_equal(fake_row(1)->requester.address, "192.0.2.1");
}

static void
test_C020_full_response_gives_back_what_it_must(void **state)
{
	static const unsigned char id[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09};
	struct response_status s;
	struct gh_der v;
	unsigned request;

	(void)state;
	(void)message_value(&message, CMC_TRANSACTION_ID, GH_DER_INTEGER, id, sizeof(id));
	(void)message_value(&message, CMC_SENDER_NONCE, GH_DER_OCTETS, "nonce", 5);
	(void)message_value(&message, CMC_DATA_RETURN, GH_DER_OCTETS, "mine", 4);
	add_request();
	request = message.last_id;
	send_own();
	assert_int_equal(answer.rc, 0);
	assert_true(answer.is_full);
	assert_true(response_status(&response, 0, &s));
	assert_int_equal(s.state, CMC_SUCCESS);
	assert_int_equal(s.body[0], request);
	v = response_control(&response, CMC_TRANSACTION_ID, 0);
	assert_true(v.len == 11 && memcmp(v.p + 2, id, 9) == 0);
	v = response_control(&response, CMC_RECIPIENT_NONCE, 0);
	assert_true(v.len == 7 && memcmp(v.p + 2, "nonce", 5) == 0);
	v = response_control(&response, CMC_DATA_RETURN, 0);
	assert_true(v.len == 6 && memcmp(v.p + 2, "mine", 4) == 0);
	assert_int_equal(response_control(&response, CMC_SENDER_NONCE, 0).len, 18);
	/* leaf, issuing CA, root, and the signer of the response */
	assert_int_equal(certs_in_response(), 4);
	assert_int_equal(signers_made, 1);
}

static void
test_C010_signer_is_made_once(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		send_own();
		assert_true(answer.is_full);
		assert_int_equal(sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(response_cms)), 1);
	}
	assert_int_equal(signers_made, 1);
}

/* C-034: whose it is says the row; his entry is looked up again. */
static void
test_C034_signed_by_certificate_without_other_identity(void **state)
{
	(void)state;
	ctx.caller = NULL;
	add_request();
	send_by_cert();
	assert_int_equal(answer.rc, 0);
	assert_string_equal(fake_row(1)->requester.name, "alice");
	assert_int_equal(fake_dir.lookups, 1);
}

static void
test_C003_pending_has_token_and_is_asked_for(void **state)
{
	struct response_status s;
	unsigned char token[64];
	size_t len;

	(void)state;
	ctx.template_name = "Slow";
	add_request();
	send_own();
	assert_int_equal(answer.rc, 0);
	assert_true(answer.is_pending);
	assert_true(response_status(&response, 0, &s));
	assert_int_equal(s.state, CMC_PENDING);
	assert_true(s.token.len > 16 && s.token.len <= sizeof(token));
	memcpy(token, s.token.p, len = s.token.len);
	message_free(&message);
	message_init(&message);
	(void)message_value(&message, CMC_QUERY_PENDING, GH_DER_OCTETS, token, len);
	send_by_cert();
	assert_true(response_status(&response, 0, &s));
	assert_int_equal(s.state, CMC_PENDING);
	assert_true(s.token.len == len && memcmp(s.token.p, token, len) == 0);
	/* another one's, and none of ours */
	alice = fake_requester("bob");
	recognized.requester = alice;
	send_by_cert();
	assert_failed(CMC_BAD_REQUEST, 1, "no request of yours");
	token[7] ^= 1;
	message_free(&message);
	message_init(&message);
	(void)message_value(&message, CMC_QUERY_PENDING, GH_DER_OCTETS, token, len);
	send_by_cert();
	assert_failed(CMC_BAD_REQUEST, 1, "no token of ours");
}

/* --- replays ---------------------------------------------------------------------------------- */

static void
test_C020_same_message_is_answered_once_more(void **state)
{
	(void)state;
	(void)message_value(&message, CMC_SENDER_NONCE, GH_DER_OCTETS, "nonce", 5);
	add_request();
	send_own();
	assert_int_equal(answer.rc, 0);
	send_own();
	assert_int_equal(answer.rc, 0);
	assert_int_equal(fake_store.rows, 1);
	assert_int_equal(fake_ca.signed_certs, 2); /* one is the signer's */
	assert_int_equal(certs_in_response(), 4);
}

static void
test_C020_nonce_in_another_message_is_refused(void **state)
{
	(void)state;
	(void)message_value(&message, CMC_SENDER_NONCE, GH_DER_OCTETS, "nonce", 5);
	add_request();
	send_own();
	message_free(&message);
	message_init(&message);
	(void)message_value(&message, CMC_SENDER_NONCE, GH_DER_OCTETS, "nonce", 5);
	add_request();
	send_own();
	assert_int_equal(answer.rc, GH_E_CONFLICT);
	assert_int_equal(fake_store.rows, 1);
}

/* --- refused ---------------------------------------------------------------------------------- */

static void
test_C031_bad_alg(void **state)
{
	(void)state;
	add_request();
	send_signed(&(struct message_signing){.key = key,
	    .cert = own,
	    .md = EVP_sha1(),
	    .flags = CMS_USE_KEYID | CMS_NOCERTS});
	assert_failed(CMC_BAD_ALG, 0, "SHA-256");
}

static void
test_C031_bad_message_check(void **state)
{
	(void)state;
	add_request();
	/* by a key that is neither a request's nor a certificate's */
	send_signed(&(struct message_signing){.key = old,
	    .cert = cert,
	    .flags = CMS_USE_KEYID | CMS_NOCERTS});
	assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "neither");
	/* nobody, and two */
	send_signed(&(struct message_signing){.key = NULL});
	assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "one signature");
	send_signed(&(struct message_signing){.key = key,
	    .cert = own,
	    .flags = CMS_USE_KEYID | CMS_NOCERTS,
	    .is_signed_twice = true});
	assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "one signature");
}

/* RFC 5652, 5.3: what is not id-data has signed attributes. */
static void
test_C006_no_signed_attributes(void **state)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	X509 *x = message_cert(rsa, message_key_id, sizeof(message_key_id));
	X509_REQ *req = message_csr(rsa, message_key_id, sizeof(message_key_id));

	(void)state;
	(void)message_pkcs10(&message, req);
	send_signed(&(struct message_signing){.key = rsa,
	    .cert = x,
	    .flags = CMS_USE_KEYID | CMS_NOCERTS | CMS_NOATTR});
	assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "not valid");
	X509_REQ_free(req);
	X509_free(x);
	EVP_PKEY_free(rsa);
}

/* The signature says that it is by the key of the request, and is by another. */
static void
test_C006_signature_of_another_key(void **state)
{
	X509 *lie = message_cert(old, message_key_id, sizeof(message_key_id));

	(void)state;
	add_request();
	send_signed(&(
	    struct message_signing){.key = old, .cert = lie, .flags = CMS_USE_KEYID | CMS_NOCERTS});
	assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "not valid");
	X509_free(lie);
}

/* Each byte of a good message, changed: what no signature is over says nothing, and all else is
 * refused. Nobody gets anything but what the message asked for. */
static void
test_C006_changed_bytes(void **state)
{
	struct gh_buf content;
	unsigned char *der, *csr = NULL;
	X509_REQ *req = message_csr(key, message_key_id, sizeof(message_key_id));
	size_t len, good = (size_t)i2d_X509_REQ(req, &csr);

	(void)state;
	(void)message_pkcs10(&message, req);
	X509_REQ_free(req);
	gh_buf_init(&content, 65536);
	message_pki_data(&message, &content);
	len = message_sign(&content,
	    &(struct message_signing){.key = key,
		.cert = own,
		.flags = CMS_USE_KEYID | CMS_NOCERTS},
	    &der);
	for (size_t i = 0; i < len; i++) {
		der[i] ^= 0x01;
		send_bytes(der, len);
		if (fake_store.rows > 1 ||
		    (fake_store.rows == 1 &&
			(fake_row(1)->csr_len != good || memcmp(fake_row(1)->csr, csr, good) != 0)))
			fail_msg("byte %zu of %zu", i, len);
		der[i] ^= 0x01;
	}
	send_bytes(der, len - 1);
	assert_int_equal(answer.rc, GH_E_BAD_REQUEST);
	OPENSSL_free(der);
	OPENSSL_free(csr);
	gh_buf_free(&content);
}

static void
test_C031_bad_request(void **state)
{
	(void)state;
	send_bytes((const unsigned char *)"no cms", 6);
	assert_failed(CMC_BAD_REQUEST, 0, "SignedData");
	add_request();
	send_signed(&(struct message_signing){.key = key,
	    .cert = own,
	    .type = "1.3.6.1.5.5.7.12.3",
	    .flags = CMS_USE_KEYID | CMS_NOCERTS});
	assert_failed(CMC_BAD_REQUEST, 0, "PKIData");
}

static void
test_C024_unknown_controls_fail_the_whole(void **state)
{
	struct response_status s;

	(void)state;
	(void)message_value(&message, 37, GH_DER_OCTETS, "x", 1);
	(void)message_value(&message, 1, GH_DER_OCTETS, "x", 1);
	add_request();
	send_own();
	assert_failed(CMC_BAD_REQUEST, 1, "no control");
	assert_true(response_status(&response, 1, &s));
	assert_int_equal(s.body[0], 2);
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C021_body_part_ids(void **state)
{
	(void)state;
	add_request();
	message.last_id = 0; /* once more the same */
	add_request();
	send_own();
	assert_failed(CMC_BAD_REQUEST, 0, "there twice");
	message_free(&message);
	message_init(&message);
	message.last_id = (unsigned)-1;
	add_request();
	send_own();
	assert_failed(CMC_BAD_REQUEST, 0, "is 0");
}

static void
test_C022_other_request_is_not_supported(void **state)
{
	static const unsigned char other[] = {GH_DER_CONTEXT(2), 8, GH_DER_INTEGER, 1, 9,
	    GH_DER_OID, 1, 0x2a, GH_DER_NULL, 0};
	struct response_status s;

	(void)state;
	add_request();
	gh_buf_put(&message.requests, other, sizeof(other));
	send_own();
	assert_true(response_status(&response, 0, &s));
	assert_int_equal(s.state, CMC_NO_SUPPORT);
	assert_int_equal(s.body[0], 9);
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C031_bad_identity(void **state)
{
	(void)state;
	/* a signature by the request's own key proves nothing about who asks */
	ctx.caller = NULL;
	add_request();
	send_own();
	assert_failed(CMC_BAD_IDENTITY, 0, "proves who asks");
	assert_int_equal(answer.rc, GH_E_AUTH_REQUIRED);
	/* somebody's certificate, revoked, of a revoked CA */
	recognized.is_ours = false;
	send_by_cert();
	assert_failed(CMC_BAD_IDENTITY, 0, "not issued here");
	recognized.is_ours = recognized.is_revoked = true;
	send_by_cert();
	assert_failed(CMC_BAD_IDENTITY, 0, "revoked");
	recognized.is_revoked = false;
	recognized.is_issuer_revoked = true;
	send_by_cert();
	assert_failed(CMC_BAD_IDENTITY, 0, "revoked");
	assert_int_equal(fake_store.rows, 0);
}

static void
test_signer_and_caller_are_one(void **state)
{
	struct requester bob = fake_requester("bob");

	(void)state;
	ctx.caller = &bob;
	add_request();
	send_by_cert();
	assert_failed(CMC_BAD_IDENTITY, 0, "not the one who calls");
}

static void
test_expired_signer(void **state)
{
	(void)state;
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), -60));
	assert_true(X509_sign(cert, old, EVP_sha256()) > 0);
	add_request();
	send_by_cert();
	assert_failed(CMC_BAD_IDENTITY, 0, "not valid now");
}

/* None is issued where the possession of one key is not proven. */
static void
test_C033_pop_failed_for_one_refuses_all(void **state)
{
	X509_REQ *req = message_csr(old, NULL, 0);

	(void)state;
	add_request();
	assert_int_equal(X509_REQ_set_pubkey(req, key), 1); /* its signature is by the other one */
	(void)message_pkcs10(&message, req);
	X509_REQ_free(req);
	send_own();
	assert_failed(CMC_POP_FAILED, 2, "");
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C031_no_key_reuse(void **state)
{
	X509_REQ *req = message_csr(old, NULL, 0);

	(void)state;
	(void)message_pkcs10(&message, req);
	X509_REQ_free(req);
	ctx.forbids_key_reuse = true;
	send_by_cert();
	assert_failed(CMC_NO_KEY_REUSE, 1, "new key");
	ctx.forbids_key_reuse = false;
	send_by_cert();
	assert_int_equal(answer.rc, 0);
}

static void
test_C031_our_side(void **state)
{
	(void)state;
	add_request();
	fake_ca.fail = GH_E_SIGNER;
	send_own();
	assert_failed(CMC_INTERNAL_CA_ERROR, 1, "");
	fake_ca.fail = GH_E_SIGNER_DOWN;
	send_own();
	assert_failed(CMC_TRY_LATER, 1, "");
}

static void
test_policy_refuses(void **state)
{
	(void)state;
	ctx.template_name = "Closed";
	add_request();
	send_own();
	assert_failed(CMC_BAD_IDENTITY, 1, "");
	assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_DENIED);
}

static void
test_nothing_is_asked(void **state)
{
	(void)state;
	(void)message_value(&message, CMC_SENDER_NONCE, GH_DER_OCTETS, "nonce", 5);
	send_by_cert();
	assert_failed(CMC_BAD_REQUEST, 0, "asks for nothing");
}

static void
test_response_is_unsigned_where_no_signer_can_be_made(void **state)
{
	(void)state;
	fail_signer = GH_E_SIGNER_DOWN;
	send_own();
	assert_true(answer.is_full);
	assert_int_equal(sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(response_cms)), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_C009_certificates_alone_where_they_say_all),
	    CASE(test_C020_full_response_gives_back_what_it_must),
	    CASE(test_C010_signer_is_made_once),
	    CASE(test_C034_signed_by_certificate_without_other_identity),
	    CASE(test_C003_pending_has_token_and_is_asked_for),
	    CASE(test_C020_same_message_is_answered_once_more),
	    CASE(test_C020_nonce_in_another_message_is_refused),
	    CASE(test_C031_bad_alg),
	    CASE(test_C031_bad_message_check),
	    CASE(test_C006_no_signed_attributes),
	    CASE(test_C006_signature_of_another_key),
	    CASE(test_C006_changed_bytes),
	    CASE(test_C031_bad_request),
	    CASE(test_C024_unknown_controls_fail_the_whole),
	    CASE(test_C021_body_part_ids),
	    CASE(test_C022_other_request_is_not_supported),
	    CASE(test_C031_bad_identity),
	    CASE(test_signer_and_caller_are_one),
	    CASE(test_expired_signer),
	    CASE(test_C033_pop_failed_for_one_refuses_all),
	    CASE(test_C031_no_key_reuse),
	    CASE(test_C031_our_side),
	    CASE(test_policy_refuses),
	    CASE(test_nothing_is_asked),
	    CASE(test_response_is_unsigned_where_no_signer_can_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
