/* Where an entry lies, by the parts of its name and not by its text. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "entry_dn.h"

static bool
is_under(const char *text, const char *base_text)
{
	struct dir_dn *dn = dir_dn_parse(text), *base = dir_dn_parse(base_text);
	bool is;

	assert_non_null(dn);
	assert_non_null(base);
	is = dir_dn_is_under(dn, base);
	dir_dn_free(dn);
	dir_dn_free(base);
	return is;
}

static void
dn__lies_under_its_base(void **state)
{
	(void)state;
	assert_true(is_under("cn=a,ou=groups,dc=x", "ou=groups,dc=x"));
	assert_true(is_under("cn=a,ou=b,OU=Groups, DC=X", "ou=groups,dc=x"));
	assert_true(is_under("cn=a\\,ou=groups,dc=x", "dc=x"));
}

static void
dn__lies_elsewhere(void **state)
{
	(void)state;
	assert_false(is_under("ou=groups,dc=x", "ou=groups,dc=x"));
	assert_false(is_under("cn=a,ou=people,dc=x", "ou=groups,dc=x"));
	assert_false(is_under("dc=x", "ou=groups,dc=x"));
	/* the text ends alike, the name does not */
	assert_false(is_under("cn=a\\,ou=groups,dc=x", "ou=groups,dc=x"));
	assert_false(is_under("cn=a,zou=groups,dc=x", "ou=groups,dc=x"));
}

static void
dn__names_its_domain(void **state)
{
	char out[16];

	(void)state;
	assert_true(dir_dn_domain("ou=a,DC=corp,dc=example", out, sizeof(out)));
	assert_string_equal(out, "corp.example");
	assert_true(dir_dn_domain("dc=test", out, sizeof(out)));
	assert_string_equal(out, "test");
	assert_false(dir_dn_domain("dc=a,o=company", out, sizeof(out)));
	assert_false(dir_dn_domain("o=company", out, sizeof(out)));
	assert_false(dir_dn_domain("", out, sizeof(out)));
	assert_false(dir_dn_domain("dc=corporation,dc=example", out, sizeof(out)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dn__lies_under_its_base),
	    cmocka_unit_test(dn__lies_elsewhere),
	    cmocka_unit_test(dn__names_its_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
