/* An RA that sends on messages of others, for tests: what it wraps, and what is in the answer. */
#ifndef TEST_CMC_RA_MESSAGE_H
#define TEST_CMC_RA_MESSAGE_H

#include "fake_cmc.h"

/* The RA is bob, by a certificate with id-kp-cmcRA; `cert` is of alice. */
static EVP_PKEY *ra_key;

static inline void
make_ra(const char *usage)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, usage);

	fake_cmc_add_second("bob");
	assert_non_null(e);
	assert_true(X509_set_pubkey(fake_cmc.second, ra_key) == 1 &&
	    X509_add_ext(fake_cmc.second, e, -1) == 1 &&
	    X509_sign(fake_cmc.second, ra_key, EVP_sha256()) > 0);
	X509_EXTENSION_free(e);
}

static inline int
ra_set_up(void **state)
{
	int rc = fake_cmc_set_up(state);

	fake_cmc.ctx.caller = NULL;
	fake_cmc.ctx.takes_ra = true;
	ra_key = EVP_EC_gen("P-256");
	make_ra("clientAuth,cmcRA");
	return rc;
}

static inline int
ra_tear_down(void **state)
{
	EVP_PKEY_free(ra_key);
	return fake_cmc_tear_down(state);
}

/* --- messages --------------------------------------------------------------------------------- */

struct inner {
	unsigned char *der; /* of the library */
	size_t len;
};

static inline const struct message_signing *
by_request(void)
{
	static struct message_signing s;

	s = (struct message_signing){.key = fake_cmc.key,
	    .cert = fake_cmc.own,
	    .flags = CMS_USE_KEYID | CMS_NOCERTS};
	return &s;
}

static inline const struct message_signing *
by_alice(void)
{
	static struct message_signing s;

	s = (struct message_signing){.key = fake_cmc.old, .cert = fake_cmc.cert};
	return &s;
}

/* The message as it was built is signed, and the next one is empty. */
static inline struct inner
seal(const struct message_signing *s)
{
	struct inner in;

	in.len = fake_cmc_sign(s, &in.der);
	fake_cmc_again();
	return in;
}

static inline struct inner
one_request(const struct message_signing *s)
{
	(void)fake_cmc_add_request();
	return seal(s);
}

/* For the gateway; frees what is inside. fake_cmc_recipient must have been called once. */
static inline struct inner
encrypted(struct inner plain)
{
	const unsigned flags = CMS_BINARY | CMS_PARTIAL;
	X509 *to = fake_cmc_recipient();
	BIO *in = BIO_new_mem_buf(plain.der, (int)plain.len);
	CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_128_cbc(), flags);
	CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, to, CMS_KEY_PARAM | flags);
	struct inner out = {NULL, 0};

	assert_true(
	    EVP_PKEY_CTX_set_ecdh_kdf_md(CMS_RecipientInfo_get0_pkey_ctx(ri), EVP_sha256()) > 0);
	assert_int_equal(CMS_final(cms, in, NULL, flags), 1);
	out.len = (size_t)i2d_CMS_ContentInfo(cms, &out.der);
	CMS_ContentInfo_free(cms);
	X509_free(to);
	BIO_free(in);
	OPENSSL_free(plain.der);
	return out;
}

/* Into cmsSequence of the message that is built; frees it. */
static inline unsigned char
put_inner(struct inner in)
{
	const unsigned char id[] = {GH_DER_INTEGER, 1, (unsigned char)++fake_cmc.message.last_id};

	gh_der_put_header(&fake_cmc.message.others, GH_DER_SEQUENCE, sizeof(id) + in.len);
	gh_buf_put(&fake_cmc.message.others, id, sizeof(id));
	gh_buf_put(&fake_cmc.message.others, in.der, in.len);
	OPENSSL_free(in.der);
	return (unsigned char)fake_cmc.message.last_id;
}

/* Its bodyPartID. */
static inline unsigned
put_batch(const unsigned char *ids, size_t n)
{
	struct gh_buf list;
	unsigned id;

	gh_buf_init(&list, 4096);
	for (size_t i = 0; i < n; i++)
		gh_der_put(&list, GH_DER_INTEGER, &ids[i], 1);
	id = message_value(&fake_cmc.message, CMC_BATCH_REQUESTS, GH_DER_SEQUENCE, list.data,
	    list.len);
	gh_buf_free(&list);
	return id;
}

static inline void
send_by_ra(void)
{
	fake_cmc_send(&(struct message_signing){.key = ra_key, .cert = fake_cmc.second});
}

/* --- answers ---------------------------------------------------------------------------------- */

/* Answer i: its content, and whether it is certificates alone. The CMS is the caller's. */
static inline CMS_ContentInfo *
inner_answer(size_t i, struct gh_der *pki)
{
	struct gh_der in = fake_cmc.response, all, messages, one;
	struct gh_der list = response_control(&fake_cmc.response, CMC_BATCH_RESPONSES, 0), ids;
	unsigned id, want = 0;
	const unsigned char *p;
	CMS_ContentInfo *cms;

	assert_true(gh_der_take(&list, GH_DER_SEQUENCE, &ids));
	for (size_t k = 0; k <= i; k++)
		assert_true(gh_der_take_u32(&ids, &want));
	assert_true(gh_der_take(&in, GH_DER_SEQUENCE, &all) &&
	    gh_der_take(&all, GH_DER_SEQUENCE, NULL) &&
	    gh_der_take(&all, GH_DER_SEQUENCE, &messages));
	do
		assert_true(
		    gh_der_take(&messages, GH_DER_SEQUENCE, &one) && gh_der_take_u32(&one, &id));
	while (id != want);
	p = one.p;
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)one.len);
	assert_non_null(cms);
	*pki = (struct gh_der){NULL, 0};
	if (CMS_get0_content(cms) != NULL && *CMS_get0_content(cms) != NULL) {
		pki->p = ASN1_STRING_get0_data(*CMS_get0_content(cms));
		pki->len = (size_t)ASN1_STRING_length(*CMS_get0_content(cms));
	}
	return cms;
}

static inline void
assert_inner_failed(size_t i, enum cmc_fail fail, const char *text)
{
	struct response_status s;
	struct gh_der pki;
	CMS_ContentInfo *cms = inner_answer(i, &pki);

	assert_true(pki.len > 0 && response_status(&pki, 0, &s));
	if (s.state != CMC_FAILED || s.fail != (unsigned)fail || strstr(s.text, text) == NULL)
		fail_msg("status %u fail %u: %s", s.state, s.fail, s.text);
	CMS_ContentInfo_free(cms);
}

/* Certificates alone. */
static inline void
assert_inner_issued(size_t i)
{
	struct gh_der pki;
	CMS_ContentInfo *cms = inner_answer(i, &pki);
	STACK_OF(X509) *certs = CMS_get1_certs(cms);

	assert_int_equal(pki.len, 0);
	assert_true(sk_X509_num(certs) > 0);
	sk_X509_pop_free(certs, X509_free);
	CMS_ContentInfo_free(cms);
}

static inline void
assert_succeeded(unsigned batch)
{
	struct response_status s;

	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_true(fake_cmc.answer.is_full && response_status(&fake_cmc.response, 0, &s));
	assert_int_equal(s.state, CMC_SUCCESS);
	assert_int_equal(s.body[0], batch);
}

#endif
