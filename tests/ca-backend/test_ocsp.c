/* OCSP requests read, SingleResponses written (both against libcrypto's own), and the table of
 * ready answers. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ocsp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "ocsp/ocsp_cache.h"

/* ---- requests ---- */

static OCSP_CERTID *
cert_id(const EVP_MD *md, const unsigned char *serial, int len)
{
	X509_NAME *name = X509_NAME_new();
	ASN1_BIT_STRING *key = ASN1_BIT_STRING_new();
	BIGNUM *bn = BN_bin2bn(serial, len, NULL);
	ASN1_INTEGER *n = BN_to_ASN1_INTEGER(bn, NULL);
	OCSP_CERTID *id;

	assert_true(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"x",
	    -1, -1, 0));
	assert_true(ASN1_BIT_STRING_set(key, (unsigned char *)(uintptr_t) "abc", 3));
	id = OCSP_cert_id_new(md, name, key, n);
	assert_non_null(id);
	ASN1_INTEGER_free(n);
	BN_free(bn);
	ASN1_BIT_STRING_free(key);
	X509_NAME_free(name);
	return id;
}

/* A request of libcrypto about n serial numbers 1, 2, ...; *der by OPENSSL_free. */
static size_t
make_request(int n, const EVP_MD *md, int nonce, unsigned char **der)
{
	OCSP_REQUEST *req = OCSP_REQUEST_new();
	int len;

	for (int i = 0; i < n; i++) {
		unsigned char serial = (unsigned char)(i + 1);

		assert_non_null(OCSP_request_add0_id(req, cert_id(md, &serial, 1)));
	}
	if (nonce > 0)
		assert_int_equal(OCSP_request_add1_nonce(req, NULL, nonce), 1);
	*der = NULL;
	len = i2d_OCSP_REQUEST(req, der);
	assert_true(len > 0);
	OCSP_REQUEST_free(req);
	return (size_t)len;
}

static void
parse__what_libcrypto_writes(void **state)
{
	static const int nonces[] = {0, 1, 16, 128};
	struct ocsp_request req;
	unsigned char *der;

	(void)state;
	for (int n = 1; n <= OCSP_CERTS_MAX; n++) {
		int nonce = nonces[n % 4];
		size_t len = make_request(n, n % 2 ? EVP_sha1() : EVP_sha256(), nonce, &der);

		assert_int_equal(ocsp_request_parse(der, len, &req, NULL), 0);
		assert_int_equal(req.n, n);
		assert_int_equal(req.nonce.len, nonce);
		for (int i = 0; i < n; i++) {
			assert_true(req.cert[i].has_hash);
			assert_int_equal(req.cert[i].hash, n % 2 ? GH_SHA1 : GH_SHA256);
			assert_int_equal(req.cert[i].name_hash.len, n % 2 ? 20 : 32);
			assert_true(
			    req.cert[i].serial.len == 1 && req.cert[i].serial.p[0] == i + 1);
			assert_true(req.cert[i].whole.p[0] == 0x30);
		}
		OPENSSL_free(der);
	}
}

static void
parse__refusals(void **state)
{
	struct ocsp_request req;
	struct gh_error err;
	unsigned char *der;
	size_t len = make_request(OCSP_CERTS_MAX + 1, EVP_sha1(), 0, &der);

	(void)state;
	assert_int_equal(ocsp_request_parse(der, len, &req, &err), GH_E_BAD_REQUEST);
	OPENSSL_free(der);
	len = make_request(1, EVP_sha1(), 129, &der);
	assert_int_equal(ocsp_request_parse(der, len, &req, &err), GH_E_BAD_REQUEST);
	OPENSSL_free(der);
	len = make_request(3, EVP_sha256(), 16, &der);
	for (size_t n = 0; n < len; n++) /* cut short anywhere */
		assert_int_equal(ocsp_request_parse(der, n, &req, &err), GH_E_BAD_REQUEST);
	OPENSSL_free(der);
	der = calloc(1, OCSP_REQUEST_MAX + 1);
	assert_int_equal(ocsp_request_parse(der, OCSP_REQUEST_MAX + 1, &req, &err),
	    GH_E_BAD_REQUEST);
	free(der);
	assert_int_equal(ocsp_request_parse(NULL, 0, &req, &err), GH_E_BAD_REQUEST);
}

