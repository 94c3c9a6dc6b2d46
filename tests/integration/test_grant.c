/*
 * Rows that grant rights, against an enemy who owns the database: each attack of his is a
 * statement, and what follows must be refused with the table and the key named. Started by
 * run_grant.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "hex.h"
#include "integration/database.h"
#include "store/ca/ca_row.h"
#include "store/catalog/metadata_row.h"
#include "store/catalog/name_row.h"
#include "store/grant/grant_table.h"
#include "store/grant/row_seal.h"
#include "store/database/reseal.h"
#include "store/status/revocation.h"

#define TIMEOUT_MS 5000

static struct store *db;

static void
attack(const char *statement)
{
	char out[512];

	query(statement, out, sizeof(out));
}

static void
each_table(const char *before, const char *format, const char *schema)
{
	char statement[4096], name[40], out[512];
	size_t n = (size_t)snprintf(statement, sizeof(statement), "%s", before);

	for (int t = 0; t < GRANT_TABLES + 2; t++) {
		snprintf(name, sizeof(name), "%s",
		    t == GRANT_TABLES      ? "row_seal"
			: t > GRANT_TABLES ? "grant_head"
					   : grant_table_name((enum grant_table)t));
		n += (size_t)snprintf(statement + n, sizeof(statement) - n, format, name, schema,
		    name);
	}
	if (query_as("postgres", statement, out, sizeof(out)) != 0)
		fail_msg("%s: %s", statement, out);
}

/* What the tables hold, to be put back: the enemy's dump, too. */
static void
keep(const char *as)
{
	char before[128];

	snprintf(before, sizeof(before),
	    "DROP SCHEMA IF EXISTS %s CASCADE; CREATE SCHEMA %s; GRANT USAGE ON SCHEMA %s "
	    "TO gatehouse; ",
	    as, as, as);
	each_table(before,
	    "CREATE TABLE %2$s.%1$s AS TABLE %1$s; GRANT SELECT ON %2$s.%1$s TO gatehouse; ", as);
}

static void
put_back(const char *from)
{
	each_table("SET session_replication_role = replica; ",
	    "DELETE FROM %1$s; INSERT INTO %1$s OVERRIDING SYSTEM VALUE "
	    "SELECT * FROM %2$s.%1$s; ",
	    from);
}

static int
log_in(struct store *s, const char *name)
{
	struct store_user user;
	int rc = store_get_user(s, name, &user, &err);

	return rc == 0 && !user.enabled ? GH_E_ACCOUNT_DISABLED : rc;
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

static int
load(struct store *s)
{
	gh_json *catalog;
	int rc = store_load_catalog(s, &catalog, &err);

	gh_json_free(catalog);
	return rc;
}

/* --- what is granted and what is not ---------------------------------------------------------- */

static gh_json *
parse(const char *text)
{
	gh_json *v;

	ok(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &v, &err));
	return v;
}

static void
import(const char *body, int want)
{
	int version;
	bool is_new;

	ok(store_import_template(db, &fixture_admin, "User", body, &version, &is_new, &err));
	assert_int_equal(version, want);
}

static int
take_rule(const gh_json *rule, struct gh_error *e)
{
	(void)e;
	assert_string_equal(gh_json_string(gh_json_get(rule, "group")), "pki"); /* what stays */
	assert_string_equal(gh_json_string(gh_json_get(rule, "network")), "10.0.0.0/8");
	return 0;
}

/* What is named is changed, what is not stays. */
static int
take_label(const gh_json *label, struct gh_error *e)
{
	const gh_json *s = gh_json_get(label, "settings");

	(void)e;
	assert_string_equal(gh_json_string(gh_json_get(s, "template")), "Phone");
	assert_string_equal(gh_json_string(gh_json_get(s, "auth")), "http");
	assert_int_equal(gh_json_type(gh_json_get(s, "ca")), GH_JSON_NULL);
	assert_false(gh_json_bool(gh_json_get(label, "enabled"), true));
	return 0;
}

static int
refuse_rule(const gh_json *rule, struct gh_error *e)
{
	(void)rule;
	return gh_refuse(e, GH_E_CONF, "no");
}

