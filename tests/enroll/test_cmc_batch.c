/* Messages that an RA sends on (RFC 5272, 6.17): who may, whose they are, and what stays inside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmc_ra_message.h"

/* --- whose a message is ----------------------------------------------------------------------- */

static void
test_C28_C29_whose_messages_are(void **state)
{
	struct inner own = one_request(by_request()), alices;
	unsigned char ids[2];
	unsigned batch;

	(void)state;
	alices = one_request(by_alice());
	ids[0] = put_inner(own);
	ids[1] = put_inner(alices);
	batch = put_batch(ids, 2);
	send_by_ra();
	assert_succeeded(batch);
	assert_inner_issued(0);
	assert_inner_issued(1);
	assert_int_equal(fake_store.rows, 2);
	assert_string_equal(fake_store.row[0].requester.name, "bob");
	assert_non_null(strstr(fake_store.row[0].detail, "for another, by RA bob"));
	assert_string_equal(fake_store.row[1].requester.name, "alice");
	assert_non_null(strstr(fake_store.row[1].detail, "User; by RA bob"));
	/* once more: what was recorded */
	send_by_ra();
	assert_succeeded(batch);
	assert_inner_issued(1);
	assert_int_equal(fake_store.rows, 2);
}

/* What alice has sent by herself is answered as it was, whoever brings it. */
static void
test_C28_replay_is_one_outside_and_inside(void **state)
{
	struct inner in = one_request(by_alice());
	unsigned char id;

	(void)state;
	fake_cmc_send_bytes(in.der, in.len);
	assert_int_equal(fake_cmc.answer.rc, 0);
	id = put_inner(in);
	(void)put_batch(&id, 1);
	send_by_ra();
	assert_inner_issued(0);
	assert_int_equal(fake_store.rows, 1);
}

/* --- who may ---------------------------------------------------------------------------------- */

static void
send_refused(void)
{
	struct inner in = one_request(by_alice());
	unsigned char id = put_inner(in);
	unsigned batch = put_batch(&id, 1);

	send_by_ra();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, batch, "Only a registration authority");
	assert_int_equal(response_control(&fake_cmc.response, CMC_BATCH_RESPONSES, 0).len, 0);
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C28_label_without_ras(void **state)
{
	(void)state;
	fake_cmc.ctx.takes_ra = false;
	send_refused();
}

static void
test_C28_signer_is_no_ra(void **state)
{
	(void)state;
	X509_free(fake_cmc.second);
	make_ra("clientAuth");
	send_refused();
}

/* The connection is an RA's, the message is not. */
static void
test_C28_the_caller_alone_is_an_ra(void **state)
{
	struct inner in = one_request(by_alice());
	unsigned char id = put_inner(in);
	unsigned batch;

	(void)state;
	fake_cmc.alice.is_ra = true;
	fake_cmc.ctx.caller = &fake_cmc.alice;
	batch = put_batch(&id, 1);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, batch, "Only a registration authority");
}

/* --- what stays inside ------------------------------------------------------------------------ */

static void
test_C28_failures_stay_inside(void **state)
{
	struct inner good = one_request(by_alice()), bad, broken;
	unsigned char ids[3];
	unsigned batch;

	(void)state;
	(void)fake_cmc_add_request();
	(void)message_value(&fake_cmc.message, 60, GH_DER_NULL, NULL, 0);
	bad = seal(by_alice());
	broken.der = OPENSSL_memdup("\x30\x00", 2);
	broken.len = 2;
	ids[0] = put_inner(bad);
	ids[1] = put_inner(broken);
	ids[2] = put_inner(good);
	batch = put_batch(ids, 3);
	send_by_ra();
	assert_succeeded(batch);
	assert_inner_failed(0, CMC_BAD_REQUEST, "no control of this type");
	assert_inner_failed(1, CMC_BAD_REQUEST, "");
	assert_inner_issued(2);
	assert_int_equal(fake_store.rows, 1);
}

/* Nothing is left undone when the response goes: what waits has its own token, and the outer status
 * is success, not partial. */
static void
test_C28_C030_never_partial(void **state)
{
	struct inner waits = one_request(by_alice()), broken = {OPENSSL_memdup("\x30\x00", 2), 2};
	struct response_status s;
	unsigned char ids[2];
	CMS_ContentInfo *cms;
	struct gh_der pki;
	unsigned batch;

	(void)state;
	fake_cmc.ctx.template_name = "Slow";
	ids[0] = put_inner(waits);
	ids[1] = put_inner(broken);
	batch = put_batch(ids, 2);
	send_by_ra();
	assert_succeeded(batch);
	assert_false(fake_cmc.answer.is_pending);
	cms = inner_answer(0, &pki);
	assert_true(response_status(&pki, 0, &s));
	assert_int_equal(s.state, CMC_PENDING);
	assert_true(s.token.len > 0);
	CMS_ContentInfo_free(cms);
	assert_inner_failed(1, CMC_BAD_REQUEST, "");
}

