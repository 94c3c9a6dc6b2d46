/* PKIResponse as a client reads it: of other servers, too; and PKIData as it writes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmc/cmc_witness.h"
#include "cmc/pki_answer.h"
#include "cmc/pki_data.h"
#include "cmc/pki_draft.h"
#include "cmc/pki_response.h"

static struct gh_error err;
static struct pki_answer answer;

/* PKIResponse of one status, as our server writes it. */
static int
read_back(const struct cmc_status *s, enum cmc_kind kind)
{
	struct pki_response r;
	struct gh_buf b;
	int rc;

	pki_response_init(&r);
	gh_buf_init(&b, 65536);
	pki_response_add_octets(&r, CMC_RECIPIENT_NONCE, "nonce", 5);
	assert_int_equal(pki_response_add_status(&r, kind, s, &err), 0);
	assert_int_equal(pki_response_put(&r, &b, &err), 0);
	rc = pki_answer_read(&(struct gh_der){b.data, b.len}, &answer, &err);
	assert_true(rc != 0 || gh_der_equals(&answer.recipient_nonce, "nonce", 5));
	gh_buf_free(&b);
	pki_response_free(&r);
	return rc;
}

static void
test_C030_C032_statuses_of_our_server(void **state)
{
	const struct cmc_status failed = {.state = CMC_FAILED,
				    .fail = CMC_BAD_IDENTITY,
				    .body = {1, 70000},
				    .bodies = 2,
				    .text = "nobody"},
				waits = {.state = CMC_PENDING,
				    .body = {3},
				    .bodies = 1,
				    .token = "token",
				    .token_len = 5,
				    .pend_time = 1798761600};

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(read_back(&failed, i == 0 ? CMC_STATUS_INFO_V2 : CMC_STATUS_INFO),
		    0);
		assert_int_equal(answer.statuses, 1);
		assert_int_equal(answer.status[0].state, CMC_FAILED);
		assert_int_equal(answer.status[0].fail, CMC_BAD_IDENTITY);
		assert_int_equal(answer.status[0].body[1], 70000);
		assert_string_equal(answer.status[0].text, "nobody");
	}
	assert_int_equal(read_back(&waits, CMC_STATUS_INFO_V2), 0);
	assert_int_equal(answer.status[0].state, CMC_PENDING);
	assert_int_equal(answer.status[0].token_len, 5);
	assert_memory_equal(answer.status[0].token, "token", 5);
	assert_int_equal(answer.status[0].pend_time, 1798761600);
}

/* Of a status in a PKIResponse of its own: what stands behind its bodies. */
static int
read_status(const void *status, size_t len)
{
	static const unsigned char type[] = {GH_OID_DER(CMC_OID(25))},
				   id[] = {GH_DER_INTEGER, 1, 1};
	struct gh_buf one, control, all;
	int rc;

	gh_buf_init(&one, 1024);
	gh_buf_init(&control, 1024);
	gh_buf_init(&all, 1024);
	gh_buf_put(&one, id, sizeof(id));
	gh_buf_put(&one, type, sizeof(type));
	gh_der_put(&one, GH_DER_SET, status, len);
	gh_der_put(&control, GH_DER_SEQUENCE, one.data, one.len);
	gh_der_put_header(&all, GH_DER_SEQUENCE, gh_der_size(control.len) + 4);
	gh_der_put(&all, GH_DER_SEQUENCE, control.data, control.len);
	gh_der_put(&all, GH_DER_SEQUENCE, NULL, 0);
	gh_der_put(&all, GH_DER_SEQUENCE, NULL, 0);
	rc = pki_answer_read(&(struct gh_der){all.data, all.len}, &answer, &err);
	gh_buf_free(&one);
	gh_buf_free(&control);
	gh_buf_free(&all);
	return rc;
}

static void
test_C031_statuses_of_others(void **state)
{
	/* failed, parts {1, path 2.3}, extendedFailInfo: untagged of 1988, and [1] of 2008 */
	static const unsigned char old[] = {0x30, 0x1a, 2, 1, 2, 0x30, 0x0b, 2, 1, 1, 0x30, 6, 2, 1,
	    2, 2, 1, 3, 0x30, 8, 6, 2, 0x2a, 3, 0x30, 2, 5, 0},
				   tagged[] = {0x30, 0x0d, 2, 1, 2, 0x30, 0, 0xa1, 6, 6, 2, 0x2a, 3,
				       5, 0},
				   private_code[] = {0x30, 9, 2, 1, 2, 0x30, 0, 2, 2, 3, 0xe8},
				   no_token[] = {0x30, 7, 2, 1, 3, 0x30, 0, 0x30, 0},
				   no_bodies[] = {0x30, 3, 2, 1, 0};

	(void)state;
	assert_int_equal(read_status(old, sizeof(old)), 0);
	assert_int_equal(answer.status[0].bodies, 2);
	assert_int_equal(answer.status[0].body[1], 3);
	assert_string_equal(cmc_fail_name(answer.status[0].fail), "unknown");
	assert_int_equal(read_status(tagged, sizeof(tagged)), 0);
	assert_string_equal(cmc_fail_name(answer.status[0].fail), "unknown");
	assert_int_equal(read_status(private_code, sizeof(private_code)), 0);
	assert_string_equal(cmc_fail_name(answer.status[0].fail), "unknown");
	assert_string_equal(cmc_state_name(answer.status[0].state), "failed");
	assert_int_equal(read_status(no_token, sizeof(no_token)), GH_E_BAD_REQUEST);
	assert_int_equal(read_status(no_bodies, sizeof(no_bodies)), GH_E_BAD_REQUEST);
	assert_int_equal(answer.statuses, 0);
}

static void
test_C2_what_a_client_writes_is_what_the_server_reads(void **state)
{
	static const unsigned char csr[] = {0x30, 0};
	static const char secret[] = "a secret of sixteen", name[] = "gw-3";
	struct pki_draft d;
	struct pki_data data;
	struct gh_buf b;
	const struct gh_der both = {(const unsigned char *)"a secret of sixteengw-3", 23};

	(void)state;
	pki_draft_init(&d);
	gh_buf_init(&b, 65536);
	assert_int_equal(pki_draft_add_pkcs10(&d, &(struct gh_der){csr, sizeof(csr)}), 1);
	assert_int_equal(pki_draft_prove(&d, name, secret, &err), 0);
	assert_int_equal(pki_draft_put(&d, &b, &err), 0);
	assert_int_equal(pki_data_parse(&(struct gh_der){b.data, b.len}, &data, &err), 0);
	assert_int_equal(data.requests, 1);
	assert_int_equal(data.controls, 2);
	assert_int_equal(data.control[0].kind, CMC_IDENTIFICATION);
	assert_int_equal(data.control[1].kind, CMC_IDENTITY_PROOF_V2);
	assert_int_equal(cmc_witness_check(&data.control[1].value, &both, &data.req_sequence, &err),
	    0);
	pki_draft_free(&d);
	gh_buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_C030_C032_statuses_of_our_server),
	    cmocka_unit_test(test_C031_statuses_of_others),
	    cmocka_unit_test(test_C2_what_a_client_writes_is_what_the_server_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
