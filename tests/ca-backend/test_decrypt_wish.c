/* What clients want their private keys encrypted for, and how: attributes of a PKCS#10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "formats/decrypt_wish.h"
#include "key_alg.h"
#include "oid.h"

#define SYMMETRIC "1.2.840.113549.1.9.16.2.37"
#define ASYMMETRIC "1.2.840.113549.1.9.16.2.54"
#define CAPABILITIES "1.2.840.113549.1.9.15"
#define CONTENT_TYPE "1.2.840.113549.1.9.3"

#define CAP(...) GH_DER_SEQUENCE, sizeof((const unsigned char[]){__VA_ARGS__}), __VA_ARGS__
#define OID(...) GH_OID_DER(__VA_ARGS__)
#define CBC128 CAP(OID(GH_OID_AES(2)))
#define CBC192 CAP(OID(GH_OID_AES(22)))
#define CBC256 CAP(OID(GH_OID_AES(42)))
#define WRAP128 CAP(OID(GH_OID_AES(5)))
#define WRAP192 CAP(OID(GH_OID_AES(25)))
#define WRAP256 CAP(OID(GH_OID_AES(45)))
#define GCM256 CAP(OID(GH_OID_AES(46)))
#define RSA CAP(OID(GH_OID_RSA), GH_DER_NULL, 0)
#define OAEP_SHA1 CAP(OID(GH_OID_RSAES_OAEP))
#define OAEP_EMPTY CAP(OID(GH_OID_RSAES_OAEP), GH_DER_SEQUENCE, 0)
#define SHA2_OID(n) 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, (n)
#define CONTEXT(n, ...) GH_DER_CONTEXT(n), sizeof((const unsigned char[]){__VA_ARGS__}), __VA_ARGS__
#define OAEP(h, m) \
	CAP(OID(GH_OID_RSAES_OAEP), \
	    CAP(CONTEXT(0, CAP(OID(SHA2_OID(h)))), \
		CONTEXT(1, CAP(OID(GH_OID_MGF1), CAP(OID(SHA2_OID(m)))))))
#define STD_DH(n) 0x2b, 0x81, 4, 1, 11, (n)
#define DH_SHA1 CAP(OID(0x2b, 0x81, 5, 0x10, 0x86, 0x48, 0x3f, 0, 2))
#define DH(n, ...) CAP(OID(STD_DH(n)), __VA_ARGS__)

struct list {
	const unsigned char *p;
	size_t n;
};
#define LIST(...) \
	{ \
		(const unsigned char[]){__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__}) \
	}

static struct gh_error err;

static int
read_list(const struct list *l, struct smime_caps *out)
{
	struct gh_buf b;
	int rc;

	memset(&err, 0, sizeof(err));
	gh_buf_init(&b, 8192);
	gh_der_put(&b, GH_DER_SEQUENCE, l->p, l->n);
	rc = smime_caps_read(&(struct gh_der){b.data, b.len}, out, &err);
	gh_buf_free(&b);
	return rc;
}

/* --- choosing --------------------------------------------------------------------------------- */

static void
caps__E106_for_a_kek(void **state)
{
	const struct {
		struct list list;
		size_t len;
		const char *content; /* NULL: refused */
	} rows[] = {
	    {LIST(CBC128, WRAP128), 16, "AES-128-CBC"},
	    {LIST(CBC128, CBC256, CBC192, WRAP128), 16, "AES-256-CBC"},
	    {LIST(CBC192, WRAP192), 24, "AES-192-CBC"},
	    {LIST(CBC192, WRAP256, WRAP192), 32, "AES-192-CBC"},
	    {LIST(CBC256, WRAP128), 32, NULL},
	    {LIST(CBC256), 32, NULL},
	    {LIST(WRAP256), 32, NULL},
	    {LIST(GCM256, WRAP256), 32, NULL},
	    {LIST(CBC256, WRAP128, WRAP192, WRAP256), 8, NULL},
	    {LIST(CBC256, WRAP128, WRAP192, WRAP256), 17, NULL},
	    {LIST(CBC256, WRAP128, WRAP192, WRAP256), 64, NULL},
	};
	struct smime_choice c;
	struct smime_caps caps;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_list(&rows[i].list, &caps), 0);
		if (rows[i].content == NULL) {
			assert_int_equal(smime_caps_choose_kek(&caps, rows[i].len, &c, &err),
			    GH_E_BAD_REQUEST);
			continue;
		}
		assert_int_equal(smime_caps_choose_kek(&caps, rows[i].len, &c, &err), 0);
		assert_string_equal(c.content_alg, rows[i].content);
		assert_string_equal(c.key_alg, "");
	}
}

struct key_row {
	struct list list;
	const char *content, *key_alg; /* NULL: refused */
};

