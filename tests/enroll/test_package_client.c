/* Whose packages are whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "package/package_client.h"

static struct requester
requester(enum requester_kind kind, const char *name, const char *id)
{
	struct requester r = {.kind = kind};

	snprintf(r.name, sizeof(r.name), "%s", name);
	snprintf(r.id, sizeof(r.id), "%s", id);
	return r;
}

/* Devices are called by numbers, and so are the rows of EST users. */
static void
test_number_of_an_est_user_is_no_name(void **state)
{
	const struct requester twelve = requester(REQUESTER_EST_USER, "12", "7"),
			       other = requester(REQUESTER_EST_USER, "meter-3", "12");

	(void)state;
	assert_true(package_is_for("est-user:12", &twelve, NULL));
	assert_false(package_is_for("est-user:12", &other, NULL));
	assert_true(package_is_for("est-user:Meter-3", &other, NULL));
	assert_false(package_is_for("user:meter-3", &other, NULL));
}

static void
test_device_by_key_or_by_a_subject_of_ours(void **state)
{
	struct requester d = requester(REQUESTER_DEVICE, "CN=router-7", "0a1b");

	(void)state;
	assert_true(package_is_for("device:0A1B", &d, NULL));
	assert_false(package_is_for("device:CN=router-7", &d, NULL));
	d.has_own_cert = true;
	assert_true(package_is_for("device:CN=router-7", &d, NULL));
	assert_true(package_is_for("all", NULL, NULL));
	assert_false(package_is_for("group:Routers", &d, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_number_of_an_est_user_is_no_name),
	    cmocka_unit_test(test_device_by_key_or_by_a_subject_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
