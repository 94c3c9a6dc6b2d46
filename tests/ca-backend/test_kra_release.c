/* What leaves a KRA, and who must have agreed: PKCS#12, signed approvals. */
/* valgrind: CMS and PKCS#12 of others are read */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "digest.h"
#include "case.h"
#include "key_elsewhere.h"
#include "signer/kra/approval.h"
#include "signer/kra/key_package.h"
#include "signer/kra/pkcs12.h"
#include "signer/kra/secret.h"
#include "timestamp.h"

/* A key, and its certificate, signed by itself. */
struct person {
	EVP_PKEY *key;
	X509 *x;
	struct gh_buf pkcs8, spki;
	unsigned char *der;
	struct gh_der cert;
};

#define TEXT(s) ((struct gh_der){(const unsigned char *)(s), strlen(s)})

static struct person alice, bob, mallory;

static void
make_person(struct person *p, const char *name, const char *alg, long from, long to)
{
	X509_EXTENSION *ski;
	X509_NAME *n;
	X509V3_CTX ctx;
	struct gh_error err;
	int len;

	p->key = make_key(alg);
	p->x = X509_new();
	X509_set_version(p->x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(p->x), 1);
	X509_gmtime_adj(X509_getm_notBefore(p->x), from);
	X509_gmtime_adj(X509_getm_notAfter(p->x), to);
	n = X509_get_subject_name(p->x);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(p->x, n);
	X509_set_pubkey(p->x, p->key);
	X509V3_set_ctx(&ctx, p->x, p->x, NULL, NULL, 0);
	ski = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_key_identifier, "hash");
	assert_int_equal(X509_add_ext(p->x, ski, -1), 1);
	X509_EXTENSION_free(ski);
	assert_int_not_equal(X509_sign(p->x, p->key, EVP_sha256()), 0);
	len = i2d_X509(p->x, &p->der);
	p->cert = (struct gh_der){p->der, (size_t)len};
	gh_buf_init(&p->pkcs8, 16384);
	gh_buf_init(&p->spki, 16384);
	assert_int_equal(secret_key_put(p->key, &p->pkcs8, &p->spki, &err), 0);
}

static void
free_person(struct person *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->x);
	OPENSSL_free(p->der);
	gh_buf_free(&p->pkcs8);
	gh_buf_free(&p->spki);
}

static int
setup(void **state)
{
	(void)state;
	make_person(&alice, "alice", "P-256", -60, 3600);
	make_person(&bob, "bob", "RSA-2048", -60, 3600);
	make_person(&mallory, "alice", "P-256", -60, 3600); /* says she is alice */
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free_person(&alice);
	free_person(&bob);
	free_person(&mallory);
	return 0;
}

/* --- PKCS#12 ---------------------------------------------------------------------------------- */

static struct pkcs12_content
content_of(const struct person *p, enum kra_form form)
{
	return (struct pkcs12_content){.pkcs8 = {p->pkcs8.data, p->pkcs8.len},
	    .cert = p->cert,
	    .chain = {bob.cert},
	    .chain_len = 1,
	    .name = "Alice's key",
	    .password = "pässword",
	    .form = form,
	    .iterations = PKCS12_ITERATIONS_MIN};
}

static PKCS12 *
make(const struct pkcs12_content *c)
{
	struct gh_error err;
	struct gh_buf out;
	const unsigned char *p;
	PKCS12 *p12;

	gh_buf_init(&out, 65536);
	assert_int_equal(pkcs12_make(c, &out, &err), 0);
	p = out.data;
	p12 = d2i_PKCS12(NULL, &p, (long)out.len);
	assert_non_null(p12);
	assert_ptr_equal(p, out.data + out.len);
	gh_buf_free(&out);
	return p12;
}

/* The algorithms by their DER: what the bags are encrypted with, and the digest of the MAC. */
static bool
has_oid(PKCS12 *p12, int nid)
{
	unsigned char *der = NULL, *oid = NULL;
	int n = i2d_PKCS12(p12, &der), m = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &oid);
	bool found = memmem(der, (size_t)n, oid, (size_t)m) != NULL;

	OPENSSL_free(der);
	OPENSSL_free(oid);
	return found;
}

