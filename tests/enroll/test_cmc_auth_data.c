/* PKIData in AuthenticatedData: who knows a secret signs with a MAC (RFC 5272, 3.2; RFC 5652, 9).
 */
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

#define ITERATIONS 1000
#define ID_PKI_DATA GH_OID_DER(GH_OID_PKIX, 12, 2)

static const unsigned char salt[] = "eight of salt";
static const unsigned char mac_key[] = "0123456789abcdef0123456789abcdef"; /* 32 */

/* What is changed of a good one. */
static struct {
	const char *password, *digested;
	unsigned char prf, wrap, iterations[3];
	const char *time; /* signingTime; NULL: none */
	bool has_two_times, has_two_recipients, is_without_attributes, is_of_other_type;
} how;

static int
set_up(void **state)
{
	(void)fake_cmc_set_up(state);
	fake_cmc.ctx.caller = NULL;
	dir_entry_free(fake_cmc.ctx.entry);
	fake_cmc.ctx.entry = NULL;
	fake_cmc.identification = "alice's";
	fake_cmc.secret = "a secret of 16 and more characters";
	fake_cmc.user = "alice";
	memset(&how, 0, sizeof(how));
	how.password = "alice'sa secret of 16 and more characters";
	how.prf = 9;
	how.wrap = 45;
	memcpy(how.iterations, (const unsigned char[]){0x00, 0x03, 0xe8}, 3);
	(void)message_value(&fake_cmc.message, CMC_IDENTIFICATION, GH_DER_UTF8, "alice's", 7);
	(void)fake_cmc_add_request();
	return 0;
}

static void
put(struct gh_buf *out, unsigned tag, struct gh_buf *in)
{
	gh_der_put(out, tag, in->data, in->len);
	gh_buf_free(in);
}

static struct gh_buf
buffer(void)
{
	struct gh_buf b;

	gh_buf_init(&b, 262144);
	return b;
}

static void
put_hmac(struct gh_buf *out, unsigned char n)
{
	const unsigned char oid[] = {GH_OID_DER(GH_OID_RSADSI, 2, n)};

	gh_der_put(out, GH_DER_SEQUENCE, oid, sizeof(oid));
}

static void
put_kdf(struct gh_buf *out)
{
	static const unsigned char oid[] = {GH_OID_DER(GH_OID_RSADSI, 1, 5, 12)};
	struct gh_buf params = buffer(), alg = buffer();

	gh_der_put(&params, GH_DER_OCTETS, salt, sizeof(salt));
	gh_der_put(&params, GH_DER_INTEGER, how.iterations + 1, 2);
	put_hmac(&params, how.prf);
	gh_buf_put(&alg, oid, sizeof(oid));
	put(&alg, GH_DER_SEQUENCE, &params);
	put(out, GH_DER_CONTEXT(0), &alg);
}

static void
put_recipient(struct gh_buf *out)
{
	const unsigned char version[] = {GH_DER_INTEGER, 1, 0};
	const unsigned char wrap[] = {GH_OID_DER(GH_OID_AES(how.wrap))};
	unsigned char kek[32], wrapped[40];
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	struct gh_buf pwri = buffer();
	int n = 0, rest;

	assert_int_equal(PKCS5_PBKDF2_HMAC(how.password, (int)strlen(how.password), salt,
			     sizeof(salt), ITERATIONS, EVP_sha256(), 32, kek),
	    1);
	EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	assert_true(EVP_EncryptInit_ex(c, EVP_aes_256_wrap(), NULL, kek, NULL) == 1 &&
	    EVP_EncryptUpdate(c, wrapped, &n, mac_key, 32) == 1 &&
	    EVP_EncryptFinal_ex(c, wrapped + n, &rest) == 1);
	EVP_CIPHER_CTX_free(c);
	gh_buf_put(&pwri, version, sizeof(version));
	put_kdf(&pwri);
	gh_der_put(&pwri, GH_DER_SEQUENCE, wrap, sizeof(wrap));
	gh_der_put(&pwri, GH_DER_OCTETS, wrapped, (size_t)n);
	put(out, GH_DER_CONTEXT(3), &pwri);
}

