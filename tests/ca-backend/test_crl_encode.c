/* Entries and extensions of CRLs as OpenSSL reads them. */
/* valgrind: what it makes is hashed, signed or encrypted */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "formats/crl_encode.h"
#include "der.h"

static const unsigned char serial_high[] = {0xff, 0x01, 0x02};

static X509_REVOKED *
parse_entry(const struct crl_entry *e)
{
	unsigned char der[CRL_ENTRY_MAX], *again = NULL;
	const unsigned char *p = der;
	size_t n = crl_encode_entry(e, der);
	X509_REVOKED *r;

	assert_true(n > 0 && n <= sizeof(der));
	assert_true(gh_der_is_strict(der, n));
	r = d2i_X509_REVOKED(NULL, &p, (long)n);
	assert_non_null(r);
	assert_ptr_equal(p, der + n);
	/* and OpenSSL would have written the same bytes */
	assert_int_equal(i2d_X509_REVOKED(r, &again), (int)n);
	assert_memory_equal(again, der, n);
	OPENSSL_free(again);
	return r;
}

static int64_t
seconds(const ASN1_TIME *t)
{
	struct tm tm;

	assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
	return timegm(&tm);
}

static long
reason_of(const X509_REVOKED *r)
{
	int critical;
	ASN1_ENUMERATED *v = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, &critical, NULL);
	long n = v != NULL ? ASN1_ENUMERATED_get(v) : -1;

	assert_true(v == NULL || critical == 0);
	ASN1_ENUMERATED_free(v);
	return n;
}

static void
test_entry_without_extensions(void **state)
{
	struct crl_entry e = {serial_high, sizeof(serial_high), 1700000000, 0, false, 0};
	X509_REVOKED *r = parse_entry(&e);
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_REVOKED_get0_serialNumber(r), NULL);

	(void)state;
	assert_false(BN_is_negative(bn));
	assert_int_equal(BN_get_word(bn), 0xff0102);
	assert_int_equal(seconds(X509_REVOKED_get0_revocationDate(r)), 1700000000);
	assert_int_equal(X509_REVOKED_get_ext_count(r), 0);
	BN_free(bn);
	X509_REVOKED_free(r);
}

static void
test_every_reason(void **state)
{
	static const int reasons[] = {1, 2, 3, 4, 5, 6, 8, 9, 10};

	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct crl_entry e = {serial_high, 3, 1700000000, reasons[i], false, 0};
		X509_REVOKED *r = parse_entry(&e);

		assert_int_equal(reason_of(r), reasons[i]);
		X509_REVOKED_free(r);
	}
}

static void
test_invalidity_date(void **state)
{
	struct crl_entry e = {serial_high, 3, 1700000000, 1, true, 1600000001};
	X509_REVOKED *r = parse_entry(&e);
	ASN1_GENERALIZEDTIME *t = X509_REVOKED_get_ext_d2i(r, NID_invalidity_date, NULL, NULL);

	(void)state;
	assert_non_null(t);
	assert_int_equal(seconds(t), 1600000001);
	assert_int_equal(reason_of(r), 1);
	ASN1_GENERALIZEDTIME_free(t);
	X509_REVOKED_free(r);
	e.reason = 0;
	r = parse_entry(&e);
	assert_int_equal(X509_REVOKED_get_ext_count(r), 1);
	X509_REVOKED_free(r);
}

static void
test_serials(void **state)
{
	static const unsigned char zeros[CRL_SERIAL_MAX] = {0}, small[] = {0, 0, 0x80},
				   one[] = {0, 0, 1};
	unsigned char longest[CRL_SERIAL_MAX], out[CRL_ENTRY_MAX];
	struct crl_entry e = {zeros, sizeof(zeros), 0, 6, true, 0};
	X509_REVOKED *r = parse_entry(&e);

	(void)state;
	assert_int_equal(X509_REVOKED_get0_serialNumber(r)->length, 1);
	X509_REVOKED_free(r);
	e.serial = small;
	e.serial_len = 3;
	X509_REVOKED_free(parse_entry(&e));
	e.serial = one;
	X509_REVOKED_free(parse_entry(&e));
	memset(longest, 0xff, sizeof(longest));
	e.serial = longest;
	e.serial_len = sizeof(longest);
	e.revoked_at = 4102444800; /* 2100: GeneralizedTime */
	e.invalidity = 4102444800;
	X509_REVOKED_free(parse_entry(&e));
	e.serial_len = CRL_SERIAL_MAX + 1;
	assert_int_equal(crl_encode_entry(&e, out), 0);
	e.serial_len = 0;
	assert_int_equal(crl_encode_entry(&e, out), 0);
}

static void
check_time(int64_t t)
{
	struct crl_entry e = {serial_high, 3, t, 0, true, t};
	X509_REVOKED *r = parse_entry(&e);
	ASN1_GENERALIZEDTIME *g = X509_REVOKED_get_ext_d2i(r, NID_invalidity_date, NULL, NULL);
	const ASN1_TIME *date = X509_REVOKED_get0_revocationDate(r);
	struct tm tm;
	time_t tt = (time_t)t;

	assert_int_equal(seconds(date), t);
	assert_int_equal(seconds(g), t);
	gmtime_r(&tt, &tm);
	assert_int_equal(ASN1_STRING_type(date),
	    tm.tm_year >= 50 && tm.tm_year < 150 ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME);
	ASN1_GENERALIZEDTIME_free(g);
	X509_REVOKED_free(r);
}