static void
parse__signed_and_other_hashes(void **state)
{
	struct ocsp_request req;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	OCSP_REQUEST *r = OCSP_REQUEST_new();
	unsigned char one = 1, *der = NULL;
	int len;

	(void)state;
	assert_true(X509_set_pubkey(cert, key) &&
	    X509_set_subject_name(cert, X509_get_issuer_name(cert)) &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), 0) &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), 9) && X509_sign(cert, key, EVP_sha256()) > 0);
	assert_non_null(OCSP_request_add0_id(r, cert_id(EVP_sha512(), &one, 1)));
	assert_non_null(OCSP_request_add0_id(r, cert_id(EVP_sha256(), &one, 1)));
	assert_int_equal(OCSP_request_sign(r, cert, key, EVP_sha256(), NULL, 0), 1);
	len = i2d_OCSP_REQUEST(r, &der);
	assert_int_equal(ocsp_request_parse(der, (size_t)len, &req, NULL), 0);
	assert_int_equal(req.n, 2);
	assert_false(req.cert[0].has_hash);
	assert_true(req.cert[1].has_hash);
	OPENSSL_free(der);
	OCSP_REQUEST_free(r);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
parse__serial_numbers(void **state)
{
	static const struct {
		unsigned char der[72];
		size_t der_len, len;
		int first;
		bool ok;
	} t[] = {
	    {{0x02, 0x01, 0x00}, 3, 1, 0, true},
	    {{0x02, 0x01, 0x7f}, 3, 1, 0x7f, true},
	    {{0x02, 0x02, 0x00, 0x80}, 4, 1, 0x80, true},
	    {{0x02, 0x01, 0x80}, 3, 0, 0, true}, /* negative: nobody's */
	    {{0x02, 0x15, 0x00, 0xff}, 23, 20, 0xff, true},
	    {{0x02, 0x15, 0x01}, 23, 0, 0, true}, /* too long: nobody's */
	    {{0x02, 0x40, 0x01}, 66, 0, 0, true},
	    {{0x02, 0x41, 0x01}, 67, 0, 0, false}, /* the signer would refuse the whole batch */
	    {{0x02, 0x40, 0x80}, 66, 0, 0, true},
	    {{0x02, 0x41, 0x80}, 67, 0, 0, false},
	    {{0x02, 0x02, 0x00, 0x7f}, 4, 0, 0, false}, /* not minimal */
	    {{0x02, 0x02, 0xff, 0x80}, 4, 0, 0, false},
	    {{0x02, 0x00}, 2, 0, 0, false},
	    {{0x04, 0x01, 0x01}, 3, 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		static const unsigned char alg[] = {0x30, 0x07, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02,
		    0x1a};
		struct ocsp_cert_id id;
		struct gh_buf b;

		gh_buf_init(&b, 200);
		gh_der_put_header(&b, GH_DER_SEQUENCE, sizeof(alg) + 44 + t[i].der_len);
		gh_buf_put(&b, alg, sizeof(alg));
		gh_der_put(&b, GH_DER_OCTETS, "aaaaaaaaaaaaaaaaaaaa", 20);
		gh_der_put(&b, GH_DER_OCTETS, "aaaaaaaaaaaaaaaaaaaa", 20);
		gh_buf_put(&b, t[i].der, t[i].der_len);
		assert_int_equal(ocsp_cert_id_parse(b.data, b.len, &id), t[i].ok);
		if (t[i].ok) {
			assert_int_equal(id.serial.len, t[i].len);
			assert_true(t[i].len == 0 || id.serial.p[0] == t[i].first);
		}
		gh_buf_free(&b);
	}
}

/* ---- answers ---- */

static OCSP_SINGLERESP *
single(const struct ocsp_status *status, int64_t cutoff)
{
	static const unsigned char serial = 5;
	OCSP_CERTID *id = cert_id(EVP_sha1(), &serial, 1);
	unsigned char *der = NULL;
	struct gh_der whole;
	struct gh_buf b;
	OCSP_SINGLERESP *s;
	const unsigned char *p;

	whole.len = (size_t)i2d_OCSP_CERTID(id, &der);
	whole.p = der;
	gh_buf_init(&b, whole.len + OCSP_SINGLE_MAX);
	ocsp_put_single(&b, &whole, status, 1700000000, 1700003600, cutoff);
	assert_int_equal(gh_buf_check(&b, NULL), 0);
	p = b.data;
	s = d2i_OCSP_SINGLERESP(NULL, &p, (long)b.len);
	assert_non_null(s);
	assert_ptr_equal(p, b.data + b.len);
	assert_true(gh_der_is_strict(b.data, b.len));
	assert_int_equal(OCSP_id_cmp(id, (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(s)), 0);
	gh_buf_free(&b);
	OPENSSL_free(der);
	OCSP_CERTID_free(id);
	return s;
}

static void
is_time(const ASN1_GENERALIZEDTIME *t, int64_t wanted)
{
	assert_int_equal(ASN1_TIME_cmp_time_t(t, (time_t)wanted), 0);
}

static void
single__as_libcrypto_reads_it(void **state)
{
	ASN1_GENERALIZEDTIME *at, *this_update, *next_update;
	struct ocsp_status revoked = {OCSP_REVOKED, 1690000000, 4};
	OCSP_SINGLERESP *s;
	int reason;

	(void)state;
	s = single(&(struct ocsp_status){.status = OCSP_GOOD}, 0);
	assert_int_equal(OCSP_single_get0_status(s, &reason, &at, &this_update, &next_update),
	    V_OCSP_CERTSTATUS_GOOD);
	is_time(this_update, 1700000000);
	is_time(next_update, 1700003600);
	assert_int_equal(OCSP_SINGLERESP_get_ext_count(s), 0);
	OCSP_SINGLERESP_free(s);
	s = single(&(struct ocsp_status){.status = OCSP_UNKNOWN}, 0);
	assert_int_equal(OCSP_single_get0_status(s, &reason, &at, NULL, NULL),
	    V_OCSP_CERTSTATUS_UNKNOWN);
	OCSP_SINGLERESP_free(s);
	s = single(&revoked, 1600000000);
	assert_int_equal(OCSP_single_get0_status(s, &reason, &at, NULL, NULL),
	    V_OCSP_CERTSTATUS_REVOKED);
	assert_int_equal(reason, 4);
	is_time(at, 1690000000);
	at = OCSP_SINGLERESP_get1_ext_d2i(s, NID_id_pkix_OCSP_archiveCutoff, NULL, NULL);
	assert_non_null(at);
	is_time(at, 1600000000);
	ASN1_GENERALIZEDTIME_free(at);
	OCSP_SINGLERESP_free(s);
	revoked.reason = 0;
	s = single(&revoked, 0);
	assert_int_equal(OCSP_single_get0_status(s, &reason, &at, NULL, NULL),
	    V_OCSP_CERTSTATUS_REVOKED);
	assert_int_equal(reason, -1);
	OCSP_SINGLERESP_free(s);
}

static void
error__as_libcrypto_reads_it(void **state)
{
	static const enum ocsp_error all[] = {OCSP_MALFORMED, OCSP_INTERNAL, OCSP_TRY_LATER,
	    OCSP_UNAUTHORIZED};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const unsigned char *p = ocsp_error_der(all[i]);
		OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, OCSP_ERROR_SIZE);

		assert_non_null(r);
		assert_int_equal(OCSP_response_status(r), (int)all[i]);
		OCSP_RESPONSE_free(r);
	}
}