static void
check_keys(const char *alg, const struct key_row *rows, size_t n)
{
	EVP_PKEY *key = gh_key_make(alg);
	struct smime_choice c;
	struct smime_caps caps;

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(read_list(&rows[i].list, &caps), 0);
		if (rows[i].content == NULL) {
			assert_int_equal(smime_caps_choose_key(&caps, key, &c, &err),
			    GH_E_BAD_REQUEST);
			continue;
		}
		if (smime_caps_choose_key(&caps, key, &c, &err) != 0)
			fail_msg("%s, row %zu: %s", alg, i, err.message);
		assert_string_equal(c.content_alg, rows[i].content);
		assert_string_equal(c.key_alg, rows[i].key_alg);
	}
	EVP_PKEY_free(key);
}

static void
caps__E107_for_rsa(void **state)
{
	const struct key_row rows[] = {
	    {LIST(CBC256, CBC128), "AES-256-CBC", "RSA1_5"},
	    {LIST(RSA, CBC128), "AES-128-CBC", "RSA1_5"},
	    {LIST(RSA, OAEP_SHA1, CBC128), "AES-128-CBC", "RSA-OAEP"},
	    {LIST(OAEP_EMPTY, CBC256), "AES-256-CBC", "RSA-OAEP"},
	    {LIST(OAEP(1, 1), OAEP_SHA1, CBC256), "AES-256-CBC", "RSA-OAEP-256"},
	    {LIST(OAEP(2, 2), CBC256), "AES-256-CBC", "RSA-OAEP-384"},
	    {LIST(OAEP(3, 3), CBC256), "AES-256-CBC", "RSA-OAEP-512"},
	    /* two hashes, or one that we do not know: only where PKCS#1 v1.5 is taken, too */
	    {LIST(OAEP(1, 2), CBC256), NULL, NULL},
	    {LIST(OAEP(8, 8), RSA, CBC256), "AES-256-CBC", "RSA1_5"},
	    {LIST(RSA), NULL, NULL},
	    {LIST(GCM256), NULL, NULL},
	};

	(void)state;
	check_keys("RSA-2048", rows, sizeof(rows) / sizeof(rows[0]));
}

static void
caps__E107_for_ec(void **state)
{
	const struct key_row rows[] = {
	    {LIST(CBC256), "AES-256-CBC", "ECDH-SHA256"},
	    {LIST(CBC256, CBC128, WRAP128), "AES-128-CBC", "ECDH-SHA256"},
	    {LIST(CBC256, DH(2, WRAP256)), "AES-256-CBC", "ECDH-SHA384"},
	    {LIST(CBC192, DH(3, WRAP192), DH(1, WRAP192)), "AES-192-CBC", "ECDH-SHA512"},
	    {LIST(CBC256, DH(1, WRAP128)), NULL, NULL},
	    {LIST(CBC256, DH_SHA1), NULL, NULL},
	    {LIST(CBC256, DH_SHA1, DH(1, WRAP256)), "AES-256-CBC", "ECDH-SHA256"},
	    {LIST(WRAP256), NULL, NULL},
	};

	(void)state;
	check_keys("P-256", rows, sizeof(rows) / sizeof(rows[0]));
}

static void
caps__E107_for_no_other_key(void **state)
{
	const struct key_row rows[] = {{LIST(CBC256, WRAP256), NULL, NULL}};

	(void)state;
	check_keys("Ed25519", rows, 1);
}

static void
caps__E105_no_list(void **state)
{
	static const unsigned char rows[][6] = {
	    {GH_DER_OCTETS, 0},
	    {GH_DER_SEQUENCE, 2, GH_DER_NULL, 0},
	    {GH_DER_SEQUENCE, 2, GH_DER_SEQUENCE, 0},
	    {GH_DER_SEQUENCE, 4, GH_DER_SEQUENCE, 2, GH_DER_NULL, 0},
	    {GH_DER_SEQUENCE, 9},
	};
	static const unsigned char one[] = {CBC128};
	unsigned char many[(SMIME_CAPS_MAX + 1) * sizeof(one)];
	struct smime_caps caps;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = i == 4 ? 2 : 2 + (size_t)rows[i][1];

		assert_int_equal(smime_caps_read(&(struct gh_der){rows[i], n}, &caps, &err),
		    GH_E_BAD_REQUEST);
	}
	for (size_t i = 0; i < SMIME_CAPS_MAX + 1; i++)
		memcpy(many + i * sizeof(one), one, sizeof(one));
	assert_int_equal(read_list(&(struct list){many, sizeof(many)}, &caps), GH_E_BAD_REQUEST);
	assert_int_equal(read_list(&(struct list){many, SMIME_CAPS_MAX * sizeof(one)}, &caps), 0);
}

/* --- attributes ------------------------------------------------------------------------------- */

struct attribute {
	const char *oid;
	int type;
	const char *value;
	int len;
};

