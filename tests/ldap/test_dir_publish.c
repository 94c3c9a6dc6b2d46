/* DNs of the entries that CRLs are published in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dir_publish.h"

static void
expect(const char *pattern, const char *name, const char *want)
{
	char out[128];

	assert_int_equal(dir_publish_dn(pattern, name, out, sizeof(out)), 0);
	assert_string_equal(out, want);
}

static void
test_dn(void **state)
{
	(void)state;
	expect("cn=%s,ou=pki,dc=x", "issuing", "cn=issuing,ou=pki,dc=x");
	expect("cn=%s,ou=%s", "a", "cn=a,ou=a");
	expect("cn=crls,dc=x", "a", "cn=crls,dc=x");
	expect("cn=%s,dc=x", "a,b+c=\"d\"<e>;\\", "cn=a\\,b\\+c\\=\\\"d\\\"\\<e\\>\\;\\\\,dc=x");
	expect("cn=%s,dc=x", " a ", "cn=\\ a\\ ,dc=x");
	expect("cn=%s,dc=x", "#1", "cn=\\#1,dc=x");
	expect("cn=%sss,dc=s", "a", "cn=ass,dc=s");
}

static void
test_refused(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(dir_publish_dn("cn=%d", "a", out, sizeof(out)), -1);
	assert_int_equal(dir_publish_dn("cn=100%", "a", out, sizeof(out)), -1);
	assert_int_equal(dir_publish_dn("cn=%s", "0123456789", out, sizeof(out)), 0);
	assert_int_equal(dir_publish_dn("cn=%s", "0123456789ab", out, sizeof(out)), -1);
	assert_int_equal(dir_publish_dn("0123456789abcde", "a", out, sizeof(out)), 0);
	assert_int_equal(dir_publish_dn("0123456789abcdef", "a", out, sizeof(out)), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_dn),
	    cmocka_unit_test(test_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
