/* Which servers a connection string names, and in which order they are tried. No server is
 * asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "timestamp.h"

#include "store/servers.h"

/* "host/address/port" of each, separated by blanks; "-" for what is left to the string. */
static void
assert_servers(const char *conninfo, const char *expected)
{
	struct store_servers s;
	char text[1024] = "";
	size_t len = 0;

	assert_int_equal(store_servers_read(conninfo, &s, NULL), 0);
	for (size_t i = 0; i < s.n; i++) {
		const struct store_server *v = &s.v[i];

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %s %s",
		    i > 0 ? ", " : "", v->host != NULL ? v->host : "-",
		    v->address != NULL ? v->address : "-", v->port != NULL ? v->port : "-");
		assert_true(len < sizeof(text));
	}
	assert_string_equal(text, expected);
	store_servers_clear(&s);
	assert_int_equal(s.n, 0);
}

static void
servers__are_read_as_libpq_reads_them(void **state)
{
	(void)state;
	assert_servers("host=192.0.2.1,192.0.2.2",
	    "192.0.2.1 192.0.2.1 5432, 192.0.2.2 192.0.2.2 5432");
	assert_servers("host=192.0.2.1,192.0.2.2 port=5433,5434 dbname=x",
	    "192.0.2.1 192.0.2.1 5433, 192.0.2.2 192.0.2.2 5434");
	assert_servers("host=a.example,b.example hostaddr=192.0.2.1,192.0.2.2 port=5433",
	    "a.example 192.0.2.1 5433, b.example 192.0.2.2 5433");
	assert_servers("hostaddr=192.0.2.1,192.0.2.2", "- 192.0.2.1 5432, - 192.0.2.2 5432");
	assert_servers("postgresql://user:pass%20word@192.0.2.1:1,[2001:db8::1]:2/db",
	    "192.0.2.1 192.0.2.1 1, 2001:db8::1 2001:db8::1 2");
	assert_servers("host=/run/postgresql port=5433", "/run/postgresql - 5433");
	assert_servers("host=a..b", "a..b - 5432");
	setenv("PGHOST", "192.0.2.7,192.0.2.8", 1);
	assert_servers("dbname=x", "192.0.2.7 192.0.2.7 5432, 192.0.2.8 192.0.2.8 5432");
	assert_servers("host=192.0.2.1", "192.0.2.1 192.0.2.1 5432");
	unsetenv("PGHOST");
}

static void
servers__of_a_service_file(void **state)
{
	char path[] = "/tmp/gatehouse-test-XXXXXX";
	int fd = mkstemp(path);
	FILE *f;

	(void)state;
	assert_true(fd >= 0);
	assert_non_null(f = fdopen(fd, "w"));
	fprintf(f, "[pki]\nhost=192.0.2.1,192.0.2.2\nport=6000\n");
	fclose(f);
	setenv("PGSERVICEFILE", path, 1);
	assert_servers("service=pki", "192.0.2.1 192.0.2.1 6000, 192.0.2.2 192.0.2.2 6000");
	unsetenv("PGSERVICEFILE");
	unlink(path);
}

/* libpq then says what is wrong, or knows the default. */
static void
servers__strings_that_are_left_to_libpq(void **state)
{
	static const char *const rows[] = {
	    "dbname=x",
	    "",
	    "host=a,,b",
	    "host=a, port=1",
	    "host=a,b port=1,2,3",
	    "nonsense here",
	    "service=none",
	    "host=a,b hostaddr=192.0.2.1",
	    "postgresql://%zz/",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_servers s;

		assert_int_equal(store_servers_read(rows[i], &s, NULL), 0);
		if (s.n != 1 || (s.v[0].host != NULL && s.v[0].host[0] != '/') ||
		    s.v[0].address != NULL)
			fail_msg("\"%s\": %zu", rows[i], s.n);
		store_servers_clear(&s);
	}
}

