/* Keys that an EST server made, as the client believes them: signed by one who may make keys, and
 * encrypted for the key that it named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/cms.h>
#include <openssl/x509v3.h>

#include "device/est_decrypt.h"
#include "device/est_key_package.h"
#include "formats/cms_signed.h"
#include "key_alg.h"
#include "oid.h"

#define A_KEYS "2.16.840.1.101.2.1.2.78.5"
#define KGA "1.3.6.1.5.5.7.3.32"

static struct gh_error err;

/* ---- who signs ---- */

struct person {
	EVP_PKEY *key;
	X509 *cert;
};
static struct person root, maker, server, stranger;

static void
add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* issuer NULL: signed by itself, a CA where usage is NULL. */
static void
make_person(struct person *p, const char *name, const struct person *issuer, const char *usage)
{
	static long serial = 1;
	X509_NAME *n;

	p->key = gh_key_make("P-256");
	p->cert = X509_new();
	issuer = issuer != NULL ? issuer : p;
	X509_set_version(p->cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(p->cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(p->cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(p->cert), 3600);
	n = X509_get_subject_name(p->cert);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(p->cert, X509_get_subject_name(issuer->cert));
	X509_set_pubkey(p->cert, p->key);
	if (usage != NULL)
		add_extension(p->cert, NID_ext_key_usage, usage);
	else
		add_extension(p->cert, NID_basic_constraints, "critical,CA:TRUE");
	assert_true(X509_sign(p->cert, issuer->key, EVP_sha256()) > 0);
}

static int
set_up(void **state)
{
	(void)state;
	make_person(&root, "root", NULL, NULL);
	make_person(&maker, "maker", &root, KGA);
	make_person(&server, "server", &root, "serverAuth");
	make_person(&stranger, "stranger", NULL, KGA);
	return 0;
}

static int
tear_down(void **state)
{
	struct person *all[] = {&root, &maker, &server, &stranger};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		EVP_PKEY_free(all[i]->key);
		X509_free(all[i]->cert);
	}
	return 0;
}

/* ---- packages ---- */

/* keys times a key in PKCS#8, of this version, with what version 2 has behind it. */
static void
put_package(struct gh_buf *out, int keys, int version)
{
	static const unsigned char public_key[] = {GH_DER_PRIMITIVE(1), 3, 0, 4, 1};
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(server.key);
	struct gh_buf list, one;
	unsigned char *der = NULL;
	int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	struct gh_der in = {der, (size_t)n}, members;

	gh_buf_init(&list, 8192);
	gh_buf_init(&one, 8192);
	gh_buf_init(out, 8192);
	assert_true(gh_der_take(&in, GH_DER_SEQUENCE, &members));
	assert_true(gh_der_take(&members, GH_DER_INTEGER, NULL));
	gh_der_put(&one, GH_DER_INTEGER, &(unsigned char){(unsigned char)version}, 1);
	gh_buf_put(&one, members.p, members.len);
	if (version == 1)
		gh_buf_put(&one, public_key, sizeof(public_key));
	for (int i = 0; i < keys; i++)
		gh_der_put(&list, GH_DER_SEQUENCE, one.data, one.len);
	gh_der_put(out, GH_DER_SEQUENCE, list.data, list.len);
	gh_buf_free(&list);
	gh_buf_free(&one);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
}

/* The SignedData; *info: all of it, to be freed. */
static struct gh_der
sign(const struct gh_buf *package, const struct person *by, const char *type, unsigned char **info)
{
	const struct cms_signing s = {.key = by != NULL ? by->key : NULL,
	    .cert = by != NULL ? by->cert : NULL,
	    .type = type};
	struct gh_der in, members, tagged, out;
	size_t n;

	assert_int_equal(cms_signed_make(&s, &(struct gh_der){package->data, package->len}, info,
			     &n, &err),
	    0);
	in = (struct gh_der){*info, n};
	assert_true(gh_der_take(&in, GH_DER_SEQUENCE, &members));
	assert_true(gh_der_take(&members, GH_DER_OID, NULL));
	assert_true(gh_der_take(&members, GH_DER_CONTEXT(0), &tagged));
	assert_true(gh_der_take_whole(&tagged, GH_DER_SEQUENCE, &out));
	return out;
}

static int
open_package(const struct gh_der *in, EVP_PKEY **key)
{
	STACK_OF(X509) *cas = sk_X509_new_null();
	int rc;

	sk_X509_push(cas, root.cert);
	memset(&err, 0, sizeof(err));
	rc = est_key_package_open(in, cas, key, &err);
	sk_X509_free(cas);
	assert_int_equal(*key != NULL, rc == 0);
	return rc;
}

static int
open_signed(int keys, int version, const struct person *by, const char *type)
{
	struct gh_buf package;
	unsigned char *info;
	struct gh_der in;
	EVP_PKEY *key;
	int rc;

	put_package(&package, keys, version);
	in = sign(&package, by, type, &info);
	rc = open_package(&in, &key);
	if (rc == 0)
		assert_int_equal(EVP_PKEY_eq(key, server.key), 1);
	EVP_PKEY_free(key);
	free(info);
	gh_buf_free(&package);
	return rc;
}

static void
package__E104_signed_by_who_may(void **state)
{
	(void)state;
	assert_int_equal(open_signed(1, 0, &maker, A_KEYS), 0);
	assert_int_equal(open_signed(1, 1, &maker, A_KEYS), 0);
	assert_int_equal(open_signed(1, 0, &server, A_KEYS), GH_E_FORBIDDEN);
	assert_int_equal(open_signed(1, 0, &stranger, A_KEYS), GH_E_FORBIDDEN);
	assert_int_equal(open_signed(1, 0, &root, A_KEYS), GH_E_FORBIDDEN);
	assert_int_equal(open_signed(1, 0, NULL, A_KEYS), GH_E_FORBIDDEN);
}

static void
package__E104_one_key(void **state)
{
	(void)state;
	assert_int_equal(open_signed(0, 0, &maker, A_KEYS), GH_E_BAD_REQUEST);
	assert_int_equal(open_signed(2, 0, &maker, A_KEYS), GH_E_BAD_REQUEST);
	assert_int_equal(open_signed(1, 2, &maker, A_KEYS), GH_E_BAD_REQUEST);
	assert_int_equal(open_signed(1, 0, &maker, "1.2.840.113549.1.7.1"), GH_E_BAD_REQUEST);
}

static void
package__E104_altered(void **state)
{
	struct gh_buf package;
	unsigned char *info;
	struct gh_der in;
	EVP_PKEY *key;

	(void)state;
	put_package(&package, 1, 0);
	in = sign(&package, &maker, A_KEYS, &info);
	/* inside of the private key */
	((unsigned char *)memmem(in.p, in.len, package.data + 40, 20))[5] ^= 1;
	assert_int_equal(open_package(&in, &key), GH_E_FORBIDDEN);
	in.len--;
	assert_int_equal(open_package(&in, &key), GH_E_BAD_REQUEST);
	in.len = 0;
	assert_int_equal(open_package(&in, &key), GH_E_BAD_REQUEST);
	free(info);
	gh_buf_free(&package);
}

/* ---- envelopes ---- */

static int
open_envelope(int type, const struct est_decrypt *d)
{
	unsigned char kek[32] = {7}, *der = NULL;
	BIO *in = BIO_new_mem_buf("the SignedData", -1);
	CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_256_cbc(), CMS_BINARY | CMS_PARTIAL);
	struct gh_buf out;
	int n, rc;

	assert_non_null(
	    CMS_add0_recipient_key(cms, NID_id_aes256_wrap, OPENSSL_memdup(kek, sizeof(kek)),
		sizeof(kek), OPENSSL_memdup("id", 2), 2, NULL, NULL, NULL));
	assert_int_equal(CMS_set1_eContentType(cms, OBJ_nid2obj(type)), 1);
	assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY), 1);
	n = i2d_CMS_ContentInfo(cms, &der);
	gh_buf_init(&out, 1024);
	rc = est_decrypt_open(d, &(struct gh_der){der, (size_t)n}, &out, &err);
	if (rc == 0)
		assert_memory_equal(out.data, "the SignedData", out.len);
	else
		assert_int_equal(out.len, 0);
	gh_buf_free(&out);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return rc;
}

