/* Quotas of connections, and who gives way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/client_address.h"
#include "http/conn_table.h"

#define N 20

static struct conn_table *table;
static struct conn_entry entry[N];

static void
make(unsigned first, unsigned second, unsigned per_source)
{
	struct conn_limits limits = {{first, second}, per_source};
	struct gh_error err;

	assert_int_equal(conn_table_new(&limits, &table, &err), 0);
}

static int
tear_down(void **state)
{
	(void)state;
	conn_table_free(table);
	table = NULL;
	return 0;
}

static struct conn_entry *
add(int i, unsigned listener, unsigned char source)
{
	unsigned char key[CONN_SOURCE_SIZE] = {source};
	struct gh_error err;

	conn_table_add(table, &entry[i], listener, i);
	assert_int_equal(conn_table_set_source(table, &entry[i], key, &err), 0);
	return conn_table_excess(table, &entry[i]);
}

static void
quota__of_one_listener_leaves_the_other(void **state)
{
	(void)state;
	make(2, 3, 0);
	for (int i = 0; i < 3; i++)
		assert_null(add(i, 1, 0));
	assert_ptr_equal(add(3, 1, 0), &entry[0]);
	assert_null(add(4, 0, 0));
	assert_null(add(5, 0, 0));
	assert_ptr_equal(add(6, 0, 0), &entry[4]);
	assert_int_equal(conn_table_count(table, 0), 3);
	conn_table_remove(table, &entry[4]);
	assert_null(conn_table_excess(table, &entry[6]));
}

static void
quota__who_gives_way(void **state)
{
	static const enum conn_phase order[] = {CONN_CLOSING, CONN_GREETING, CONN_IDLE, CONN_HEAD,
	    CONN_BODY, CONN_SEND};
	const int n = sizeof(order) / sizeof(order[0]);

	(void)state;
	make(1, 1, 0);
	for (int i = 0; i < n; i++) {
		add(i, 0, 0);
		conn_table_move(table, &entry[i], order[n - 1 - i], i);
	}
	add(n, 0, 0);
	for (int i = n - 1; i >= 0; i--) {
		assert_ptr_equal(conn_table_excess(table, &entry[n]), &entry[i]);
		conn_table_move(table, &entry[i], CONN_WAIT, 0);
	}
	/* all others are at work */
	assert_ptr_equal(conn_table_excess(table, &entry[n]), &entry[n]);
}

static void
quota__oldest_in_its_phase(void **state)
{
	(void)state;
	make(3, 3, 0);
	for (int i = 0; i < 3; i++) {
		add(i, 0, 0);
		conn_table_move(table, &entry[i], CONN_IDLE, i);
	}
	conn_table_move(table, &entry[0], CONN_WAIT, 3); /* a request came and was answered */
	conn_table_move(table, &entry[0], CONN_IDLE, 4);
	assert_ptr_equal(add(3, 0, 0), &entry[1]);
	assert_ptr_equal(conn_table_oldest(table, CONN_IDLE, NULL), &entry[1]);
	assert_ptr_equal(conn_table_oldest(table, CONN_IDLE, &entry[1]), &entry[2]);
	assert_null(conn_table_oldest(table, CONN_BODY, NULL));
}

static void
source__has_a_cap_of_its_own(void **state)
{
	(void)state;
	make(10, 10, 2);
	assert_null(add(0, 0, 1));
	assert_null(add(1, 0, 7));
	assert_null(add(2, 1, 7));
	assert_ptr_equal(add(3, 0, 7), &entry[1]); /* on either listener, but its own */
	conn_table_move(table, &entry[1], CONN_WAIT, 9);
	assert_ptr_equal(conn_table_excess(table, &entry[3]), &entry[2]);
	conn_table_remove(table, &entry[2]);
	assert_null(conn_table_excess(table, &entry[3]));
	assert_null(add(4, 0, 8));
}

static void
source__can_change(void **state)
{
	unsigned char other[CONN_SOURCE_SIZE] = {9};
	struct gh_error err;

	(void)state;
	make(10, 10, 1);
	assert_null(add(0, 0, 1));
	assert_ptr_equal(add(1, 0, 1), &entry[0]);
	assert_int_equal(conn_table_set_source(table, &entry[1], other, &err), 0);
	assert_null(conn_table_excess(table, &entry[1]));
	assert_null(conn_table_excess(table, &entry[0]));
}

static void
address__as_it_is_counted(void **state)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
	struct sockaddr_in6 mapped = {.sin6_family = AF_INET6}, a = mapped, b = mapped;
	struct sockaddr unknown = {.sa_family = AF_UNIX};
	struct client_address x, y;

	(void)state;
	memcpy(mapped.sin6_addr.s6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
	client_address_set(&x, (struct sockaddr *)&four);
	client_address_set(&y, (struct sockaddr *)&mapped);
	assert_string_equal(x.text, "127.0.0.1");
	assert_memory_equal(x.source, y.source, sizeof(x.source));
	assert_memory_equal(x.ip, y.ip, sizeof(x.ip));
	memcpy(a.sin6_addr.s6_addr, "\x20\1\xd\xb8\0\0\0\1\0\0\0\0\0\0\0\1", 16);
	memcpy(b.sin6_addr.s6_addr, "\x20\1\xd\xb8\0\0\0\1\1\2\3\4\5\6\7\x8", 16);
	client_address_set(&x, (struct sockaddr *)&a);
	client_address_set(&y, (struct sockaddr *)&b);
	assert_string_equal(x.text, "2001:db8:0:1::1");
	assert_memory_equal(x.source, y.source, sizeof(x.source));
	client_address_set(&x, &unknown);
	assert_string_equal(x.text, "");
}

#define TEST(f) cmocka_unit_test_teardown(f, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(quota__of_one_listener_leaves_the_other),
	    TEST(quota__who_gives_way),
	    TEST(quota__oldest_in_its_phase),
	    TEST(source__has_a_cap_of_its_own),
	    TEST(source__can_change),
	    TEST(address__as_it_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
