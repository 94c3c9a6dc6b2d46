/* Possession of keys that do not sign: encryptedPOP and decryptedPOP (RFC 5272, 6.7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/hmac.h>

#include "fake_cmc.h"

#define ENCIPHERMENT 2 /* ProofOfPossession (RFC 4211, 4) */
#define AGREEMENT 3
#define VALUE_SIZE 32

static EVP_PKEY *rsa, *ec;
static struct gh_conf conf;

/* --- the client ------------------------------------------------------------------------------- */

struct asking {
	EVP_PKEY *key;
	const char *key_id; /* subjectKeyIdentifier; NULL: none */
	const char *cn;
	unsigned how;
	unsigned char proof[3]; /* POPOPrivKey; first is 0: challengeResp */
};

static void
put_der(struct gh_buf *out, unsigned tag, const struct gh_buf *in)
{
	gh_der_put(out, tag, in->data, in->len);
}

/* CertTemplate { subject [5], publicKey [6], extensions [9] } */
static void
put_template(const struct asking *a, struct gh_buf *out)
{
	X509_NAME *name = X509_NAME_new();
	unsigned char *subject = NULL, *spki = NULL;
	const unsigned char *key;
	struct gh_der content;
	struct gh_buf t;
	int n;

	gh_buf_init(&t, 8192);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
			     (const unsigned char *)a->cn, -1, -1, 0),
	    1);
	n = i2d_X509_NAME(name, &subject);
	gh_der_put(&t, GH_DER_CONTEXT(5), subject, (size_t)n);
	n = i2d_PUBKEY(a->key, &spki);
	key = spki;
	assert_true(gh_der_take(&(struct gh_der){key, (size_t)n}, GH_DER_SEQUENCE, &content));
	gh_der_put(&t, GH_DER_CONTEXT(6), content.p, content.len);
	if (a->key_id != NULL) {
		unsigned char ext[64] = {GH_DER_SEQUENCE, 0, GH_DER_OID, 3, 0x55, 0x1d, 14,
		    GH_DER_OCTETS, 0, GH_DER_OCTETS, 0};
		size_t len = strlen(a->key_id);

		ext[1] = (unsigned char)(9 + len);
		ext[8] = (unsigned char)(2 + len);
		ext[10] = (unsigned char)len;
		memcpy(ext + 11, a->key_id, len);
		gh_der_put(&t, GH_DER_CONTEXT(9), ext, 11 + len);
	}
	put_der(out, GH_DER_SEQUENCE, &t);
	gh_buf_free(&t);
	OPENSSL_free(subject);
	OPENSSL_free(spki);
	X509_NAME_free(name);
}

/* A CRMF whose proof is to follow; its bodyPartID. */
static unsigned
add_crmf(const struct asking *a)
{
	const unsigned char id[] = {GH_DER_INTEGER, 1, (unsigned char)++fake_cmc.message.last_id};
	static const unsigned char challenge_resp[] = {GH_DER_PRIMITIVE(1), 1, 1};
	struct gh_buf request, message;

	gh_buf_init(&request, 8192);
	gh_buf_init(&message, 8192);
	gh_buf_put(&request, id, sizeof(id));
	put_template(a, &request);
	put_der(&message, GH_DER_SEQUENCE, &request);
	gh_der_put(&message, GH_DER_CONTEXT(a->how), a->proof[0] != 0 ? a->proof : challenge_resp,
	    3);
	put_der(&fake_cmc.message.requests, GH_DER_CONTEXT(1), &message);
	gh_buf_free(&request);
	gh_buf_free(&message);
	return fake_cmc.message.last_id;
}

static unsigned
add_rsa(void)
{
	return add_crmf(&(struct asking){.key = rsa,
	    .key_id = "of the rsa key",
	    .cn = "enc",
	    .how = ENCIPHERMENT});
}

/* What came back of a challenge. */
struct challenge {
	unsigned char request[8192]; /* TaggedRequest */
	size_t request_len;
	unsigned char value[VALUE_SIZE];
};

