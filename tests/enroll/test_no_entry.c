/* Requesters without an entry in the directory: which way in lets them through, and that nobody
 * else's entry is taken for theirs. What templates give them is in tests/templates/policy. */
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

#include "fake.h"
#include "submit.h"

#define APP 7

static struct worker_env env;
static struct enroll_outcome out;
static struct gh_error err;

static int
set_up(void **state)
{
	(void)state;
	fake_world_new(&env);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	enroll_outcome_clear(&out);
	fake_world_free(&env);
	return 0;
}

/* Of the application. */
static struct enroll_profile *
profile(void)
{
	for (size_t i = 0; i < env.catalog->apps; i++)
		if (env.catalog->app[i]->id == APP)
			return &env.catalog->app[i]->profile;
	fail_msg("no application %d", APP);
	return NULL;
}

/* *out: the answer; the request is row 1. */
static int
submit(const char *name, bool has_entry, const char *template_name)
{
	struct enroll_request req = {.protocol = ENROLL_CERTENROLL_V3, .submitted = gh_now()};
	char *csr = fake_csr_base64();
	unsigned char *der;
	size_t len;
	int rc;

	req.requester = fake_requester(name);
	if (!has_entry)
		req.requester.dn[0] = '\0';
	req.template_name = strdup(template_name);
	assert_int_equal(gh_base64_decode(csr, strlen(csr), &der, &len, NULL), 0);
	assert_int_equal(ca_pkcs10_parse(der, len, &req.csr, &err), 0);
	free(der);
	free(csr);
	rc = submit_one(&env, profile(), &req, &out, &err);
	enroll_request_clear(&req);
	return rc;
}

static int
approve(void)
{
	struct requester who = fake_requester("officer");

	who.roles = REQUESTER_ROLE_OFFICER;
	enroll_outcome_clear(&out);
	return enroll_approve(&env, &who, &(struct enroll_verdict){.id = 1}, &out, &err);
}

static void
no_entry__where_it_is_asked_for(void **state)
{
	static const struct {
		const char *name;
		bool admits, has_entry;
		int lookups, disposition;
	} rows[] = {
	    {"sensor1", false, false, 1, DB_DISP_DENIED}, /* nobody of that name */
	    {"sensor1", true, false, 0, DB_DISP_ISSUED},
	    {"alice", true, false, 0, DB_DISP_ISSUED}, /* a sensor that is called as a person */
	    {"alice", true, true, 1, DB_DISP_ISSUED}, {"alice", false, true, 1, DB_DISP_ISSUED},
	    {"sensor1", true, true, 1, DB_DISP_DENIED}, /* there was an entry, and there is none */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		profile()->admits_without_entry = rows[i].admits;
		fake_dir.lookups = 0;
		assert_int_equal(submit(rows[i].name, rows[i].has_entry, "User"), 0);
		assert_int_equal(out.disposition, rows[i].disposition);
		assert_int_equal(fake_dir.lookups, rows[i].lookups);
		enroll_outcome_clear(&out);
	}
}

static void
no_entry__of_a_disabled_account_is_no_way_in(void **state)
{
	(void)state;
	profile()->admits_without_entry = true;
	fake_dir.alice_is_disabled = true;
	assert_int_equal(submit("alice", true, "User"), GH_E_ACCOUNT_DISABLED);
	assert_int_equal(fake_ca.signed_certs, 0);
}

static void
no_entry__the_template_may_refuse(void **state)
{
	(void)state;
	profile()->admits_without_entry = true;
	assert_int_equal(submit("sensor1", false, "Closed"), 0);
	assert_int_equal(out.disposition, DB_DISP_DENIED);
	enroll_outcome_clear(&out);
	assert_int_equal(submit("sensor1", false, "NoUpn"), 0);
	assert_int_equal(out.disposition, DB_DISP_DENIED);
	assert_int_equal(fake_ca.signed_certs, 0);
}

/* Also of one that is called as a person is: the person's entry is not asked for. */
static void
no_entry__approval(void **state)
{
	(void)state;
	profile()->admits_without_entry = true;
	assert_int_equal(submit("alice", false, "Slow"), 0);
	assert_int_equal(out.disposition, DB_DISP_PENDING);
	fake_dir.alice_is_disabled = true;
	assert_int_equal(approve(), 0);
	assert_int_equal(out.disposition, DB_DISP_ISSUED);
	assert_int_equal(fake_dir.lookups, 0);
}

static void
no_entry__approval_asks_the_profile_as_it_is_now(void **state)
{
	(void)state;
	profile()->admits_without_entry = true;
	assert_int_equal(submit("sensor1", false, "Slow"), 0);
	assert_int_equal(out.disposition, DB_DISP_PENDING);
	profile()->admits_without_entry = false;
	assert_int_equal(approve(), 0);
	assert_int_equal(out.disposition, DB_DISP_DENIED);
	assert_int_equal(fake_ca.signed_certs, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(no_entry__where_it_is_asked_for, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(no_entry__of_a_disabled_account_is_no_way_in, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(no_entry__the_template_may_refuse, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(no_entry__approval, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(no_entry__approval_asks_the_profile_as_it_is_now,
		set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
