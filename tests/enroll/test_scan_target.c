/* Lists of targets: what each line means, and what is refused, so that nothing is scanned that
 * nobody wrote. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scan/scan_target.h"

/* "host port start sni" of each, joined with "|". */
static void
expect(const char *text, const char *wanted)
{
	struct scan_targets t;
	struct gh_error err;
	char found[1000] = "";
	size_t n = 0;

	assert_int_equal(scan_targets_read(text, &t, &err), 0);
	for (size_t i = 0; i < t.n; i++)
		n += (size_t)snprintf(found + n, sizeof(found) - n, "%s%s %d %s %s",
		    i > 0 ? "|" : "", t.v[i].host, t.v[i].port, scan_start_name(t.v[i].start),
		    t.v[i].sni);
	assert_string_equal(found, wanted);
	scan_targets_clear(&t);
}

static void
refuse(const char *text, const char *says)
{
	struct scan_targets t;
	struct gh_error err;

	assert_int_equal(scan_targets_read(text, &t, &err), GH_E_CONF);
	assert_non_null(strstr(err.message, says));
	scan_targets_clear(&t);
}

static void
targets__lines(void **state)
{
	(void)state;
	expect("", "");
	expect("# nothing\n\n   \n\t# more\n", "");
	expect("www.example.com\n", "www.example.com 443 tls www.example.com");
	expect("mail.example.com starttls=smtp\r\nb:993",
	    "mail.example.com 25 smtp mail.example.com|b 993 tls b");
	expect("192.0.2.7:8443 sni=shop.example.com # x", "192.0.2.7 8443 tls shop.example.com");
	expect("192.0.2.7", "192.0.2.7 443 tls ");
	expect("2001:db8::1", "2001:db8::1 443 tls ");
	expect("[2001:DB8:0::1]:636 ", "2001:db8::1 636 tls ");
	expect("[2001:db8::1] starttls=ldap", "2001:db8::1 389 ldap ");
	expect("d starttls=postgres sni=e", "d 5432 postgres e");
	expect("i starttls=imap", "i 143 imap i");
}

static void
targets__networks(void **state)
{
	struct scan_targets t;
	struct gh_error err;

	(void)state;
	expect("192.0.2.8/30:25 starttls=smtp",
	    "192.0.2.8 25 smtp |192.0.2.9 25 smtp |192.0.2.10 25 smtp |192.0.2.11 25 smtp ");
	expect("192.0.2.8/32", "192.0.2.8 443 tls ");
	expect("[2001:db8::ff00/127]:1", "2001:db8::ff00 1 tls |2001:db8::ff01 1 tls ");
	assert_int_equal(scan_targets_read("10.0.0.0/20", &t, &err), 0);
	assert_int_equal(t.n, 4096);
	assert_string_equal(t.v[4095].host, "10.0.15.255");
	scan_targets_clear(&t);
	refuse("10.0.0.0/19", "more than 4096");
	refuse("2001:db8::/64", "more than 4096");
	refuse("10.0.0.1/24", "not the first address");
	refuse("10.0.0.0/0", "no network");
	refuse("10.0.0.0/33", "no network");
	refuse("10.0.0/24", "no network");
	refuse("example.com/24", "no network");
	refuse("10.0.0.0/", "no network");
}

static void
targets__too_many(void **state)
{
	char text[26 * 14 + 1] = "";

	(void)state;
	for (int i = 0; i < 26; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "10.%d.0.0/20\n", i);
	refuse(text, "line 25: there are more than 100000");
}

static void
targets__wrong_lines(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {{"a:0", "HOST"}, {"a:65536", "HOST"}, {"a:", "HOST"}, {"a:-1", "HOST"},
	    {"a:1x", "HOST"}, {"[::1", "HOST"}, {"[::1]x", "HOST"}, {"-a", "neither"},
	    {".a", "neither"}, {"a;b", "neither"}, {"a b", "starttls"}, {"a starttls=", "starttls"},
	    {"a starttls=tls", "starttls"}, {"a sni=", "starttls"}, {"a sni=b/c", "starttls"},
	    {"1:2:3:g", "neither"}, {"a\nb\nc:x\n", "line 3"}, {"\x80", "neither"},
	    {":443", "neither"}};
	char longest[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refuse(rows[i].text, rows[i].says);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	refuse(longest, "too long");
	longest[254] = '\0';
	refuse(longest, "neither");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(targets__lines),
	    cmocka_unit_test(targets__networks),
	    cmocka_unit_test(targets__too_many),
	    cmocka_unit_test(targets__wrong_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