/* ---- the table ---- */

struct named {
	unsigned char *der;
	struct ocsp_cert_id id;
};

static struct named
named(const EVP_MD *md, uint32_t serial)
{
	unsigned char bytes[5] = {1, (unsigned char)(serial >> 24), (unsigned char)(serial >> 16),
	    (unsigned char)(serial >> 8), (unsigned char)serial};
	OCSP_CERTID *id = cert_id(md, bytes, sizeof(bytes));
	struct named n = {0};
	int len = i2d_OCSP_CERTID(id, &n.der);

	assert_true(ocsp_cert_id_parse(n.der, (size_t)len, &n.id));
	OCSP_CERTID_free(id);
	return n;
}

static struct ocsp_answer *
answer(int64_t ca, int64_t from, int64_t to, size_t len)
{
	static const struct ocsp_status good = {.status = OCSP_GOOD};
	struct ocsp_answer *a = ocsp_answer_new(ca, &good, from, to, calloc(1, len), len);

	assert_non_null(a);
	return a;
}

static bool
put(struct ocsp_cache *c, const struct named *n, int64_t ca, int64_t from, int64_t to, size_t len,
    uint64_t epoch)
{
	struct ocsp_answer *a = answer(ca, from, to, len);
	bool ok = ocsp_cache_put(c, &n->id, a, epoch);

	ocsp_answer_unref(a);
	return ok;
}