/* One of each. Numbers, lists and texts in every spelling that comes back in another one. */
static void
grant__what_gatehouse_writes_is_believed(void **state)
{
	gh_json *app = parse(
	    "{\"name\":\"App\",\"key_index\":\"00ff\",\"secret_sealed\":\"c2VhbGVk\",\"templates\":[\"User\","
	    "\"Web \\\"x\\\\\",\"{,}\"],\"ca\":\"issuing\",\"service_identity\":null}");
	gh_json *field = parse(
	    "{\"name\":\"Dept\",\"type\":5,\"required\":true,\"options\":[\"a\",\"NULL\"],\"default\":1.50}");
	gh_json *names =
	    parse("[{\"owner\":\"group:Web\",\"kind\":\"dns\",\"names\":{\".a.example\":\"\","
		  "\"b.example\":\"{\\\"x\\\",NULL}\"}}]");
	const struct store_new_ca new_ca = {.ca = &fixture_ca, .event = "ca.created"};
	gh_json *rule = parse(
		    "{\"name\":\"mobile\",\"priority\":10,\"ca\":\"issuing\",\"group\":\"pki\"}"),
		*changes = parse("{\"network\":\"10.0.0.0/8\",\"priority\":20}");
	gh_json *label = parse(
		    "{\"name\":\"Phones\",\"settings\":{\"template\":\"Phone\",\"ca\":\"issuing\"},"
		    "\"enabled\":true}"),
		*settings =
		    parse("{\"settings\":{\"auth\":\"http\",\"ca\":null},\"enabled\":false}");
	gh_json *later = parse(
	    "{\"name\":\"Ticket\",\"type\":1,\"required\":false,\"description\":\"of the help desk\","
	    "\"display_order\":7,\"allow_api\":false}");
	struct store_name_result added;
	bool is_new;
	int64_t id;

	(void)state;
	ok(store_create_user(db, &fixture_admin, "olga", "$2b$olga", REQUESTER_ROLE_OFFICER, &err));
	ok(store_create_user(db, &fixture_admin, "admin", "$2b$admin", REQUESTER_ROLE_ADMIN, &err));
	ok(store_create_user(db, &fixture_admin, "mallory", "$2b$mallory", REQUESTER_ROLE_AUDITOR,
	    &err));
	ok(log_in(db, "OLGA"));
	ok(store_set_user(db, &fixture_admin, "olga", NULL, 0, &err));
	assert_int_equal(log_in(db, "olga"), GH_E_ACCOUNT_DISABLED);
	ok(store_create_ca(db, &fixture_admin, &new_ca, &fixture_ca.id, &err));
	ok(store_create_app(db, &fixture_admin, app, &id, &err));
	ok(store_set_app_enabled(db, &fixture_admin, "APP", false, &err));
	ok(store_set_metadata_field(db, &fixture_admin, field, &is_new, &err));
	assert_true(is_new);
	ok(store_set_metadata_field(db, &fixture_admin, field, &is_new, &err));
	assert_false(is_new);
	assert_int_equal(store_add_metadata_field(db, &fixture_admin, field, &err), GH_E_CONFLICT);
	ok(store_add_metadata_field(db, &fixture_admin, later, &err));
	assert_int_equal(store_remove_metadata_field(db, &fixture_admin, "nothing", &err),
	    GH_E_NOT_FOUND);
	ok(store_remove_metadata_field(db, &fixture_admin, "TICKET", &err));
	ok(store_set_metadata_field(db, &fixture_admin, later, &is_new, &err));
	ok(load(db));
	ok(store_add_names(db, &fixture_admin, names, 2, false, &added, &err));
	assert_true(added.changed == 2 && added.total == 2);
	import("{\"b\":[1.0,1e3,0.1,-2.50,true,null,\"\u00fc\"],\"a\":{}}", 1);
	import("{ \"a\": {},\"b\":[1.00,1000.0,0.10,-2.5,true,null,\"\\u00fc\"] }", 1);
	import("{\"b\":[1]}", 2);
	ok(store_add_ca_rule(db, &fixture_admin, rule, &err));
	assert_int_equal(store_add_ca_rule(db, &fixture_admin, rule, &err), GH_E_CONFLICT);
	ok(store_change_ca_rule(db, &fixture_admin, "MOBILE", changes, take_rule, &err));
	assert_int_equal(store_change_ca_rule(db, &fixture_admin, "nothing", changes, take_rule,
			     &err),
	    GH_E_NOT_FOUND);
	assert_int_equal(store_change_ca_rule(db, &fixture_admin, "mobile", changes, refuse_rule,
			     &err),
	    GH_E_CONF);
	assert_int_equal(store_delete_ca_rule(db, &fixture_admin, "nothing", &err), GH_E_NOT_FOUND);
	ok(store_add_est_label(db, &fixture_admin, label, &err));
	assert_int_equal(store_add_est_label(db, &fixture_admin, label, &err), GH_E_CONFLICT);
	ok(store_change_est_label(db, &fixture_admin, "PHONES", settings, take_label, &err));
	assert_int_equal(store_change_est_label(db, &fixture_admin, "phones", settings, refuse_rule,
			     &err),
	    GH_E_CONF);
	assert_int_equal(store_delete_est_label(db, &fixture_admin, "nothing", &err),
	    GH_E_NOT_FOUND);
	ok(load(db));
	gh_json_free(label);
	gh_json_free(settings);
	gh_json_free(rule);
	gh_json_free(changes);
	gh_json_free(names);
	gh_json_free(app);
	gh_json_free(field);
	gh_json_free(later);
}

