/* What is an address of e-mail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail_address.h"

#define L64 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"
#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static void
address__good_and_bad(void **state)
{
	static const char *const good[] = {"a@b", "alice@example.test",
	    "alice.b+tag@sub.example.test", "a!#$%&'*+-/=?^_`{|}~z@x.y", "\"a b\"@x",
	    "\"a@b\\\"c\"@x", "a@1.2", "a@xn--bcher-kva.example",
	    "a@b\xc3\xbc"
	    "cher.example",
	    "A@B-C.D", L64 "@x", "a@" L63 ".x"};
	static const char *const bad[] = {"", "a", "@", "a@", "@b", "a b@c", "a@b c", "a@b@c",
	    ".a@b", "a.@b", "a..b@c", "a@.b", "a@b.", "a@b..c", "a@-b", "a@b-", "a@[1.2.3.4]",
	    "<a@b>", "a@b>", "A <a@b>", "a@b,c@d", "a@b\r\nRCPT TO:<c@d>", "a\n@b", "a@b\n",
	    "a\x7f@b", "\"a\n\"@b", "\"a\"b\"@c", "\"a\\\"@b", "\"@b", "a\xc3\xbc@b", "a@b\xc3",
	    "a@b\xc2\xad.c", "a@b_c",
	    "a@b\xe3\x80\x82"
	    "c",
	    "a@\xe2\x80\x8b"
	    "b",
	    "a@\xc2\x85", "a@\xef\xbc\xa1", L64 "x@x", "a@x" L63 ".x",
	    "a@" L63 "." L63 "." L63 "." L63};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!gh_mail_address_is_valid(good[i]))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (gh_mail_address_is_valid(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

static void
address__domain(void **state)
{
	(void)state;
	assert_string_equal(gh_mail_address_domain("\"a@b\"@c.d"), "c.d");
	assert_string_equal(gh_mail_address_domain("a"), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(address__good_and_bad),
	    cmocka_unit_test(address__domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
