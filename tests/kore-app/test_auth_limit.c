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

#include "auth/auth_limit.h"

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

#define HERE "192.0.2.1"
#define ANYWHERE (FAILURES * AUTH_LIMIT_FACTOR)
#define STEP (WINDOW / FAILURES)

static int
wait_user(const char *name, int64_t now)
{
	return auth_limiter_wait_user(l, name, HERE, now);
}

static void
fail_user(const char *name, int n, int64_t now)
{
	while (n-- > 0)
		(void)auth_limiter_fail_user(l, name, HERE, now);
}

static void
fail_address(const char *address, int n, int64_t now)
{
	while (n-- > 0)
		(void)auth_limiter_fail_address(l, address, now);
}

static void
limiter__blocks_from_the_last_allowed_failure_to_the_end_of_the_window(void **state)
{
	(void)state;
	assert_int_equal(wait_user("alice", 1000), 0);
	assert_int_equal(auth_limiter_fail_user(l, "alice", HERE, 1000), 0);
	assert_int_equal(auth_limiter_fail_user(l, "alice", HERE, 1010), 0);
	assert_int_equal(wait_user("alice", 1020), 0);
	assert_int_equal(auth_limiter_fail_user(l, "alice", HERE, 1020), 80);
	assert_int_equal(wait_user("alice", 1020), 80);
	assert_int_equal(wait_user("ALICE", 1099), 1);
	assert_int_equal(wait_user("alice", 1100), 0);
	assert_int_equal(wait_user("bob", 1020), 0);
	assert_int_equal(auth_limiter_wait_user(l, "alice", "192.0.2.2", 1020), 0);
}

static void
limiter__tells_of_the_block_once(void **state)
{
	(void)state;
	fail_user("alice", 2, 0);
	assert_int_equal(auth_limiter_fail_user(l, "alice", HERE, 1), 99);
	assert_int_equal(auth_limiter_fail_user(l, "alice", HERE, 2), 0);
	assert_int_equal(wait_user("alice", 2), 98);
}

static void
limiter__starts_anew_after_the_window(void **state)
{
	(void)state;
	fail_user("alice", 2, 0);
	fail_user("alice", 2, 100);
	assert_int_equal(wait_user("alice", 100), 0);
	fail_user("alice", 1, 150);
	assert_int_equal(wait_user("alice", 150), 50);
}

/* From many addresses: slow, as long as it goes on, and nothing of it where he was before. */
static void
limiter__slows_a_user_down(void **state)
{
	int64_t now = 50;

	(void)state;
	auth_limiter_succeed(l, "alice", "198.51.100.7", 0);
	for (int i = 0; i < ANYWHERE; i++) {
		char address[32];

		assert_int_equal(auth_limiter_wait_user(l, "alice", "203.0.113.1", now), 0);
		snprintf(address, sizeof(address), "192.0.2.%d", i + 10);
		assert_int_equal(auth_limiter_fail_user(l, "alice", address, now),
		    i == ANYWHERE - 1 ? STEP : 0);
	}
	for (int i = 0; i < 20; i++) {
		assert_int_equal(auth_limiter_wait_user(l, "alice", "203.0.113.1", now), STEP);
		assert_int_equal(auth_limiter_wait_user(l, "alice", "203.0.113.1", now + STEP), 0);
		assert_int_equal(auth_limiter_wait_user(l, "alice", "198.51.100.7", now), 0);
		now += STEP;
		(void)auth_limiter_fail_user(l, "alice", "203.0.113.2", now);
	}
	assert_int_equal(auth_limiter_wait_user(l, "alice", "203.0.113.1", now), STEP);
	now += WINDOW;
	(void)auth_limiter_fail_user(l, "alice", "203.0.113.3", now);
	assert_int_equal(auth_limiter_wait_user(l, "alice", "203.0.113.1", now), 0);
}

static void
limiter__users_and_addresses_are_apart(void **state)
{
	(void)state;
	fail_user(HERE, ANYWHERE, 0);
	assert_int_equal(auth_limiter_wait_address(l, HERE, 0), 0);
	fail_address(HERE, ANYWHERE - 1, 0);
	assert_int_equal(auth_limiter_wait_address(l, HERE, 0), 0);
	assert_int_equal(auth_limiter_fail_address(l, HERE, 0), 100);
	assert_int_equal(auth_limiter_wait_address(l, HERE, 0), 100);
	assert_int_equal(auth_limiter_wait_address(l, "192.0.2.2", 0), 0);
}

static void
limiter__an_ipv6_host_is_its_64(void **state)
{
	(void)state;
	fail_address("2001:db8:0:1::1", ANYWHERE - 1, 0);
	fail_address("2001:db8:0:1:ffff:ffff:ffff:ffff", 1, 0);
	assert_int_equal(auth_limiter_wait_address(l, "2001:db8:0:1:1234::", 0), 100);
	assert_int_equal(auth_limiter_wait_address(l, "2001:db8:0:2::1", 0), 0);
	fail_address("::ffff:192.0.2.1", ANYWHERE, 0);
	assert_int_equal(auth_limiter_wait_address(l, HERE, 0), 100);
	assert_int_equal(auth_limiter_wait_address(l, "::ffff:192.0.2.2", 0), 0);
}