/* A wrong proof inside: the RA does not stand in, and it counts as a guess. */
static void
test_C28_wrong_signature_inside(void **state)
{
	struct inner in = one_request(by_alice());
	unsigned char id;

	(void)state;
	in.der[in.len - 1] ^= 1;
	id = put_inner(in);
	(void)put_batch(&id, 1);
	send_by_ra();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_inner_failed(0, CMC_BAD_MESSAGE_CHECK, "");
	assert_int_equal(fake_cmc.answer.guess.code, GH_E_SIGNATURE);
	assert_int_equal(fake_store.rows, 0);
}

/* Each wrong proof would be a guess at a secret: there is one in a batch. */
static void
test_C28_one_guess_in_a_batch(void **state)
{
	struct inner in[2];
	unsigned char ids[3];

	(void)state;
	for (int i = 0; i < 2; i++) {
		(void)message_value(&fake_cmc.message, CMC_IDENTIFICATION, GH_DER_UTF8, "gw", 2);
		(void)message_value(&fake_cmc.message, CMC_IDENTITY_PROOF_V2, GH_DER_SEQUENCE, NULL,
		    0);
		in[i] = one_request(by_request());
	}
	ids[2] = put_inner(one_request(by_alice()));
	for (int i = 0; i < 2; i++)
		ids[i] = put_inner(in[i]);
	(void)put_batch(ids, 3);
	send_by_ra();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_cmc.answer.guess.code, GH_E_AUTH_FAILED);
	assert_inner_failed(0, CMC_BAD_IDENTITY, "");
	assert_inner_failed(1, CMC_TRY_LATER, "had a wrong proof");
	assert_inner_issued(2);
	assert_string_equal(fake_store.row[0].requester.name, "alice");
	assert_int_equal(fake_store.rows, 1);
}

/* --- encrypted -------------------------------------------------------------------------------- */

static int
set_up_encrypted(void **state)
{
	int rc = ra_set_up(state);

	X509_free(fake_cmc_recipient());
	return rc;
}

/* The RA cannot read what it sends on, and, where the label says so, what comes back. */
static void
test_C28_C005_encrypted_inside(void **state)
{
	struct inner in = encrypted(one_request(by_alice()));
	unsigned char id = put_inner(in);
	unsigned batch = put_batch(&id, 1);
	CMS_ContentInfo *cms;
	struct gh_der pki;

	(void)state;
	send_by_ra();
	assert_succeeded(batch);
	assert_inner_issued(0);
	assert_string_equal(fake_store.row[0].requester.name, "alice");
	fake_cmc.ctx.encrypts_answers = true;
	send_by_ra();
	assert_succeeded(batch);
	cms = inner_answer(0, &pki);
	assert_int_equal(OBJ_obj2nid(CMS_get0_type(cms)), NID_pkcs7_enveloped);
	assert_int_equal(CMS_decrypt_set1_pkey(cms, fake_cmc.old, NULL), 1);
	CMS_ContentInfo_free(cms);
	assert_int_equal(fake_store.rows, 1);
}

/* One that cannot be opened or believed, and no other encrypted one is looked at, whatever is in
 * it: of what is decrypted, a batch has one answer. */
static void
test_C28_C005_one_wrong_one_in_a_batch(void **state)
{
	struct inner in[4];
	unsigned char ids[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		in[i] = one_request(by_alice());
		if (i < 3)
			in[i] = encrypted(in[i]);
	}
	in[0].der[in[0].len - 1] ^= 1;
	in[1].der[in[1].len - 40] ^= 1;
	for (int i = 0; i < 4; i++)
		ids[i] = put_inner(in[i]);
	(void)put_batch(ids, 4);
	send_by_ra();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_cmc.answer.guess.code, GH_E_SIGNATURE);
	assert_inner_failed(0, CMC_BAD_MESSAGE_CHECK, "cannot be decrypted");
	assert_inner_failed(1, CMC_TRY_LATER, "had a wrong proof");
	assert_inner_failed(2, CMC_TRY_LATER, "had a wrong proof");
	assert_inner_issued(3);
	assert_int_equal(fake_store.rows, 1);
}

/* How many requests are in it, in its own answer: else that of the RA would tell. */
static void
test_C28_C005_what_is_in_it_is_told_late(void **state)
{
	unsigned char ids[2];
	struct inner in[2];
	unsigned batch;

	(void)state;
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < 9; i++)
			(void)fake_cmc_add_request();
		in[k] = encrypted(seal(by_alice()));
	}
	for (int k = 0; k < 2; k++)
		ids[k] = put_inner(in[k]);
	batch = put_batch(ids, 2);
	send_by_ra();
	assert_succeeded(batch);
	assert_inner_failed(1, CMC_BAD_REQUEST, "too many requests");
	assert_int_equal(fake_store.rows, 9);
}

/* `in` inside of so many messages of the RA, the outermost of which is built and not sent. */
static unsigned
wrap(struct inner in, int layers)
{
	unsigned char id = put_inner(in);
	unsigned batch = put_batch(&id, 1);

	return layers == 1
	    ? batch
	    : wrap(seal(&(struct message_signing){.key = ra_key, .cert = fake_cmc.second}),
		  layers - 1);
}

