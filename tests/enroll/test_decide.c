/* What the pipeline makes of names that no rule allows, and of a validity that is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/app.h"
#include "encoding.h"
#include "timestamp.h"

#include "decide.h"
#include "fake.h"

static struct worker_env env;
static struct enroll_request req;
static struct enrollment e;
static char ca_name[] = "issuing", profile_name[] = "test";
static const struct enroll_profile profile = {.name = profile_name,
    .ca_by = PROFILE_CA_NAMED,
    .ca_name = ca_name,
    .has_all_templates = true};

static int
set_up(void **state)
{
	char *csr = fake_csr_base64();
	unsigned char *der;
	size_t len;

	(void)state;
	fake_world_new(&env);
	req = (struct enroll_request){.protocol = ENROLL_CERTENROLL_V3, .submitted = gh_now()};
	req.requester = fake_requester("alice");
	assert_int_equal(gh_base64_decode(csr, strlen(csr), &der, &len, NULL), 0);
	assert_int_equal(ca_pkcs10_parse(der, len, &req.csr, NULL), 0);
	free(der);
	free(csr);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	enrollment_clear(&e);
	enroll_request_clear(&req);
	fake_world_free(&env);
	return 0;
}

static void
begin(const char *template_name)
{
	free(req.template_name);
	req.template_name = strdup(template_name);
	enrollment_clear(&e);
	e = (struct enrollment){.req = &req, .profile = &profile};
}

static int
decide(const char *template_name)
{
	begin(template_name);
	enroll_decide(&env, &e);
	return e.rc;
}

static void
names__wait_and_are_told(void **state)
{
	struct enrollment *one = &e;

	(void)state;
	assert_int_equal(decide("Ruled"), 0);
	assert_int_equal(e.out.disposition, DB_DISP_PENDING);
	assert_string_equal(e.out.message,
	    "Taken Under Submission: no rule allows dns:bank.example");
	assert_true(e.names_need_approval);
	assert_null(e.spec);
	enroll_sign(&env, &one, 1);
	enroll_record(&env, &one, 1);
	assert_int_equal(fake_ca.signed_certs, 0);
	assert_int_equal(decide("User"), 0);
	assert_false(e.names_need_approval);
}

static void
names__that_do_not_fit_are_cut_between_characters(void **state)
{
	(void)state;
	assert_int_equal(decide("Verbose"), 0);
	assert_int_equal(e.out.disposition, DB_DISP_PENDING);
	assert_true(strlen(e.out.message) < sizeof(e.out.message));
	assert_string_equal(e.out.message + strlen(e.out.message) - 3, "...");
}

static void
names__that_nobody_can_be_asked_about_are_denied(void **state)
{
	(void)state;
	begin("Ruled");
	e.cannot_wait = true;
	enroll_decide(&env, &e);
	assert_int_equal(e.rc, GH_E_DENIED);
	assert_non_null(strstr(e.err.message, "dns:bank.example"));
}

/* Not even a right one of the CA; and the trail says why it waits. */
static void
names__are_not_for_a_password_to_lift(void **state)
{
	struct enrollment *one = &e;

	(void)state;
	begin("Ruled");
	e.has_password = true;
	e.detail = "approved by a password";
	enroll_decide(&env, &e);
	assert_int_equal(e.out.disposition, DB_DISP_PENDING);
	enroll_record(&env, &one, 1);
	assert_int_equal(e.rc, 0);
	assert_non_null(strstr(fake_row(1)->detail, "no rule allows dns:bank.example"));
}

static void
names__are_the_officers_when_he_approved(void **state)
{
	(void)state;
	begin("Ruled");
	e.is_approved = true;
	enroll_decide(&env, &e);
	assert_int_equal(e.rc, 0);
	assert_non_null(e.spec);
	assert_string_equal(e.unruled_names, "dns:bank.example");
	assert_false(e.names_need_approval);
}

static void
validity__is_compared_with_the_ca(void **state)
{
	struct ca *ca;

	(void)state;
	req.validity = 5 * 86400; /* the CA ends in ten days */
	assert_int_equal(decide("User"), 0);
	req.validity = 11 * 86400;
	assert_int_equal(decide("User"), GH_E_VALIDATION);
	assert_non_null(strstr(e.err.message, "validity_days: CA issuing allows "));
	assert_null(e.spec);
	ca = (struct ca *)(uintptr_t)ca_set_find(&env.catalog->cas, "issuing");
	gh_json_free(ca->policy);
	ca->policy = gh_json_new_object();
	assert_int_equal(gh_json_set_int(ca->policy, "max_validity_days", 3), 0);
	req.validity = 3 * 86400;
	assert_int_equal(decide("User"), 0);
	req.validity++;
	assert_int_equal(decide("User"), GH_E_VALIDATION);
	assert_non_null(strstr(e.err.message, "allows 3 days at most"));
	req.validity = 0;
	assert_int_equal(decide("User"), 0);
}

/* A door that does not record the password's mark gets nothing, neither signed nor waiting. */
static void
one_time_password__is_counted_by_each_door(void **state)
{
	struct enrollment *all[] = {&e};

	(void)state;
	req.requester.is_one_time = true;
	memset(req.requester.one_time, 7, sizeof(req.requester.one_time));
	assert_int_equal(decide("User"), 0);
	assert_non_null(e.spec);
	enroll_sign(&env, all, 1);
	assert_int_equal(e.rc, GH_E_FORBIDDEN);
	assert_null(e.spec);
	req.has_replay_mark = true; /* of something else */
	begin("User");
	enroll_sign(&env, all, 1);
	assert_int_equal(e.rc, GH_E_FORBIDDEN);
	memset(req.replay_mark, 7, sizeof(req.replay_mark));
	begin("User");
	enroll_sign(&env, all, 1);
	assert_int_equal(e.rc, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(names__wait_and_are_told, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(names__that_do_not_fit_are_cut_between_characters,
		set_up, tear_down),
	    cmocka_unit_test_setup_teardown(names__that_nobody_can_be_asked_about_are_denied,
		set_up, tear_down),
	    cmocka_unit_test_setup_teardown(names__are_not_for_a_password_to_lift, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(names__are_the_officers_when_he_approved, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(one_time_password__is_counted_by_each_door, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(validity__is_compared_with_the_ca, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