static void
put_attribute(struct gh_buf *out, unsigned char n, unsigned tag, const void *p, size_t len)
{
	const unsigned char type[] = {GH_OID_DER(GH_OID_RSADSI, 1, 9, n)};
	struct gh_buf value = buffer(), one = buffer();

	gh_der_put(&value, tag, p, len);
	gh_buf_put(&one, type, sizeof(type));
	put(&one, GH_DER_SET, &value);
	put(out, GH_DER_SEQUENCE, &one);
}

static void
put_attributes(struct gh_buf *out, const struct gh_buf *content)
{
	static const unsigned char type[] = {GH_OID_PKIX, 12, 2}, other[] = {GH_OID_PKIX, 12, 3};
	const char *text = how.digested;
	unsigned char digest[32];

	assert_int_equal(EVP_Digest(text != NULL ? (const void *)text : content->data,
			     text != NULL ? strlen(text) : content->len, digest, NULL, EVP_sha256(),
			     NULL),
	    1);
	put_attribute(out, 3, GH_DER_OID, how.is_of_other_type ? other : type, sizeof(type));
	put_attribute(out, 4, GH_DER_OCTETS, digest, sizeof(digest));
	for (int i = 0; how.time != NULL && i < 1 + how.has_two_times; i++)
		put_attribute(out, 5, GH_DER_GEN_TIME, how.time, strlen(how.time));
}

static void
put_content(struct gh_buf *out, const struct gh_buf *content)
{
	static const unsigned char type[] = {ID_PKI_DATA};
	struct gh_buf octets = buffer(), info = buffer();

	gh_der_put(&octets, GH_DER_OCTETS, content->data, content->len);
	gh_buf_put(&info, type, sizeof(type));
	put(&info, GH_DER_CONTEXT(0), &octets);
	put(out, GH_DER_SEQUENCE, &info);
}

static void
put_body(struct gh_buf *out, const struct gh_buf *content)
{
	static const unsigned char version[] = {GH_DER_INTEGER, 1, 0};
	static const unsigned char sha256[] = {GH_OID_DER(GH_OID_SHA256)};
	struct gh_buf recipients = buffer(), attributes = buffer(), set = buffer();
	unsigned char mac[32];
	unsigned n;

	put_recipient(&recipients);
	if (how.has_two_recipients)
		put_recipient(&recipients);
	put_attributes(&attributes, content);
	gh_der_put(&set, GH_DER_SET, attributes.data, attributes.len);
	assert_non_null(HMAC(EVP_sha256(), mac_key, 32, set.data, set.len, mac, &n));
	gh_buf_put(out, version, sizeof(version));
	put(out, GH_DER_SET, &recipients);
	put_hmac(out, 9);
	if (!how.is_without_attributes)
		gh_der_put(out, GH_DER_CONTEXT(1), sha256, sizeof(sha256));
	put_content(out, content);
	if (!how.is_without_attributes)
		gh_der_put(out, GH_DER_CONTEXT(2), attributes.data, attributes.len);
	gh_der_put(out, GH_DER_OCTETS, mac, n);
	gh_buf_free(&attributes);
	gh_buf_free(&set);
}

/* AuthenticatedData in its ContentInfo. */
static struct gh_buf
make(void)
{
	static const unsigned char type[] = {GH_OID_DER(GH_OID_RSADSI, 1, 9, 16, 1, 2)};
	struct gh_buf content = buffer(), body = buffer(), whole = buffer(), info = buffer();
	struct gh_buf out = buffer();

	message_pki_data(&fake_cmc.message, &content);
	put_body(&body, &content);
	put(&whole, GH_DER_SEQUENCE, &body);
	gh_buf_put(&info, type, sizeof(type));
	put(&info, GH_DER_CONTEXT(0), &whole);
	put(&out, GH_DER_SEQUENCE, &info);
	gh_buf_free(&content);
	return out;
}

