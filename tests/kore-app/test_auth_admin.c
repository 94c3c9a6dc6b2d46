/* Local administrators, and what their passwords cost. */
#include "kore-app/auth_case.h"

/* ---- administrators ---- */
static void
admin__by_bcrypt(void **state)
{
	(void)state;
	assert_int_equal(auth_password_hash("admin-secret", fake.admin_hash,
			     sizeof(fake.admin_hash), &err),
	    0);
	fake.admin_enabled = true;
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), 0);
	assert_int_equal(result.requester.kind, REQUESTER_ADMIN);
	assert_string_equal(result.requester.name, "Admin");
	assert_int_equal(result.requester.roles, REQUESTER_ROLE_OFFICER);
	assert_null(result.entry);
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:wrong"), GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "alice:secret"), GH_E_AUTH_FAILED);
	assert_int_equal(fake.binds, 0);
	fake.admin_enabled = false;
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret", .address = "192.0.2.9"),
	    GH_E_ACCOUNT_DISABLED);
}

static void
admin__only_where_the_route_wants_one(void **state)
{
	(void)state;
	assert_int_equal(auth_password_hash("admin-secret", fake.admin_hash,
			     sizeof(fake.admin_hash), &err),
	    0);
	fake.admin_enabled = true;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "admin:admin-secret"),
	    GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(AUTH_ADMIN | AUTH_USER, .user = "alice:secret"), 0);
	assert_int_equal(result.requester.roles, 0);
}

static void
admin__database_down(void **state)
{
	(void)state;
	fake.store_fail = GH_E_DB_DOWN;
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), GH_E_DB_DOWN);
}

static bool
is_right(const char *password, const char *hash)
{
	bool yes;

	assert_int_equal(auth_password_check(password, hash, gh_now_us(), &yes, &err), 0);
	return yes;
}

