/* The directory layer when its server is a wrong one, slow, mute or gone. */
#include "integration/dir_fixture.h"

#define SLACK_MS 8000 /* a busy machine */

/* The only trust is the configured CA, or the system's without one, whatever the environment of
 * libldap says. */
static void
dir__refuses_a_server_of_another_ca(void **state)
{
	const char *const ca_file[] = {need("AD_CAFILE"), ""};
	struct access a;
	char lines[1024];

	(void)state;
	setenv("LDAPTLS_REQCERT", "never", 1);
	setenv("LDAPTLS_CACERT", need("LDAP_CAFILE"), 1);
	for (size_t i = 0; i < sizeof ca_file / sizeof ca_file[0]; i++) {
		snprintf(lines, sizeof lines,
		    "type = \"openldap\"\nuris = \"%s\"\nbase = \"dc=example,dc=test\"\n"
		    "ca_file = \"%s\"\n",
		    need("LDAP_URI"), ca_file[i]);
		assert_int_equal(load(&a, lines), 0);
		assert_int_equal(dir_new(a.shared, &a.dir, &a.err), 0);
		assert_state(&a, DIR_STATE_TLS);
		end(&a);
	}
	unsetenv("LDAPTLS_REQCERT");
	unsetenv("LDAPTLS_CACERT");
}

/* Linux takes a connection to 0.0.0.0 to 127.0.0.1, an address that the certificate does not
 * have. */
static void
dir__refuses_a_server_of_another_name(void **state)
{
	struct addrinfo *ai, hints = {.ai_socktype = SOCK_STREAM};
	const char *port = strrchr(need("LDAP_URI"), ':') + 1;
	struct access a;
	char uri[64];
	int fd;

	(void)state;
	assert_int_equal(getaddrinfo("0.0.0.0", port, &hints, &ai), 0);
	fd = socket(ai->ai_family, ai->ai_socktype, 0);
	assert_int_equal(connect(fd, ai->ai_addr, ai->ai_addrlen), 0);
	freeaddrinfo(ai);
	close(fd);
	snprintf(uri, sizeof uri, "ldaps://0.0.0.0:%s", port);
	begin_with(&a, uri, "");
	assert_state(&a, DIR_STATE_TLS);
	end(&a);
}

static void
dir__wrong_service_password_is_no_answer_about_users(void **state)
{
	struct dir_entry *e;
	struct access a;
	char lines[1024];

	(void)state;
	snprintf(lines, sizeof lines,
	    "type = \"openldap\"\nuris = \"%s\"\nbase = \"dc=example,dc=test\"\n"
	    "ca_file = \"%s\"\nbind_dn = \"%s\"\npassword_file = \"%s\"\n",
	    need("LDAP_URI"), need("LDAP_CAFILE"), need("LDAP_BIND_DN"), need("LDAP_CAFILE"));
	assert_int_equal(load(&a, lines), 0);
	assert_int_equal(dir_new(a.shared, &a.dir, &a.err), 0);
	assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
	assert_login(&a, "alice", "alice-secret", GH_E_DIR_DOWN);
	assert_state(&a, DIR_STATE_CREDENTIALS);
	end(&a);
}

static void
dir__missing_base_is_no_answer_about_users(void **state)
{
	struct dir_entry *e;
	struct access a;

	(void)state;
	begin_with(&a, need("LDAP_URI"), "base = \"dc=other,dc=test\"\n");
	assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
	assert_state(&a, DIR_STATE_BASE);
	end(&a);
	begin_with(&a, need("LDAP_URI"), "base = \"ou=nobody,dc=example,dc=test\"\n");
	assert_state(&a, DIR_STATE_BASE);
	end(&a);
	begin_with(&a, need("LDAP_URI"), "base = \"no dn\"\n");
	assert_state(&a, DIR_STATE_BASE);
	end(&a);
	begin_with(&a, need("LDAP_URI"), "group_base = \"ou=nobody,dc=example,dc=test\"\n");
	assert_state(&a, DIR_STATE_GROUP_BASE);
	end(&a);
}

/* Fewer groups than there are would be a denial that is remembered. */
static void
dir__short_list_is_no_answer_about_groups(void **state)
{
	struct dir_entry *e;
	struct access a;
	char lines[256];

	(void)state;
	snprintf(lines, sizeof lines, "bind_dn = \"cn=short,ou=services,%s\"\n", need("LDAP_BASE"));
	begin_with(&a, need("LDAP_URI"), lines);
	assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
	assert_non_null(strstr(a.err.detail, "size limit"));
	end(&a);
}

static void
assert_within(int64_t started, int at_least_ms, int at_most_ms)
{
	int64_t ms = (gh_now_us() - started) / 1000;

	if (ms < at_least_ms || ms > at_most_ms)
		fail_msg("took %d ms instead of %d to %d", (int)ms, at_least_ms, at_most_ms);
}