static bool
has(struct ocsp_cache *c, const struct named *n, int64_t now, bool late)
{
	struct ocsp_answer *a = ocsp_cache_get(c, &n->id, now, late);

	ocsp_answer_unref(a);
	return a != NULL;
}

static void
cache__life_of_an_answer(void **state)
{
	struct named a = named(EVP_sha1(), 1), b = named(EVP_sha256(), 1);
	struct ocsp_cache *c;

	(void)state;
	assert_int_equal(ocsp_cache_new(1 << 20, &c, NULL), 0);
	assert_false(has(c, &a, 100, false));
	assert_true(put(c, &a, 1, 100, 900, 100, ocsp_cache_epoch(c)));
	assert_true(has(c, &a, 100, false));
	assert_false(has(c, &b, 100, false)); /* the other hash has its own */
	assert_true(has(c, &a, 799, false));
	assert_false(has(c, &a, 800, false)); /* the last eighth */
	assert_true(has(c, &a, 899, true));
	assert_false(has(c, &a, 900, true));
	assert_true(put(c, &a, 1, 900, 1700, 50, ocsp_cache_epoch(c)));
	assert_true(has(c, &a, 900, false));
	assert_int_equal(ocsp_cache_size(c).entries, 1);
	ocsp_cache_free(c);
	OPENSSL_free(a.der);
	OPENSSL_free(b.der);
}

static void
cache__changes(void **state)
{
	struct named one = named(EVP_sha1(), 1), same = named(EVP_sha256(), 1),
		     two = named(EVP_sha1(), 2);
	struct ocsp_cache *c;
	uint64_t epoch;

	(void)state;
	assert_int_equal(ocsp_cache_new(1 << 20, &c, NULL), 0);
	epoch = ocsp_cache_epoch(c);
	assert_true(put(c, &one, 7, 0, 100, 10, epoch) && put(c, &same, 7, 0, 100, 10, epoch) &&
	    put(c, &two, 7, 0, 100, 10, epoch));
	ocsp_cache_remove(c, 8, one.id.serial.p, one.id.serial.len); /* of another CA */
	assert_true(has(c, &one, 1, false));
	ocsp_cache_remove(c, 7, one.id.serial.p, one.id.serial.len);
	assert_false(has(c, &one, 1, false));
	assert_false(has(c, &same, 1, false)); /* under whatever hash */
	assert_true(has(c, &two, 1, false));
	assert_false(put(c, &one, 7, 0, 100, 10, epoch)); /* made before the change */
	assert_true(put(c, &two, 7, 0, 100, 10, epoch));
	assert_true(put(c, &one, 7, 0, 100, 10, ocsp_cache_epoch(c)));
	epoch = ocsp_cache_epoch(c);
	ocsp_cache_flush(c);
	assert_false(has(c, &one, 1, false) || has(c, &two, 1, false));
	assert_false(put(c, &two, 7, 0, 100, 10, epoch));
	assert_true(put(c, &two, 7, 0, 100, 10, ocsp_cache_epoch(c)));
	epoch = ocsp_cache_epoch(c);
	for (int i = 0; i < 5000; i++) /* more than is remembered: in doubt it is not kept */
		ocsp_cache_remove(c, 7, one.id.serial.p, one.id.serial.len);
	assert_false(put(c, &two, 7, 0, 100, 10, epoch));
	assert_int_equal(ocsp_cache_size(c).entries, 1);
	ocsp_cache_free(c);
	OPENSSL_free(one.der);
	OPENSSL_free(same.der);
	OPENSSL_free(two.der);
}