static void
servers__are_bounded(void **state)
{
	char text[40 * 16] = "host=";
	struct store_servers s;
	struct gh_error err;

	(void)state;
	for (int i = 1; i <= STORE_SERVERS_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s192.0.2.%d",
		    i > 1 ? "," : "", i);
	assert_int_equal(store_servers_read(text, &s, NULL), 0);
	assert_int_equal(s.n, STORE_SERVERS_MAX);
	assert_string_equal(s.v[STORE_SERVERS_MAX - 1].address, "192.0.2.32");
	store_servers_clear(&s);
	strcat(text, ",192.0.2.33");
	assert_int_equal(store_servers_read(text, &s, &err), GH_E_CONF);
	assert_non_null(strstr(err.message, "more than 32 servers"));
	assert_int_equal(s.n, 0);
}

/* Of several only the primary will do. */
static void
servers__session_and_time(void **state)
{
	static const struct {
		const char *conninfo, *session;
		int connect_ms;
	} rows[] = {
	    {"host=192.0.2.1", "", 0},
	    {"host=192.0.2.1 connect_timeout=3", "", 3000},
	    {"host=192.0.2.1,192.0.2.2 connect_timeout=2", "read-write", 2000},
	    {"host=192.0.2.1,192.0.2.2 target_session_attrs=any", "read-write", 0},
	    {"host=192.0.2.1,192.0.2.2 target_session_attrs=primary", "", 0},
	    {"host=192.0.2.1,192.0.2.2 connect_timeout=0", "read-write", 0},
	    {"host=192.0.2.1,192.0.2.2 connect_timeout=-1", "read-write", 0},
	    {"host=192.0.2.1,192.0.2.2 connect_timeout=99999999999999999999", "read-write",
		3600000},
	    {"dbname=x connect_timeout=2", "", 2000},
	};
	struct store_servers s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(store_servers_read(rows[i].conninfo, &s, NULL), 0);
		assert_string_equal(s.session, rows[i].session);
		assert_int_equal(s.connect_ms, rows[i].connect_ms);
		store_servers_clear(&s);
	}
}

static uint64_t
key_of(const char *conninfo)
{
	struct store_servers s;
	uint64_t key;

	assert_int_equal(store_servers_read(conninfo, &s, NULL), 0);
	key = s.v[0].key;
	store_servers_clear(&s);
	return key;
}

static void
servers__the_last_good_one_first_the_silent_ones_last(void **state)
{
	uint64_t one = key_of("host=192.0.2.1"), two = key_of("host=192.0.2.2"),
		 three = key_of("host=192.0.2.3");
	const char *all = "host=192.0.2.1,192.0.2.2,192.0.2.3";
	int64_t before = gh_now_us();

	(void)state;
	store_server_answered(two);
	assert_servers(all,
	    "192.0.2.2 192.0.2.2 5432, 192.0.2.1 192.0.2.1 5432, 192.0.2.3 192.0.2.3 5432");
	store_server_silent(one);
	assert_servers(all,
	    "192.0.2.2 192.0.2.2 5432, 192.0.2.3 192.0.2.3 5432, 192.0.2.1 192.0.2.1 5432");
	store_server_silent(two);
	assert_servers(all,
	    "192.0.2.3 192.0.2.3 5432, 192.0.2.1 192.0.2.1 5432, 192.0.2.2 192.0.2.2 5432");
	assert_true(store_server_is_silent_since(two, before));
	assert_false(store_server_is_silent_since(two, gh_now_us() + 1));
	assert_false(store_server_is_silent_since(three, before));
	store_server_answered(one);
	assert_false(store_server_is_silent_since(one, before));
	assert_servers(all,
	    "192.0.2.1 192.0.2.1 5432, 192.0.2.3 192.0.2.3 5432, 192.0.2.2 192.0.2.2 5432");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(servers__are_read_as_libpq_reads_them),
	    cmocka_unit_test(servers__of_a_service_file),
	    cmocka_unit_test(servers__strings_that_are_left_to_libpq),
	    cmocka_unit_test(servers__are_bounded),
	    cmocka_unit_test(servers__session_and_time),
	    cmocka_unit_test(servers__the_last_good_one_first_the_silent_ones_last),
	};

	unsetenv("PGHOST");
	unsetenv("PGPORT");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
