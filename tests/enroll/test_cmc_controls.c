/* Controls that say little or nothing here, metadata, and the form of statuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_cmc.h"

/* --- what no request has ---------------------------------------------------------------------- */

/* Of responses, for clients, or of nothing that is done here. */
static void
test_C1_C9_C19_C25_C26_C29_C30_C37_are_not_for_requests(void **state)
{
	static const unsigned kinds[] = {CMC_STATUS_INFO, CMC_ENCRYPTED_POP, CMC_RESPONSE_INFO,
	    CMC_STATUS_INFO_V2, CMC_TRUSTED_ANCHORS, CMC_BATCH_RESPONSES, CMC_PUBLISH_CERT, 37};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		unsigned id = message_value(&fake_cmc.message, kinds[i], GH_DER_SEQUENCE, "", 0);

		(void)fake_cmc_add_request();
		fake_cmc_send_own();
		fake_cmc_assert_failed(CMC_BAD_REQUEST, id, "no control of this type");
		fake_cmc_again();
	}
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C27_auth_data(void **state)
{
	unsigned id = message_value(&fake_cmc.message, CMC_AUTH_DATA, GH_DER_INTEGER, "\x01", 1);

	(void)state;
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_AUTH_DATA_FAIL, id, "");
	assert_int_equal(fake_store.rows, 0);
}

/* A client that sends one has misread what it is for; nothing depends on it. */
static void
test_C7_recipient_nonce_is_passed_over(void **state)
{
	(void)state;
	(void)message_value(&fake_cmc.message, CMC_RECIPIENT_NONCE, GH_DER_OCTETS, "n", 1);
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_false(fake_cmc.answer.is_full);
	assert_int_equal(fake_store.rows, 1);
}

/* --- regInfo ---------------------------------------------------------------------------------- */

static unsigned
send_reg_info(const char *text)
{
	unsigned id =
	    message_value(&fake_cmc.message, CMC_REG_INFO, GH_DER_OCTETS, text, strlen(text));

	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	return id;
}

static void
test_C18_metadata(void **state)
{
	(void)state;
	(void)send_reg_info("{\"dept\": \"R&D\", \"Count\": 7}");
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_non_null(strstr(fake_row(1)->metadata, "\"Dept\":\"R&D\""));
	assert_non_null(strstr(fake_row(1)->metadata, "\"Count\":7"));
}

/* A field that the template demands: by CMC, too. */
static void
test_C18_metadata_that_must_be_there(void **state)
{
	(void)state;
	fake_cmc.ctx.template_name = "Needs";
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 1, "Dept");
	fake_cmc_again();
	fake_cmc.message.last_id = 10;
	(void)send_reg_info("{\"Dept\": \"a\"}");
	assert_int_equal(fake_cmc.answer.rc, 0);
}

static void
test_C18_metadata_against_the_rules(void **state)
{
	static const char *const wrong[] = {"{\"Nobody\": 1}", "{\"Count\": \"many\"}"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		unsigned id = send_reg_info(wrong[i]);

		fake_cmc_assert_failed(CMC_BAD_REQUEST, id + 1, "");
		fake_cmc_again();
		fake_cmc.message.last_id = 10;
	}
}

static void
test_C18_malformed(void **state)
{
	unsigned id = send_reg_info("{\"Dept\": ");

	(void)state;
	fake_cmc_assert_failed(CMC_BAD_REQUEST, id, "JSON");
	fake_cmc_again();
	id = message_value(&fake_cmc.message, CMC_REG_INFO, GH_DER_UTF8, "{}", 2);
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, id, "OCTET STRING");
	assert_int_equal(fake_store.rows, 0);
}

/* What was agreed on with another server. */
static void
test_C18_something_else(void **state)
{
	(void)state;
	(void)send_reg_info("version?1%org?x%");
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 1);
}

/* --- requests --------------------------------------------------------------------------------- */

/* 5272, 3.2.1.2.1: an empty subject may be refused, and is taken where names are not of requests.
 */