static const struct {
	const char *name, *statement, *table, *what;
} attacks[] = {
    {"add an administrator",
	"INSERT INTO admin_user (name, hash, roles, enabled) VALUES ('eve', '\\$2b\\$eve', 7, true)",
	"admin_user", "(eve) was added"},
    {"give himself a role", "UPDATE admin_user SET roles = 7 WHERE name = 'mallory'", "admin_user",
	"(mallory) was changed"},
    {"put his hash in the place of another's",
	"UPDATE admin_user SET hash = '\\$2b\\$mallory' WHERE name = 'admin'", "admin_user",
	"(admin) was changed"},
    {"enable who was disabled", "UPDATE admin_user SET enabled = true WHERE name = 'olga'",
	"admin_user", "(olga) was changed"},
    {"swap two rows with their MACs",
	"UPDATE admin_user SET id = -1 WHERE name = 'admin'; "
	"UPDATE admin_user SET id = 2 WHERE name = 'mallory'; UPDATE admin_user SET id = 3 WHERE name = 'admin'; "
	"UPDATE row_seal SET key = -1 WHERE key = 2; UPDATE row_seal SET key = 2 WHERE key = 3; "
	"UPDATE row_seal SET key = 3 WHERE key = -1",
	"admin_user", "(mallory) was changed"},
    {"remove a row", "DELETE FROM admin_user WHERE name = 'olga'", "admin_user", "was removed"},
    {"remove a row with its MAC",
	"WITH u AS (DELETE FROM admin_user WHERE name = 'olga' RETURNING id) "
	"DELETE FROM row_seal USING u WHERE key = u.id",
	"admin_user", "older state"},
    {"take the MACs away, as before an update", "DELETE FROM grant_head; DELETE FROM row_seal",
	"not sealed", ""},
    {"take away all but his row",
	"DELETE FROM grant_head; DELETE FROM row_seal; DELETE FROM admin_user "
	"WHERE name <> 'mallory'",
	"not sealed", ""},
    {"let a template name what it likes",
	"UPDATE template SET body = '{\\\"b\\\":[2]}' WHERE active", "template",
	"(User) was changed"},
    {"bring back an older version", "UPDATE template SET active = NOT active", "template",
	"(User) was added"},
    {"add a template",
	"INSERT INTO template (name, version, body, sha256, active, created_by) VALUES "
	"('Evil', 1, '{}', '', true, 'x')",
	"template", "(Evil) was added"},
    {"enable an application", "UPDATE application SET enabled = true", "application",
	"(App) was changed"},
    {"give an application a template", "UPDATE application SET templates = templates || '{CA}'",
	"application", "(App) was changed"},
    {"take an application's groups away, and back an empty list",
	"UPDATE application SET groups = '{\\\"\\\"}'", "application", "(App) was changed"},
    {"write a whole number of a template as none",
	"UPDATE template SET body = '{\\\"b\\\":[1.0]}' WHERE active", "template",
	"(User) was changed"},
    {"widen the policy of a CA", "UPDATE ca SET policy = '{\\\"max_days\\\":9999}'", "ca",
	"was changed"},
    {"take the key record of another CA", "UPDATE ca SET sealed = 'x'", "ca", "was changed"},
    {"put another CRL URL into certificates", "UPDATE ca SET cdp = '{http://evil/}'", "ca",
	"was changed"},
    {"put another certificate into the chain", "UPDATE ca SET chain = chain || chain", "ca",
	"was changed"},
    {"add a certificate of the CA",
	"INSERT INTO ca_certificate (ca_id, kind, der, not_after) SELECT id, 'earlier', "
	"'x', now() FROM ca",
	"ca_certificate", "was added"},
    {"own names",
	"INSERT INTO name_owner (owner, kind, patterns, comments) VALUES ('group:Eve', 'dns', "
	"ARRAY['bank.example'], ARRAY[''])",
	"name_owner", "was added"},
    {"let another own names", "UPDATE name_owner SET owner = 'group:Eve'", "name_owner",
	"was changed"},
    {"put a name among others",
	"UPDATE name_owner SET patterns = patterns || ARRAY['bank.example'], comments = comments || "
	"ARRAY['']",
	"name_owner", "was changed"},
    {"take names away", "DELETE FROM name_owner", "name_owner", "was removed"},
    {"make a field optional", "UPDATE metadata_field SET required = false", "metadata_field",
	"(Dept) was changed"},
    {"let everybody set a field",
	"UPDATE metadata_field SET allow_api = NULL WHERE name = 'Ticket'", "metadata_field",
	"(Ticket) was changed"},
    {"say more of a field", "UPDATE metadata_field SET explicit_update = false WHERE name = 'Dept'",
	"metadata_field", "(Dept) was changed"},
    {"send requests to another CA", "UPDATE ca_rule SET ca = 'evil'", "ca_rule",
	"(mobile) was changed"},
    {"let a rule hold for all", "UPDATE ca_rule SET \\\"group\\\" = NULL", "ca_rule",
	"(mobile) was changed"},
    {"put a rule first", "INSERT INTO ca_rule (name, priority, ca) VALUES ('evil', 0, 'issuing')",
	"ca_rule", "(evil) was added"},
    {"take a rule away", "DELETE FROM ca_rule", "ca_rule", "was removed"},
    {"let devices ask for another template",
	"UPDATE est_label SET settings = '{\\\"template\\\":\\\"CA\\\"}'", "est_label",
	"was changed"},
    {"let a label answer again", "UPDATE est_label SET enabled = true", "est_label", "was changed"},
    {"add a label",
	"INSERT INTO est_label (name, settings) VALUES ('evil', '{\\\"template\\\":\\\"User\\\"}')",
	"est_label", "(evil) was added"},
    {"take a label away", "DELETE FROM est_label", "est_label", "was removed"},
    {"remove a rule", "DELETE FROM metadata_field", "metadata_field", "was removed"},
    {"let a row of one table count in another",
	"UPDATE row_seal SET tbl = 'application' WHERE tbl = 'template'; "
	"DELETE FROM template",
	"template", "older state"},
    {"turn the revision", "UPDATE grant_head SET revision = revision + 1", "grant_head",
	"was changed"},
    {"empty the table of tables", "UPDATE grant_head SET tables = '{}'", "grant_head",
	"was changed"},
};

