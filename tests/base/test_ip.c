/* Addresses and networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ip.h"

static void
parse__both_families(void **state)
{
	static const unsigned char none[GH_IP_SIZE];
	unsigned char a[GH_IP_SIZE], b[GH_IP_SIZE];

	(void)state;
	assert_true(gh_ip_parse("10.0.0.1", a));
	assert_true(gh_ip_parse("::ffff:10.0.0.1", b));
	assert_memory_equal(a, b, sizeof(a));
	assert_true(gh_ip_parse("2001:db8::1", a));
	assert_false(gh_ip_parse("10.0.0", a) || gh_ip_parse("", a) ||
	    gh_ip_parse("localhost", a) || gh_ip_parse(" ::1", a));
	assert_memory_equal(a, none, sizeof(a));
}

static void
list__what_is_one(void **state)
{
	static const char *const good[] = {"", " ", "10.0.0.1", " 10.0.0.1\t::1 ", "0.0.0.0/0",
	    "::/0", "10.0.0.0/32", "::1/128"};
	static const char *const bad[] = {"a", "10.0.0.1,10.0.0.2", "10.0.0.0/33", "::1/129",
	    "::1/", "::1/x", "::1/-1", "::1/1/1", "10.0.0.0/0008", "10.0.0.1 b",
	    "1111111111111111111111111111111111111111111111111111111111111111111111"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(gh_ip_list_is_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(gh_ip_list_is_valid(bad[i]));
}

static void
list__who_is_in(void **state)
{
	static const struct {
		const char *list, *ip;
		bool is_in;
	} cases[] = {
	    {"10.0.0.1", "10.0.0.1", true},
	    {"10.0.0.1", "10.0.0.2", false},
	    {"", "10.0.0.1", false},
	    {"::1 10.0.0.0/9", "10.127.0.1", true},
	    {"::1 10.0.0.0/9", "10.128.0.1", false},
	    {"0.0.0.0/0", "1.2.3.4", true},
	    {"0.0.0.0/0", "::1", false},
	    {"2001:db8::/33", "2001:db8:7fff::1", true},
	    {"2001:db8::/33", "2001:db8:8000::1", false},
	    {"10.0.0.1/31", "10.0.0.0", true},
	};
	unsigned char ip[GH_IP_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(gh_ip_parse(cases[i].ip, ip));
		assert_int_equal(gh_ip_list_has(cases[i].list, ip), cases[i].is_in);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parse__both_families),
	    cmocka_unit_test(list__what_is_one),
	    cmocka_unit_test(list__who_is_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