static void
cache__memory_is_bounded(void **state)
{
	struct named first = named(EVP_sha1(), 0), huge = named(EVP_sha1(), 9999999);
	struct ocsp_cache *c;

	(void)state;
	assert_int_equal(ocsp_cache_new(100000, &c, NULL), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		struct named n = named(EVP_sha1(), i);

		assert_true(put(c, &n, 1, 0, 100, 1000, ocsp_cache_epoch(c)));
		assert_true(has(c, &n, 1, false));
		assert_true(has(c, &first, 1, false)); /* in use: stays */
		assert_true(ocsp_cache_size(c).bytes <= 100000);
		OPENSSL_free(n.der);
	}
	assert_in_range(ocsp_cache_size(c).entries, 50, 100);
	assert_false(put(c, &huge, 1, 0, 100, 200000, ocsp_cache_epoch(c)));
	assert_in_range(ocsp_cache_size(c).entries, 50, 100);
	ocsp_cache_flush(c);
	assert_int_equal(ocsp_cache_size(c).bytes, 0);
	ocsp_cache_free(c);
	OPENSSL_free(first.der);
	OPENSSL_free(huge.der);
}

static void
cache__due(void **state)
{
	struct named n[4];
	struct ocsp_due due[4];
	struct ocsp_cache *c;

	(void)state;
	assert_int_equal(ocsp_cache_new(1 << 20, &c, NULL), 0);
	for (uint32_t i = 0; i < 4; i++) {
		n[i] = named(EVP_sha256(), i);
		assert_true(put(c, &n[i], 3, 0, 1000, 10, ocsp_cache_epoch(c)));
		for (uint32_t k = 0; k < i; k++)
			assert_true(has(c, &n[i], 1, false));
	}
	assert_int_equal(ocsp_cache_due(c, 749, 2, due, 4), 0);
	assert_int_equal(ocsp_cache_due(c, 750, 2, due, 1), 1);
	assert_int_equal(due[0].ca_id, 3);
	assert_int_equal(ocsp_cache_due(c, 750, 2, due, 4), 1); /* the other one; each once */
	assert_int_equal(ocsp_cache_due(c, 750, 2, due, 4), 0);
	assert_int_equal(ocsp_cache_due(c, 750, 1, due, 4), 1);
	assert_int_equal(due[0].len, n[1].id.whole.len);
	assert_memory_equal(due[0].cert_id, n[1].der, due[0].len);
	ocsp_cache_free(c);
	for (int i = 0; i < 4; i++)
		OPENSSL_free(n[i].der);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parse__what_libcrypto_writes),
	    cmocka_unit_test(parse__refusals),
	    cmocka_unit_test(parse__signed_and_other_hashes),
	    cmocka_unit_test(parse__serial_numbers),
	    cmocka_unit_test(single__as_libcrypto_reads_it),
	    cmocka_unit_test(error__as_libcrypto_reads_it),
	    cmocka_unit_test(cache__life_of_an_answer),
	    cmocka_unit_test(cache__changes),
	    cmocka_unit_test(cache__memory_is_bounded),
	    cmocka_unit_test(cache__due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