static void
grant__owner_of_the_database_gains_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		struct store *fresh = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
		int rc, version;
		bool is_new;

		print_message("# %s\n", attacks[i].name);
		keep("before");
		attack(attacks[i].statement);
		rc = load(fresh);
		if (rc == GH_E_SEAL && strcmp(attacks[i].table, "not sealed") == 0)
			assert_non_null(strstr(err.detail, "not sealed"));
		else
			expect_refused(rc, attacks[i].table, attacks[i].what);
		if (strcmp(attacks[i].table, "admin_user") == 0)
			expect_refused(log_in(fresh, "admin"), attacks[i].table, attacks[i].what);
		/* nobody seals it by the way of a change of his own */
		assert_int_equal(store_create_user(fresh, &fixture_admin, "new", "h", 1, &err),
		    GH_E_SEAL);
		assert_int_equal(store_set_user(fresh, &fixture_admin, "mallory", "h2", 1, &err),
		    GH_E_SEAL);
		assert_int_equal(store_set_app_enabled(fresh, &fixture_admin, "app", true, &err),
		    GH_E_SEAL);
		assert_int_equal(store_import_template(fresh, &fixture_admin, "X", "{}", &version,
				     &is_new, &err),
		    GH_E_SEAL);
		put_back("before");
		ok(load(fresh));
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
	attack(
	    "UPDATE admin_user a SET enabled = e.enabled FROM early.admin_user e WHERE e.id = a.id; "
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
	attack(
	    "CREATE FUNCTION evil() RETURNS trigger LANGUAGE plpgsql AS "
	    "'BEGIN NEW.hash := ''evil''; NEW.roles := 7; RETURN NEW; END'; "
	    "CREATE TRIGGER evil BEFORE INSERT ON admin_user FOR EACH ROW EXECUTE FUNCTION evil()");
	ok(store_create_user(db, &fixture_admin, "nina", "$2b$nina", REQUESTER_ROLE_AUDITOR, &err));
	attack("DROP FUNCTION evil CASCADE");
	expect_refused(log_in(db, "nina"), "admin_user", "(nina) was changed");
	attack("UPDATE admin_user SET hash = '\\$2b\\$nina', roles = 4 WHERE name = 'nina'");
	ok(log_in(db, "nina"));
}

/*
 * The head of a version that did not know the table of rules, as an update finds it: the table is
 * empty and the configuration good; what is in it is refused, and the next change binds it.
 */
