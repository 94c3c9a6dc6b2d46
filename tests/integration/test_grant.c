/*
 * Rows that grant rights, against an enemy who owns the database: each attack of his is a statement, and what follows must
 * be refused with the table and the key named. Started by run_grant.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/reseal.h"

#define TIMEOUT_MS 5000

static struct store *db;
static struct gh_error err;
static const unsigned char fixture_secret[32] = "a gateway secret for the tests";
static const struct requester fixture_admin = { .kind = REQUESTER_COMMAND, .name = "root@test" };

#define ok(call) do { \
	int rc_ = (call); \
	if (rc_ != 0) \
		fail_msg("%s: %d %s", #call, rc_, err.detail); \
} while (0)

static struct store *
open_store(void)
{
	struct store *s;

	ok(store_new(getenv("PGCONNINFO"), TIMEOUT_MS, &s, &err));
	ok(store_use_secret(s, fixture_secret, &err));
	return s;
}

/* As the owner of the database. */
static void
sql(const char *statement, char *out, size_t size)
{
	char command[4096];
	FILE *f;
	size_t n;

	snprintf(command, sizeof(command), "psql -XAtq -v ON_ERROR_STOP=1 -h '%s' -U gatehouse -d gatehouse -c \"%s\" 2>&1",
	    getenv("PGSOCKETDIR"), statement);
	assert_non_null(f = popen(command, "r"));
	n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	if (n > 0 && out[n - 1] == '\n')
		out[n - 1] = '\0';
	if (pclose(f) != 0)
		fail_msg("%s: %s", statement, out);
}

static void
attack(const char *statement)
{
	char out[512];

	sql(statement, out, sizeof(out));
}

/* What the tables hold, to be put back: the enemy's dump, too. */
static void
keep(const char *as)
{
	static const char *const tables[] = { "admin_user", "row_seal", "grant_head" };
	char statement[512];

	snprintf(statement, sizeof(statement), "DROP SCHEMA IF EXISTS %s CASCADE; CREATE SCHEMA %s", as, as);
	attack(statement);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		snprintf(statement, sizeof(statement), "CREATE TABLE %s.%s AS TABLE %s", as, tables[i], tables[i]);
		attack(statement);
	}
}

static void
put_back(const char *from)
{
	char statement[512];

	snprintf(statement, sizeof(statement), "DELETE FROM admin_user; DELETE FROM row_seal; DELETE FROM grant_head; "
	    "INSERT INTO admin_user SELECT * FROM %s.admin_user; INSERT INTO row_seal SELECT * FROM %s.row_seal; "
	    "INSERT INTO grant_head SELECT * FROM %s.grant_head", from, from, from);
	attack(statement);
}

static int
log_in(struct store *s, const char *name)
{
	unsigned roles;
	bool enabled;
	char *hash;
	int rc = store_get_user(s, name, &hash, &roles, &enabled, &err);

	free(hash);
	return rc == 0 && !enabled ? GH_E_ACCOUNT_DISABLED : rc;
}

static void
expect_refused(int rc, const char *table, const char *what)
{
	assert_int_equal(rc, GH_E_SEAL);
	if (strstr(err.detail, table) == NULL || strstr(err.detail, what) == NULL)
		fail_msg("not named (%s, %s): %s", table, what, err.detail);
	assert_non_null(strstr(err.detail, "gatehouse db reseal"));
	assert_null(strstr(err.message, table)); /* clients hear less */
}

/* --- what is granted and what is not -------------------------------------------------------------- */

static void
grant__users_are_believed(void **state)
{
	(void)state;
	ok(store_create_user(db, &fixture_admin, "olga", "$2b$olga", REQUESTER_ROLE_OFFICER, &err));
	ok(store_create_user(db, &fixture_admin, "admin", "$2b$admin", REQUESTER_ROLE_ADMIN, &err));
	ok(store_create_user(db, &fixture_admin, "mallory", "$2b$mallory", REQUESTER_ROLE_AUDITOR, &err));
	ok(log_in(db, "OLGA"));
	ok(store_set_user(db, &fixture_admin, "olga", NULL, 0, &err));
	assert_int_equal(log_in(db, "olga"), GH_E_ACCOUNT_DISABLED);
}

