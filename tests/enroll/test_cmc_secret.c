/* Shared secrets: proof of identity, and its link to possession. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/hmac.h>

#include "timestamp.h"

#include "fake_cmc.h"

#define HASH(n) GH_OID_DER(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, (n))
#define HMAC_WITH(n) GH_OID_DER(GH_OID_RSADSI, 2, (n))
#define RANDOM "a random number of the client"

static int
set_up(void **state)
{
	(void)fake_cmc_set_up(state);
	fake_cmc.ctx.caller = NULL;
	dir_entry_free(fake_cmc.ctx.entry);
	fake_cmc.ctx.entry = NULL;
	fake_cmc.identification = "device 7";
	fake_cmc.secret = "a secret of 16 and more characters";
	fake_cmc.user = "alice";
	return 0;
}

/* SEQUENCE { hash, HMAC, witness }; n: 1 for SHA-256. */
static void
put_witness(struct gh_buf *out, const char *secret, const char *behind, const void *over,
    size_t len, unsigned char n)
{
	const unsigned char hash_oid[] = {HASH(n)}, mac_oid[] = {HMAC_WITH((unsigned char)(n + 8))};
	const EVP_MD *md = n == 1 ? EVP_sha256() : n == 2 ? EVP_sha384() : EVP_sha512();
	unsigned char key[64], mac[64];
	unsigned key_len, mac_len;
	char text[512];
	struct gh_buf b;

	snprintf(text, sizeof(text), "%s%s", secret, behind);
	assert_int_equal(EVP_Digest(text, strlen(text), key, &key_len, md, NULL), 1);
	assert_non_null(HMAC(md, key, (int)key_len, over, len, mac, &mac_len));
	gh_buf_init(&b, 1024);
	gh_der_put(&b, GH_DER_SEQUENCE, hash_oid, sizeof(hash_oid));
	gh_der_put(&b, GH_DER_SEQUENCE, mac_oid, sizeof(mac_oid));
	gh_der_put(&b, GH_DER_OCTETS, mac, mac_len);
	gh_der_put(out, GH_DER_SEQUENCE, b.data, b.len);
	gh_buf_free(&b);
}

/* identification and identityProofV2 over the requests as they are now. */
static unsigned
prove(const char *identification, const char *secret, unsigned char n)
{
	struct cmc_message *m = &fake_cmc.message;
	struct gh_buf requests, witness;
	unsigned id;

	gh_buf_init(&requests, 65536);
	gh_buf_init(&witness, 1024);
	gh_der_put(&requests, GH_DER_SEQUENCE, m->requests.data, m->requests.len);
	put_witness(&witness, secret, identification, requests.data, requests.len, n);
	(void)message_value(m, CMC_IDENTIFICATION, GH_DER_UTF8, identification,
	    strlen(identification));
	id = message_control(m, CMC_IDENTITY_PROOF_V2, witness.data, witness.len);
	gh_buf_free(&requests);
	gh_buf_free(&witness);
	return id;
}

static void
test_C2_C34_identity_proof_v2(void **state)
{
	(void)state;
	for (unsigned char n = 1; n <= 3; n++) {
		fake_cmc_again();
		(void)fake_cmc_add_request();
		(void)prove("device 7", fake_cmc.secret, n);
		fake_cmc_send_own();
		assert_int_equal(fake_cmc.answer.rc, 0);
		assert_string_equal(fake_row(n)->requester.name, "alice");
		assert_int_equal(fake_row(n)->requester.kind, REQUESTER_DIRECTORY);
	}
}

static void
test_C2_C34_wrong_secret_or_identification(void **state)
{
	unsigned id;

	(void)state;
	(void)fake_cmc_add_request();
	id = prove("device 7", "another secret of many characters", 1);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "do not fit");
	fake_cmc_again();
	(void)fake_cmc_add_request();
	id = prove("device 8", fake_cmc.secret, 1);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "do not fit");
	/* of a request that was put in the place of the proven one */
	fake_cmc_again();
	(void)prove("device 7", fake_cmc.secret, 1);
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 2, "do not fit");
	assert_int_equal(fake_store.rows, 0);
}