static void
test_C28_layers(void **state)
{
	unsigned batch;

	(void)state;
	batch = wrap(one_request(by_alice()), 3);
	send_by_ra();
	assert_succeeded(batch);
	assert_int_equal(fake_store.rows, 1);
	assert_string_equal(fake_store.row[0].requester.name, "alice");
	fake_cmc_again();
	(void)wrap(one_request(by_request()), 4);
	send_by_ra();
	assert_int_equal(fake_store.rows, 1);
}

/* An RA around does not make one of who is inside. */
static void
test_C28_inner_batch_of_who_is_no_ra(void **state)
{
	struct inner in = one_request(by_request());
	unsigned char id = put_inner(in);

	(void)state;
	(void)put_batch(&id, 1);
	(void)wrap(seal(by_alice()), 1);
	send_by_ra();
	assert_inner_failed(0, CMC_BAD_IDENTITY, "Only a registration authority");
	assert_int_equal(fake_store.rows, 0);
}

/* All layers have 16 requests together: what is read after them is not served. */
static void
test_C28_requests_over_all_layers(void **state)
{
	unsigned char ids[2];
	struct inner in[2];

	(void)state;
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < 9; i++)
			(void)fake_cmc_add_request();
		in[k] = seal(by_alice());
		ids[0] = put_inner(in[k]);
		(void)put_batch(ids, 1);
		in[k] = seal(&(struct message_signing){.key = ra_key, .cert = fake_cmc.second});
	}
	for (int k = 0; k < 2; k++)
		ids[k] = put_inner(in[k]);
	(void)put_batch(ids, 2);
	send_by_ra();
	assert_inner_failed(1, CMC_BAD_REQUEST, "too many requests together");
	assert_in_range(fake_store.rows, 1, 9);
}

/* --- the list --------------------------------------------------------------------------------- */

static void
test_C28_list(void **state)
{
	static const struct {
		unsigned char ids[3];
		size_t n;
		const char *text;
	} cases[] = {
	    {{0}, 0, "no list"}, {{1, 1}, 2, "one twice"}, {{1, 77}, 2, "not there"},
	    {{2}, 1, "not there"}, /* itself */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct inner in = one_request(by_alice());
		unsigned batch;

		assert_int_equal(put_inner(in), 1);
		batch = put_batch(cases[i].ids, cases[i].n);
		send_by_ra();
		fake_cmc_assert_failed(CMC_BAD_REQUEST, batch, cases[i].text);
		fake_cmc_again();
	}
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C28_too_many_requests_together(void **state)
{
	unsigned char ids[2];
	struct inner in[2];
	unsigned batch;

	(void)state;
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < 9; i++)
			(void)fake_cmc_add_request();
		in[k] = seal(by_alice());
	}
	for (int k = 0; k < 2; k++)
		ids[k] = put_inner(in[k]);
	batch = put_batch(ids, 2);
	send_by_ra();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, batch, "too many requests together");
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C28_requests_beside_it(void **state)
{
	struct inner in = one_request(by_alice());
	unsigned char id = put_inner(in);
	unsigned batch = put_batch(&id, 1);

	(void)state;
	(void)fake_cmc_add_request();
	send_by_ra();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, batch, "no requests");
	assert_int_equal(fake_store.rows, 0);
}

/* What nothing refers to is passed over. */
static void
test_C024_message_that_is_not_named(void **state)
{
	struct inner in = one_request(by_alice());

	(void)state;
	(void)put_inner(in);
	(void)fake_cmc_add_request();
	send_by_ra();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 1);
	assert_string_equal(fake_store.row[0].requester.name, "bob");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, ra_set_up, ra_tear_down)
#define ENCRYPTED(f) cmocka_unit_test_setup_teardown(f, set_up_encrypted, ra_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_C28_C29_whose_messages_are),
	    CASE(test_C28_replay_is_one_outside_and_inside),
	    CASE(test_C28_label_without_ras),
	    CASE(test_C28_signer_is_no_ra),
	    CASE(test_C28_the_caller_alone_is_an_ra),
	    CASE(test_C28_failures_stay_inside),
	    CASE(test_C28_C030_never_partial),
	    CASE(test_C28_wrong_signature_inside),
	    CASE(test_C28_one_guess_in_a_batch),
	    ENCRYPTED(test_C28_C005_encrypted_inside),
	    ENCRYPTED(test_C28_C005_one_wrong_one_in_a_batch),
	    ENCRYPTED(test_C28_C005_what_is_in_it_is_told_late),
	    CASE(test_C28_layers),
	    CASE(test_C28_inner_batch_of_who_is_no_ra),
	    CASE(test_C28_requests_over_all_layers),
	    CASE(test_C28_list),
	    CASE(test_C28_too_many_requests_together),
	    CASE(test_C28_requests_beside_it),
	    CASE(test_C024_message_that_is_not_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
