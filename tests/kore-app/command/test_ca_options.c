/* Options of a CA become the values of ca-backend/authority. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ca/ca_options.h"

static struct gh_error err;

static void
ca_options__what_is_not_given_stays(void **state)
{
	const struct ca_policy_options o = CA_POLICY_OPTIONS_INIT;
	const struct ca_url_options u = CA_URL_OPTIONS_INIT;
	struct ca_policy_change policy;
	struct ca_urls_change urls = ca_url_options_read(&u);

	(void)state;
	assert_int_equal(ca_policy_options_read(&o, &policy, &err), 0);
	assert_false(ca_policy_is_changed(&policy));
	assert_false(ca_urls_is_changed(&urls));
}

static void
ca_options__any_is_a_list_without_elements(void **state)
{
	struct ca_policy_options o = {.max_validity = 90,
	    .keys = {{"ANY"}, 1},
	    .ekus = {{"clientAuth", "any"}, 2},
	    .no_approval = true};
	struct ca_policy_change c;

	(void)state;
	assert_int_equal(ca_policy_options_read(&o, &c, &err), 0);
	assert_int_equal(c.max_validity, 90);
	assert_int_equal(c.approval, 0);
	assert_non_null(c.keys);
	assert_null(c.keys[0]);
	assert_string_equal(c.ekus[1], "any"); /* beside others it is a name, and refused */
	assert_null(c.ekus[2]);
	assert_null(c.extensions);
	o.approval = true;
	assert_int_equal(ca_policy_options_read(&o, &c, &err), GH_E_CONF);
}

static void
ca_options__names_go_to_their_form(void **state)
{
	const struct ca_name_options o = {.permitted = {.dns = {{"corp.test"}, 1},
					      .dn = {{"O=Corp"}, 1}},
	    .excluded = {.email = {{"x.test"}, 1}, .ip = {{"10.0.0.0/8"}, 1}}};
	struct ca_name_constraints c = ca_name_options_read(&o);

	(void)state;
	assert_string_equal(c.permitted.dns[0], "corp.test");
	assert_string_equal(c.permitted.dn[0], "O=Corp");
	assert_string_equal(c.excluded.email[0], "x.test");
	assert_string_equal(c.excluded.ip[0], "10.0.0.0/8");
	assert_null(c.permitted.email);
	assert_null(c.excluded.dns);
}

/* An error that names nothing would end in "(null)". */
static void
ca_options__each_setting_has_its_word(void **state)
{
	const char *const *word = (const char *const *)(const void *)&ca_option_words;

	(void)state;
	for (size_t i = 0; i < sizeof(ca_option_words) / sizeof(*word); i++)
		assert_true(word[i] != NULL && strncmp(word[i], "--", 2) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ca_options__what_is_not_given_stays),
	    cmocka_unit_test(ca_options__any_is_a_list_without_elements),
	    cmocka_unit_test(ca_options__names_go_to_their_form),
	    cmocka_unit_test(ca_options__each_setting_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