static void
envelope__E106_for_our_kek(void **state)
{
	unsigned char kek[32] = {7}, other[32] = {8}, id[] = "id", other_id[] = "ix";
	const struct est_decrypt good = {.kek = kek, .kek_len = 32, .id = id, .id_len = 2},
				 wrong_key = {.kek = other, .kek_len = 32, .id = id, .id_len = 2},
				 wrong_id = {.kek = kek,
				     .kek_len = 32,
				     .id = other_id,
				     .id_len = 2},
				 wrong_kind = {.key = maker.key, .cert = maker.cert};
	struct gh_buf out;

	(void)state;
	assert_int_equal(open_envelope(NID_pkcs7_signed, &good), 0);
	assert_int_equal(open_envelope(NID_pkcs7_data, &good), GH_E_BAD_REQUEST);
	assert_int_equal(open_envelope(NID_pkcs7_signed, &wrong_key), GH_E_BAD_REQUEST);
	assert_int_equal(open_envelope(NID_pkcs7_signed, &wrong_id), GH_E_BAD_REQUEST);
	assert_int_equal(open_envelope(NID_pkcs7_signed, &wrong_kind), GH_E_BAD_REQUEST);
	gh_buf_init(&out, 1024);
	assert_int_equal(est_decrypt_open(&good, &(struct gh_der){id, 2}, &out, &err),
	    GH_E_BAD_REQUEST);
	gh_buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(package__E104_signed_by_who_may),
	    cmocka_unit_test(package__E104_one_key),
	    cmocka_unit_test(package__E104_altered),
	    cmocka_unit_test(envelope__E106_for_our_kek),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