static void
dir__bounds_a_mute_server(void **state)
{
	static const struct {
		const char *scheme, *extra;
	} kinds[] = {{"ldaps", ""}, {"ldap", "starttls = true\n"}};
	struct dir_entry *e;
	struct access a;
	char uri[64];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int fd = mute_server(uri, sizeof uri, kinds[i].scheme);
		int64_t started = gh_now_us();

		begin_with(&a, uri, kinds[i].extra);
		assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
		assert_within(started, CONNECT_MS - 50, CONNECT_MS + SLACK_MS);
		end(&a);
		close(fd);
	}
}

static void *
ask_once(void *arg)
{
	struct access *a = arg;
	struct dir_entry *e;
	struct dir *d;
	int64_t started = gh_now_us();
	int rc = dir_new(a->shared, &d, NULL);

	if (rc == 0) {
		rc = dir_find(d, "alice", &e, NULL);
		dir_free(d);
	}
	return rc == GH_E_DIR_DOWN && (gh_now_us() - started) / 1000 < CONNECT_MS / 2 ? arg : NULL;
}

/* A directory that does not answer must not hold every thread of the gateway. */
static void
dir__lets_one_thread_wait_for_a_mute_server(void **state)
{
	struct dir_entry *e;
	struct access a;
	pthread_t t[4];
	void *quick;
	char uri[64];
	int fd = mute_server(uri, sizeof uri, "ldaps"), n = 0;

	(void)state;
	begin_with(&a, uri, "");
	assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, ask_once, &a), 0);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(t[i], &quick);
		n += quick != NULL;
	}
	assert_int_equal(n, 3);
	end(&a);
	close(fd);
}

static void
dir__goes_to_the_next_server(void **state)
{
	struct access a;
	char uri[64], uris[256];
	int fd = mute_server(uri, sizeof uri, "ldaps");
	int64_t started;

	(void)state;
	snprintf(uris, sizeof uris, "ldaps://127.0.0.1:1 %s", need("LDAP_URI"));
	begin_with(&a, uris, "");
	assert_finds(&a, "alice", "Alice Adams");
	assert_login(&a, "alice", "alice-secret", 0);
	end(&a);

	snprintf(uris, sizeof uris, "%s %s", uri, need("LDAP_URI"));
	begin_with(&a, uris, "");
	assert_finds(&a, "alice", "Alice Adams");
	/* the mute one is known now: nobody waits for it again */
	started = gh_now_us();
	assert_login(&a, "alice", "alice-secret", 0);
	assert_within(started, 0, CONNECT_MS / 2);
	end(&a);
	close(fd);
}

static void
dir__bounds_a_stopped_server_and_comes_back(void **state)
{
	struct dir_entry *e;
	struct access a;
	int64_t started;

	(void)state;
	begin_with(&a, need("LDAP_URI"), "cache_seconds = 0\nbind_cache_seconds = 0\n");
	assert_finds(&a, "alice", "Alice Adams");
	assert_login(&a, "alice", "alice-secret", 0);
	slapd("pause");
	started = gh_now_us();
	assert_int_equal(dir_find(a.dir, "bob", &e, &a.err), GH_E_DIR_DOWN);
	assert_within(started, OPERATION_MS - 50, OPERATION_MS + CONNECT_MS + SLACK_MS);
	started = gh_now_us();
	assert_login(&a, "alice", "alice-secret", GH_E_DIR_DOWN);
	assert_within(started, 0, OPERATION_MS + CONNECT_MS + SLACK_MS);
	slapd("resume");
	assert_finds(&a, "bob", "Bob Brown");
	assert_login(&a, "alice", "alice-secret", 0);
	end(&a);
}

static void
dir__survives_a_restart_of_the_server(void **state)
{
	struct dir_entry *e;
	struct access a;

	(void)state;
	begin_with(&a, need("LDAP_URI"), "cache_seconds = 0\nbind_cache_seconds = 0\n");
	assert_login(&a, "alice", "alice-secret", 0);
	slapd("kill");
	slapd("start");
	assert_login(&a, "alice", "alice-secret", 0); /* both connections, at the first try */
	slapd("kill");
	assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
	assert_login(&a, "alice", "alice-secret", GH_E_DIR_DOWN);
	assert_state(&a, DIR_STATE_UNREACHABLE);
	slapd("start");
	assert_state(&a, DIR_STATE_UP);
	assert_finds(&a, "alice", "Alice Adams");
	end(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dir__refuses_a_server_of_another_ca),
	    cmocka_unit_test(dir__refuses_a_server_of_another_name),
	    cmocka_unit_test(dir__wrong_service_password_is_no_answer_about_users),
	    cmocka_unit_test(dir__missing_base_is_no_answer_about_users),
	    cmocka_unit_test(dir__short_list_is_no_answer_about_groups),
	    cmocka_unit_test(dir__bounds_a_mute_server),
	    cmocka_unit_test(dir__lets_one_thread_wait_for_a_mute_server),
	    cmocka_unit_test(dir__goes_to_the_next_server),
	    cmocka_unit_test(dir__bounds_a_stopped_server_and_comes_back),
	    cmocka_unit_test(dir__survives_a_restart_of_the_server),
	};

	/* servers are down on purpose here */
	gh_log_init("test_dir", GH_LOG_ERROR, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
