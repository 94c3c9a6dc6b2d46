/* Who is kept from trying when he has failed too often. */
#include "kore-app/auth_case.h"

/* ---- rate limit ---- */
/* However the name is spelled: the directory says that it is one account. But nowhere else. */
static void
limit__blocks_a_user_where_he_fails(void **state)
{
	static const char *const wrong[] = {"alice:x", "CORP\\alice:x", "alice@mail.test:x"};

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = wrong[i]),
		    GH_E_AUTH_FAILED);
	assert_int_equal(fake.binds, 3);
	assert_int_equal(fake.audits, 3);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alias@example.test:secret"),
	    GH_E_RATE_LIMITED);
	assert_in_range(err.retry_after, 290, 300);
	assert_string_equal(result.requester.dn, "");
	/* another user of this address, and this user from another one, are not touched */
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "dave:secret"),
	    GH_E_ACCOUNT_DISABLED);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret",
			     .address = "192.0.2.4"),
	    0);
	assert_int_equal(fake.binds, 5);
}

static void
limit__slows_a_user_down_whom_many_addresses_try(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret",
			     .address = "192.0.2.200"),
	    0);
	for (int i = 0; i < 15; i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%d", i + 10);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "Alice:wrong",
				     .address = address),
		    GH_E_AUTH_FAILED);
	}
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret",
			     .address = "192.0.2.99"),
	    GH_E_RATE_LIMITED);
	/* one attempt each window / failures, not a lock-out */
	assert_in_range(err.retry_after, 90, 100);
	/* and where he has been before, nothing is slow */
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret",
			     .address = "192.0.2.200"),
	    0);
}

static void
fail_many_users(int n)
{
	for (int i = 0; i < n; i++) {
		char user[32];

		snprintf(user, sizeof(user), "u%d:x", i);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = user), GH_E_AUTH_FAILED);
	}
}

static void
limit__blocks_an_address_for_any_user(void **state)
{
	(void)state;
	fail_many_users(15);
	for (int i = 0; i < 20; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"),
		    GH_E_RATE_LIMITED);
	assert_in_range(err.retry_after, 290, 300);
	assert_int_equal(fake.audits, 15);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret",
			     .address = "192.0.2.2"),
	    0);
}

static void
limit__spares_known_users_of_an_address(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	fail_many_users(15);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "dave:secret"), GH_E_RATE_LIMITED);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "ALICE:secret"), 0);
	/* which is no way to guess on */
	for (int i = 0; i < 3; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:wrong"),
		    GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), GH_E_RATE_LIMITED);
}

/* Nor is it one to try keys and signatures, or to fill the audit trail. */
static void
limit__does_not_spare_wrong_keys_and_signatures(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	fail_many_users(15);
	for (int i = 0; i < 3; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key1", .signature = C1_SHA1,
				     .user = "alice:wrong"),
		    GH_E_SIGNATURE);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(CHECK(APP_USER, .key = "key1", .signature = C1_SHA1,
				     .user = "alice:wrong"),
		    GH_E_RATE_LIMITED);
		assert_int_equal(CHECK(APP_USER, .key = "guess", .user = "alice:wrong"),
		    GH_E_RATE_LIMITED);
	}
	assert_int_equal(fake.audits, 18);
}

/* A disabled application has all its clients refused, and a disabled account its owner: no address
 * is blocked for it. */
static void
limit__what_we_switched_off_is_no_guess(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++) {
		assert_int_equal(CHECK(APP_USER, .key = "key4", .user = "alice:secret"),
		    GH_E_APP_KEY);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "dave:secret"),
		    GH_E_ACCOUNT_DISABLED);
	}
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	/* it is told a bounded number of times */
	assert_int_equal(fake.audits, 6);
}

static void
limit__a_success_forgets_the_users_failures(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < 2; k++)
			assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:wrong"),
			    GH_E_AUTH_FAILED);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	}
}

static void
limit__counts_wrong_keys_and_signatures_of_an_address(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(CHECK(AUTH_APP, .key = "guess"), GH_E_APP_KEY);
		assert_int_equal(CHECK(AUTH_APP, .key = "key1", .signature = C1_SHA1),
		    GH_E_SIGNATURE);
		assert_int_equal(CHECK(AUTH_APP, .key = "key1"), GH_E_SIGNATURE);
	}
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .signature = EMPTY_SHA1),
	    GH_E_RATE_LIMITED);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .signature = EMPTY_SHA1,
			     .address = "192.0.2.2"),
	    0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(limit__blocks_a_user_where_he_fails),
	    T(limit__slows_a_user_down_whom_many_addresses_try),
	    T(limit__blocks_an_address_for_any_user),
	    T(limit__a_success_forgets_the_users_failures),
	    T(limit__counts_wrong_keys_and_signatures_of_an_address),
	    T(limit__spares_known_users_of_an_address),
	    T(limit__does_not_spare_wrong_keys_and_signatures),
	    T(limit__what_we_switched_off_is_no_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
