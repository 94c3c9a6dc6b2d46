/* Which addresses a webhook may call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "notify/peer_filter.h"

static struct sockaddr_storage
address_of(const char *text)
{
	struct sockaddr_storage s;
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	memset(&s, 0, sizeof(s));
	if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
		memcpy(&s, &in4, sizeof(in4));
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(&s, &in6, sizeof(in6));
	else
		fail_msg("%s", text);
	return s;
}

static bool
may_call(const char *text, const char *allow)
{
	struct sockaddr_storage s = address_of(text);

	return peer_filter_may_call((const struct sockaddr *)&s, allow);
}

static const char *const public[] = {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255",
    "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.0",
    "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
    "198.20.0.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "2001:4860:4860::8888",
    "2606:4700::1111", "2001:200::1", "3ffe::1", "::ffff:1.1.1.1"};

static const char *const special[] = {"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255",
    "100.64.0.1", "100.127.255.255", "100.100.100.200", "127.0.0.1", "127.255.255.255",
    "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::2", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::ffff:0.0.0.0", "::127.0.0.1", "64:ff9b::1.1.1.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1",
    "100::1", "2001::1", "2001:db8::1", "2001:10::1", "2001:20::1", "2002:0a00:0001::1",
    "2002:101:101::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
    "4000::1", "::ffff:0:127.0.0.1"};

static void
filter__public_and_special(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++)
		if (!may_call(public[i], ""))
			fail_msg("refused: %s", public[i]);
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (may_call(special[i], ""))
			fail_msg("permitted: %s", special[i]);
}

static void
filter__allow_list(void **state)
{
	(void)state;
	assert_true(may_call("10.1.2.3", "10.1.0.0/16"));
	assert_true(may_call("::ffff:10.1.2.3", "10.1.0.0/16"));
	assert_false(may_call("10.2.2.3", "10.1.0.0/16"));
	assert_true(may_call("fd00::1", "127.0.0.1 fd00::/8"));
	assert_false(may_call("::1", "127.0.0.1 fd00::/8"));
	assert_true(may_call("64:ff9b::1.1.1.1", "64:ff9b::/96"));
}

static void
filter__other_families(void **state)
{
	struct sockaddr s = {.sa_family = AF_UNIX};

	(void)state;
	assert_false(peer_filter_may_call(&s, "0.0.0.0/0 ::/0"));
	assert_false(peer_filter_is_loopback(&s));
}

static void
filter__loopback(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = {{"127.0.0.1", true}, {"127.9.9.9", true}, {"::1", true},
	    {"::ffff:127.0.0.1", true}, {"128.0.0.1", false}, {"::2", false}, {"10.0.0.1", false},
	    {"0.0.0.0", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sockaddr_storage s = address_of(rows[i].text);

		assert_int_equal(peer_filter_is_loopback((const struct sockaddr *)&s), rows[i].is);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(filter__public_and_special),
	    cmocka_unit_test(filter__allow_list),
	    cmocka_unit_test(filter__other_families),
	    cmocka_unit_test(filter__loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
