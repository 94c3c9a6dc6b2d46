/* The limiter, with time handed in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "auth_limit.h"

#define FAILURES 3
#define WINDOW 100

static struct auth_limiter *l;

static int
set_up(void **state)
{
	(void)state;
	return auth_limiter_new(FAILURES, WINDOW, &l, NULL);
}

static int
tear_down(void **state)
{
	(void)state;
	auth_limiter_free(l);
	return 0;
}

static int
wait_user(const char *name, int64_t now)
{
	return auth_limiter_wait(l, AUTH_LIMIT_USER, name, now);
}

static int
wait_address(const char *a, int64_t now)
{
	return auth_limiter_wait(l, AUTH_LIMIT_ADDRESS, a, now);
}

static void
fail_times(enum auth_limit_kind kind, const char *key, int n, int64_t now)
{
	while (n-- > 0)
		(void)auth_limiter_fail(l, kind, key, now);
}

static void
limiter__blocks_from_the_last_allowed_failure_to_the_end_of_the_window(void **state)
{
	(void)state;
	assert_int_equal(wait_user("alice", 1000), 0);
	assert_int_equal(auth_limiter_fail(l, AUTH_LIMIT_USER, "alice", 1000), 0);
	assert_int_equal(auth_limiter_fail(l, AUTH_LIMIT_USER, "alice", 1010), 0);
	assert_int_equal(wait_user("alice", 1020), 0);
	assert_int_equal(auth_limiter_fail(l, AUTH_LIMIT_USER, "alice", 1020), 80);
	assert_int_equal(wait_user("alice", 1020), 80);
	assert_int_equal(wait_user("ALICE", 1099), 1);
	assert_int_equal(wait_user("alice", 1100), 0);
	assert_int_equal(wait_user("bob", 1020), 0);
}

static void
limiter__tells_of_the_block_once(void **state)
{
	(void)state;
	fail_times(AUTH_LIMIT_USER, "alice", 2, 0);
	assert_int_equal(auth_limiter_fail(l, AUTH_LIMIT_USER, "alice", 1), 99);
	assert_int_equal(auth_limiter_fail(l, AUTH_LIMIT_USER, "alice", 2), 0);
	assert_int_equal(wait_user("alice", 2), 98);
}

static void
limiter__starts_anew_after_the_window(void **state)
{
	(void)state;
	fail_times(AUTH_LIMIT_USER, "alice", 2, 0);
	fail_times(AUTH_LIMIT_USER, "alice", 2, 100);
	assert_int_equal(wait_user("alice", 100), 0);
	fail_times(AUTH_LIMIT_USER, "alice", 1, 150);
	assert_int_equal(wait_user("alice", 150), 50);
}

static void
limiter__users_and_addresses_are_apart(void **state)
{
	(void)state;
	fail_times(AUTH_LIMIT_USER, "192.0.2.1", 3, 0);
	assert_int_equal(wait_address("192.0.2.1", 0), 0);
	fail_times(AUTH_LIMIT_ADDRESS, "192.0.2.1", 3, 0);
	assert_int_equal(wait_address("192.0.2.1", 0), 100);
	assert_int_equal(wait_address("192.0.2.2", 0), 0);
}

static void
limiter__an_ipv6_host_is_its_64(void **state)
{
	(void)state;
	fail_times(AUTH_LIMIT_ADDRESS, "2001:db8:0:1::1", 2, 0);
	fail_times(AUTH_LIMIT_ADDRESS, "2001:db8:0:1:ffff:ffff:ffff:ffff", 1, 0);
	assert_int_equal(wait_address("2001:db8:0:1:1234::", 0), 100);
	assert_int_equal(wait_address("2001:db8:0:2::1", 0), 0);
	fail_times(AUTH_LIMIT_ADDRESS, "::ffff:192.0.2.1", 3, 0);
	assert_int_equal(wait_address("192.0.2.1", 0), 100);
	assert_int_equal(wait_address("::ffff:192.0.2.2", 0), 0);
}

static void
limiter__forgets_on_success(void **state)
{
	(void)state;
	fail_times(AUTH_LIMIT_USER, "alice", 3, 0);
	auth_limiter_forget(l, AUTH_LIMIT_USER, "Alice");
	assert_int_equal(wait_user("alice", 0), 0);
}

/* A hundred thousand names: the table does not grow, strangers are not blocked, and fresh blocks hold while the
 * old ones go. */
static void
limiter__a_flood_blocks_nobody_else(void **state)
{
	char name[32];
	int blocked = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "flood%d", i);
		fail_times(AUTH_LIMIT_USER, name, 1, i / 10000);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "stranger%d", i);
		blocked += wait_user(name, 10) > 0;
	}
	assert_int_equal(blocked, 0);
	fail_times(AUTH_LIMIT_USER, "alice", 3, 10);
	assert_int_equal(wait_user("alice", 10), 100);
}

static void
limiter__null_limits_nothing(void **state)
{
	(void)state;
	assert_int_equal(auth_limiter_fail(NULL, AUTH_LIMIT_USER, "a", 0), 0);
	assert_int_equal(auth_limiter_wait(NULL, AUTH_LIMIT_USER, "a", 0), 0);
	auth_limiter_forget(NULL, AUTH_LIMIT_USER, "a");
	auth_limiter_free(NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static void
limiter__counts_for_all_workers(void **state)
{
	(void)state;
	for (int i = 0; i < FAILURES; i++) {
		pid_t worker;

		assert_int_equal(wait_user("alice", 1001), 0);
		if ((worker = fork()) == 0) {
			auth_limiter_fail(l, AUTH_LIMIT_USER, "alice", 1000);
			_exit(0);
		}
		assert_int_equal(waitpid(worker, NULL, 0), worker);
	}
	assert_true(wait_user("alice", 1001) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(limiter__blocks_from_the_last_allowed_failure_to_the_end_of_the_window),
		T(limiter__tells_of_the_block_once), T(limiter__starts_anew_after_the_window),
		T(limiter__users_and_addresses_are_apart), T(limiter__an_ipv6_host_is_its_64),
		T(limiter__forgets_on_success), T(limiter__a_flood_blocks_nobody_else),
		T(limiter__null_limits_nothing), T(limiter__counts_for_all_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