/* Of this thread: what others do on the machine does not count. */
static int64_t
cpu_us(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t
time_of(const char *password, const char *hash, int64_t now)
{
	int64_t begin = cpu_us();
	bool yes;

	assert_int_equal(auth_password_check(password, hash, now, &yes, &err), 0);
	return cpu_us() - begin;
}

static void
password__is_remembered_for_its_hash(void **state)
{
	char hash[AUTH_PASSWORD_HASH_SIZE], changed[AUTH_PASSWORD_HASH_SIZE];
	int64_t now = gh_now_us(), slow;

	(void)state;
	assert_int_equal(auth_password_hash("admin-secret", hash, sizeof(hash), &err), 0);
	assert_int_equal(auth_password_hash("other-secret", changed, sizeof(changed), &err), 0);
	slow = time_of("admin-secret", hash, now);
	assert_true(time_of("admin-secret", hash, now) * 10 < slow);
	assert_true(is_right("admin-secret", hash));
	/* not for another password, not for a changed one, and not for ever */
	assert_false(is_right("admin-secreT", hash));
	assert_false(is_right("admin-secret", changed));
	assert_false(is_right("", hash));
	assert_true(time_of("admin-secret", hash, now + 61 * INT64_C(1000000)) * 3 > slow);
}

/* All at once: some are checked, some wait for them, the rest is refused at once and told to come
 * again. */
static void *
check_wrong(void *arg)
{
	struct gh_error own;
	bool yes;

	*(int *)arg = auth_password_check("wrong-secret", NULL, gh_now_us(), &yes, &own);
	return NULL;
}

static void
password__checks_are_bounded(void **state)
{
	pthread_t t[16];
	int rc[16], busy = 0, done = 0;

	(void)state;
	for (int i = 0; i < 16; i++)
		assert_int_equal(pthread_create(&t[i], NULL, check_wrong, &rc[i]), 0);
	for (int i = 0; i < 16; i++) {
		pthread_join(t[i], NULL);
		busy += rc[i] == GH_E_BUSY;
		done += rc[i] == 0;
	}
	assert_int_equal(busy + done, 16);
	assert_true(busy > 0 && done >= GH_PASSWORD_RUNNING);
	assert_false(is_right("wrong-secret", NULL));
}

static void
password__bounds(void **state)
{
	char hash[AUTH_PASSWORD_HASH_SIZE], long_one[80];

	(void)state;
	memset(long_one, 'x', sizeof(long_one));
	long_one[73] = '\0';
	assert_int_equal(auth_password_hash("1234567", hash, sizeof(hash), &err), GH_E_BAD_REQUEST);
	assert_int_equal(auth_password_hash(long_one, hash, sizeof(hash), &err), GH_E_BAD_REQUEST);
	assert_int_equal(auth_password_hash("12345678", hash, 20, &err), GH_E_INTERNAL);
	long_one[72] = '\0';
	assert_int_equal(auth_password_hash(long_one, hash, sizeof(hash), &err), 0);
	assert_memory_equal(hash, "$2b$12$", 7);
	assert_true(is_right(long_one, hash));
	long_one[71] = 'y';
	assert_false(is_right(long_one, hash));
	long_one[71] = long_one[72] = 'x';
	assert_false(is_right(long_one, hash));
	assert_false(is_right("12345678", NULL));
	assert_false(is_right("12345678", ""));
	assert_false(is_right("12345678", "$1$abc$def"));
}

/* The steps of a refusal are the same for every name: bcrypt once, the directory once. */
static void
admin__time_tells_no_name(void **state)
{
	static const struct {
		const char *user;
		int rc;
	} rows[] = {
	    {"admin:wrong-secret", GH_E_AUTH_FAILED},
	    {"nobody:wrong-secret", GH_E_AUTH_FAILED},
	    {"alice:wrong-secret", GH_E_AUTH_FAILED},
	    {"ADMIN:wrong-secret", GH_E_AUTH_FAILED},
	};
	int64_t us[4];

	(void)state;
	assert_int_equal(auth_password_hash("admin-secret", fake.admin_hash,
			     sizeof(fake.admin_hash), &err),
	    0);
	for (int enabled = 0; enabled < 2; enabled++) {
		fake.admin_enabled = enabled != 0;
		for (size_t i = 0; i < 4; i++) {
			char address[32];
			int64_t best = INT64_MAX;

			for (int k = 0; k < 3; k++) {
				int64_t begin = cpu_us(), used;

				snprintf(address, sizeof(address), "198.51.%d.%zu",
				    enabled * 10 + k, i);
				fake.finds = 0;
				assert_int_equal(CHECK(AUTH_PERSON, .user = rows[i].user,
						     .address = address),
				    rows[i].rc);
				used = cpu_us() - begin;
				best = used < best ? used : best;
				assert_int_equal(fake.finds, 1);
			}
			us[i] = best;
		}
		for (size_t i = 1; i < 4; i++)
			if (us[i] * 2 < us[0] || us[0] * 2 < us[i])
				fail_msg("%s: %lld us, %s: %lld us", rows[0].user, (long long)us[0],
				    rows[i].user, (long long)us[i]);
	}
	/* also when the directory does not answer, or is not to be waited for */
	for (int code = 0; code < 2; code++) {
		fake.dir_fail = code == 0 ? GH_E_DIR_DOWN : GH_E_BUSY;
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(CHECK(AUTH_PERSON, .user = rows[i].user,
					     .address = "198.51.100.1"),
			    fake.dir_fail);
	}
}

static void
admin__one_count_for_all_spellings(void **state)
{
	static const char *const wrong[] = {"admin:wrong-one", "ADMIN:wrong-one",
	    "aDmin:wrong-one"};

	(void)state;
	assert_int_equal(auth_password_hash("admin-secret", fake.admin_hash,
			     sizeof(fake.admin_hash), &err),
	    0);
	fake.admin_enabled = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(CHECK(AUTH_ADMIN, .user = wrong[i]), GH_E_AUTH_FAILED);
	assert_string_equal(fake.audit, "auth.failed failure Admin -");
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "Admin:admin-secret"), GH_E_RATE_LIMITED);
	/* characters that some folding takes for an ASCII letter are other names, and have other
	 * counts */
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "adm\xc4\xb0n:admin-secret"), GH_E_AUTH_FAILED);
}

static void
admin__is_checked_once_a_minute(void **state)
{
	int64_t begin, slow;

	(void)state;
	assert_int_equal(auth_password_hash("admin-secret", fake.admin_hash,
			     sizeof(fake.admin_hash), &err),
	    0);
	fake.admin_enabled = true;
	begin = cpu_us();
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), 0);
	slow = cpu_us() - begin;
	begin = cpu_us();
	for (int i = 0; i < 10; i++)
		assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), 0);
	assert_true(cpu_us() - begin < slow);
	/* at once: disabled, and another password */
	fake.admin_enabled = false;
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), GH_E_ACCOUNT_DISABLED);
	fake.admin_enabled = true;
	assert_int_equal(auth_password_hash("other-secret", fake.admin_hash,
			     sizeof(fake.admin_hash), &err),
	    0);
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), GH_E_AUTH_FAILED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(admin__by_bcrypt),
	    T(admin__only_where_the_route_wants_one),
	    T(admin__database_down),
	    T(admin__time_tells_no_name),
	    T(admin__one_count_for_all_spellings),
	    T(admin__is_checked_once_a_minute),
	    T(password__is_remembered_for_its_hash),
	    T(password__checks_are_bounded),
	    T(password__bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