static void
pkcs12__both_forms(void **state)
{
	const ASN1_INTEGER *iter;
	STACK_OF(X509) * others;
	EVP_PKEY *key;
	X509 *x;

	(void)state;
	for (int form = KRA_PKCS12; form <= KRA_PKCS12_LEGACY; form++) {
		struct pkcs12_content c = content_of(&alice, (enum kra_form)form);
		PKCS12 *p12 = make(&c);

		others = NULL;
		assert_int_equal(PKCS12_parse(p12, "password", &key, &x, NULL), 0);
		assert_int_equal(PKCS12_parse(p12, "pässword", &key, &x, &others), 1);
		assert_int_equal(EVP_PKEY_eq(key, alice.key), 1);
		assert_int_equal(X509_cmp(x, alice.x), 0);
		assert_int_equal(sk_X509_num(others), 1);
		assert_string_equal(X509_alias_get0(x, NULL), "Alice's key");
		PKCS12_get0_mac(NULL, NULL, NULL, &iter, p12);
		assert_int_equal(ASN1_INTEGER_get(iter), PKCS12_ITERATIONS_MIN);
		assert_int_equal(has_oid(p12, NID_aes_256_cbc), form == KRA_PKCS12);
		assert_int_equal(has_oid(p12, NID_hmacWithSHA256), form == KRA_PKCS12);
		assert_int_equal(has_oid(p12, NID_sha256), form == KRA_PKCS12);
		assert_int_equal(has_oid(p12, NID_pbe_WithSHA1And3_Key_TripleDES_CBC),
		    form == KRA_PKCS12_LEGACY);
		EVP_PKEY_free(key);
		X509_free(x);
		sk_X509_pop_free(others, X509_free);
		PKCS12_free(p12);
	}
	ERR_clear_error();
}

static void
pkcs12_refused(const struct pkcs12_content *c)
{
	struct gh_error err;
	struct gh_buf out;

	gh_buf_init(&out, 65536);
	assert_int_equal(pkcs12_make(c, &out, &err), GH_E_VALIDATION);
	assert_int_equal(out.len, 0);
	gh_buf_free(&out);
}

static void
pkcs12__what_does_not_belong_together(void **state)
{
	struct pkcs12_content c = content_of(&alice, KRA_PKCS12);

	(void)state;
	c.cert = mallory.cert;
	pkcs12_refused(&c);
	c = content_of(&alice, KRA_PKCS12);
	c.cert.len--;
	pkcs12_refused(&c);
	c = content_of(&alice, KRA_PKCS12);
	c.chain[0].len = 3;
	pkcs12_refused(&c);
	c = content_of(&alice, KRA_PKCS12);
	c.chain_len = KRA_CHAIN_MAX + 1;
	pkcs12_refused(&c);
	c = content_of(&alice, KRA_PKCS12);
	c.iterations = 1;
	pkcs12_refused(&c);
	c.iterations = UINT32_MAX;
	pkcs12_refused(&c);
	c = content_of(&alice, KRA_PKCS12);
	c.pkcs8.len = 0;
	pkcs12_refused(&c);
}

/* --- key packages ----------------------------------------------------------------------------- */

/* Alice's new key, signed by bob, for mallory's certificate. */
static struct kra_key_package
package_ask(void)
{
	return (struct kra_key_package){.signer_key = {bob.pkcs8.data, bob.pkcs8.len},
	    .signer_cert = bob.cert,
	    .content_alg = TEXT("AES-256-CBC"),
	    .recipient = mallory.cert,
	    .key_alg = TEXT("ECDH-SHA256")};
}

static int
make_package(const struct kra_key_package *ask, struct gh_der cert, struct gh_buf *out)
{
	const struct key_package_content c = {.pkcs8 = {alice.pkcs8.data, alice.pkcs8.len},
	    .cert = cert,
	    .ask = ask};
	struct gh_error err;

	gh_buf_init(out, 65536);
	return key_package_make(&c, out, &err);
}