static void
grant__table_of_a_later_version_is_empty(void **state)
{
	const char *names[GRANT_TABLES];
	unsigned char macs[GRANT_TABLES][ROW_SEAL_SIZE], key[GH_KEY_SIZE], mac[ROW_SEAL_SIZE];
	char out[128], statement[256], hex[2 * ROW_SEAL_SIZE + 1];
	unsigned char *bytes;
	size_t n = 0, len;

	(void)state;
	ok(store_delete_ca_rule(db, &fixture_admin, "mobile", &err));
	for (int t = 0; t < GRANT_TABLES; t++) {
		if (t == GRANT_CA_RULE)
			continue;
		names[n] = grant_table_name((enum grant_table)t);
		snprintf(statement, sizeof(statement), "SELECT tables->>'%s' FROM grant_head",
		    names[n]);
		query(statement, out, sizeof(out));
		ok(gh_hex_decode(out, strlen(out), &bytes, &len, &err));
		assert_int_equal(len, ROW_SEAL_SIZE);
		memcpy(macs[n++], bytes, len);
		free(bytes);
	}
	query("SELECT revision FROM grant_head", out, sizeof(out));
	ok(gh_derive_key(fixture_secret, ROW_SEAL_LABEL, key, &err));
	ok(row_seal_head(key, strtoll(out, NULL, 10), names,
	    (const unsigned char(*)[ROW_SEAL_SIZE])macs, n, mac, &err));
	gh_hex_lower(mac, sizeof(mac), hex);
	snprintf(statement, sizeof(statement),
	    "UPDATE grant_head SET tables = tables - 'ca_rule', mac = decode('%s', 'hex')", hex);
	attack(statement);
	ok(load(db));
	attack("INSERT INTO ca_rule (name, priority, ca) VALUES ('evil', 0, 'issuing')");
	expect_refused(load(db), "ca_rule", "(evil) was added");
	attack("DELETE FROM ca_rule");
	ok(store_set_user(db, &fixture_admin, "mallory", NULL, 0, &err));
	query("SELECT tables ? 'ca_rule' FROM grant_head", out, sizeof(out));
	assert_string_equal(out, "t");
	ok(load(db));
	/* a table that was there cannot be taken out of the head */
	keep("after");
	attack("UPDATE grant_head SET tables = tables - 'ca_rule'");
	expect_refused(load(db), "grant_head", "was changed");
	put_back("after");
	ok(load(db));
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

/* --- requests --------------------------------------------------------------------------------- */

/* A pending request; its id. with: also for what the CSR form asks besides. */
static int64_t
ask_as(const char *name, bool with)
{
	struct enroll_outcome out = {.disposition = DB_DISP_PENDING};
	struct store_decision d = {.ca = &fixture_ca};
	struct enroll_request req;
	int64_t id;

	fixture_request(&req);
	req.has_replay_mark = false;
	snprintf(req.requester.name, sizeof(req.requester.name), "%s", name);
	gh_json_free(req.metadata);
	req.metadata = parse("{\"Dept\":\"a\",\"Number\":1.50}");
	if (with)
		fixture_ask(&req);
	d.req = &req;
	ok(fixture_record(db, &d, &out, &err));
	id = out.cms_request_id;
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
	return id;
}

static int64_t
ask(const char *name)
{
	return ask_as(name, false);
}

static bool
is_as_recorded(int64_t id)
{
	struct enroll_request req = {0};
	struct enroll_outcome out;
	int64_t ca_id;
	bool is_sealed;

	ok(store_get_request(db, id, &req, &out, &ca_id, &err));
	is_sealed = req.is_sealed;
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
	return is_sealed;
}

static void
request__is_approved_as_it_was_recorded(void **state)
{
	static const char *const changes[] = {"requester = 'mallory'", "requester_dn = 'cn=ceo'",
	    "requester_id = 'x'", "requester_kind = 2", "app_id = app_id + 1", "template = 'CA'",
	    "metadata = NULL", "cert_only = NOT cert_only",
	    "submitted_at = submitted_at + interval '1 s'", "mac = NULL",
	    "protocol = protocol % 3 + 1", "ca_name = 'other'", "ca_rule = NULL",
	    "validity = validity + 1", "purpose = 'code_signing'", "tenant = 'south'",
	    "email = 'mallory@test'", "language = 'en'", "operation = 'fullcmc'",
	    "ca_name = NULL, ca_rule = NULL, validity = NULL, purpose = NULL, tenant = NULL, email = NULL, language = NULL, label = NULL, poll_key = NULL, operation = NULL, est_user = NULL, device = NULL",
	    "mac = (SELECT o.mac FROM request o WHERE o.id <> r.id AND o.disposition = 9 LIMIT 1)"};
	int64_t id = ask_as("alice", true), other = ask("bob");
	char statement[512];

	(void)state;
	assert_true(is_as_recorded(id) && is_as_recorded(other));
	attack("CREATE TABLE request_was AS TABLE request");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		snprintf(statement, sizeof(statement), "UPDATE request r SET %s WHERE id = %lld",
		    changes[i], (long long)id);
		attack(statement);
		if (is_as_recorded(id))
			fail_msg("not noticed: %s", changes[i]);
		attack("DELETE FROM request; INSERT INTO request SELECT * FROM request_was");
		assert_true(is_as_recorded(id));
	}
	/* nor is anything put to one that asked for none of it */
	snprintf(statement, sizeof(statement),
	    "UPDATE request SET email = 'mallory@test' WHERE id = %lld", (long long)other);
	attack(statement);
	assert_false(is_as_recorded(other));
	attack("DELETE FROM request; INSERT INTO request SELECT * FROM request_was");
	/* one request under the number of another */
	snprintf(statement, sizeof(statement),
	    "UPDATE request SET id = -1 WHERE id = %lld; UPDATE request SET id = %lld "
	    "WHERE id = %lld",
	    (long long)id, (long long)id, (long long)other);
	attack(statement);
	assert_false(is_as_recorded(id));
	attack(
	    "DELETE FROM request; INSERT INTO request SELECT * FROM request_was; DROP TABLE request_was");
}