static void
decrypt(const struct gh_der *cms_der, EVP_PKEY *key, unsigned char value[VALUE_SIZE])
{
	const unsigned char *p = cms_der->p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)cms_der->len);
	BIO *out = BIO_new(BIO_s_mem());

	assert_non_null(cms);
	assert_int_equal(CMS_decrypt_set1_pkey(cms, key, NULL), 1);
	assert_int_equal(CMS_decrypt(cms, NULL, NULL, NULL, out, CMS_BINARY), 1);
	assert_int_equal(BIO_read(out, value, VALUE_SIZE), VALUE_SIZE);
	assert_int_equal(BIO_pending(out), 0);
	BIO_free(out);
	CMS_ContentInfo_free(cms);
}

static void
read_challenge(size_t n, EVP_PKEY *key, struct challenge *out)
{
	struct gh_der in = response_control(&fake_cmc.response, CMC_ENCRYPTED_POP, n), all, request,
		      cms, alg, witness;
	unsigned char sum[32];

	assert_true(in.len > 0 && gh_der_take(&in, GH_DER_SEQUENCE, &all) &&
	    gh_der_take_whole(&all, GH_DER_CONTEXT(1), &request) &&
	    gh_der_take_whole(&all, GH_DER_SEQUENCE, &cms) &&
	    gh_der_take(&all, GH_DER_SEQUENCE, &alg) && gh_der_take(&all, GH_DER_SEQUENCE, &alg) &&
	    gh_der_take(&all, GH_DER_OCTETS, &witness) && all.len == 0);
	assert_true(request.len < sizeof(out->request));
	memcpy(out->request, request.p, request.len);
	out->request_len = request.len;
	decrypt(&cms, key, out->value);
	SHA256(out->value, sizeof(out->value), sum);
	assert_true(witness.len == 32 && memcmp(witness.p, sum, 32) == 0);
}

static void
add_answer(const struct challenge *c, unsigned body)
{
	static const unsigned char hmac[] = {GH_DER_SEQUENCE, 10, GH_DER_OID, 8, 0x2a, 0x86, 0x48,
	    0x86, 0xf7, 0x0d, 2, 9};
	const unsigned char id[] = {GH_DER_INTEGER, 1, (unsigned char)body};
	unsigned char mac[32];
	struct gh_buf b;
	unsigned n;

	assert_non_null(
	    HMAC(EVP_sha256(), c->value, VALUE_SIZE, c->request, c->request_len, mac, &n));
	gh_buf_init(&b, 256);
	gh_buf_put(&b, id, sizeof(id));
	gh_buf_put(&b, hmac, sizeof(hmac));
	gh_der_put(&b, GH_DER_OCTETS, mac, sizeof(mac));
	(void)message_value(&fake_cmc.message, CMC_DECRYPTED_POP, GH_DER_SEQUENCE, b.data, b.len);
	gh_buf_free(&b);
}

/* The first message of a request, and the value that came for it. */
static void
ask(const struct asking *a, struct challenge *out)
{
	unsigned body;

	fake_cmc_again();
	body = add_crmf(a);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_POP_REQUIRED_FAIL, body, "decryptedPOP");
	assert_int_equal(fake_store.rows, 0);
	read_challenge(0, a->key, out);
	fake_cmc_again();
}

static const struct asking of_rsa = {.key_id = "of the rsa key", .cn = "enc", .how = ENCIPHERMENT};

static struct asking
with_rsa(void)
{
	struct asking a = of_rsa;

	a.key = rsa;
	return a;
}

static int
set_up(void **state)
{
	int rc = fake_cmc_set_up(state);

	conf = *fake_cmc.env.conf;
	conf.certenroll.replay_window = 600;
	fake_cmc.env.conf = &conf;
	fake_cmc.ctx.caller = NULL;
	rsa = rsa != NULL ? rsa : EVP_RSA_gen(2048);
	ec = ec != NULL ? ec : EVP_EC_gen("P-256");
	return rc;
}

