/* What a front door lets its callers ask for: templates. Which CA: test_ca_choice.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "catalog/profile.h"

static void
profile__which_templates_it_has(void **state)
{
	static char *list[] = {(char *)"User", (char *)"Web Server", NULL}, *none[] = {NULL};
	static const struct {
		struct enroll_profile p;
		const char *name;
		bool has;
	} rows[] = {
	    {{.templates = list}, "User", true},
	    {{.templates = list}, "WEB server", true},
	    {{.templates = list}, "Use", false},
	    {{.templates = list}, "Users", false},
	    {{.templates = list}, "", false},
	    {{.templates = none}, "User", false},
	    {{.templates = NULL}, "User", false},
	    {{.has_all_templates = true}, "User", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(enroll_profile_has_template(&rows[i].p, rows[i].name),
		    rows[i].has);
	assert_true(enroll_profile_has_template(&enroll_profile_all, "User"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(profile__which_templates_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
