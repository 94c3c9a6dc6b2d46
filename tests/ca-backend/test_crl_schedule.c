/* When a CRL is due, and where CRLs are: shards and URLs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "issuing/cdp.h"
#include "crl/crl.h"
#include "crl/crl_issue_all.h"

static const struct crl_schedule usual = {.interval = 1000,
    .grace = 500,
    .delta_interval = 100,
    .on_revoke = true,
    .min_interval = 50};
static const struct crl_schedule no_delta = {.interval = 1000,
    .grace = 500,
    .on_revoke = true,
    .min_interval = 50};

#define T 1700000000

static struct store_crl
crl_at(int64_t this_update, int64_t next_update)
{
	return (struct store_crl){.id = 1,
	    .number = 1,
	    .this_update = this_update,
	    .next_update = next_update};
}

static void
test_by_interval(void **state)
{
	struct crl_order o = {.shard = STORE_CRL_COMPLETE, .schedule = &usual};
	struct store_crl_state s = {.now = T};

	(void)state;
	assert_true(crl_is_due(&o, &s)); /* there is none */
	s.full = crl_at(T - 999, T + 501);
	assert_false(crl_is_due(&o, &s));
	s.now++;
	assert_true(crl_is_due(&o, &s));
	s.now--;
	o.is_forced = true;
	assert_true(crl_is_due(&o, &s));
	/* a longer interval does not let the last one run out */
	o.is_forced = false;
	s.full = crl_at(T - 10, T + 500);
	assert_true(crl_is_due(&o, &s));
	s.full.next_update = T + 501;
	assert_false(crl_is_due(&o, &s));
}

static void
test_delta_by_interval(void **state)
{
	struct crl_order o = {.shard = STORE_CRL_COMPLETE,
	    .is_delta = true,
	    .is_forced = true,
	    .schedule = &usual};
	struct store_crl_state s = {.now = T};

	(void)state;
	assert_false(crl_is_due(&o, &s)); /* no base, whatever is asked */
	s.full = crl_at(T - 10, T + 1490);
	assert_true(crl_is_due(&o, &s));
	o.is_forced = false;
	assert_true(crl_is_due(&o, &s));
	s.delta = crl_at(T - 99, T + 101);
	assert_false(crl_is_due(&o, &s));
	s.now++;
	assert_true(crl_is_due(&o, &s));
	o.schedule = &no_delta;
	o.is_forced = true;
	assert_false(crl_is_due(&o, &s));
}

static void
test_after_revocation(void **state)
{
	struct crl_order full = {.shard = STORE_CRL_COMPLETE, .schedule = &no_delta};
	struct store_crl_state s = {.now = T, .is_changed = true, .is_settled = true};
	struct crl_schedule never = no_delta;

	(void)state;
	s.full = crl_at(T - 49, T + 1451);
	assert_false(crl_is_due(&full, &s)); /* not so often */
	s.now++;
	assert_true(crl_is_due(&full, &s));
	s.is_settled = false;
	assert_false(crl_is_due(&full, &s));
	s.now = T + 51; /* revocations without end */
	assert_true(crl_is_due(&full, &s));
	s.is_changed = false;
	assert_false(crl_is_due(&full, &s));
	s.is_changed = true;
	never.on_revoke = false;
	full.schedule = &never;
	assert_false(crl_is_due(&full, &s));
}

static void
test_revocation_makes_delta(void **state)
{
	struct crl_order full = {.shard = STORE_CRL_COMPLETE, .schedule = &usual}, delta = full,
			 shard = full;
	struct store_crl_state s = {.now = T, .is_changed = true, .is_settled = true};

	(void)state;
	delta.is_delta = true;
	shard.shard = 3;
	s.full = crl_at(T - 60, T + 1440);
	s.delta = crl_at(T - 60, T + 140);
	assert_false(crl_is_due(&full, &s));
	assert_true(crl_is_due(&delta, &s));
	memset(&s.delta, 0, sizeof(s.delta));
	assert_true(crl_is_due(&shard, &s)); /* shards have no deltas */
	s.delta = crl_at(T - 20, T + 180);
	assert_false(crl_is_due(&delta, &s));
}

/* --- URLs ------------------------------------------------------------------------------------- */

static char plain[] = "http://pki.test/crl/issuing.crl",
	    sharded[] = "http://pki.test/crl/issuing-s{shard}.crl",
	    ldap[] = "ldap://dir.test/cn=issuing?certificateRevocationList;binary";

static X509_EXTENSION *
cdp_extension(const struct ca *ca, int shard)
{
	struct gh_buf b;
	const unsigned char *p;
	X509_EXTENSION *e;

	gh_buf_init(&b, 65536);
	cdp_put_extension(&b, ca, shard);
	assert_int_equal(gh_buf_check(&b, NULL), 0);
	p = b.data;
	e = b.len > 0 ? d2i_X509_EXTENSION(NULL, &p, (long)b.len) : NULL;
	if (b.len > 0)
		assert_ptr_equal(p, b.data + b.len);
	gh_buf_free(&b);
	return e;
}

static void
check_point(const DIST_POINT *dp, const char *one, const char *two)
{
	const GENERAL_NAMES *names = dp->distpoint->name.fullname;
	const char *want[] = {one, two};

	assert_int_equal(sk_GENERAL_NAME_num(names), two != NULL ? 2 : 1);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const ASN1_STRING *s =
		    GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), NULL);

		assert_int_equal(ASN1_STRING_length(s), strlen(want[i]));
		assert_memory_equal(ASN1_STRING_get0_data(s), want[i], strlen(want[i]));
	}
}