/* The plain package is nowhere in it, and whoever has the key finds bob's SignedData in it. */
static void
package__E104_X075_is_for_the_recipient(void **state)
{
	const struct kra_key_package ask = package_ask();
	CMS_ContentInfo *cms;
	const unsigned char *p;
	struct gh_buf out;
	struct gh_der in, members;
	unsigned char id[34] = {GH_DER_OCTETS, 32};
	BIO *plain = BIO_new(BIO_s_mem()), *nowhere = BIO_new(BIO_s_null());
	char *text;
	long n;

	(void)state;
	assert_int_equal(make_package(&ask, alice.cert, &out), 0);
	assert_null(memmem(out.data, out.len, alice.pkcs8.data + 30, 40));
	p = out.data;
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)out.len);
	assert_int_equal(OBJ_obj2nid(CMS_get0_eContentType(cms)), NID_pkcs7_signed);
	assert_int_equal(CMS_decrypt(cms, alice.key, alice.x, NULL, nowhere, 0), 0);
	assert_int_equal(CMS_decrypt(cms, mallory.key, mallory.x, NULL, plain, CMS_BINARY), 1);
	n = BIO_get_mem_data(plain, &text);
	in = (struct gh_der){(unsigned char *)text, (size_t)n};
	assert_true(gh_der_take(&in, GH_DER_SEQUENCE, &members));
	assert_int_equal(in.len, 0);
	assert_true(gh_der_take(&members, GH_DER_INTEGER, NULL)); /* not a ContentInfo */
	assert_non_null(memmem(text, (size_t)n, alice.cert.p, alice.cert.len));
	assert_non_null(memmem(text, (size_t)n, alice.pkcs8.data + 30, 40));
	/* its name, and whose receipt it wants */
	assert_true(gh_digest(GH_SHA256, alice.cert.p, alice.cert.len, id + 2));
	assert_non_null(memmem(text, (size_t)n, id, sizeof(id)));
	CMS_ContentInfo_free(cms);
	BIO_free(plain);
	BIO_free(nowhere);
	gh_buf_free(&out);
}

static void
package_refused(const struct kra_key_package *ask, struct gh_der cert)
{
	struct gh_buf out;

	assert_int_equal(make_package(ask, cert, &out), GH_E_VALIDATION);
	assert_int_equal(out.len, 0);
	gh_buf_free(&out);
}

static void
package__what_does_not_belong_together(void **state)
{
	static const unsigned char kek[32] = {1};
	struct kra_key_package ask = package_ask();

	(void)state;
	package_refused(&ask, mallory.cert);
	ask.signer_cert = alice.cert;
	package_refused(&ask, alice.cert);
	ask = package_ask();
	ask.signer_key.len = 0;
	package_refused(&ask, alice.cert);
	ask = package_ask();
	ask.recipient.len--;
	package_refused(&ask, alice.cert);
	ask = package_ask();
	ask.recipient = bob.cert; /* RSA */
	package_refused(&ask, alice.cert);
	ask = package_ask();
	ask.key_alg = TEXT("RSA1_5");
	package_refused(&ask, alice.cert);
	ask.key_alg = TEXT("none");
	package_refused(&ask, alice.cert);
	ask = package_ask();
	ask.content_alg = TEXT("DES-EDE3-CBC");
	package_refused(&ask, alice.cert);
	ask = package_ask();
	ask.kek = (struct gh_der){kek, 32};
	package_refused(&ask, alice.cert); /* without identifier */
	ask.kek_id = TEXT("7");
	ask.kek.len = 31;
	package_refused(&ask, alice.cert);
}

/* --- approvals -------------------------------------------------------------------------------- */

static struct approval_subject
recovery(void)
{
	return (struct approval_subject){.key_id = {0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a, 0x69, 0x78,
					     0x87, 0x96, 0xa5, 0xb4, 0xc3, 0xd2, 0xe1, 0xf0},
	    .request_id = 17,
	    .requester = TEXT("CORP\\carol"),
	    .wrapping = {0xab, 0xcd},
	    .until = 1796050800};
}

static void
approval__text(void **state)
{
	struct approval_subject s = recovery();
	struct gh_error err;
	struct gh_buf out;

	(void)state;
	gh_buf_init(&out, 4096);
	assert_int_equal(approval_text(&s, &out, &err), 0);
	assert_string_equal((const char *)out.data,
	    "gatehouse key recovery 1\n"
	    "key: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n"
	    "request: 17\n"
	    "requester: CORP\\carol\n"
	    "wrapping: abcd000000000000000000000000000000000000000000000000000000000000\n"
	    "until: 2026-11-30T15:00:00Z\n");
	out.len = 0;
	s.requester = TEXT("carol\nrequest: 18");
	assert_int_equal(approval_text(&s, &out, &err), GH_E_VALIDATION);
	s.requester = TEXT("");
	assert_int_equal(approval_text(&s, &out, &err), GH_E_VALIDATION);
	gh_buf_free(&out);
}