static void
limiter__forgets_on_success(void **state)
{
	(void)state;
	fail_user("alice", 3, 0);
	assert_false(auth_limiter_is_good(l, "alice", HERE, 0));
	auth_limiter_succeed(l, "Alice", HERE, 0);
	assert_int_equal(wait_user("alice", 0), 0);
	assert_true(auth_limiter_is_good(l, "alice", HERE, AUTH_LIMIT_GOOD_SECONDS - 1));
	assert_false(auth_limiter_is_good(l, "alice", HERE, AUTH_LIMIT_GOOD_SECONDS));
	assert_false(auth_limiter_is_good(l, "alice", "192.0.2.2", 0));
	assert_false(auth_limiter_is_good(l, "bob", HERE, 0));
}

/* A hundred thousand names: the table does not grow, strangers are not blocked, and fresh blocks
 * hold while the old ones go. */
static void
limiter__a_flood_blocks_nobody_else(void **state)
{
	char name[32];
	int blocked = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "flood%d", i);
		fail_user(name, 1, i / 10000);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "stranger%d", i);
		blocked += wait_user(name, 10) > 0;
	}
	assert_int_equal(blocked, 0);
	fail_user("alice", 3, 10);
	assert_int_equal(wait_user("alice", 10), 100);
}

static void
limiter__audits_a_bounded_number(void **state)
{
	int told = 0;

	(void)state;
	for (int i = 0; i < 50; i++)
		told += auth_limiter_may_audit(l, "app", HERE, i);
	assert_int_equal(told, FAILURES);
	assert_true(auth_limiter_may_audit(l, "app", HERE, WINDOW));
	assert_true(auth_limiter_may_audit(l, "other", HERE, 0));
}

static void
limiter__lists_and_clears(void **state)
{
	struct auth_limit_row row[8];

	(void)state;
	fail_user("CORP\\Alice", 3, 0);
	(void)auth_limiter_fail_user(l, "bob", "192.0.2.9", 0);
	fail_address(HERE, 2, 0);
	/* alice and bob from there, from anywhere, and the address */
	assert_int_equal(auth_limiter_list(l, 10, row, 8), 5);
	assert_string_equal(row[0].user, "corp\\alice");
	assert_string_equal(row[0].address, HERE);
	assert_int_equal(row[0].failures, 3);
	assert_int_equal(row[0].wait, 90);
	assert_int_equal(row[1].wait, 0);
	assert_int_equal(auth_limiter_list(l, 10, row, 1), 5);
	assert_string_equal(row[0].user, "corp\\alice");
	assert_int_equal(auth_limiter_list(l, 200, row, 8), 0);
	assert_int_equal(auth_limiter_clear(l, "carol", NULL), 0);
	assert_int_equal(auth_limiter_clear(l, "alice", "192.0.2.9"), 0);
	assert_int_equal(auth_limiter_clear(l, "ALICE", NULL), 2);
	assert_int_equal(wait_user("corp\\alice", 10), 0);
	assert_int_equal(auth_limiter_clear(l, NULL, HERE), 1);
	assert_int_equal(auth_limiter_clear(l, NULL, NULL), 2);
	assert_int_equal(auth_limiter_list(l, 10, row, 8), 0);
}

static void
limiter__null_limits_nothing(void **state)
{
	(void)state;
	assert_int_equal(auth_limiter_fail_user(NULL, "a", HERE, 0), 0);
	assert_int_equal(auth_limiter_fail_address(NULL, HERE, 0), 0);
	assert_int_equal(auth_limiter_wait_user(NULL, "a", HERE, 0), 0);
	assert_int_equal(auth_limiter_wait_address(NULL, HERE, 0), 0);
	assert_true(auth_limiter_may_audit(NULL, "a", HERE, 0));
	assert_int_equal(auth_limiter_clear(NULL, NULL, NULL), 0);
	auth_limiter_succeed(NULL, "a", HERE, 0);
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
			(void)auth_limiter_fail_user(l, "alice", HERE, 1000);
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
	    T(limiter__tells_of_the_block_once),
	    T(limiter__starts_anew_after_the_window),
	    T(limiter__slows_a_user_down),
	    T(limiter__users_and_addresses_are_apart),
	    T(limiter__an_ipv6_host_is_its_64),
	    T(limiter__forgets_on_success),
	    T(limiter__a_flood_blocks_nobody_else),
	    T(limiter__audits_a_bounded_number),
	    T(limiter__lists_and_clears),
	    T(limiter__null_limits_nothing),
	    T(limiter__counts_for_all_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
