/* The bounded table behind the caches, and the watchdog. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache.h"
#include "timestamp.h"
#include "watchdog.h"

static int refs[16]; /* of item i */

static void *
ref(void *item)
{
	(*(int *)item)++;
	return item;
}

static void
unref(void *item)
{
	(*(int *)item)--;
}

static const struct dir_cache_type type = {ref, unref};

static void
cache__finds_what_was_put(void **state)
{
	struct dir_cache *c = dir_cache_new(&type, 8, 60);

	(void)state;
	memset(refs, 0, sizeof refs);
	assert_null(dir_cache_get(c, "a"));
	dir_cache_put(c, "a", &refs[0]);
	dir_cache_put(c, "b", &refs[1]);
	assert_ptr_equal(dir_cache_get(c, "a"), &refs[0]);
	assert_int_equal(refs[0], 2);
	unref(&refs[0]);
	assert_null(dir_cache_get(c, "A"));
	dir_cache_put(c, "a", &refs[2]); /* replaces */
	assert_int_equal(refs[0], 0);
	assert_ptr_equal(dir_cache_get(c, "a"), &refs[2]);
	unref(&refs[2]);
	dir_cache_drop(c, "a");
	dir_cache_drop(c, "never there");
	assert_null(dir_cache_get(c, "a"));
	assert_int_equal(refs[2], 0);
	dir_cache_free(c);
	assert_int_equal(refs[1], 0);
	dir_cache_free(NULL);
}

static void
cache__makes_room_for_the_newest(void **state)
{
	struct dir_cache *c = dir_cache_new(&type, 4, 60);
	char key[2] = "a";

	(void)state;
	memset(refs, 0, sizeof refs);
	for (int i = 0; i < 10; i++) {
		key[0] = (char)('a' + i);
		dir_cache_put(c, key, &refs[i]);
	}
	for (int i = 0; i < 10; i++)
		assert_int_equal(refs[i], i < 6 ? 0 : 1);
	assert_null(dir_cache_get(c, "f"));
	assert_ptr_equal(dir_cache_get(c, "g"), &refs[6]);
	unref(&refs[6]);
	dir_cache_free(c);
	for (int i = 0; i < 10; i++)
		assert_int_equal(refs[i], 0);
}

static void
cache__expires(void **state)
{
	struct dir_cache *c = dir_cache_new(&type, 4, 1), *off = dir_cache_new(&type, 4, 0);
	int64_t started = gh_now_us();

	(void)state;
	memset(refs, 0, sizeof refs);
	dir_cache_put(c, "a", &refs[0]);
	dir_cache_put(off, "a", &refs[1]);
	assert_null(dir_cache_get(off, "a"));
	assert_int_equal(refs[1], 0);
	while (dir_cache_get(c, "a") != NULL) {
		unref(&refs[0]);
		if (gh_now_us() - started > 60000000)
			fail_msg("does not expire");
		usleep(10000);
	}
	assert_true(gh_now_us() - started >= 1000000);
	assert_int_equal(refs[0], 0);
	dir_cache_free(c);
	dir_cache_free(off);
}

/* --- watchdog --------------------------------------------------------------------------------- */

static void
watchdog__ends_a_read_at_the_deadline(void **state)
{
	struct dir_watchdog *dog = dir_watchdog_new();
	struct dir_watch w;
	int64_t started;
	int fds[2];
	char c;

	(void)state;
	assert_non_null(dog);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	dir_watch_add(dog, &w);
	dir_watch_arm(&w, 100);
	assert_int_equal(dir_watch_socket(&w, fds[0]), 0);
	started = gh_now_us();
	assert_int_equal(read(fds[0], &c, 1), 0);
	assert_true(gh_now_us() - started >= 90000);
	assert_false(dir_watch_disarm(&w));
	dir_watch_remove(&w);
	close(fds[0]);
	close(fds[1]);
	dir_watchdog_free(dog);
}

static void
watchdog__leaves_in_time_operations_alone(void **state)
{
	struct dir_watchdog *dog = dir_watchdog_new();
	struct dir_watch late, w;
	int fds[2];
	char c;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	dir_watch_add(dog, &w);
	dir_watch_add(dog, &late);
	dir_watch_arm(&w, 60000);
	assert_int_equal(dir_watch_socket(&w, fds[0]), 0);
	dir_watch_arm(&late, 1);
	/* by the time the other one is late, the thread has looked at both */
	while (true) {
		usleep(2000);
		if (!dir_watch_disarm(&late))
			break;
		dir_watch_arm(&late, 1);
	}
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(read(fds[0], &c, 1), 1);
	assert_true(dir_watch_disarm(&w));
	/* what the connection did before does not count against the next operation */
	dir_watch_arm(&late, 60000);
	assert_true(dir_watch_disarm(&late));
	dir_watch_remove(&late);
	dir_watch_remove(&w);
	close(fds[0]);
	close(fds[1]);
	dir_watchdog_free(dog);
	dir_watchdog_free(NULL);
}

static void
watchdog__shuts_a_socket_that_comes_late(void **state)
{
	struct dir_watchdog *dog = dir_watchdog_new();
	struct dir_watch w, other;
	int fds[2], its[2];
	char c;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, its), 0);
	dir_watch_add(dog, &w);
	dir_watch_add(dog, &other);
	assert_int_equal(dir_watch_socket(&other, its[0]), 0);
	dir_watch_arm(&w, 1);
	dir_watch_arm(&other, 1);
	/* the thread looks at both: when the later one has ended, so has the other */
	assert_int_equal(read(its[0], &c, 1), 0);
	assert_int_equal(dir_watch_socket(&w, fds[0]), 0);
	assert_int_equal(read(fds[0], &c, 1), 0);
	assert_false(dir_watch_disarm(&w));
	assert_false(dir_watch_disarm(&other));
	dir_watch_remove(&other);
	close(its[0]);
	close(its[1]);
	/* the number may belong to somebody else after this */
	assert_int_equal(dir_watch_socket(&w, -1), 0);
	dir_watch_remove(&w);
	close(fds[0]);
	close(fds[1]);
	dir_watchdog_free(dog);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cache__finds_what_was_put),
	    cmocka_unit_test(cache__makes_room_for_the_newest),
	    cmocka_unit_test(cache__expires),
	    cmocka_unit_test(watchdog__ends_a_read_at_the_deadline),
	    cmocka_unit_test(watchdog__leaves_in_time_operations_alone),
	    cmocka_unit_test(watchdog__shuts_a_socket_that_comes_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