static const struct {
	const char *name, *statement, *table, *what;
} attacks[] = {
	{ "add an administrator", "INSERT INTO admin_user (name, hash, roles, enabled) VALUES ('eve', '\\$2b\\$eve', 7, true)",
	    "admin_user", "(eve) was added" },
	{ "give himself a role", "UPDATE admin_user SET roles = 7 WHERE name = 'mallory'", "admin_user",
	    "(mallory) was changed" },
	{ "put his hash in the place of another's", "UPDATE admin_user SET hash = '\\$2b\\$mallory' WHERE name = 'admin'",
	    "admin_user", "(admin) was changed" },
	{ "enable who was disabled", "UPDATE admin_user SET enabled = true WHERE name = 'olga'", "admin_user",
	    "(olga) was changed" },
	{ "swap two rows with their MACs", "UPDATE admin_user SET id = -1 WHERE name = 'admin'; "
	    "UPDATE admin_user SET id = 2 WHERE name = 'mallory'; UPDATE admin_user SET id = 3 WHERE name = 'admin'; "
	    "UPDATE row_seal SET key = -1 WHERE key = 2; UPDATE row_seal SET key = 2 WHERE key = 3; "
	    "UPDATE row_seal SET key = 3 WHERE key = -1", "admin_user", "(mallory) was changed" },
	{ "remove a row", "DELETE FROM admin_user WHERE name = 'olga'", "admin_user", "was removed" },
	{ "remove a row with its MAC", "WITH u AS (DELETE FROM admin_user WHERE name = 'olga' RETURNING id) "
	    "DELETE FROM row_seal USING u WHERE key = u.id", "admin_user", "older state" },
	{ "take the MACs away, as before an update", "DELETE FROM grant_head; DELETE FROM row_seal", "not sealed",
	    "" },
	{ "take away all but his row", "DELETE FROM grant_head; DELETE FROM row_seal; DELETE FROM admin_user "
	    "WHERE name <> 'mallory'", "not sealed", "" },
	{ "turn the revision", "UPDATE grant_head SET revision = revision + 1", "grant_head", "was changed" },
	{ "empty the table of tables", "UPDATE grant_head SET tables = '{}'", "grant_head", "was changed" },
};

static void
grant__owner_of_the_database_gains_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		struct store *fresh = open_store();
		int rc;

		print_message("# %s\n", attacks[i].name);
		keep("before");
		attack(attacks[i].statement);
		rc = log_in(fresh, "admin");
		if (rc == GH_E_SEAL && strcmp(attacks[i].table, "not sealed") == 0)
			assert_non_null(strstr(err.detail, "not sealed"));
		else
			expect_refused(rc, attacks[i].table, attacks[i].what);
		/* nobody seals it by the way of a change of his own */
		assert_int_equal(store_create_user(fresh, &fixture_admin, "new", "h", 1, &err), GH_E_SEAL);
		assert_int_equal(store_set_user(fresh, &fixture_admin, "mallory", "h2", 1, &err), GH_E_SEAL);
		put_back("before");
		ok(log_in(fresh, "admin"));
		store_free(fresh);
	}
}

/* The row as it was once, with the MAC it had then. */
static void
grant__older_row_is_refused(void **state)
{
	(void)state;
	keep("early");
	ok(store_set_user(db, &fixture_admin, "mallory", NULL, 0, &err));
	keep("before");
	attack("UPDATE admin_user a SET enabled = e.enabled FROM early.admin_user e WHERE e.id = a.id; "
	    "UPDATE row_seal r SET mac = e.mac FROM early.row_seal e WHERE e.tbl = r.tbl AND e.key = r.key");
	expect_refused(log_in(db, "mallory"), "admin_user", "older state");
	/* all of it, with the head: whoever has seen the newer one refuses it */
	put_back("early");
	assert_int_equal(log_in(db, "mallory"), GH_E_SEAL);
	assert_non_null(strstr(err.detail, "went back"));
	put_back("before");
	assert_int_equal(log_in(db, "mallory"), GH_E_ACCOUNT_DISABLED);
}

