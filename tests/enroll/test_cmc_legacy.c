/* The forms of the first version, with SHA-1: taken and sent only where that is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/hmac.h>

#include "cmc/cmc_legacy.h"

#include "fake_cmc.h"

#define RANDOM "a random number of the client"
#define SECRET "a secret of 16 and more characters"

static int
set_up(void **state)
{
	(void)fake_cmc_set_up(state);
	fake_cmc.ctx.caller = NULL;
	dir_entry_free(fake_cmc.ctx.entry);
	fake_cmc.ctx.entry = NULL;
	fake_cmc.identification = "device 7";
	fake_cmc.secret = SECRET;
	fake_cmc.user = "alice";
	fake_cmc.ctx.is_legacy = true;
	return 0;
}

static void
make_mac(const char *secret, const void *over, size_t len, unsigned char out[20])
{
	unsigned char key[20];
	unsigned n;

	assert_int_equal(EVP_Digest(secret, strlen(secret), key, NULL, EVP_sha1(), NULL), 1);
	assert_non_null(HMAC(EVP_sha1(), key, 20, over, len, out, &n));
}

/* identification and identityProof over the requests as they are now. */
static unsigned
prove(const char *secret)
{
	struct cmc_message *m = &fake_cmc.message;
	unsigned char mac[20];
	struct gh_buf b;

	gh_buf_init(&b, 65536);
	gh_der_put(&b, GH_DER_SEQUENCE, m->requests.data, m->requests.len);
	make_mac(secret, b.data, b.len, mac);
	gh_buf_free(&b);
	(void)message_value(m, CMC_IDENTIFICATION, GH_DER_UTF8, "device 7", 8);
	return message_value(m, CMC_IDENTITY_PROOF, GH_DER_OCTETS, mac, sizeof(mac));
}

/* HMAC-SHA1 as others make it: printf R | openssl dgst -sha1 -mac HMAC -macopt hexkey:SHA1(secret)
 */
static void
test_C3_known_answer(void **state)
{
	static const unsigned char mac[20] = {0x10, 0x71, 0xee, 0x23, 0x7c, 0x61, 0x03, 0x93, 0x2c,
	    0xa3, 0x96, 0x2d, 0xf3, 0x5d, 0x2b, 0x7c, 0xe7, 0xfa, 0xaa, 0x15};
	const struct gh_der secret = {(const unsigned char *)SECRET, strlen(SECRET)};
	const struct gh_der over = {(const unsigned char *)RANDOM, strlen(RANDOM)};
	struct gh_der w = {mac, sizeof(mac)};
	struct gh_error err;

	(void)state;
	assert_int_equal(cmc_legacy_check_witness(&w, &secret, &over, &err), 0);
	w.len--;
	assert_int_equal(cmc_legacy_check_witness(&w, &secret, &over, &err), GH_E_AUTH_FAILED);
	w.len = 0;
	assert_int_equal(cmc_legacy_check_witness(&w, &secret, &over, &err), GH_E_AUTH_FAILED);
}

static void
test_C3_identity_proof(void **state)
{
	(void)state;
	(void)fake_cmc_add_request();
	(void)prove(SECRET);
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_string_equal(fake_row(1)->requester.name, "alice");
}

static void
test_C3_wrong_identity_proof(void **state)
{
	unsigned id;

	(void)state;
	(void)fake_cmc_add_request();
	id = prove("another secret of many characters");
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "do not fit");
	/* of other requests */
	fake_cmc_again();
	id = prove(SECRET);
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "do not fit");
	/* over none it would be the same for ever */
	fake_cmc_again();
	id = prove(SECRET);
	(void)message_value(&fake_cmc.message, CMC_QUERY_PENDING, GH_DER_OCTETS, "x", 1);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "without a request");
	fake_cmc_again();
	(void)fake_cmc_add_request();
	(void)message_value(&fake_cmc.message, CMC_IDENTIFICATION, GH_DER_UTF8, "device 7", 8);
	id = message_value(&fake_cmc.message, CMC_IDENTITY_PROOF, GH_DER_INTEGER, "1", 1);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, id, "OCTET STRING");
	assert_int_equal(fake_store.rows, 0);
}

/* Without the setting, SHA-1 proves nothing. */
static void
test_C3_is_off_by_default(void **state)
{
	unsigned id;

	(void)state;
	fake_cmc.ctx.is_legacy = false;
	(void)fake_cmc_add_request();
	id = prove(SECRET);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, id, "no control of this type");
	assert_int_equal(response_control(&fake_cmc.response, CMC_STATUS_INFO, 0).len, 0);
}

static void
test_C1_status_info_beside_the_second_version(void **state)
{
	struct gh_der v1, v2;

	(void)state;
	(void)fake_cmc_add_request();
	(void)prove("another secret of many characters");
	fake_cmc_send_own();
	v1 = response_control(&fake_cmc.response, CMC_STATUS_INFO, 0);
	v2 = response_control(&fake_cmc.response, CMC_STATUS_INFO_V2, 0);
	assert_true(v1.len > 0 && gh_der_equals(&v1, v2.p, v2.len));
	assert_int_equal(response_control(&fake_cmc.response, CMC_STATUS_INFO, 1).len, 0);
}

/* --- popLinkWitness --------------------------------------------------------------------------- */

static void
add_linked_request(const char *secret, const char *random)
{
	X509_REQ *req = message_csr(fake_cmc.key, message_key_id, sizeof(message_key_id));
	ASN1_OBJECT *type = OBJ_txt2obj("1.3.6.1.5.5.7.7.23", 1);
	unsigned char mac[20];

	make_mac(secret, random, strlen(random), mac);
	assert_int_equal(X509_REQ_add1_attr_by_OBJ(req, type, V_ASN1_OCTET_STRING, mac,
			     sizeof(mac)),
	    1);
	assert_true(X509_REQ_sign(req, fake_cmc.key, EVP_sha256()) > 0);
	(void)message_pkcs10(&fake_cmc.message, req);
	ASN1_OBJECT_free(type);
	X509_REQ_free(req);
}

static void
test_C23_pop_link(void **state)
{
	(void)state;
	(void)message_value(&fake_cmc.message, CMC_POP_LINK_RANDOM, GH_DER_OCTETS, RANDOM,
	    strlen(RANDOM));
	add_linked_request(SECRET, RANDOM);
	(void)prove(SECRET);
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
}

static void
test_C23_wrong_pop_link(void **state)
{
	(void)state;
	(void)message_value(&fake_cmc.message, CMC_POP_LINK_RANDOM, GH_DER_OCTETS, RANDOM,
	    strlen(RANDOM));
	add_linked_request(SECRET, "another number");
	(void)prove(SECRET);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_POP_FAILED, 2, "");
	/* off: the witness is none */
	fake_cmc_again();
	fake_cmc.ctx.is_legacy = false;
	fake_cmc.ctx.caller = &fake_cmc.alice;
	(void)message_value(&fake_cmc.message, CMC_POP_LINK_RANDOM, GH_DER_OCTETS, RANDOM,
	    strlen(RANDOM));
	add_linked_request(SECRET, RANDOM);
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 2, "belong together");
	assert_int_equal(fake_store.rows, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, fake_cmc_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_C3_known_answer),
	    CASE(test_C3_identity_proof),
	    CASE(test_C3_wrong_identity_proof),
	    CASE(test_C3_is_off_by_default),
	    CASE(test_C1_status_info_beside_the_second_version),
	    CASE(test_C23_pop_link),
	    CASE(test_C23_wrong_pop_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