/* Requests that wait since before there was anything to ask for besides keep their MAC. */
static void
request__mac_of_before_holds(void **state)
{
	(void)state;
	attack(
	    "INSERT INTO request (id, protocol, app_id, app_name, requester, requester_dn, requester_id, "
	    "requester_kind, address, template, cert_only, disposition, status_code, message, submitted_at, "
	    "metadata, mac) VALUES (-12, 3, 7, 'app', 'alice', 'cn=alice,dc=test', 'a11c', 1, '127.0.0.1', "
	    "'User', false, 9, 0, '', to_timestamp(1700000000), jsonb_build_object('Dept', 'a'), "
	    "decode('ad41e21acdeadf74b3779f144f5fcd6fe8c1b48d30cfd637f8d1ccf86f96838e', 'hex'))");
	assert_true(is_as_recorded(-12));
	attack("DELETE FROM request WHERE id = -12");
}

/* Who asked for a certificate: log-in by it relies on that. */
static void
certificate__belongs_to_whom_it_was_issued_to(void **state)
{
	struct enroll_outcome out;
	struct enroll_request req;
	struct store_decision d = {.req = &req, .ca = &fixture_ca};
	struct store_own_cert own;

	(void)state;
	fixture_request(&req);
	req.has_replay_mark = false;
	snprintf(req.requester.id, sizeof(req.requester.id), "0123");
	if (fixture_issue(&out, "alice") != 0)
		fail();
	ok(fixture_record(db, &d, &out, &err));
	ok(store_recognize(db, out.chain.cert[0].der, out.chain.cert[0].len, &own, &err));
	assert_true(own.is_ours);
	assert_string_equal(own.requester.id, "0123");
	assert_true(own.is_requester_sealed);
	attack("UPDATE request SET requester_id = '4567' WHERE requester_id = '0123'");
	ok(store_recognize(db, out.chain.cert[0].der, out.chain.cert[0].len, &own, &err));
	assert_string_equal(own.requester.id, "");
	attack(
	    "UPDATE request SET requester_id = '0123', requester_kind = 2 WHERE requester_id = '4567'");
	ok(store_recognize(db, out.chain.cert[0].der, out.chain.cert[0].len, &own, &err));
	assert_string_equal(own.requester.id, "");
	assert_false(own.is_requester_sealed);
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
}

/* Nor is one without an id that of another kind, or of nobody. */
static void
certificate__of_one_without_id(void **state)
{
	static const char *const changes[] = {"requester_kind = 5",
	    "requester_kind = 3, mac = NULL", "mac = sha256('x')", "requester_dn = 'CN=root'"};
	struct enroll_outcome out;
	struct enroll_request req;
	struct store_decision d = {.req = &req, .ca = &fixture_ca};
	struct store_own_cert own;
	char statement[200];

	(void)state;
	fixture_request(&req);
	req.has_replay_mark = false;
	req.requester = (struct requester){.kind = REQUESTER_COMMAND, .name = "operator@host"};
	if (fixture_issue(&out, "server") != 0)
		fail();
	ok(fixture_record(db, &d, &out, &err));
	ok(store_recognize(db, out.chain.cert[0].der, out.chain.cert[0].len, &own, &err));
	assert_true(own.is_ours && own.is_requester_sealed);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		snprintf(statement, sizeof(statement),
		    "UPDATE request SET %s WHERE requester = 'operator@host'", changes[i]);
		attack(statement);
		ok(store_recognize(db, out.chain.cert[0].der, out.chain.cert[0].len, &own, &err));
		assert_true(own.is_ours && !own.is_requester_sealed);
	}
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
}

/* Another certificate in the row, with the names and the number of the one that was issued: the MAC
 * is over the bytes of that, so that no signature of a CA has to be verified. Neither does its own
 * row help it. */
static void
C034__certificate_is_the_one_that_was_issued(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	const unsigned char *p;
	struct enroll_outcome out;
	struct enroll_request req;
	struct store_decision d = {.req = &req, .ca = &fixture_ca};
	struct store_own_cert own;
	unsigned char *der = NULL;
	char hex[4096], text[9000];
	X509 *forged;
	int n;

	(void)state;
	fixture_request(&req);
	req.has_replay_mark = false;
	snprintf(req.requester.id, sizeof(req.requester.id), "f0f0");
	if (fixture_issue(&out, "alice") != 0)
		fail();
	ok(fixture_record(db, &d, &out, &err));
	p = out.chain.cert[0].der;
	forged = d2i_X509(NULL, &p, (long)out.chain.cert[0].len);
	assert_true(forged != NULL && X509_set_pubkey(forged, key) == 1 &&
	    X509_sign(forged, key, EVP_sha256()) > 0);
	n = i2d_X509(forged, &der);
	assert_true(n > 0 && 2 * (size_t)n < sizeof(hex));
	(void)gh_hex_lower(der, (size_t)n, hex);
	/* not in any row */
	ok(store_recognize(db, der, (size_t)n, &own, &err));
	assert_false(own.is_ours);
	snprintf(text, sizeof(text),
	    "UPDATE certificate SET der = decode('%s', 'hex'), sha256 = sha256(decode('%s', 'hex')) "
	    "WHERE request_id = (SELECT id FROM request WHERE requester_id = 'f0f0')",
	    hex, hex);
	attack(text);
	ok(store_recognize(db, der, (size_t)n, &own, &err));
	assert_true(own.is_ours);
	assert_false(own.is_requester_sealed);
	assert_string_equal(own.requester.id, "");
	ok(store_recognize(db, out.chain.cert[0].der, out.chain.cert[0].len, &own, &err));
	assert_false(own.is_ours);
	X509_free(forged);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
}