static int
read_wish(const struct attribute *a, size_t n, struct decrypt_wish *out)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	struct ca_pkcs10 *csr;
	unsigned char *der = NULL;
	int len, rc;

	assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
	for (size_t i = 0; i < n; i++) {
		if (a[i].type == V_ASN1_OBJECT) {
			ASN1_OBJECT *o = OBJ_txt2obj(a[i].value, 1), *t = OBJ_txt2obj(a[i].oid, 1);

			assert_int_equal(X509_REQ_add1_attr_by_OBJ(req, t, V_ASN1_OBJECT,
					     (const unsigned char *)o, -1),
			    1);
			ASN1_OBJECT_free(o);
			ASN1_OBJECT_free(t);
			continue;
		}
		assert_int_equal(X509_REQ_add1_attr_by_txt(req, a[i].oid, a[i].type,
				     (const unsigned char *)a[i].value, a[i].len),
		    1);
	}
	assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
	assert_true((len = i2d_X509_REQ(req, &der)) > 0);
	assert_int_equal(ca_pkcs10_parse(der, (size_t)len, &csr, &err), 0);
	rc = decrypt_wish_read(csr, out, &err);
	if (rc == 0 && out->kind != DECRYPT_NONE)
		assert_memory_equal(out->id.p, "key 7", 5);
	ca_pkcs10_free(csr);
	OPENSSL_free(der);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return rc;
}

#define ID(oid) \
	{ \
		oid, V_ASN1_OCTET_STRING, "key 7", 5 \
	}
#define CAPS \
	{ \
		CAPABILITIES, V_ASN1_SEQUENCE, "\x30\x00", 2 \
	}

static void
wish__E105_read(void **state)
{
	static const struct attribute none[] = {CAPS}, symmetric[] = {ID(SYMMETRIC), CAPS},
				      asymmetric[] = {CAPS, ID(ASYMMETRIC)},
				      package[] = {{CONTENT_TYPE, V_ASN1_OBJECT,
						       "2.16.840.1.101.2.1.2.78.2", 0},
					  ID(SYMMETRIC), CAPS},
				      other[] = {{CONTENT_TYPE, V_ASN1_OBJECT, "1.2.3", 0}};
	struct decrypt_wish w;

	(void)state;
	assert_int_equal(read_wish(none, 1, &w), 0);
	assert_int_equal(w.kind, DECRYPT_NONE);
	assert_int_equal(read_wish(symmetric, 2, &w), 0);
	assert_int_equal(w.kind, DECRYPT_SYMMETRIC);
	assert_false(w.wants_key_package);
	assert_int_equal(read_wish(asymmetric, 2, &w), 0);
	assert_int_equal(w.kind, DECRYPT_ASYMMETRIC);
	assert_int_equal(read_wish(package, 3, &w), 0);
	assert_true(w.wants_key_package);
	assert_int_equal(read_wish(other, 1, &w), 0);
	assert_false(w.wants_key_package);
}

static void
wish__E105_refused(void **state)
{
	static char long_id[DECRYPT_KEY_ID_MAX + 1];
	const struct attribute rows[][3] = {
	    {ID(SYMMETRIC), ID(ASYMMETRIC), CAPS},
	    {ID(SYMMETRIC)},
	    {ID(ASYMMETRIC)},
	    {ID(SYMMETRIC), {CAPABILITIES, V_ASN1_OCTET_STRING, "x", 1}},
	    {ID(SYMMETRIC), {CAPABILITIES, V_ASN1_SEQUENCE, "\x30\x02\x05\x00", 4}},
	    {{SYMMETRIC, V_ASN1_PRINTABLESTRING, "key 7", 5}, CAPS},
	    {{SYMMETRIC, V_ASN1_OCTET_STRING, "", 0}, CAPS},
	    {{ASYMMETRIC, V_ASN1_OCTET_STRING, long_id, sizeof(long_id)}, CAPS},
	    {{CONTENT_TYPE, V_ASN1_OCTET_STRING, "x", 1}},
	    {{CONTENT_TYPE, V_ASN1_OBJECT, "2.16.840.1.101.2.1.2.78.2", 0}},
	};
	struct decrypt_wish w;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = 0;

		while (n < 3 && rows[i][n].oid != NULL)
			n++;
		if (read_wish(rows[i], n, &w) != GH_E_BAD_REQUEST)
			fail_msg("row %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(caps__E106_for_a_kek),
	    cmocka_unit_test(caps__E107_for_rsa),
	    cmocka_unit_test(caps__E107_for_ec),
	    cmocka_unit_test(caps__E107_for_no_other_key),
	    cmocka_unit_test(caps__E105_no_list),
	    cmocka_unit_test(wish__E105_read),
	    cmocka_unit_test(wish__E105_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
