/* Domains of mail addresses: case, names beyond ASCII, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mail_domain.h"

static bool
is_of(const char *mail, const char *domain)
{
	bool is_below = *domain == '.', is_so;
	struct gh_buf b;

	gh_buf_init(&b, 4096);
	if (is_below)
		gh_buf_putc(&b, '.');
	assert_int_equal(gh_domain_prep(domain + is_below, &b, NULL), 0);
	is_so = gh_mail_is_of_domain(mail, (const char *)b.data);
	gh_buf_free(&b);
	return is_so;
}

static void
mail__is_of_a_domain(void **state)
{
	static const struct {
		const char *mail, *domain;
		bool is_so;
	} rows[] = {
	    {"alice@corp.example", "corp.example", true},
	    {"Alice@CORP.Example", "corp.example", true},
	    {"alice@corp.example", "CORP.EXAMPLE.", true},
	    {"alice@corp.example.", "corp.example", true},
	    {"alice@a.corp.example", "corp.example", false},
	    {"alice@corp.example", ".corp.example", false},
	    {"alice@a.corp.example", ".corp.example", true},
	    {"alice@a.b.corp.example", ".Corp.Example", true},
	    {"alice@evilcorp.example", ".corp.example", false},
	    {"alice@evilcorp.example", "corp.example", false},
	    {"alice@corp.example.evil", "corp.example", false},
	    {"alice@corp.example@evil", "corp.example", false},
	    {"\"a@corp.example\"@evil", "corp.example", false},
	    {"@corp.example", "corp.example", false},
	    {"corp.example", "corp.example", false},
	    {"alice@", "corp.example", false},
	    {"alice@corp..example", "corp.example", false},
	    {"alice@m\xc3\xbcnchen.example", "xn--mnchen-3ya.example", true},
	    {"alice@XN--MNCHEN-3YA.example", "M\xc3\x9cNCHEN.example", true},
	    {"alice@mu\xcc\x88nchen.example", "xn--mnchen-3ya.example", true},
	    {"alice@xn--mnchen-3ya.example", "munchen.example", false},
	    {"alice@xn--80ak6aa92e.com", "apple.com", false}, /* Cyrillic */
	    {"alice@xn--fiqs8s", "\xe4\xb8\xad\xe5\x9b\xbd", true},
	    /* a fullwidth stop makes no second label */
	    {"alice@evil\xef\xbc\x8e"
	     "corp.example",
		".corp.example", false},
	    {"alice@evil\xef\xbc\x8e"
	     "corp.example",
		"evil.corp.example", false},
	    {"alice@xn--abc-.example", "abc.example", false},
	    {"alice@xn--.example", "corp.example", false},
	    {"alice@xn--99999999.example", "corp.example", false},
	    {"alice@\xff.example", "corp.example", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_of(rows[i].mail, rows[i].domain) != rows[i].is_so)
			fail_msg("%s, %s: not %d", rows[i].mail, rows[i].domain, rows[i].is_so);
}

static void
domain__that_is_none(void **state)
{
	static const char *const wrong[] = {"", ".", ".a", "a..b", "a b.example", "a@b.example",
	    "xn--.example", "xn--abc-", "\xef\xbc\x8e", "a.\xe2\x80\x8b"};
	char longest[GH_DOMAIN_MAX + 2];
	struct gh_buf b;

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	gh_buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (gh_domain_prep(wrong[i], &b, NULL) != GH_E_SUBJECT)
			fail_msg("taken: \"%s\"", wrong[i]);
	assert_int_equal(gh_domain_prep(longest, &b, NULL), GH_E_SUBJECT);
	longest[GH_DOMAIN_MAX] = '\0';
	assert_int_equal(gh_domain_prep(longest, &b, NULL), 0);
	gh_buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mail__is_of_a_domain),
	    cmocka_unit_test(domain__that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