static void
test_C025_empty_subject_and_one_requester(void **state)
{
	X509_REQ *req = X509_REQ_new();

	(void)state;
	assert_true(X509_REQ_set_pubkey(req, fake_cmc.key) == 1 &&
	    X509_REQ_sign(req, fake_cmc.key, EVP_sha256()) > 0);
	(void)message_pkcs10(&fake_cmc.message, req);
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 2);
	for (int i = 0; i < 2; i++)
		assert_string_equal(fake_store.row[i].requester.name, "alice");
	X509_REQ_free(req);
}

/* 3.2.3: CMCUnsignedData is not signed, and not looked at. */
static void
test_C026_unsigned_data_is_passed_over(void **state)
{
	unsigned char *der;
	const unsigned char *p;
	CMS_ContentInfo *cms;
	CMS_SignerInfo *si;
	size_t len;
	int n;

	(void)state;
	(void)fake_cmc_add_request();
	len = fake_cmc_sign(&(struct message_signing){.key = fake_cmc.old, .cert = fake_cmc.cert},
	    &der);
	p = der;
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)len);
	OPENSSL_free(der);
	assert_non_null(cms);
	si = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	assert_int_equal(CMS_unsigned_add1_attr_by_txt(si, "1.2.840.113549.1.9.16.2.34",
			     V_ASN1_OCTET_STRING, "x", 1),
	    1);
	der = NULL;
	n = i2d_CMS_ContentInfo(cms, &der);
	fake_cmc_send_bytes(der, (size_t)n);
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 1);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
}

/* --- statuses --------------------------------------------------------------------------------- */

/* failInfo with failed alone, pendInfo with pending and partial, and a list of parts with each. */
static void
test_C030_C032_C25_form_of_statuses(void **state)
{
	static const enum cmc_state states[] = {CMC_SUCCESS, CMC_FAILED, CMC_PENDING,
	    CMC_NO_SUPPORT, CMC_CONFIRM_REQUIRED, CMC_POP_REQUIRED, CMC_PARTIAL};
	static const unsigned wire[] = {0, 2, 3, 4, 5, 6, 7};

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct cmc_status s = {.state = states[i],
		    .fail = CMC_BAD_TIME,
		    .body = {0, 4294967295U},
		    .bodies = 2,
		    .token = "t",
		    .token_len = 1,
		    .pend_time = 1700000000};
		bool waits = wire[i] == 3 || wire[i] == 7;
		struct gh_der in, all, list, time;
		struct gh_error err;
		struct gh_buf b;
		unsigned n = 0, body = 0;

		gh_buf_init(&b, 4096);
		assert_int_equal(cmc_status_put(&s, &b, &err), 0);
		in = (struct gh_der){b.data, b.len};
		assert_true(gh_der_take(&in, GH_DER_SEQUENCE, &all) && in.len == 0 &&
		    gh_der_take_u32(&all, &n) && gh_der_take(&all, GH_DER_SEQUENCE, &list));
		assert_int_equal(n, wire[i]);
		assert_true(gh_der_take_u32(&list, &body) && body == 0);
		assert_true(gh_der_take_u32(&list, &body) && body == 4294967295U && list.len == 0);
		assert_int_equal(gh_der_take_u32(&all, &n), wire[i] == 2);
		assert_int_equal(gh_der_take(&all, GH_DER_SEQUENCE, &list), waits);
		if (waits)
			assert_true(gh_der_take(&list, GH_DER_OCTETS, NULL) &&
			    gh_der_take(&list, GH_DER_GEN_TIME, &time) &&
			    memcmp(time.p, "20231114221320Z", 15) == 0);
		assert_int_equal(all.len, 0);
		gh_buf_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CMC_CASE(test_C1_C9_C19_C25_C26_C29_C30_C37_are_not_for_requests),
	    CMC_CASE(test_C27_auth_data),
	    CMC_CASE(test_C7_recipient_nonce_is_passed_over),
	    CMC_CASE(test_C18_metadata),
	    CMC_CASE(test_C18_metadata_that_must_be_there),
	    CMC_CASE(test_C18_metadata_against_the_rules),
	    CMC_CASE(test_C18_malformed),
	    CMC_CASE(test_C18_something_else),
	    CMC_CASE(test_C025_empty_subject_and_one_requester),
	    CMC_CASE(test_C026_unsigned_data_is_passed_over),
	    CMC_CASE(test_C030_C032_C25_form_of_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