/* --- issued ----------------------------------------------------------------------------------- */

static void
test_C9_C10_keys_that_do_not_sign(void **state)
{
	const struct asking asked[] = {
	    {.key = rsa, .key_id = "of the rsa key", .cn = "enc", .how = ENCIPHERMENT},
	    {.key = rsa, .cn = "no key id", .how = ENCIPHERMENT},
	    {.key = ec, .key_id = "of the ec key", .cn = "agree", .how = AGREEMENT},
	    {.key = ec, .cn = "no key id", .how = AGREEMENT},
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct challenge c;
		unsigned body;

		ask(&asked[i], &c);
		body = add_crmf(&asked[i]);
		add_answer(&c, body);
		fake_cmc_send_by_cert();
		assert_int_equal(fake_cmc.answer.rc, 0);
		assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_ISSUED);
		fake_store_reset();
		fake_ca.signed_certs = fake_cmc.signers_made;
	}
}

/* RFC 5272, 6.7: none is served where one awaits its proof; each gets its challenge. */
static void
test_C9_all_of_a_message(void **state)
{
	struct challenge c[2];
	unsigned body[2];

	(void)state;
	for (int round = 0; round < 2; round++) {
		fake_cmc_again();
		body[0] = add_rsa();
		body[1] = add_crmf(
		    &(struct asking){.key = ec, .key_id = "ec", .cn = "agree", .how = AGREEMENT});
		(void)fake_cmc_add_request();
		if (round == 0) {
			fake_cmc_send_by_cert();
			read_challenge(0, rsa, &c[0]);
			read_challenge(1, ec, &c[1]);
			assert_int_equal(fake_store.rows, 0);
		}
	}
	add_answer(&c[0], body[0]);
	fake_cmc_send_by_cert(); /* one is not enough */
	fake_cmc_assert_failed(CMC_POP_REQUIRED_FAIL, body[1], "decryptedPOP");
	assert_int_equal(fake_store.rows, 0);
	add_answer(&c[1], body[1]);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 3);
}

/* --- refused ---------------------------------------------------------------------------------- */

static void
test_C10_answer_of_another(void **state)
{
	struct asking a = with_rsa();
	struct challenge c;

	(void)state;
	ask(&a, &c);
	/* another request: other names under the same key */
	a.cn = "administrator";
	add_answer(&c, add_crmf(&a));
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_POP_FAILED, 1, "does not fit");
	/* another key */
	fake_cmc_again();
	add_answer(&c, add_crmf(&(struct asking){.key = ec, .cn = "enc", .how = AGREEMENT}));
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_POP_FAILED, 1, "does not fit");
	/* another requester */
	fake_cmc_again();
	add_answer(&c, add_rsa());
	strcpy(fake_cmc.recognized.requester.id, "another one");
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_POP_FAILED, 1, "does not fit");
	/* at another label */
	strcpy(fake_cmc.recognized.requester.id, "alice's entry");
	fake_cmc.ctx.label = "elsewhere";
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_POP_FAILED, 1, "does not fit");
	/* at another time */
	fake_cmc.ctx.label = NULL;
	conf.certenroll.replay_window = 60;
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_POP_FAILED, 1, "does not fit");
	assert_int_equal(fake_store.rows, 0);
	conf.certenroll.replay_window = 600;
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
}

/* A request that needs no challenge. */
static void
add_signed(void)
{
	X509_REQ *req = message_csr(ec, NULL, 0);

	(void)message_pkcs10(&fake_cmc.message, req);
	X509_REQ_free(req);
}

