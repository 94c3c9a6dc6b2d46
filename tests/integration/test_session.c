/* Rows of sessions against a real PostgreSQL, and against an enemy who writes there; started by
 * run_store.sh after test_store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "integration/database.h"
#include "store/session/session_list.h"

#define TIMEOUT_MS 5000
#define NOW 1800000000
#define IDLE 900

static struct store *db;

static struct store_session
row_of(unsigned char n, const char *name)
{
	struct store_session v = {.id = {n},
	    .mark = {1},
	    .created = NOW + n,
	    .used = NOW + n,
	    .ends = NOW + 28800};

	v.who.kind = REQUESTER_DIRECTORY;
	v.who.roles = REQUESTER_ROLE_OFFICER;
	snprintf(v.who.name, sizeof(v.who.name), "%s", name);
	snprintf(v.who.dn, sizeof(v.who.dn), "cn=%s,dc=example", name);
	snprintf(v.who.id, sizeof(v.who.id), "id of %s", name);
	snprintf(v.who.address, sizeof(v.who.address), "192.0.2.1");
	return v;
}

static void
add(unsigned char n, const char *name)
{
	struct store_session v = row_of(n, name);

	ok(store_new_session(db, &v, 10, "request", &err));
}

static int
get(unsigned char n, struct store_session *out)
{
	const unsigned char id[STORE_SESSION_ID_SIZE] = {n};

	return store_get_session(db, id, out, &err);
}

static int
set_up(void **state)
{
	char out[64];

	(void)state;
	query("DELETE FROM session", out, sizeof(out));
	return 0;
}

static void
session__comes_back_as_it_was(void **state)
{
	struct store_session v = row_of(1, "CORP\\\\alice"), got;

	(void)state;
	v.by_certificate = true;
	memset(v.certificate, 7, sizeof(v.certificate));
	ok(store_new_session(db, &v, 10, "request", &err));
	ok(get(1, &got));
	assert_memory_equal(&got.who, &v.who, sizeof(v.who));
	assert_true(got.by_certificate);
	assert_memory_equal(got.certificate, v.certificate, 32);
	assert_memory_equal(got.mark, v.mark, 32);
	assert_int_equal(got.created, v.created);
	assert_int_equal(got.ends, v.ends);
	assert_int_equal(got.used, v.used);
	assert_int_equal(get(2, &got), GH_E_NOT_FOUND);
	assert_int_equal(count("SELECT count(*) FROM audit WHERE event = 'login.succeeded' AND "
			       "detail = 'by certificate' AND request_id = 'request'"),
	    1);
}

static void
session__last_use(void **state)
{
	struct store_session got;

	(void)state;
	add(1, "alice");
	ok(get(1, &got));
	got.used += 60;
	ok(store_touch_session(db, &got, &err));
	ok(get(1, &got));
	assert_int_equal(got.used, NOW + 61);
	got.used -= 30; /* a slower thread: its own MAC is not written either */
	ok(store_touch_session(db, &got, &err));
	ok(get(1, &got));
	assert_int_equal(got.used, NOW + 61);
}

static void
session__oldest_makes_room(void **state)
{
	struct store_session v, got;

	(void)state;
	for (unsigned char n = 1; n <= 4; n++) {
		v = row_of(n, n == 2 ? "bob" : "alice");
		ok(store_new_session(db, &v, 2, NULL, &err));
	}
	assert_int_equal(get(1, &got), GH_E_NOT_FOUND);
	ok(get(2, &got)); /* another person's */
	ok(get(3, &got));
	ok(get(4, &got));
	assert_int_equal(count("SELECT count(*) FROM audit WHERE event = 'session.ended' AND "
			       "object LIKE 'session 01000000%'"),
	    1);
}

static void
session__ends(void **state)
{
	struct requester alice = row_of(0, "Alice").who;
	const struct store_session_end how = {.who = &alice,
	    .event = "logout",
	    .detail = "why",
	    .request_id = "r"};
	const struct store_session_filter bob = {.name = "BOB"}, mine = {.person = &alice},
					  one = {.handle = "0500000000000000"}, all = {0};
	const unsigned char id[STORE_SESSION_ID_SIZE] = {1};
	struct store_session got;
	int n;

	(void)state;
	snprintf(alice.id, sizeof(alice.id), "id of alice");
	for (unsigned char i = 1; i <= 6; i++)
		add(i, i == 3 ? "bob" : i >= 5 ? "carol" : "alice");
	ok(store_end_session(db, id, &how, &n, &err));
	assert_int_equal(n, 1);
	ok(store_end_session(db, id, &how, &n, &err));
	assert_int_equal(n, 0);
	ok(store_end_sessions(db, &mine, &how, &n, &err));
	assert_int_equal(n, 2); /* in any case, but of the same entry only */
	ok(get(3, &got));
	ok(store_end_sessions(db, &bob, &how, &n, &err));
	assert_int_equal(n, 1);
	ok(store_end_sessions(db, &one, &how, &n, &err));
	assert_int_equal(n, 1);
	ok(get(6, &got));
	ok(store_end_sessions(db, &all, &how, &n, &err));
	assert_int_equal(n, 1);
	assert_int_equal(
	    count("SELECT count(*) FROM audit WHERE event = 'logout' AND detail = 'why'"), 6);
}