static void
test_times(void **state)
{
	static const int64_t edges[] = {0, -1, 951782399, 951782400, 951868800, 2524607999,
	    2524608000, -631152000, -631152001, 4107542399, 4107542400, 253402300799};
	unsigned char out[CRL_ENTRY_MAX];
	struct crl_entry e = {serial_high, 3, 253402300800, 0, false, 0};

	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		check_time(edges[i]);
	/* every day of 130 years, at an odd hour */
	for (int64_t day = -7300; day < 40000; day++)
		check_time(day * 86400 + 12345 + day % 3600);
	assert_int_equal(crl_encode_entry(&e, out), 0);
	e.revoked_at = 0;
	e.has_invalidity = true;
	e.invalidity = -62167219201; /* before year 0 */
	assert_int_equal(crl_encode_entry(&e, out), 0);
}

/* --- extensions ------------------------------------------------------------------------------- */

static X509_EXTENSIONS *
parse_extensions(const struct crl_extensions *x)
{
	struct gh_buf list, whole;
	const unsigned char *p;
	X509_EXTENSIONS *exts;

	gh_buf_init(&list, 65536);
	gh_buf_init(&whole, 65536);
	crl_put_extensions(&list, x);
	gh_der_put(&whole, GH_DER_SEQUENCE, list.data, list.len);
	assert_int_equal(gh_buf_check(&whole, NULL), 0);
	assert_true(gh_der_is_strict(whole.data, whole.len));
	p = whole.data;
	exts = d2i_X509_EXTENSIONS(NULL, &p, (long)whole.len);
	assert_non_null(exts);
	assert_ptr_equal(p, whole.data + whole.len);
	gh_buf_free(&list);
	gh_buf_free(&whole);
	return exts;
}

static void
check_number(X509_EXTENSIONS *exts, int nid, uint64_t want, int want_critical)
{
	int critical;
	uint64_t got;
	ASN1_INTEGER *v = X509V3_get_d2i(exts, nid, &critical, NULL);

	assert_non_null(v);
	assert_int_equal(ASN1_INTEGER_get_uint64(&got, v), 1);
	assert_true(got == want);
	assert_int_equal(critical, want_critical);
	ASN1_INTEGER_free(v);
}

static void
test_numbers(void **state)
{
	static const uint64_t numbers[] = {0, 1, 127, 128, 255, 256, 0x7fffffff, 0x80000000,
	    0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct crl_extensions x = {.number = numbers[i],
		    .is_delta = true,
		    .base_number = numbers[i]};
		X509_EXTENSIONS *exts = parse_extensions(&x);

		check_number(exts, NID_crl_number, numbers[i], 0);
		check_number(exts, NID_delta_crl, numbers[i], 1);
		assert_int_equal(sk_X509_EXTENSION_num(exts), 2);
		sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	}
}

static void
check_uri(const GENERAL_NAME *name, const char *want)
{
	int type;
	const ASN1_STRING *s = GENERAL_NAME_get0_value(name, &type);

	assert_int_equal(type, GEN_URI);
	assert_int_equal(ASN1_STRING_length(s), strlen(want));
	assert_memory_equal(ASN1_STRING_get0_data(s), want, strlen(want));
}

static void
test_shard(void **state)
{
	char one[] = "http://pki.example/crl/issuing-s7.crl", two[300];
	char *urls[] = {one, two, NULL};
	struct crl_extensions x = {.number = 9, .idp_urls = urls};
	X509_EXTENSIONS *exts;
	ISSUING_DIST_POINT *idp;
	int critical;

	(void)state;
	memset(two, 'x', sizeof(two) - 1);
	two[sizeof(two) - 1] = '\0';
	exts = parse_extensions(&x);
	idp = X509V3_get_d2i(exts, NID_issuing_distribution_point, &critical, NULL);
	assert_non_null(idp);
	assert_int_equal(critical, 1);
	assert_int_equal(sk_X509_EXTENSION_num(exts), 2);
	assert_int_equal(idp->distpoint->type, 0);
	assert_int_equal(sk_GENERAL_NAME_num(idp->distpoint->name.fullname), 2);
	check_uri(sk_GENERAL_NAME_value(idp->distpoint->name.fullname, 0), one);
	check_uri(sk_GENERAL_NAME_value(idp->distpoint->name.fullname, 1), two);
	assert_int_equal(idp->onlyuser | idp->onlyCA | idp->indirectCRL | idp->onlyattr, 0);
	assert_null(idp->onlysomereasons);
	ISSUING_DIST_POINT_free(idp);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
}

static void
test_freshest(void **state)
{
	char url[] = "http://pki.example/crl/issuing-delta.crl";
	char *urls[] = {url, NULL}, *none[] = {NULL};
	struct crl_extensions x = {.number = 9, .delta_urls = urls, .idp_urls = none};
	X509_EXTENSIONS *exts = parse_extensions(&x);
	int critical;
	CRL_DIST_POINTS *points = X509V3_get_d2i(exts, NID_freshest_crl, &critical, NULL);

	(void)state;
	assert_non_null(points);
	assert_int_equal(critical, 0);
	assert_int_equal(sk_X509_EXTENSION_num(exts), 2);
	assert_int_equal(sk_DIST_POINT_num(points), 1);
	check_uri(sk_GENERAL_NAME_value(sk_DIST_POINT_value(points, 0)->distpoint->name.fullname,
		      0),
	    url);
	CRL_DIST_POINTS_free(points);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	x.is_delta = true; /* a delta CRL has none: RFC 5280, 5.2.6 */
	exts = parse_extensions(&x);
	assert_int_equal(X509v3_get_ext_by_NID(exts, NID_freshest_crl, -1), -1);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_entry_without_extensions),
	    cmocka_unit_test(test_every_reason),
	    cmocka_unit_test(test_invalidity_date),
	    cmocka_unit_test(test_serials),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_shard),
	    cmocka_unit_test(test_freshest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
