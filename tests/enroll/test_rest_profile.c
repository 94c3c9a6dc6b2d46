/* Profiles over REST: who sees which, page by page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rest/rest_profile.h"

#include "fake.h"

static struct worker_env env;
static struct gh_http_request http;
static struct requester who;
static struct call call;
static struct call_parts parts;
static struct gh_http_reply rep;
static gh_json *answer;

static int
set_up(void **state)
{
	(void)state;
	fake_world_new(&env);
	fake_conf.rest.application = (char *)"app";
	who = fake_requester("alice");
	who.app_id = 0;
	parts = (struct call_parts){0};
	call = (struct call){.http = &http, .requester = &who, .parts = &parts};
	call.entry = fake_entry("alice");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	dir_entry_free(call.entry);
	gh_http_reply_clear(&rep);
	gh_json_free(answer);
	answer = NULL;
	fake_conf.rest.application = NULL;
	fake_world_free(&env);
	return 0;
}

static const gh_json *
take(int status)
{
	struct gh_error err;

	assert_int_equal(rep.status, status);
	gh_json_free(answer);
	answer = NULL;
	assert_int_equal(gh_json_parse((char *)rep.body, rep.body_len, GH_JSON_STRICT, &answer,
			     &err),
	    0);
	gh_http_reply_clear(&rep);
	return answer;
}

static const gh_json *
list(const char *query, int status)
{
	http.query = (char *)query;
	rest_profile_list(&env, &call, &rep);
	return take(status);
}

static const gh_json *
show(const char *name, int status)
{
	parts.n = 1;
	parts.part[0] = (struct call_part){.name = "profile}"};
	strcpy(parts.part[0].text, name);
	rest_profile_show(&env, &call, &rep);
	return take(status);
}

static void
assert_names(const gh_json *page, const char *want)
{
	char names[200] = "";

	for (size_t i = 0; i < gh_json_size(gh_json_get(page, "entries")); i++) {
		const gh_json *e = gh_json_at(gh_json_get(page, "entries"), i);

		strcat(strcat(names, gh_json_string(gh_json_get(e, "name"))), " ");
	}
	assert_string_equal(names, want);
}

/* Other: another application's. Gone: in the list of the application, but no template. Closed: not
 * for her. */
static void
list__those_that_the_caller_may_enroll_for(void **state)
{
	const gh_json *first;

	(void)state;
	assert_names(list("", 200), "Needs NoUpn Patient Slow Two User ");
	assert_null(gh_json_string(gh_json_get(answer, "next")));
	first = gh_json_at(gh_json_get(answer, "entries"), 0);
	assert_true(gh_json_bool(gh_json_get(first, "may_enroll"), false));
	assert_string_equal(gh_json_string(gh_json_get(first, "link")), "/pki/profile/Needs");
}

static void
list__who_has_a_role_sees_all(void **state)
{
	(void)state;
	dir_entry_free(call.entry);
	call.entry = NULL;
	assert_names(list("", 200), "");
	who.kind = REQUESTER_ADMIN;
	who.roles = REQUESTER_ROLE_OFFICER;
	assert_names(list("", 200), "Closed Needs NoUpn Patient Slow Two User ");
	assert_false(
	    gh_json_bool(gh_json_get(gh_json_at(gh_json_get(answer, "entries"), 5), "may_enroll"),
		true));
}

static void
list__pages_by_name(void **state)
{
	(void)state;
	assert_names(list("limit=2", 200), "Needs NoUpn ");
	assert_string_equal(gh_json_string(gh_json_get(answer, "next")), "NoUpn");
	assert_names(list("limit=2&after=NoUpn", 200), "Patient Slow ");
	assert_names(list("limit=2&after=two", 200), "User ");
	assert_null(gh_json_string(gh_json_get(answer, "next")));
	assert_names(list("limit=6", 200), "Needs NoUpn Patient Slow Two User ");
	assert_null(gh_json_string(gh_json_get(answer, "next")));
	assert_names(list("after=zz", 200), "");
}

static void
list__wrong_parameters(void **state)
{
	static const char *const wrong[] = {"limit=0", "limit=1001", "limit=x", "after=", "a=b",
	    "limit=1&limit=2", "after=%ff"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_string_equal(gh_json_string(gh_json_get(list(wrong[i], 422), "code")),
		    "validation");
}

static void
show__form(void **state)
{
	const gh_json *field;

	(void)state;
	show("needs", 200);
	assert_string_equal(gh_json_string(gh_json_get(answer, "ca")), "issuing");
	assert_non_null(gh_json_get(gh_json_get(gh_json_get(answer, "inputs"), "pkcs10"), "keys"));
	field = gh_json_get(gh_json_get(answer, "inputs"), "metadata");
	assert_true(gh_json_bool(gh_json_get(field, "required"), false));
	field = gh_json_at(gh_json_get(field, "fields"), 0);
	assert_string_equal(gh_json_string(gh_json_get(field, "name")), "Dept");
	assert_string_equal(gh_json_string(gh_json_get(field, "type")), "String");
	assert_true(gh_json_bool(gh_json_get(field, "required"), false));
	assert_non_null(gh_json_get(gh_json_get(answer, "outputs"), "certificate"));
	show("User", 200);
	field = gh_json_get(gh_json_get(answer, "inputs"), "metadata");
	assert_false(gh_json_bool(gh_json_get(field, "required"), true));
}

static void
show__archival(void **state)
{
	const gh_json *inputs, *a;

	(void)state;
	inputs = gh_json_get(show("User", 200), "inputs");
	assert_null(gh_json_get(inputs, "archival"));
	assert_string_equal(gh_json_string(gh_json_get(gh_json_get(inputs, "crmf"), "in_place_of")),
	    "pkcs10");
	a = gh_json_get(gh_json_get(show("Patient", 200), "inputs"), "archival");
	assert_true(gh_json_bool(gh_json_get(a, "required"), false));
	assert_string_equal(gh_json_string(gh_json_get(a, "recovery_policy")), "hr");
	assert_string_equal(gh_json_string(gh_json_get(a, "transport")),
	    "/pki/config/kra/cert/transport");
}

static void
show__nothing_tells_whether_it_exists(void **state)
{
	static const char *const hidden[] = {"Closed", "Other", "Gone", "Nothing"};

	(void)state;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		assert_string_equal(gh_json_string(gh_json_get(show(hidden[i], 404), "message")),
		    "There is no profile of this name for you.");
}

static void
door__application_sent_or_configured(void **state)
{
	(void)state;
	call.app = catalog_find_app_id(env.catalog, 8);
	assert_names(list("", 200), "Other Ruled ");
	call.app = NULL;
	fake_conf.rest.application = (char *)"APP";
	show("User", 200);
	fake_conf.rest.application = (char *)"";
	show("User", 403);
	list("", 403);
	fake_conf.rest.application = (char *)"disabled";
	list("", 403);
	fake_conf.rest.application = (char *)"nobody's";
	list("", 403);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(list__those_that_the_caller_may_enroll_for, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(list__who_has_a_role_sees_all, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(list__pages_by_name, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(list__wrong_parameters, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(show__form, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(show__archival, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(show__nothing_tells_whether_it_exists, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(door__application_sent_or_configured, set_up,
		tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