struct cms {
	unsigned char *der;
	struct gh_der whole;
};

static struct cms
sign_text(const void *text, size_t len, const struct person *p, const EVP_MD *md, unsigned flags)
{
	BIO *in = BIO_new_mem_buf(text, (int)len);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, in, CMS_PARTIAL | CMS_BINARY | flags);
	struct cms out = {0};
	int n;

	assert_non_null(CMS_add1_signer(cms, p->x, p->key, md, CMS_BINARY | flags));
	assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY | flags), 1);
	n = i2d_CMS_ContentInfo(cms, &out.der);
	out.whole = (struct gh_der){out.der, (size_t)n};
	BIO_free(in);
	CMS_ContentInfo_free(cms);
	return out;
}

static struct cms
approve(const struct approval_subject *s, const struct person *p, const EVP_MD *md, unsigned flags)
{
	struct gh_error err;
	struct gh_buf text;
	struct cms out;

	gh_buf_init(&text, 4096);
	assert_int_equal(approval_text(s, &text, &err), 0);
	out = sign_text(text.data, text.len, p, md, flags);
	gh_buf_free(&text);
	return out;
}

static int
verify_at(struct cms cms, const struct approval_subject *s, int64_t now, size_t *agent)
{
	struct approval_agents agents = {.cert = {alice.cert, bob.cert}, .n = 2};
	struct gh_error err;
	int rc = approval_verify(&cms.whole, s, &agents, now, agent, &err);

	OPENSSL_free(cms.der);
	return rc;
}

static int
verify(struct cms cms, const struct approval_subject *s, size_t *agent)
{
	return verify_at(cms, s, gh_now(), agent);
}

static void
approval__of_each_agent(void **state)
{
	struct approval_subject s = recovery();
	size_t agent = 9;

	(void)state;
	assert_int_equal(verify(approve(&s, &alice, EVP_sha256(), CMS_DETACHED), &s, &agent), 0);
	assert_int_equal(agent, 0);
	assert_int_equal(verify(approve(&s, &bob, EVP_sha512(), 0), &s, &agent), 0);
	assert_int_equal(agent, 1);
	assert_int_equal(verify(approve(&s, &bob, EVP_sha384(), CMS_NOCERTS | CMS_NOATTR), &s,
			     &agent),
	    0);
	assert_int_equal(agent, 1);
	assert_int_equal(verify(approve(&s, &alice, EVP_sha256(), CMS_USE_KEYID), &s, &agent), 0);
	assert_int_equal(agent, 0);
}

/* A certificate of the same names, from elsewhere: it comes with the message and is not looked at.
 */
static void
approval__of_somebody_else(void **state)
{
	struct approval_subject s = recovery();
	size_t agent;

	(void)state;
	assert_int_equal(verify(approve(&s, &mallory, EVP_sha256(), 0), &s, &agent),
	    GH_E_VALIDATION);
}

static void
approval__for_another_recovery(void **state)
{
	struct approval_subject s = recovery(), t;
	size_t agent;

	(void)state;
	t = s, t.key_id[0]++;
	assert_int_equal(verify(approve(&t, &alice, EVP_sha256(), 0), &s, &agent), GH_E_VALIDATION);
	t = s, t.request_id++;
	assert_int_equal(verify(approve(&t, &alice, EVP_sha256(), 0), &s, &agent), GH_E_VALIDATION);
	t = s, t.requester = TEXT("CORP\\dave");
	assert_int_equal(verify(approve(&t, &alice, EVP_sha256(), 0), &s, &agent), GH_E_VALIDATION);
	t = s, t.wrapping[31] = 1;
	assert_int_equal(verify(approve(&t, &alice, EVP_sha256(), 0), &s, &agent), GH_E_VALIDATION);
	t = s, t.until++;
	assert_int_equal(verify(approve(&t, &alice, EVP_sha256(), 0), &s, &agent), GH_E_VALIDATION);
}