static void
send_it(void)
{
	struct gh_buf b = make();

	fake_cmc_send_bytes(b.data, b.len);
	gh_buf_free(&b);
}

static void
test_C008_enrolled_by_a_mac(void **state)
{
	(void)state;
	send_it();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_string_equal(fake_row(1)->requester.name, "alice");
}

static void
test_C008_wrong_secret_content_and_type(void **state)
{
	(void)state;
	how.password = "alice'sa secret of 16 and more characterS";
	send_it();
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "MAC");
	/* as identityProofV2 has it, and not AuthenticatedData */
	how.password = "a secret of 16 and more charactersalice's";
	send_it();
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "MAC");
	how.password = "alice'sa secret of 16 and more characters";
	how.digested = "another content";
	send_it();
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "MAC");
	how.digested = NULL;
	how.is_of_other_type = true;
	send_it();
	fake_cmc_assert_failed(CMC_BAD_MESSAGE_CHECK, 0, "MAC");
	fake_cmc.identification = "bob's";
	send_it();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "do not fit");
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C008_form_and_algorithms(void **state)
{
	(void)state;
	how.has_two_recipients = true;
	send_it();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 0, "one recipient");
	how.has_two_recipients = false;
	how.is_without_attributes = true;
	send_it();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 0, "authenticated attributes");
	how.is_without_attributes = false;
	how.prf = 7; /* hmacWithSHA1 */
	send_it();
	fake_cmc_assert_failed(CMC_BAD_ALG, 0, "PBKDF2");
	how.prf = 9;
	how.wrap = 2; /* aes128-CBC */
	send_it();
	fake_cmc_assert_failed(CMC_BAD_ALG, 0, "PBKDF2");
}

static void
test_C008_changed_bytes(void **state)
{
	struct gh_buf b = make();

	(void)state;
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 0x01;
		fake_cmc_send_bytes(b.data, b.len);
		assert_int_not_equal(fake_cmc.answer.rc, 0);
		b.data[i] ^= 0x01;
	}
	assert_int_equal(fake_store.rows, 0);
	gh_buf_free(&b);
}

/* signingTime is an authenticated attribute here (RFC 5652, 11.3). */
static void
test_C031_bad_time(void **state)
{
	ASN1_GENERALIZEDTIME *now = ASN1_GENERALIZEDTIME_set(NULL, (time_t)gh_now());

	(void)state;
	assert_non_null(now);
	fake_cmc.ctx.time_window = 300;
	how.time = "20200101000000Z";
	send_it();
	fake_cmc_assert_failed(CMC_BAD_TIME, 0, "set the clock");
	how.time = "99991231235959Z";
	send_it();
	fake_cmc_assert_failed(CMC_BAD_TIME, 0, "set the clock");
	how.time = (const char *)ASN1_STRING_get0_data(now);
	how.has_two_times = true;
	send_it();
	fake_cmc_assert_failed(CMC_BAD_TIME, 0, "twice");
	how.has_two_times = false;
	how.time = "2020-01-01";
	send_it();
	fake_cmc_assert_failed(CMC_BAD_TIME, 0, "malformed");
	assert_int_equal(fake_store.rows, 0);
	how.time = (const char *)ASN1_STRING_get0_data(now);
	send_it();
	assert_int_equal(fake_cmc.answer.rc, 0);
	ASN1_GENERALIZEDTIME_free(now);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, fake_cmc_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_C008_enrolled_by_a_mac),
	    CASE(test_C008_wrong_secret_content_and_type),
	    CASE(test_C008_form_and_algorithms),
	    CASE(test_C008_changed_bytes),
	    CASE(test_C031_bad_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