/* By which label of EST it came, and which EST user it goes back to. */
static void
certificate__belongs_to_its_label(void **state)
{
	struct enroll_outcome out;
	struct enroll_request req;
	struct store_decision d = {.req = &req, .ca = &fixture_ca};
	struct store_own_cert own;
	const unsigned char *der;
	size_t len;

	(void)state;
	fixture_request(&req);
	req.has_replay_mark = false;
	req.label = strdup("phones");
	req.requester.est_user = 17;
	req.requester.device = 18;
	snprintf(req.requester.id, sizeof(req.requester.id), "89ab");
	if (fixture_issue(&out, "alice") != 0)
		fail();
	ok(fixture_record(db, &d, &out, &err));
	der = out.chain.cert[0].der;
	len = out.chain.cert[0].len;
	ok(store_recognize(db, der, len, &own, &err));
	assert_true(own.is_requester_sealed);
	assert_string_equal(own.label, "phones");
	assert_int_equal(own.requester.est_user, 17);
	assert_int_equal(own.requester.device, 18);
	for (int i = 0; i < 4; i++) {
		static const char *const changes[] = {"label = 'routers'", "label = NULL",
		    "est_user = NULL", "device = 19"};
		char text[200];

		snprintf(text, sizeof(text), "UPDATE request SET %s WHERE requester_id = '89ab'",
		    changes[i]);
		attack(text);
		ok(store_recognize(db, der, len, &own, &err));
		assert_false(own.is_requester_sealed);
		assert_string_equal(own.label, "");
		assert_string_equal(own.requester.id, "");
		assert_int_equal(own.requester.est_user, 0);
		assert_int_equal(own.requester.device, 0);
		attack(
		    "UPDATE request SET label = 'phones', est_user = 17, device = 18 WHERE requester_id = '89ab'");
	}
	ok(store_recognize(db, der, len, &own, &err));
	assert_true(own.is_requester_sealed);
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
}

static void
reseal__covers_pending_requests(void **state)
{
	struct store_grant_macs seals;
	int64_t id = ask("carol");
	char statement[128];

	(void)state;
	snprintf(statement, sizeof(statement), "UPDATE request SET mac = NULL WHERE id = %lld",
	    (long long)id);
	attack(statement);
	ok(store_grant_macs_look(db, &seals, &err));
	assert_false(seals.is_whole);
	assert_int_equal(gh_json_size(seals.differences), 1);
	assert_string_equal(gh_json_string(gh_json_get(gh_json_at(seals.differences, 0), "table")),
	    "request");
	ok(store_reseal(db, &fixture_admin, seals.digest, &err));
	store_grant_macs_clear(&seals);
	assert_true(is_as_recorded(id));
	ok(store_grant_macs_look(db, &seals, &err));
	assert_true(seals.is_whole);
	store_grant_macs_clear(&seals);
}

/* --- a person accepts ------------------------------------------------------------------------- */

static void
reseal__shows_and_accepts(void **state)
{
	struct store_grant_macs seals, again;
	char out[256];

	(void)state;
	attack(
	    "UPDATE admin_user SET roles = 2 WHERE name = 'mallory'; DELETE FROM admin_user WHERE name = 'olga'; "
	    "INSERT INTO admin_user (name, hash, roles, enabled) VALUES ('ruth', 'h', 1, true)");
	ok(store_grant_macs_look(db, &seals, &err));
	assert_false(seals.is_whole || seals.is_first);
	assert_int_equal(gh_json_size(seals.differences), 3);
	attack(
	    "UPDATE admin_user SET roles = 7 WHERE name = 'mallory'"); /* while the person looks */
	assert_int_equal(store_reseal(db, &fixture_admin, seals.digest, &err), GH_E_CONFLICT);
	expect_refused(log_in(db, "admin"), "admin_user", "mallory");
	ok(store_grant_macs_look(db, &again, &err));
	ok(store_reseal(db, &fixture_admin, again.digest, &err));
	ok(log_in(db, "ruth"));
	store_grant_macs_clear(&again);
	ok(store_grant_macs_look(db, &again, &err));
	assert_true(again.is_whole && again.revision > seals.revision);
	query("SELECT actor FROM audit WHERE event = 'grant.resealed'", out, sizeof(out));
	assert_string_equal(out, fixture_admin.name);
	store_grant_macs_clear(&seals);
	store_grant_macs_clear(&again);
}