/* The MAC over nothing would be the same in each message. */
static void
test_C2_proof_needs_a_request(void **state)
{
	unsigned id;

	(void)state;
	id = prove("device 7", fake_cmc.secret, 1);
	(void)message_value(&fake_cmc.message, CMC_QUERY_PENDING, GH_DER_OCTETS, "x", 1);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "without a request");
}

static void
test_C2_secret_that_ended_or_is_of_another_label(void **state)
{
	unsigned id;

	(void)state;
	(void)fake_cmc_add_request();
	id = prove("device 7", fake_cmc.secret, 1);
	fake_cmc.expires = gh_now() - 1;
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "do not fit");
	fake_cmc.expires = gh_now() + 60;
	fake_cmc.label = "routers";
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "do not fit");
	fake_cmc.ctx.label = "Routers";
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
}

static void
test_C2_secret_good_once(void **state)
{
	(void)state;
	fake_cmc.is_one_time = true;
	(void)fake_cmc_add_request();
	(void)prove("device 7", fake_cmc.secret, 1);
	/* what was refused has not used it */
	fake_ca.fail = GH_E_SIGNER_DOWN;
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_TRY_LATER, 1, "");
	assert_int_equal(fake_cmc.uses, 0);
	fake_ca.fail = 0;
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	/* the same message gets its answer again, and no second certificate */
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 1);
	/* also when the record of it is gone */
	fake_row(1)->has_mark = false;
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, GH_E_AUTH_FAILED);
	fake_cmc_again();
	(void)fake_cmc_add_request();
	(void)prove("device 7", fake_cmc.secret, 1);
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, GH_E_AUTH_FAILED);
	assert_int_equal(fake_store.rows, 1);
}

/* Once is one certificate, whatever a message asks for. */
static void
test_C2_secret_good_once_is_for_one_request(void **state)
{
	(void)state;
	fake_cmc.is_one_time = true;
	(void)fake_cmc_add_request();
	(void)fake_cmc_add_request();
	(void)prove("device 7", fake_cmc.secret, 1);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 0, "for one request");
	assert_int_equal(fake_cmc.uses, 0);
	assert_int_equal(fake_store.rows, 0);
	/* a lasting one is for as many as the message has */
	fake_cmc.is_one_time = false;
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 2);
}

/* A device is nobody of the directory, also when it is called like somebody. */
static void
test_C2_device_is_no_user_of_its_name(void **state)
{
	struct enroll_profile open = *fake_cmc.ctx.profile;

	(void)state;
	fake_cmc.user = NULL;
	fake_cmc.identification = "alice";
	(void)fake_cmc_add_request();
	(void)prove("alice", fake_cmc.secret, 1);
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, GH_E_NOT_IN_DIRECTORY);
	assert_int_equal(fake_dir.lookups, 0);
	open.admits_without_entry = true;
	fake_cmc.ctx.profile = &open;
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_row(1)->requester.kind, REQUESTER_DEVICE);
	assert_string_equal(fake_row(1)->requester.id, "cmc-secret-5");
	assert_int_equal(fake_dir.lookups, 0);
}

static void
test_C2_weak_algorithms(void **state)
{
	static const unsigned char sha1[] = {GH_DER_SEQUENCE, 7, GH_OID_DER(GH_OID_SHA1)};
	struct gh_buf b, all;
	unsigned id;

	(void)state;
	(void)fake_cmc_add_request();
	gh_buf_init(&b, 1024);
	gh_buf_init(&all, 1024);
	gh_buf_put(&b, sha1, sizeof(sha1));
	gh_buf_put(&b, sha1, sizeof(sha1));
	gh_der_put(&b, GH_DER_OCTETS, "12345678901234567890", 20);
	gh_der_put(&all, GH_DER_SEQUENCE, b.data, b.len);
	(void)message_value(&fake_cmc.message, CMC_IDENTIFICATION, GH_DER_UTF8, "device 7", 8);
	id = message_control(&fake_cmc.message, CMC_IDENTITY_PROOF_V2, all.data, all.len);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_ALG, id, "SHA-256");
	gh_buf_free(&b);
	gh_buf_free(&all);
}

