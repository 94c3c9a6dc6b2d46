/* What a front door lets its callers ask for: templates and the CA. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "catalog/profile.h"

static unsigned char key[1];
static struct ca root = {.id = 1,
    .name = (char *)"root",
    .sealed = key,
    .state = CA_ACTIVE,
    .chain = {.n = 1}};
static struct ca first = {.id = 2,
    .name = (char *)"first",
    .sealed = key,
    .state = CA_ACTIVE,
    .chain = {.n = 2}};
static struct ca second = {.id = 3,
    .name = (char *)"second",
    .sealed = key,
    .state = CA_ACTIVE,
    .chain = {.n = 2}};
static struct ca stopped = {.id = 4,
    .name = (char *)"stopped",
    .sealed = key,
    .state = CA_DISABLED,
    .chain = {.n = 2}};
static struct ca away = {.id = 5, .name = (char *)"away", .state = CA_ACTIVE, .chain = {.n = 2}};

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

/* The sets are sorted by name, as ca_set_load leaves them. */
static void
profile__which_ca_signs(void **state)
{
	static struct ca *both[] = {&first, &root, &second},
			 *one[] = {&away, &first, &root, &stopped}, *roots[] = {&root},
			 *others[] = {&away, &root, &stopped};
	static const struct {
		struct enroll_profile p;
		struct ca_set cas;
		int64_t id; /* 0: refused */
	} rows[] = {
	    {{.ca_name = (char *)"second"}, {.ca = both, .n = 3}, 3},
	    {{.ca_name = (char *)"SECOND"}, {.ca = both, .n = 3}, 3},
	    {{.ca_name = (char *)"root"}, {.ca = both, .n = 3}, 1},
	    {{.ca_name = (char *)"stopped"}, {.ca = one, .n = 4}, 4}, /* its state is asked later */
	    {{.ca_name = (char *)"secon"}, {.ca = both, .n = 3}, 0},
	    {{.ca_name = (char *)"first"}, {.ca = NULL}, 0},
	    {{.ca_name = NULL}, {.ca = one, .n = 4}, 0},
	    {{.ca_rule = PROFILE_CA_ONLY_ISSUING}, {.ca = one, .n = 4}, 2},
	    {{.ca_rule = PROFILE_CA_ONLY_ISSUING}, {.ca = both, .n = 3}, 0},
	    {{.ca_rule = PROFILE_CA_ONLY_ISSUING}, {.ca = roots, .n = 1}, 0},
	    {{.ca_rule = PROFILE_CA_ONLY_ISSUING}, {.ca = others, .n = 3}, 0},
	    {{.ca_rule = PROFILE_CA_ONLY_ISSUING}, {.ca = NULL}, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct ca *ca = &root;
		struct gh_error err;
		int rc = enroll_profile_find_ca(&rows[i].p, &rows[i].cas, &ca, &err);

		assert_int_equal(rc, rows[i].id != 0 ? 0 : GH_E_CA_UNAVAILABLE);
		assert_int_equal(ca != NULL ? ca->id : 0, rows[i].id);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(profile__which_templates_it_has),
	    cmocka_unit_test(profile__which_ca_signs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