/* A database of the version before is known by its audit trail, too. */
static void
reseal__is_first_only_once(void **state)
{
	struct store_grant_macs seals;

	(void)state;
	keep("before");
	attack("DELETE FROM grant_head; DELETE FROM row_seal");
	ok(store_grant_macs_look(db, &seals, &err));
	assert_false(seals.is_whole || seals.is_first);
	store_grant_macs_clear(&seals);
	put_back("before");
}

/* A new table or column is decided upon: either it grants rights and is sealed, or it is listed
 * here. What a KRA keeps is sealed for the KRA itself or bound to its secrets; requests and
 * approvals have MACs of their own (docs/security.md). */
static void
grant__every_table_and_column_is_decided_upon(void **state)
{
	static const char tables[] =
	    "'request','certificate','replay','audit','audit_seal','audit_leaf','audit_check','syslog_cursor','catalog_generation',"
	    "'metadata_run','metadata_run_item',"
	    "'schema_migration','grant_head','row_seal','ca_password','crl_number_floor','revocation','crl','crl_part','ocsp_signer','cmc_signer','key_signer','cmc_secret_use','job',"
	    "'session','digest_nonce','expiry_notice','kra_key','kra_policy','archived_key','key_request','key_approval','kept_key',"
	    "'notification','delivery','delivery_count','ca_notice','admin_contact','request_approval','approval_attempt','package_content','package_delivery','package_signer','tamp_number','metadata_change','key_count',"
	    "'certificate_change','certificate_count','certificate_metadata_count','certificate_issued_count','foreign_issuer','scan_endpoint','scan_sighting','saved_search'";
	static const char columns[] =
	    "'admin_user.created_at','admin_user.changed_at','application.created_at','webhook.created_at','est_user.created_at','est_key.created_at','cmc_secret.created_at',"
	    "'ca.created_at','ca.not_before','ca.not_after','ca_certificate.created_at','ca_certificate.not_after',"
	    "'template.created_at','template.created_by','template.sha256'";
	char statement[6000], out[512];
	size_t n;

	(void)state;
	n = (size_t)snprintf(statement, sizeof(statement),
	    "SELECT table_name || '.' || column_name FROM "
	    "information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN (%s) AND "
	    "table_name || '.' || column_name NOT IN (%s",
	    tables, columns);
	for (int t = 0; t < GRANT_TABLES; t++)
		for (size_t i = 0; grant_table_column((enum grant_table)t, i) != NULL; i++)
			n += (size_t)snprintf(statement + n, sizeof(statement) - n, ",'%s.%s'",
			    grant_table_name((enum grant_table)t),
			    grant_table_column((enum grant_table)t, i));
	assert_true(n + 2 < sizeof(statement));
	snprintf(statement + n, sizeof(statement) - n, ")");
	query(statement, out, sizeof(out));
	assert_string_equal(out, "");
}

static void
refusal__is_in_the_audit_trail(void **state)
{
	char out[512];

	(void)state;
	query(
	    "SELECT count(*) > 5 FROM audit WHERE event = 'grant.refused' AND outcome = 'failure'",
	    out, sizeof(out));
	assert_string_equal(out, "t");
	query(
	    "SELECT count(*) FROM audit WHERE event = 'grant.refused' AND detail LIKE 'admin_user % (eve) was added%'",
	    out, sizeof(out));
	assert_string_equal(out, "1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(grant__what_gatehouse_writes_is_believed),
	    cmocka_unit_test(grant__owner_of_the_database_gains_nothing),
	    cmocka_unit_test(grant__older_row_is_refused),
	    cmocka_unit_test(grant__trigger_gains_nothing),
	    cmocka_unit_test(grant__table_of_a_later_version_is_empty),
	    cmocka_unit_test(grant__other_secret_is_refused),
	    cmocka_unit_test(reseal__shows_and_accepts),
	    cmocka_unit_test(request__is_approved_as_it_was_recorded),
	    cmocka_unit_test(request__mac_of_before_holds),
	    cmocka_unit_test(certificate__belongs_to_whom_it_was_issued_to),
	    cmocka_unit_test(certificate__of_one_without_id),
	    cmocka_unit_test(C034__certificate_is_the_one_that_was_issued),
	    cmocka_unit_test(certificate__belongs_to_its_label),
	    cmocka_unit_test(reseal__covers_pending_requests),
	    cmocka_unit_test(reseal__is_first_only_once),
	    cmocka_unit_test(grant__every_table_and_column_is_decided_upon),
	    cmocka_unit_test(refusal__is_in_the_audit_trail),
	};
	int applied, failed;

	if (fixture_open("issuing") != 0)
		return 1;
	db = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	if (store_migrate(db, &applied, &err) != 0) {
		fprintf(stderr, "%s\n", err.detail);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	store_free(db);
	fixture_close();
	return failed;
}
