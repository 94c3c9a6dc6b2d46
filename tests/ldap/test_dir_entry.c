/* Entries as values: attributes, reference counts, group membership, account state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "account.h"
#include "dir_entry.h"

#define NOW INT64_C(1800000000)

static void
entry__gives_first_value_as_text(void **state)
{
	struct dir_entry *e = dir_entry_new();

	(void)state;
	assert_non_null(e);
	assert_null(dir_entry_text(e, DIR_MAIL));
	assert_int_equal(dir_entry_add(e, DIR_MAIL, "a@b", 3), 0);
	assert_int_equal(dir_entry_add(e, DIR_MAIL, "c@d", 3), 0);
	assert_string_equal(dir_entry_text(e, DIR_MAIL), "a@b");
	assert_int_equal(e->attr[DIR_MAIL].n, 2);
	assert_int_equal(dir_entry_add(e, DIR_CN, "", 0), 0);
	assert_null(dir_entry_text(e, DIR_CN));
	assert_int_equal(dir_entry_add(e, DIR_UPN, "alice\0@evil", 11), 0);
	assert_null(dir_entry_text(e, DIR_UPN));
	assert_null(dir_entry_text(NULL, DIR_UPN));
	assert_null(dir_entry_text(e, DIR_ATTR_COUNT));
	dir_entry_free(e);
	dir_entry_free(NULL);
}

static void
entry__lives_until_the_last_reference(void **state)
{
	struct dir_entry *e = dir_entry_new();

	(void)state;
	assert_int_equal(dir_entry_add(e, DIR_CN, "x", 1), 0);
	assert_ptr_equal(dir_entry_ref(e), e);
	dir_entry_free(e);
	assert_string_equal(dir_entry_text(e, DIR_CN), "x");
	dir_entry_free(e);
	assert_null(dir_entry_ref(NULL));
}

static void
attr__has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int a = 0; a < DIR_ATTR_COUNT; a++) {
		assert_non_null(dir_attr_name((enum dir_attr)a));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(dir_attr_name((enum dir_attr)a),
			    dir_attr_name((enum dir_attr)b));
	}
	assert_null(dir_attr_name(DIR_ATTR_COUNT));
}

static void
entry__knows_its_groups(void **state)
{
	static const char *const in[] = {"*", "ops, all", "OPS, ALL", "S-1-5-32-544",
	    "s-1-5-32-544", "staff", "cn=ops\\, all,ou=Groups,dc=example,dc=test",
	    "CN=Ops\\2C All, OU=groups, DC=example, DC=test", "cn=J\xc3\xbcrgen,dc=test",
	    "cn=J\\C3\\BCrgen,dc=test", "ou=x+cn=y,dc=test", "CN=Y+OU=X,dc=test"};
	static const char *const out[] = {"", "ops", "S-1-5-32-54", "S-1-5-32-5440",
	    "cn=ops,ou=groups,dc=example,dc=test", "ou=groups,dc=example,dc=test",
	    "cn=ops\\, all,ou=groups,dc=example", "cn=a,cn=ops\\, all,ou=groups,dc=example,dc=test",
	    "cn=y,dc=test", "ou=x+cn=y+sn=z,dc=test", "=", "cn=", "dc=", ",", "**", "cn=#0401"};
	struct dir_entry *e = dir_entry_new();

	(void)state;
	assert_int_equal(dir_entry_add_group(e, "cn=Ops\\, all,ou=groups,dc=example,dc=test",
			     "Ops, all", NULL),
	    0);
	assert_int_equal(dir_entry_add_group(e, NULL, NULL, "S-1-5-32-544"), 0);
	assert_int_equal(dir_entry_add_group(e, "cn=other,dc=test", "Staff", "S-1-5-21-1-2-3-4"),
	    0);
	assert_int_equal(dir_entry_add_group(e, "cn=J\xc3\xbcrgen,dc=test", NULL, NULL), 0);
	assert_int_equal(dir_entry_add_group(e, "ou=x+cn=y,dc=test", NULL, NULL), 0);
	for (size_t i = 0; i < sizeof in / sizeof in[0]; i++)
		if (!dir_entry_is_member(e, in[i]))
			fail_msg("not in %s", in[i]);
	for (size_t i = 0; i < sizeof out / sizeof out[0]; i++)
		if (dir_entry_is_member(e, out[i]))
			fail_msg("in %s", out[i]);
	assert_false(dir_entry_is_member(e, NULL));
	assert_false(dir_entry_is_member(NULL, "*"));
	dir_entry_free(e);
}

static bool
is_disabled(enum dir_attr a, const char *value)
{
	struct dir_entry *e = dir_entry_new();
	bool yes;

	assert_int_equal(dir_entry_add(e, a, value, strlen(value)), 0);
	yes = dir_account_is_disabled(e, NOW);
	dir_entry_free(e);
	return yes;
}

static void
account__reads_control_and_expiry(void **state)
{
	struct dir_entry *e = dir_entry_new();
	char then[32];

	(void)state;
	assert_false(dir_account_is_disabled(e, NOW));
	dir_entry_free(e);
	assert_false(is_disabled(DIR_ACCOUNT_CONTROL, "512"));
	assert_false(is_disabled(DIR_ACCOUNT_CONTROL, "4096"));
	assert_true(is_disabled(DIR_ACCOUNT_CONTROL, "514"));
	assert_true(is_disabled(DIR_ACCOUNT_CONTROL, "-1"));
	assert_true(is_disabled(DIR_ACCOUNT_CONTROL, "x")); /* unreadable is not open */
	assert_true(is_disabled(DIR_ACCOUNT_CONTROL, ""));

	assert_false(is_disabled(DIR_ACCOUNT_EXPIRES, "0"));
	assert_false(is_disabled(DIR_ACCOUNT_EXPIRES, "9223372036854775807"));
	snprintf(then, sizeof then, "%lld", (long long)(NOW + 11644473600 + 1) * 10000000);
	assert_false(is_disabled(DIR_ACCOUNT_EXPIRES, then));
	snprintf(then, sizeof then, "%lld", (long long)(NOW + 11644473600) * 10000000);
	assert_true(is_disabled(DIR_ACCOUNT_EXPIRES, then));
	assert_true(is_disabled(DIR_ACCOUNT_EXPIRES, "132223104000000000"));
	assert_true(is_disabled(DIR_ACCOUNT_EXPIRES, "99999999999999999999"));
	assert_true(is_disabled(DIR_ACCOUNT_EXPIRES, "never"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entry__gives_first_value_as_text),
	    cmocka_unit_test(entry__lives_until_the_last_reference),
	    cmocka_unit_test(attr__has_a_name_of_its_own),
	    cmocka_unit_test(entry__knows_its_groups),
	    cmocka_unit_test(account__reads_control_and_expiry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
