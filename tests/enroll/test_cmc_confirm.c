/* confirmCertAcceptance (RFC 5272, 6.11). */
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
ask_confirmation(bool has_more)
{
	const unsigned char serial[] = {GH_DER_INTEGER, 3, 0x00, 0xab, 0xcd};
	unsigned char *name;
	size_t n = fake_cmc_issuer_name(&name);
	struct gh_buf b;
	unsigned id;

	gh_buf_init(&b, 4096);
	gh_buf_put(&b, name, n);
	gh_buf_put(&b, serial, sizeof(serial));
	if (has_more)
		gh_der_put(&b, GH_DER_NULL, NULL, 0);
	id = message_value(&fake_cmc.message, CMC_CONFIRM_CERT_ACCEPTANCE, GH_DER_SEQUENCE, b.data,
	    b.len);
	gh_buf_free(&b);
	OPENSSL_free(name);
	return id;
}

static void
assert_state(enum cmc_state state, unsigned body)
{
	struct response_status s;

	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_true(fake_cmc.answer.is_full);
	assert_true(response_status(&fake_cmc.response, 0, &s));
	assert_int_equal(s.state, state);
	assert_int_equal(s.body[0], body);
}

/* The certificate is there, and its status says what is to be done. */
static void
test_C24_confirmation_is_required(void **state)
{
	unsigned id;

	(void)state;
	fake_cmc.ctx.confirm_within = 3600;
	fake_cmc.awaits_confirmation = true;
	id = fake_cmc_add_request();
	fake_cmc_send_own();
	assert_state(CMC_CONFIRM_REQUIRED, id);
	assert_true(fake_cmc_certs() > 1);
	/* the recorded answer, before and after */
	fake_cmc_send_own();
	assert_state(CMC_CONFIRM_REQUIRED, id);
	fake_cmc.awaits_confirmation = false;
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_false(fake_cmc.answer.is_full);
}

static void
test_C24_confirmed_by_its_requester(void **state)
{
	unsigned id;

	(void)state;
	id = ask_confirmation(false);
	fake_cmc_send_by_cert();
	assert_state(CMC_SUCCESS, id);
	assert_string_equal(fake_cmc.found_serial, "00ABCD");
	assert_int_equal(fake_cmc.confirmed, 1);
}

/* Not even by an officer. */
static void
test_C24_not_by_another(void **state)
{
	unsigned id;

	(void)state;
	strcpy(fake_cmc.status.requester, "bob");
	strcpy(fake_cmc.status.requester_dn, "cn=bob,dc=example,dc=test");
	fake_cmc.alice.roles = REQUESTER_ROLE_OFFICER;
	id = ask_confirmation(false);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "Only who asked");
	assert_int_equal(fake_cmc.confirmed, 0);
}

static void
test_C24_bad_cert_id(void **state)
{
	unsigned id;

	(void)state;
	fake_cmc.status.id = 0;
	id = ask_confirmation(false);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_CERT_ID, id, "no such certificate");
}

static void
test_C24_too_late(void **state)
{
	unsigned id;

	(void)state;
	id = ask_confirmation(false);
	fake_cmc.fail_confirm = GH_E_CONFLICT;
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, id, "too late");
	fake_cmc.fail_confirm = 0;
	fake_cmc.status.state = STORE_CERT_REVOKED;
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, id, "was revoked");
	fake_cmc.status.state = STORE_CERT_HOLD;
	fake_cmc_send_by_cert();
	assert_state(CMC_SUCCESS, id);
	assert_int_equal(fake_cmc.confirmed, 1);
}

static void
test_C24_malformed(void **state)
{
	unsigned id;

	(void)state;
	id = ask_confirmation(true);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, id, "malformed");
	assert_int_equal(fake_cmc.confirmed, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fake_cmc_set_up_alices, fake_cmc_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_C24_confirmation_is_required),
	    CASE(test_C24_confirmed_by_its_requester),
	    CASE(test_C24_not_by_another),
	    CASE(test_C24_bad_cert_id),
	    CASE(test_C24_too_late),
	    CASE(test_C24_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
