/* Whose packages are whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "package/package_audience.h"
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
test_X006_device_by_key_or_by_a_subject_of_a_label(void **state)
{
	static const char *const of_others[] = {"device:CN=router-7", "device:phones/CN=router-7",
	    "device:router/CN=router-7", "device:routers2/CN=router-7", "device:/CN=router-7",
	    "device:routers/CN=router-77", "device:routers/", "device:routers",
	    "user:routers/CN=router-7", "device:CN=routers/CN=router-7"};
	struct requester d = requester(REQUESTER_DEVICE, "CN=router-7", "0a1b"), maker = d;

	(void)state;
	snprintf(d.cert_label, sizeof(d.cert_label), "routers");
	d.has_own_cert = true;
	assert_true(package_is_for("device:0A1B", &d, NULL));
	assert_true(package_is_for("device:routers/CN=router-7", &d, NULL));
	assert_true(package_is_for("device:Routers/cn=Router-7", &d, NULL));
	for (size_t i = 0; i < sizeof(of_others) / sizeof(of_others[0]); i++)
		assert_false(package_is_for(of_others[i], &d, NULL));
	/* a manufacturer's certificate came by no label of ours, nor did one of old */
	assert_true(package_is_for("device:0a1b", &maker, NULL));
	assert_false(package_is_for("device:routers/CN=router-7", &maker, NULL));
	maker.has_own_cert = true;
	assert_false(package_is_for("device:routers/CN=router-7", &maker, NULL));
	assert_false(package_is_for("device:/CN=router-7", &maker, NULL));
	assert_true(package_is_for("all", NULL, NULL));
	assert_false(package_is_for("group:Routers", &d, NULL));
}

static void
test_X006_subjects_of_nobody(void **state)
{
	struct requester d = requester(REQUESTER_DEVICE, "(no subject)", "0a1b");

	(void)state;
	snprintf(d.cert_label, sizeof(d.cert_label), "routers");
	d.has_own_cert = true;
	assert_false(package_is_for("device:routers/(no subject)", &d, NULL));
}

static void
test_audiences(void **state)
{
	static const char hex[] =
	    "0123456789abcdef0123456789abcdef0123456789ABCDEF0123456789abcdef";
	static const char *const good[] = {"all", "group:a", "user:EXAMPLE\\alice", "est-user:12",
	    "device:routers/CN=router-7,O=Example", "device:a.b:c@d_e-f/CN=a/b"};
	static const char *const bad[] = {"", "everybody",
	    "group:", "device:", "device:CN=router-7", "device:CN=a/b", "device:/CN=a",
	    "device:routers/", "device:routers/a", "device:0A1B", "device:routers"};
	char text[80];
	struct gh_error err;

	(void)state;
	snprintf(text, sizeof(text), "device:%s", hex);
	assert_int_equal(package_audience_check(text, &err), 0);
	assert_false(package_audience_is_unbound(text));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(package_audience_check(good[i], &err), 0);
		assert_false(package_audience_is_unbound(good[i]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(package_audience_check(bad[i], &err), GH_E_BAD_REQUEST);
	assert_true(package_audience_is_unbound("device:CN=router-7"));
	assert_true(package_audience_is_unbound("device:CN=a/b"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_number_of_an_est_user_is_no_name),
	    cmocka_unit_test(test_X006_device_by_key_or_by_a_subject_of_a_label),
	    cmocka_unit_test(test_X006_subjects_of_nobody),
	    cmocka_unit_test(test_audiences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