static void
session__list_and_sweep(void **state)
{
	const struct store_session_filter all = {0}, alice = {.name = "alice"};
	struct store_session_page page = {.now = NOW + 10, .idle = IDLE, .limit = 2};
	gh_json *list;
	int64_t left;
	int n;

	(void)state;
	for (unsigned char i = 1; i <= 3; i++)
		add(i, i == 3 ? "bob" : "alice");
	ok(store_list_sessions(db, &all, &page, &list, &page.after, &err));
	assert_int_equal(gh_json_size(list), 2);
	assert_string_equal(gh_json_string(gh_json_get(gh_json_at(list, 0), "session")),
	    "0300000000000000");
	gh_json_free(list);
	ok(store_list_sessions(db, &all, &page, &list, &page.after, &err));
	assert_int_equal(gh_json_size(list), 1);
	assert_string_equal(gh_json_string(gh_json_get(gh_json_at(list, 0), "session")),
	    "0100000000000000");
	assert_int_equal(page.after, 0);
	gh_json_free(list);
	page = (struct store_session_page){.now = NOW + 2 + IDLE, .idle = IDLE, .limit = 10};
	ok(store_list_sessions(db, &alice, &page, &list, NULL, &err));
	assert_int_equal(gh_json_size(list), 0);
	gh_json_free(list);
	ok(store_count_ended_sessions(db, NOW + 2 + IDLE, IDLE, &left, &err));
	assert_int_equal(left, 2);
	ok(store_sweep_sessions(db, NOW + 2 + IDLE, IDLE, &n, &err));
	assert_int_equal(n, 2);
	ok(store_sweep_sessions(db, NOW + 2 + IDLE, IDLE, &n, &err));
	assert_int_equal(n, 0);
	ok(store_sweep_sessions(db, NOW + 28800, 1000000, &n, &err));
	assert_int_equal(n, 1);
}

/* --- who writes the database ------------------------------------------------------------------ */

static void
session__writer_gains_nothing(void **state)
{
	static const char *const attacks[] = {
	    "UPDATE session SET name = 'admin'",
	    "UPDATE session SET kind = 2",
	    "UPDATE session SET dn = 'cn=bob,dc=example'",
	    "UPDATE session SET directory_id = 'id of bob'",
	    "UPDATE session SET roles = 7",
	    "UPDATE session SET roles = 0",
	    "UPDATE session SET address = ''",
	    "UPDATE session SET method = 'certificate', certificate = sha256('x')",
	    "UPDATE session SET certificate = sha256('x')",
	    "UPDATE session SET mark = sha256('x')",
	    "UPDATE session SET created_at = created_at + interval '1 hour'",
	    "UPDATE session SET ends_at = ends_at + interval '1 hour'",
	    "UPDATE session SET used_at = used_at + interval '1 minute'",
	    "UPDATE session SET mac = sha256('x')",
	    "UPDATE session SET mac = ''",
	    "UPDATE session SET name = repeat('x', 5000)",
	    /* another's row under the id of a cookie that he has */
	    ("UPDATE session SET id = sha256('x') WHERE name = 'alice'; "
	     "UPDATE session SET id = decode(rpad('01', 64, '0'), 'hex') WHERE name = 'bob'"),
	};
	char out[512];
	struct store_session got;

	(void)state;
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		set_up(NULL);
		add(1, "alice");
		add(2, "bob");
		ok(get(1, &got));
		query(attacks[i], out, sizeof(out));
		if (get(1, &got) != GH_E_SEAL)
			fail_msg("taken after: %s", attacks[i]);
		assert_int_equal(got.who.kind, REQUESTER_NONE);
	}
}

static void
session__other_secret(void **state)
{
	static const unsigned char other[32] = "the secret of somebody else";
	const unsigned char id[STORE_SESSION_ID_SIZE] = {1};
	struct store_session got;
	struct store *s;

	(void)state;
	add(1, "alice");
	ok(store_new(getenv("PGCONNINFO"), TIMEOUT_MS, &s, &err));
	assert_int_equal(store_get_session(s, id, &got, &err), GH_E_INTERNAL);
	ok(store_use_secret(s, other, &err));
	assert_int_equal(store_get_session(s, id, &got, &err), GH_E_SEAL);
	store_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(session__comes_back_as_it_was, set_up),
	    cmocka_unit_test_setup(session__last_use, set_up),
	    cmocka_unit_test_setup(session__oldest_makes_room, set_up),
	    cmocka_unit_test_setup(session__ends, set_up),
	    cmocka_unit_test_setup(session__list_and_sweep, set_up),
	    cmocka_unit_test_setup(session__writer_gains_nothing, set_up),
	    cmocka_unit_test_setup(session__other_secret, set_up),
	};
	int rc;

	db = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	store_free(db);
	return rc;
}