static void
test_C2_secret_and_caller_are_one(void **state)
{
	struct requester bob = fake_requester("bob");

	(void)state;
	fake_cmc.ctx.caller = &bob;
	(void)fake_cmc_add_request();
	(void)prove("device 7", fake_cmc.secret, 1);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "different requesters");
}

/* --- the link --------------------------------------------------------------------------------- */

static void
add_linked_request(const char *secret, const char *random)
{
	X509_REQ *req = message_csr(fake_cmc.key, message_key_id, sizeof(message_key_id));
	ASN1_OBJECT *type = OBJ_txt2obj("1.3.6.1.5.5.7.7.33", 1);
	struct gh_buf w;

	gh_buf_init(&w, 1024);
	put_witness(&w, secret, "", random, strlen(random), 1);
	assert_int_equal(X509_REQ_add1_attr_by_OBJ(req, type, V_ASN1_SEQUENCE, w.data, (int)w.len),
	    1);
	assert_true(X509_REQ_sign(req, fake_cmc.key, EVP_sha256()) > 0);
	(void)message_pkcs10(&fake_cmc.message, req);
	gh_buf_free(&w);
	ASN1_OBJECT_free(type);
	X509_REQ_free(req);
}

static void
test_C22_C33_pop_link(void **state)
{
	(void)state;
	(void)message_value(&fake_cmc.message, CMC_POP_LINK_RANDOM, GH_DER_OCTETS, RANDOM,
	    strlen(RANDOM));
	add_linked_request(fake_cmc.secret, RANDOM);
	(void)prove("device 7", fake_cmc.secret, 1);
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
}

static void
test_C22_C33_pop_link_in_every_request(void **state)
{
	(void)state;
	(void)message_value(&fake_cmc.message, CMC_POP_LINK_RANDOM, GH_DER_OCTETS, RANDOM,
	    strlen(RANDOM));
	add_linked_request(fake_cmc.secret, RANDOM);
	(void)fake_cmc_add_request();
	(void)prove("device 7", fake_cmc.secret, 1);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 3, "belong together");
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C22_C33_pop_link_is_wrong(void **state)
{
	(void)state;
	(void)message_value(&fake_cmc.message, CMC_POP_LINK_RANDOM, GH_DER_OCTETS, RANDOM,
	    strlen(RANDOM));
	add_linked_request(fake_cmc.secret, "another number");
	(void)prove("device 7", fake_cmc.secret, 1);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_POP_FAILED, 2, "");
	/* a witness without the number that it is over */
	fake_cmc_again();
	add_linked_request(fake_cmc.secret, RANDOM);
	(void)prove("device 7", fake_cmc.secret, 1);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 1, "belong together");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, fake_cmc_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_C2_C34_identity_proof_v2),
	    CASE(test_C2_C34_wrong_secret_or_identification),
	    CASE(test_C2_proof_needs_a_request),
	    CASE(test_C2_secret_that_ended_or_is_of_another_label),
	    CASE(test_C2_secret_good_once),
	    CASE(test_C2_secret_good_once_is_for_one_request),
	    CASE(test_C2_device_is_no_user_of_its_name),
	    CASE(test_C2_weak_algorithms),
	    CASE(test_C2_secret_and_caller_are_one),
	    CASE(test_C22_C33_pop_link),
	    CASE(test_C22_C33_pop_link_in_every_request),
	    CASE(test_C22_C33_pop_link_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