static void
test_C10_good_once(void **state)
{
	struct asking a = with_rsa();
	struct challenge c;

	(void)state;
	ask(&a, &c);
	add_answer(&c, add_rsa());
	fake_cmc_send_by_cert();
	fake_cmc_send_by_cert(); /* the same message: the recorded answer */
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 1);
	/* in another message, also under another nonce */
	(void)message_value(&fake_cmc.message, CMC_SENDER_NONCE, GH_DER_OCTETS, "nonce", 5);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, GH_E_CONFLICT);
	assert_int_equal(fake_store.rows, 1);
	/* and at another place of it */
	fake_cmc_again();
	fake_cmc.message.last_id = 9;
	add_signed();
	fake_cmc.message.last_id = 0;
	add_answer(&c, add_rsa());
	fake_cmc_send_by_cert();
	assert_int_equal(fake_store.rows, 2); /* of the other request alone */
}

static void
test_C10_malformed(void **state)
{
	struct challenge c = {.request_len = 0};
	unsigned body;

	(void)state;
	/* of a request that signs, of none, by another algorithm, with something behind */
	add_answer(&c, fake_cmc_add_request());
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 2, "awaits");
	fake_cmc_again();
	(void)add_rsa();
	add_answer(&c, 9);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 2, "awaits");
	fake_cmc_again();
	body = add_rsa();
	(void)message_value(&fake_cmc.message, CMC_DECRYPTED_POP, GH_DER_SEQUENCE, "\2\1\1", 3);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, body + 1, "malformed");
	fake_cmc_again();
	add_answer(&c, add_rsa()); /* right in form, of nothing */
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_POP_FAILED, 1, "does not fit");
	assert_int_equal(fake_store.rows, 0);
}

/* RFC 5272, 3.2.1.2.2: no encrCert; nobody says that somebody else has seen a proof; and a key that
 * can sign does. */
static void
test_C023_other_proofs(void **state)
{
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	const struct asking asked[] = {
	    {.key = rsa, .cn = "x", .how = ENCIPHERMENT, .proof = {GH_DER_PRIMITIVE(1), 1, 0}},
	    {.key = rsa, .cn = "x", .how = ENCIPHERMENT, .proof = {GH_DER_PRIMITIVE(0), 1, 0}},
	    {.key = ec, .cn = "x", .how = AGREEMENT, .proof = {GH_DER_PRIMITIVE(2), 1, 0}},
	    {.key = ed, .cn = "x", .how = AGREEMENT},
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		fake_cmc_again();
		(void)add_crmf(&asked[i]);
		fake_cmc_send_by_cert();
		fake_cmc_assert_failed(CMC_POP_FAILED, 1, "");
		assert_int_equal(response_control(&fake_cmc.response, CMC_ENCRYPTED_POP, 0).len, 0);
	}
	EVP_PKEY_free(ed);
	assert_int_equal(fake_store.rows, 0);
}

/* A key that is not certified is not challenged either. */
static void
test_C9_weak_key(void **state)
{
	EVP_PKEY *weak = EVP_RSA_gen(1024);

	(void)state;
	(void)add_crmf(&(struct asking){.key = weak, .cn = "x", .how = ENCIPHERMENT});
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_ALG, 1, "");
	assert_int_equal(response_control(&fake_cmc.response, CMC_ENCRYPTED_POP, 0).len, 0);
	EVP_PKEY_free(weak);
}

/* Who has not said who he is learns no value. */
static void
test_C9_nobody_is_challenged(void **state)
{
	(void)state;
	(void)add_rsa();
	fake_cmc_send(&(struct message_signing){.key = NULL});
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "");
	assert_int_equal(response_control(&fake_cmc.response, CMC_ENCRYPTED_POP, 0).len, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, fake_cmc_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_C9_C10_keys_that_do_not_sign),
	    CASE(test_C9_all_of_a_message),
	    CASE(test_C10_answer_of_another),
	    CASE(test_C10_good_once),
	    CASE(test_C10_malformed),
	    CASE(test_C023_other_proofs),
	    CASE(test_C9_weak_key),
	    CASE(test_C9_nobody_is_challenged),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
	return failed;
}