static void
approval__weak_or_not_one(void **state)
{
	struct approval_subject s = recovery();
	struct cms good = approve(&s, &alice, EVP_sha256(), 0);
	struct gh_error err;
	struct approval_agents agents = {.cert = {alice.cert}, .n = 1};
	size_t agent;

	(void)state;
	assert_int_equal(verify(approve(&s, &alice, EVP_sha1(), 0), &s, &agent), GH_E_VALIDATION);
	for (size_t n = 0; n < good.whole.len; n++) {
		struct gh_der cut = {good.der, n};

		assert_int_equal(approval_verify(&cut, &s, &agents, gh_now(), &agent, &err),
		    GH_E_VALIDATION);
	}
	assert_int_equal(approval_verify(&good.whole, &s, &agents, gh_now(), &agent, &err), 0);
	agents.n = 0;
	assert_int_equal(approval_verify(&good.whole, &s, &agents, gh_now(), &agent, &err),
	    GH_E_VALIDATION);
	assert_int_equal(approval_verify(&alice.cert, &s, &agents, gh_now(), &agent, &err),
	    GH_E_VALIDATION);
	OPENSSL_free(good.der);
}

/* No byte of it can be changed so that another agent, or another text, comes out. */
static void
approval__altered(void **state)
{
	struct approval_subject s = recovery();
	struct cms good = approve(&s, &alice, EVP_sha256(), CMS_DETACHED | CMS_NOCERTS);
	struct approval_agents agents = {.cert = {bob.cert, alice.cert}, .n = 2};
	struct gh_error err;
	size_t agent, passed = 0;

	(void)state;
	for (size_t i = 0; i < good.whole.len; i += case_stride()) {
		good.der[i] ^= 1;
		if (approval_verify(&good.whole, &s, &agents, gh_now(), &agent, &err) == 0) {
			assert_int_equal(agent, 1);
			passed++;
		}
		good.der[i] ^= 1;
	}
	/* versions, an algorithm's name that the signature does not depend on */
	assert_true(passed < 30);
	OPENSSL_free(good.der);
}

static void
approval__two_signers(void **state)
{
	struct approval_subject s = recovery();
	struct gh_error err;
	struct gh_buf text;
	CMS_ContentInfo *cms;
	struct cms two = {0};
	size_t agent;
	BIO *in;
	int n;

	(void)state;
	gh_buf_init(&text, 4096);
	assert_int_equal(approval_text(&s, &text, &err), 0);
	in = BIO_new_mem_buf(text.data, (int)text.len);
	cms = CMS_sign(NULL, NULL, NULL, in, CMS_PARTIAL | CMS_BINARY);
	CMS_add1_signer(cms, alice.x, alice.key, EVP_sha256(), CMS_BINARY);
	CMS_add1_signer(cms, bob.x, bob.key, EVP_sha256(), CMS_BINARY);
	assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY), 1);
	n = i2d_CMS_ContentInfo(cms, &two.der);
	two.whole = (struct gh_der){two.der, (size_t)n};
	assert_int_equal(verify(two, &s, &agent), GH_E_VALIDATION);
	BIO_free(in);
	CMS_ContentInfo_free(cms);
	gh_buf_free(&text);
}

static void
approval__certificate_has_ended(void **state)
{
	struct approval_subject s = recovery();
	size_t agent;

	(void)state;
	assert_int_equal(verify_at(approve(&s, &alice, EVP_sha256(), 0), &s, gh_now() + 7200,
			     &agent),
	    GH_E_VALIDATION);
	assert_int_equal(verify_at(approve(&s, &alice, EVP_sha256(), 0), &s, gh_now() - 7200,
			     &agent),
	    GH_E_VALIDATION);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pkcs12__both_forms),
	    cmocka_unit_test(pkcs12__what_does_not_belong_together),
	    cmocka_unit_test(package__E104_X075_is_for_the_recipient),
	    cmocka_unit_test(package__what_does_not_belong_together),
	    cmocka_unit_test(approval__text),
	    cmocka_unit_test(approval__of_each_agent),
	    cmocka_unit_test(approval__of_somebody_else),
	    cmocka_unit_test(approval__for_another_recovery),
	    cmocka_unit_test(approval__weak_or_not_one),
	    cmocka_unit_test(approval__altered),
	    cmocka_unit_test(approval__two_signers),
	    cmocka_unit_test(approval__certificate_has_ended),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