/* What is sealed is what was meant, not what the database made of it. */
static void
grant__trigger_gains_nothing(void **state)
{
	(void)state;
	keep("before");
	attack("CREATE FUNCTION evil() RETURNS trigger LANGUAGE plpgsql AS "
	    "'BEGIN NEW.hash := ''evil''; NEW.roles := 7; RETURN NEW; END'; "
	    "CREATE TRIGGER evil BEFORE INSERT ON admin_user FOR EACH ROW EXECUTE FUNCTION evil()");
	ok(store_create_user(db, &fixture_admin, "nina", "$2b$nina", REQUESTER_ROLE_AUDITOR, &err));
	attack("DROP FUNCTION evil CASCADE");
	expect_refused(log_in(db, "nina"), "admin_user", "(nina) was changed");
	attack("UPDATE admin_user SET hash = '\\$2b\\$nina', roles = 4 WHERE name = 'nina'");
	ok(log_in(db, "nina"));
}

static void
grant__other_secret_is_refused(void **state)
{
	static const unsigned char other[32] = "the secret of somebody else";
	struct store *s;

	(void)state;
	ok(store_new(getenv("PGCONNINFO"), TIMEOUT_MS, &s, &err));
	assert_int_equal(log_in(s, "admin"), GH_E_INTERNAL); /* no secret at all */
	ok(store_use_secret(s, other, &err));
	expect_refused(log_in(s, "admin"), "grant_head", "another gateway secret");
	store_free(s);
}

/* --- a person accepts ---------------------------------------------------------------------------- */

static void
reseal__shows_and_accepts(void **state)
{
	struct store_seals seals, again;
	char out[256];

	(void)state;
	attack("UPDATE admin_user SET roles = 2 WHERE name = 'mallory'; DELETE FROM admin_user WHERE name = 'olga'; "
	    "INSERT INTO admin_user (name, hash, roles, enabled) VALUES ('ruth', 'h', 1, true)");
	ok(store_seals_look(db, &seals, &err));
	assert_false(seals.is_whole || seals.is_first);
	assert_int_equal(gh_json_size(seals.differences), 3);
	attack("UPDATE admin_user SET roles = 7 WHERE name = 'mallory'"); /* while the person looks */
	assert_int_equal(store_reseal(db, &fixture_admin, seals.digest, &err), GH_E_CONFLICT);
	expect_refused(log_in(db, "admin"), "admin_user", "mallory");
	ok(store_seals_look(db, &again, &err));
	ok(store_reseal(db, &fixture_admin, again.digest, &err));
	ok(log_in(db, "ruth"));
	store_seals_clear(&again);
	ok(store_seals_look(db, &again, &err));
	assert_true(again.is_whole && again.revision > seals.revision);
	sql("SELECT actor FROM audit WHERE event = 'grant.resealed'", out, sizeof(out));
	assert_string_equal(out, fixture_admin.name);
	store_seals_clear(&seals);
	store_seals_clear(&again);
}

/* A database of the version before is known by its audit trail, too. */
static void
reseal__is_first_only_once(void **state)
{
	struct store_seals seals;

	(void)state;
	keep("before");
	attack("DELETE FROM grant_head; DELETE FROM row_seal");
	ok(store_seals_look(db, &seals, &err));
	assert_false(seals.is_whole || seals.is_first);
	store_seals_clear(&seals);
	put_back("before");
}

static void
refusal__is_in_the_audit_trail(void **state)
{
	char out[512];

	(void)state;
	sql("SELECT count(*) > 5 FROM audit WHERE event = 'grant.refused' AND outcome = 'failure'", out, sizeof(out));
	assert_string_equal(out, "t");
	sql("SELECT count(*) FROM audit WHERE event = 'grant.refused' AND detail LIKE 'admin_user % (eve) was added%'", out,
	    sizeof(out));
	assert_string_equal(out, "1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grant__users_are_believed),
		cmocka_unit_test(grant__owner_of_the_database_gains_nothing),
		cmocka_unit_test(grant__older_row_is_refused),
		cmocka_unit_test(grant__trigger_gains_nothing),
		cmocka_unit_test(grant__other_secret_is_refused),
		cmocka_unit_test(reseal__shows_and_accepts),
		cmocka_unit_test(reseal__is_first_only_once),
		cmocka_unit_test(refusal__is_in_the_audit_trail),
	};
	int applied, failed;

	db = open_store();
	if (store_migrate(db, &applied, &err) != 0) {
		fprintf(stderr, "%s\n", err.detail);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	store_free(db);
	return failed;
}