static CRL_DIST_POINTS *
cdp_points(const struct ca *ca, int shard, int n)
{
	X509_EXTENSION *e = cdp_extension(ca, shard);
	CRL_DIST_POINTS *points = e != NULL ? X509V3_EXT_d2i(e) : NULL;

	assert_non_null(points);
	assert_int_equal(X509_EXTENSION_get_critical(e), 0);
	assert_int_equal(sk_DIST_POINT_num(points), n);
	X509_EXTENSION_free(e);
	return points;
}

static void
test_cdp_extension(void **state)
{
	char *both[] = {plain, sharded, ldap, NULL}, *only[] = {sharded, NULL}, *none[] = {NULL};
	struct ca ca = {.cdp_urls = both};
	CRL_DIST_POINTS *points = cdp_points(&ca, CDP_NO_SHARD, 1);

	(void)state;
	check_point(sk_DIST_POINT_value(points, 0), plain, ldap);
	CRL_DIST_POINTS_free(points);
	points = cdp_points(&ca, 12, 2);
	check_point(sk_DIST_POINT_value(points, 0), "http://pki.test/crl/issuing-s12.crl", NULL);
	check_point(sk_DIST_POINT_value(points, 1), plain, ldap);
	CRL_DIST_POINTS_free(points);
	ca.cdp_urls = only;
	points = cdp_points(&ca, 0, 1);
	check_point(sk_DIST_POINT_value(points, 0), "http://pki.test/crl/issuing-s0.crl", NULL);
	CRL_DIST_POINTS_free(points);
	assert_null(cdp_extension(&ca, CDP_NO_SHARD));
	ca.cdp_urls = none;
	assert_null(cdp_extension(&ca, 1));
	ca.cdp_urls = NULL;
	assert_null(cdp_extension(&ca, 1));
}

static void
test_delta_urls(void **state)
{
	char odd[] = "http://pki.test/{shard}/x.crl";
	char *urls[] = {plain, sharded, ldap, odd, NULL};
	struct ca ca = {.cdp_urls = urls};
	char **out = cdp_delta_urls(&ca);

	(void)state;
	assert_string_equal(out[0], "http://pki.test/crl/issuing-delta.crl");
	assert_string_equal(out[1], "http://pki.test/delta/x.crl");
	assert_null(out[2]); /* the second gave the same, LDAP has none */
	cdp_urls_free(out);
}

static void
test_shards(void **state)
{
	struct ca ca = {.crl_shards = 0};
	int seen[7] = {0};

	(void)state;
	assert_int_equal(cdp_shard(&ca, (const unsigned char *)"x", 1), CDP_NO_SHARD);
	ca.crl_shards = 7;
	for (int i = 0; i < 7000; i++) {
		int n = cdp_shard(&ca, (const unsigned char *)&i, sizeof(i));

		assert_in_range(n, 0, 6);
		assert_int_equal(n, cdp_shard(&ca, (const unsigned char *)&i, sizeof(i)));
		seen[n]++;
	}
	for (int n = 0; n < 7; n++)
		assert_in_range(seen[n], 850, 1150);
	/* SHA-256("abc") begins with ba7816bf */
	ca.crl_shards = 1000;
	assert_int_equal(cdp_shard(&ca, (const unsigned char *)"abc", 3), 0xba7816bfu % 1000);
}

static void
test_objects(void **state)
{
	char out[CRL_OBJECT_SIZE], name[] = "issuing";
	struct ca ca = {.name = name};

	(void)state;
	crl_object(&ca, STORE_CRL_COMPLETE, false, out);
	assert_string_equal(out, "issuing");
	crl_object(&ca, STORE_CRL_COMPLETE, true, out);
	assert_string_equal(out, "issuing delta");
	crl_object(&ca, 3, false, out);
	assert_string_equal(out, "issuing shard 3");
}

/* Who wants all of them takes those that there are; who wants the delta CRL alone is told. */
static void
test_wishes(void **state)
{
	static const struct {
		struct crl_wish wish;
		int delta_interval, rc;
	} rows[] = {
	    {{.complete = true, .delta = true}, 0, 0},
	    {{.complete = true}, 0, 0},
	    {{.delta = true, .is_forced = true}, 100, 0},
	    {{.delta = true, .is_forced = true}, 0, GH_E_CONF},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gh_conf conf = {.crl = {.delta_interval = rows[i].delta_interval}};
		struct crl_means m = {.conf = &conf};
		struct ca ca = {.name = (char[]){"issuing"}};
		struct gh_error err;
		int made;

		assert_int_equal(crl_wish_check(&rows[i].wish, &conf, &err), rows[i].rc);
		/* asked in any case, before the CA is looked at */
		assert_int_equal(crl_issue_all(&m, &ca, &rows[i].wish, &made, &err),
		    rows[i].rc != 0 ? rows[i].rc : GH_E_CA_UNAVAILABLE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_by_interval),
	    cmocka_unit_test(test_delta_by_interval),
	    cmocka_unit_test(test_after_revocation),
	    cmocka_unit_test(test_revocation_makes_delta),
	    cmocka_unit_test(test_cdp_extension),
	    cmocka_unit_test(test_delta_urls),
	    cmocka_unit_test(test_shards),
	    cmocka_unit_test(test_objects),
	    cmocka_unit_test(test_wishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
