/* The store against a real PostgreSQL; started by run_store.sh. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "integration/database.h"
#include "store/catalog/metadata_row.h"
#include "store/catalog/name_row.h"
#include "store/catalog/view_rule_row.h"
#include "store/ca/ca_row.h"

#define TIMEOUT_MS 2000
#define SLACK_MS 8000 /* a busy machine */
#define THREADS 8

static struct store *db;

/* --- schema ----------------------------------------------------------------------------------- */

static void *
migrate_thread(void *arg)
{
	struct store *s = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	int *applied = arg;

	if (store_migrate(s, applied, NULL) != 0)
		*applied = -1;
	store_free(s);
	return NULL;
}

static void
store_migrate__once_by_many(void **state)
{
	pthread_t t[4];
	int applied[4], sum = 0, again;

	(void)state;
	assert_int_equal(store_check_schema(db, &err), GH_E_CONFLICT);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, migrate_thread, &applied[i]);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		assert_true(applied[i] >= 0);
		sum += applied[i];
	}
	assert_int_equal(sum, count("SELECT count(*) FROM schema_migration"));
	ok(store_migrate(db, &again, &err));
	assert_int_equal(again, 0);
	ok(store_check_schema(db, &err));
}

static void
store_migrate__refuses_newer_schema(void **state)
{
	int n;

	(void)state;
	count("INSERT INTO schema_migration VALUES (9999, 'future')");
	assert_int_equal(store_check_schema(db, &err), GH_E_CONFLICT);
	assert_non_null(strstr(err.message, "newer"));
	assert_int_equal(store_migrate(db, &n, &err), GH_E_CONFLICT);
	count("DELETE FROM schema_migration WHERE version = 9999");
	ok(store_check_schema(db, &err));
}

/* --- configuration ---------------------------------------------------------------------------- */

static gh_json *
parse(const char *text)
{
	gh_json *v;

	ok(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &v, &err));
	return v;
}

static void
store_catalog__holds_what_was_created(void **state)
{
	gh_json *app = parse(
	    "{\"name\":\"App\",\"key_index\":\"00FF\",\"secret_sealed\":\"c2VhbGVk\","
	    "\"templates\":[\"User\",\"Web \\\"x\\\"\"],\"ca\":\"issuing\",\"groups\":[],\"signature_required\":true,"
	    "\"min_hash\":\"SHA256\",\"service_identity\":null,\"enabled\":true}");
	gh_json *field =
	    parse("{\"name\":\"Dept\",\"type\":5,\"required\":true,\"options\":[\"a\",\"b\"]}");
	gh_json *rule = parse("{\"name\":\"mobile\",\"priority\":7,\"ca\":\"issuing\","
			      "\"network\":\"10.0.0.0/8\",\"group\":\"pki\"}");
	gh_json *label =
	    parse("{\"name\":\"phones\",\"settings\":{\"template\":\"Phone\"},\"enabled\":true}");
	gh_json *view =
	    parse("{\"name\":\"team\",\"group\":\"web\",\"field\":\"Dept\",\"value\":\"a\"}");
	const struct store_new_ca new_ca = {.ca = &fixture_ca, .event = "ca.created"};
	gh_json *c, *row;
	int64_t id, g1, g2;
	int version;
	bool is_new;

	(void)state;
	g1 = count("SELECT n FROM catalog_generation");
	ok(store_create_ca(db, &fixture_admin, &new_ca, &fixture_ca.id, &err));
	assert_true(fixture_ca.id > 0);
	assert_int_equal(store_create_ca(db, &fixture_admin, &new_ca, &id, &err), GH_E_CONFLICT);
	ok(store_create_app(db, &fixture_admin, app, &id, &err));
	assert_int_equal(store_create_app(db, &fixture_admin, app, &id, &err), GH_E_CONFLICT);
	ok(store_set_metadata_field(db, &fixture_admin, field, &is_new, &err));
	ok(store_add_ca_rule(db, &fixture_admin, rule, &err));
	ok(store_add_view_rule(db, &fixture_admin, view, &err));
	ok(store_add_est_label(db, &fixture_admin, label, &err));
	gh_json_free(label);
	ok(store_import_template(db, &fixture_admin, "User", "{\"a\":1}", &version, &is_new, &err));
	assert_true(is_new && version == 1);
	ok(store_import_template(db, &fixture_admin, "user", "{ \"a\" : 1 }", &version, &is_new,
	    &err));
	assert_true(!is_new && version == 1);
	ok(store_import_template(db, &fixture_admin, "User", "{\"a\":2}", &version, &is_new, &err));
	assert_true(is_new && version == 2);
	g2 = count("SELECT n FROM catalog_generation");
	assert_true(g2 > g1);

	ok(store_load_catalog(db, &c, &err));
	row = gh_json_at(gh_json_get(c, "cas"), 0);
	assert_string_equal(gh_json_string(gh_json_get(row, "name")), "issuing");
	assert_int_equal(gh_json_size(gh_json_get(row, "chain")), 1);
	assert_null(strchr(gh_json_string(gh_json_at(gh_json_get(row, "chain"), 0)), '\n'));
	assert_int_equal(gh_json_type(gh_json_get(row, "sealed")), GH_JSON_NULL);
	assert_int_equal(gh_json_size(gh_json_get(c, "templates")), 1);
	row = gh_json_at(gh_json_get(c, "templates"), 0);
	assert_true(gh_json_int(gh_json_get(row, "version"), &id) && id == 2);
	assert_true(gh_json_int(gh_json_get(gh_json_get(row, "body"), "a"), &id) && id == 2);
	row = gh_json_at(gh_json_get(c, "apps"), 0);
	assert_string_equal(gh_json_string(gh_json_get(row, "key_index")), "00FF");
	assert_string_equal(gh_json_string(gh_json_at(gh_json_get(row, "templates"), 1)),
	    "Web \"x\"");
	row = gh_json_at(gh_json_get(c, "metadata_fields"), 0);
	assert_true(gh_json_int(gh_json_get(row, "type"), &id) && id == 5);
	assert_true(gh_json_bool(gh_json_get(row, "required"), false));
	assert_int_equal(gh_json_size(gh_json_get(row, "options")), 2);
	row = gh_json_at(gh_json_get(c, "ca_rules"), 0);
	assert_true(gh_json_int(gh_json_get(row, "priority"), &id) && id == 7);
	assert_string_equal(gh_json_string(gh_json_get(row, "group")), "pki");
	assert_int_equal(gh_json_type(gh_json_get(row, "tenant")), GH_JSON_NULL);
	row = gh_json_at(gh_json_get(c, "view_rules"), 0);
	assert_string_equal(gh_json_string(gh_json_get(row, "group")), "web");
	assert_string_equal(gh_json_string(gh_json_get(row, "value")), "a");
	assert_int_equal(gh_json_type(gh_json_get(row, "template")), GH_JSON_NULL);
	row = gh_json_at(gh_json_get(c, "est_labels"), 0);
	assert_string_equal(gh_json_string(gh_json_get(gh_json_get(row, "settings"), "template")),
	    "Phone");
	gh_json_free(c);

	ok(store_set_app_enabled(db, &fixture_admin, "APP", false, &err));
	assert_int_equal(store_set_app_enabled(db, &fixture_admin, "none", true, &err),
	    GH_E_NOT_FOUND);
	assert_int_equal(
	    count("SELECT count(*) FROM audit WHERE event IN ('ca.created', 'app.created', "
		  "'metadata_field.set', 'app.disabled', 'ca.rule.added') AND actor = 'root@test'"),
	    5);
	assert_int_equal(count(
			     "SELECT count(*) FROM audit WHERE object = 'mobile' AND detail = 'CA "
			     "issuing, priority 7, network 10.0.0.0/8, group pki'"),
	    1);
	assert_int_equal(count("SELECT count(*) FROM audit WHERE event = 'view.rule-added' AND "
			       "object = 'team' AND detail = 'group web, metadata Dept=a'"),
	    1);
	assert_int_equal(count("SELECT count(*) FROM audit WHERE event = 'template.imported'"), 2);
	gh_json_free(app);
	gh_json_free(view);
	gh_json_free(field);
	gh_json_free(rule);
}

/* --- names and their owners ------------------------------------------------------------------- */

static size_t
names_listed(const char *owner, const char *kind)
{
	gh_json *list;
	size_t n;

	ok(store_list_names(db, owner, kind, &list, &err));
	n = gh_json_size(list);
	gh_json_free(list);
	return n;
}

static void
store_names__added_and_removed_as_a_whole(void **state)
{
	gh_json *two =
	    parse("[{\"owner\":\"group:a\",\"kind\":\"dns\",\"names\":{\"x.example\":\"\","
		  "\"y.example\":\"why\"}},"
		  "{\"owner\":\"group:b\",\"kind\":\"ip\",\"names\":{\"10.0.0.1\":\"\"}}]");
	gh_json *comment =
	    parse("[{\"owner\":\"group:a\",\"kind\":\"dns\",\"names\":{\"x.example\":\"new\"}}]");
	gh_json *wrong =
	    parse("[{\"owner\":\"group:b\",\"kind\":\"ip\",\"names\":{\"10.0.0.1\":\"\"}},"
		  "{\"owner\":\"group:a\",\"kind\":\"dns\",\"names\":{\"z.example\":\"\"}}]");
	struct store_name_result r;
	gh_json *list;

	(void)state;
	ok(store_add_names(db, &fixture_admin, two, 3, true, &r, &err)); /* a trial */
	assert_true(r.changed == 3 && r.total == 3 && names_listed(NULL, NULL) == 0);
	assert_int_equal(store_add_names(db, &fixture_admin, two, 2, false, &r, &err),
	    GH_E_VALIDATION);
	assert_int_equal(names_listed(NULL, NULL), 0);
	ok(store_add_names(db, &fixture_admin, two, 3, false, &r, &err));
	ok(store_add_names(db, &fixture_admin, two, 3, false, &r, &err)); /* again */
	assert_true(r.changed == 0 && r.total == 3);
	ok(store_add_names(db, &fixture_admin, comment, 3, false, &r, &err));
	assert_true(r.changed == 1 && r.total == 3);
	ok(store_list_names(db, "group:a", NULL, &list, &err));
	assert_int_equal(gh_json_size(list), 2);
	assert_string_equal(gh_json_string(gh_json_get(gh_json_at(list, 0), "comment")), "new");
	gh_json_free(list);
	assert_int_equal(names_listed(NULL, "ip"), 1);
	assert_int_equal(names_listed("group:a", "ip"), 0);
	assert_int_equal(store_remove_names(db, &fixture_admin, wrong, &r, &err), GH_E_NOT_FOUND);
	assert_int_equal(names_listed(NULL, NULL), 3);
	ok(store_remove_names(db, &fixture_admin, comment, &r, &err));
	assert_true(r.changed == 1 && r.total == 2 && names_listed("group:a", NULL) == 1);
	assert_int_equal(count("SELECT count(*) FROM audit WHERE event = 'name.added' AND actor = "
			       "'root@test'"),
	    3);
	assert_int_equal(count(
			     "SELECT count(*) FROM audit WHERE event = 'name.removed' AND object = "
			     "'group:a' AND detail = 'dns x.example'"),
	    1);
	ok(store_load_catalog(db, &list, &err));
	assert_int_equal(gh_json_size(gh_json_get(list, "name_owners")), 2);
	gh_json_free(list);
	gh_json_free(two);
	gh_json_free(comment);
	gh_json_free(wrong);
}

static void
store_wait_change__tells_of_changes_only(void **state)
{
	struct store *l = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	bool changed;

	(void)state;
	ok(store_wait_change(l, 5000, &changed, &err));
	assert_true(changed); /* first: it may have missed some */
	ok(store_wait_change(l, 50, &changed, &err));
	assert_false(changed);
	ok(store_set_app_enabled(db, &fixture_admin, "app", true, &err));
	ok(store_wait_change(l, 5000, &changed, &err));
	assert_true(changed);
	ok(store_wait_change(l, 50, &changed, &err));
	assert_false(changed);
	postgres("restart");
	ok(store_wait_change(l, 5000, &changed, &err));
	assert_true(changed);
	store_free(l);
}

static void
store_user__life(void **state)
{
	struct store_user user;

	(void)state;
	ok(store_create_user(db, &fixture_admin, "Admin", "$2b$x",
	    REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER, &err));
	assert_int_equal(store_create_user(db, &fixture_admin, "admin", "h", 1, &err),
	    GH_E_CONFLICT);
	ok(store_get_user(db, "ADMIN", &user, &err));
	assert_string_equal(user.name, "Admin");
	assert_string_equal(user.hash, "$2b$x");
	assert_true(user.roles == 3 && user.enabled);
	/* other letters are another name, whatever a database may fold */
	assert_int_equal(store_get_user(db, "adm\xc4\xb0n", &user, &err), GH_E_NOT_FOUND);
	ok(store_set_user(db, &fixture_admin, "admin", NULL, 0, &err));
	ok(store_get_user(db, "admin", &user, &err));
	assert_string_equal(user.hash, "$2b$x");
	assert_false(user.enabled);
	assert_int_equal(store_get_user(db, "nobody", &user, &err), GH_E_NOT_FOUND);
	assert_string_equal(user.hash, "");
	assert_int_equal(store_set_user(db, &fixture_admin, "nobody", NULL, 1, &err),
	    GH_E_NOT_FOUND);
}

/* Over REST rights are taken away, and somebody is left who can log in. */
static void
store_user__taken_away(void **state)
{
	static const struct requester first = {.kind = REQUESTER_ADMIN, .name = "first"};
	static const struct requester other = {.kind = REQUESTER_DIRECTORY, .name = "first"};
	const unsigned both = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER;
	struct store_user user;

	(void)state;
	ok(store_create_user(db, &fixture_admin, "First", "h", both, &err));
	assert_int_equal(store_create_user(db, &first, "mine", "h", 1, &err), GH_E_FORBIDDEN);
	ok(store_create_user(db, &fixture_admin, "second", "h", both, &err));
	assert_int_equal(store_set_user(db, &first, "second", "mine", -1, &err), GH_E_FORBIDDEN);
	assert_int_equal(store_set_user_roles(db, &first, "second", both | REQUESTER_ROLE_AGENT,
			     &err),
	    GH_E_FORBIDDEN);
	assert_int_equal(store_set_user(db, &first, "first", NULL, 0, &err), GH_E_CONFLICT);
	ok(store_set_user_roles(db, &first, "second", REQUESTER_ROLE_OFFICER, &err));
	assert_int_equal(store_set_user_roles(db, &first, "second", both, &err), GH_E_FORBIDDEN);
	/* somebody of the directory of the same name is another, and may not take the last */
	assert_int_equal(store_set_user(db, &other, "first", NULL, 0, &err), GH_E_CONFLICT);
	assert_int_equal(store_set_user_roles(db, &other, "first", REQUESTER_ROLE_OFFICER, &err),
	    GH_E_CONFLICT);
	ok(store_set_user_roles(db, &fixture_admin, "second", both, &err));
	ok(store_set_user(db, &fixture_admin, "second", NULL, 0, &err));
	/* one who is disabled does not count */
	assert_int_equal(store_set_user(db, &other, "first", NULL, 0, &err), GH_E_CONFLICT);
	assert_int_equal(store_set_user(db, &first, "second", NULL, 1, &err), GH_E_FORBIDDEN);
	ok(store_set_user(db, &fixture_admin, "second", NULL, 1, &err));
	ok(store_set_user(db, &other, "first", NULL, 0, &err));
	ok(store_get_user(db, "first", &user, &err));
	assert_false(user.enabled);
	ok(store_get_user(db, "second", &user, &err));
	assert_int_equal(user.roles, both);
}

/* --- recording -------------------------------------------------------------------------------- */

static int
record(struct store *s, struct enroll_request *req, struct enroll_outcome *out, struct gh_error *e)
{
	struct store_decision d = {.req = req, .ca = &fixture_ca, .template_id = 1};

	return fixture_record(s, &d, out, e);
}

static void
decided(struct enroll_outcome *out, enum db_disposition disposition, uint32_t code)
{
	memset(out, 0, sizeof(*out));
	out->disposition = disposition;
	out->status_code = code;
	snprintf(out->message, sizeof(out->message), "decided");
}

/* Hex digits in pairs, with something between them. */
static void
spell(const char *digits, char between, char out[100])
{
	size_t n = 0;

	for (size_t i = 0; digits[i] != '\0' && n < 97; i++) {
		if (i > 0 && i % 2 == 0)
			out[n++] = between;
		out[n++] = digits[i];
	}
	out[n] = '\0';
}

static void
store_record__issued_is_complete(void **state)
{
	struct enroll_outcome out, got;
	struct enroll_request req, back;
	gh_json *cert;
	int64_t ca_id, id;
	char key[24], with_colons[100], with_blanks[100], with_prefix[60];

	(void)state;
	fixture_request(&req);
	ok(fixture_issue(&out, "Alice \303\204"));
	ok(record(db, &req, &out, &err));
	assert_true(out.cms_request_id > 0 && out.cms_id > 0);
	ok(store_get_request(db, out.cms_request_id, &back, &got, &ca_id, &err));
	assert_int_equal(ca_id, fixture_ca.id);
	assert_string_equal(got.serial, out.serial);
	assert_string_equal(got.thumbprint, out.thumbprint);
	assert_string_equal(got.issuer_dn, out.issuer_dn);
	assert_int_equal(got.chain.n, 1);
	assert_memory_equal(got.chain.cert[0].der, out.chain.cert[0].der, out.chain.cert[0].len);
	assert_string_equal(back.requester.name, "alice");
	assert_int_equal(back.requester.app_id, 7);
	assert_string_equal(back.template_name, "User");
	assert_int_equal(back.submitted, req.submitted);
	assert_string_equal(gh_json_string(gh_json_get(back.metadata, "Cost Center")), "42\"x");
	enroll_request_clear(&back);

	snprintf(key, sizeof(key), "%lld", (long long)out.cms_id);
	/* as OpenSSL writes a serial number; as browsers write a thumbprint */
	spell(out.serial, ':', with_colons);
	spell(out.thumbprint, ' ', with_blanks);
	snprintf(with_prefix, sizeof(with_prefix), "0x00%s", out.serial);
	const char *const keys[] = {key, out.serial, out.thumbprint, with_colons, with_blanks,
	    with_prefix};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		ok(store_get_cert(db, keys[i], &cert, &err));
		assert_true(gh_json_int(gh_json_get(cert, "id"), &id) && id == out.cms_id);
		assert_string_equal(gh_json_string(gh_json_get(cert, "serial")), out.serial);
		assert_string_equal(gh_json_string(gh_json_get(cert, "subject")),
		    "CN=Alice \303\204, DC=test");
		assert_int_equal(gh_json_size(gh_json_get(cert, "sans")), 3);
		assert_string_equal(gh_json_string(gh_json_at(gh_json_get(cert, "sans"), 0)),
		    "dns:host.test");
		assert_string_equal(gh_json_string(gh_json_get(cert, "status")), "valid");
		gh_json_free(cert);
	}
	assert_int_equal(store_get_cert(db, "999999", &cert, &err), GH_E_NOT_FOUND);
	assert_int_equal(store_get_cert(db, "nonsense'", &cert, &err), GH_E_NOT_FOUND);
	assert_int_equal(count("SELECT count(*) FROM audit WHERE event = 'enroll.issued'"), 1);
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
	enroll_outcome_clear(&got);
}

static X509 *
cert_with_upn(const char *upn)
{
	X509 *cert = fixture_cert("long", NULL);
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_TYPE *value = ASN1_TYPE_new();
	ASN1_UTF8STRING *text = ASN1_UTF8STRING_new();

	assert_int_equal(ASN1_STRING_set(text, upn, -1), 1);
	ASN1_TYPE_set(value, V_ASN1_UTF8STRING, text);
	assert_int_equal(GENERAL_NAME_set0_othername(name, OBJ_nid2obj(NID_ms_upn), value), 1);
	assert_true(sk_GENERAL_NAME_push(names, name) > 0);
	assert_int_equal(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND),
	    1);
	assert_true(X509_sign(cert, fixture_key, EVP_sha256()) > 0);
	GENERAL_NAMES_free(names);
	return cert;
}

/* A name too long for the index is cut between two characters, wherever these begin. */
static void
store_record__cuts_long_names(void **state)
{
	(void)state;
	for (int shift = 0; shift < 3; shift++) {
		struct enroll_outcome out = {.disposition = DB_DISP_ISSUED};
		struct enroll_request req;
		unsigned char *der = NULL;
		char upn[2000];
		X509 *cert;
		int n = snprintf(upn, sizeof(upn), "%.*s", shift, "aa");

		for (int i = 0; i < 400; i++)
			n += snprintf(upn + n, sizeof(upn) - (size_t)n, "\342\202\254");
		cert = cert_with_upn(upn);
		n = i2d_X509(cert, &der);
		ok(ca_outcome_set_cert(&out, &fixture_ca, der, (size_t)n, &err));
		fixture_request(&req);
		ok(record(db, &req, &out, &err));
		OPENSSL_free(der);
		X509_free(cert);
		enroll_request_clear(&req);
		enroll_outcome_clear(&out);
	}
	assert_int_equal(count("SELECT count(*) FROM certificate WHERE sans[1] LIKE 'upn:%' "
			       "AND length(sans[1]) BETWEEN 330 AND 340"),
	    3);
}

static void
store_record__pending_and_denied_have_no_certificate(void **state)
{
	struct enroll_outcome out, got;
	struct enroll_request req;
	int64_t ca_id;

	(void)state;
	fixture_request(&req);
	req.has_replay_mark = false; /* a front door without signatures */
	decided(&out, DB_DISP_DENIED, 0x80094012);
	snprintf(req.requester.name, sizeof(req.requester.name), "bad\377utf8");
	ok(record(db, &req, &out, &err));
	assert_int_equal(out.cms_id, 0);
	ok(store_get_request(db, out.cms_request_id, NULL, &got, &ca_id, &err));
	assert_int_equal(got.disposition, DB_DISP_DENIED);
	assert_int_equal(got.status_code, 0x80094012);
	assert_int_equal(got.chain.n, 0);
	assert_int_equal(ca_id, 0);
	assert_int_equal(store_get_request(db, 999999, NULL, &got, &ca_id, &err), GH_E_NOT_FOUND);
	enroll_request_clear(&req);
}

static void
store_record__refuses_same_serial(void **state)
{
	struct enroll_outcome out;
	struct enroll_request req;

	(void)state;
	fixture_request(&req);
	ok(fixture_issue(&out, "twice"));
	ok(record(db, &req, &out, &err));
	RAND_bytes(req.replay_mark, REPLAY_MARK_SIZE);
	assert_int_equal(record(db, &req, &out, &err), GH_E_DB);
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
}

static void
store_replay__same_requester_gets_the_recorded_answer(void **state)
{
	struct enroll_outcome first, second, found_out = {0};
	struct enroll_request req;
	int64_t ca_id;
	bool found;

	(void)state;
	fixture_request(&req);
	snprintf(req.requester.id, sizeof(req.requester.id),
	    "00112233-4455-6677-8899-aabbccddeeff");
	ok(fixture_find_replay(db, &req, &found, &found_out, &ca_id, &err));
	assert_false(found);
	ok(fixture_issue(&first, "first"));
	ok(record(db, &req, &first, &err));
	assert_false(first.is_replay);
	ok(fixture_issue(&second, "second"));
	req.request_id[0] = 'x'; /* another HTTP request with the same signed body */
	ok(record(db, &req, &second, &err));
	assert_true(second.is_replay);
	assert_string_equal(second.serial, first.serial);
	assert_int_equal(second.cms_id, first.cms_id);
	ok(fixture_find_replay(db, &req, &found, &found_out, &ca_id, &err));
	assert_true(found && ca_id == fixture_ca.id);
	assert_string_equal(found_out.serial, first.serial);
	enroll_outcome_clear(&second);
	enroll_outcome_clear(&found_out);

	/* another entry, though it has got the name */
	ok(fixture_issue(&second, "other"));
	req.requester.id[0] = '1';
	assert_int_equal(fixture_find_replay(db, &req, &found, &found_out, &ca_id, &err),
	    GH_E_REPLAY);
	assert_int_equal(record(db, &req, &second, &err), GH_E_REPLAY);
	req.requester.id[0] = '\0'; /* where entries have no number, the name decides */
	snprintf(req.requester.name, sizeof(req.requester.name), "mallory");
	assert_int_equal(record(db, &req, &second, &err), GH_E_REPLAY);
	assert_int_equal(fixture_find_replay(db, &req, &found, &found_out, &ca_id, &err),
	    GH_E_REPLAY);
	snprintf(req.requester.name, sizeof(req.requester.name), "alice");
	req.requester.app_id = 8;
	assert_int_equal(record(db, &req, &second, &err), GH_E_REPLAY);
	enroll_outcome_clear(&first);
	enroll_outcome_clear(&second);
	enroll_request_clear(&req);

	ok(store_purge_replay(db, 3600, &err));
	assert_true(count("SELECT count(*) FROM replay") > 0);
	ok(store_purge_replay(db, -1, &err));
	assert_int_equal(count("SELECT count(*) FROM replay"), 0);
}

/* Two calls at once can bear one X-Request-Id, for it is the client's to choose. */
static void
store_replay__same_request_id_is_no_proof_of_own_try(void **state)
{
	struct enroll_outcome first, second;
	struct enroll_request req;

	(void)state;
	fixture_request(&req);
	ok(fixture_issue(&first, "first"));
	ok(record(db, &req, &first, &err));
	ok(fixture_issue(&second, "second"));
	ok(record(db, &req, &second, &err));
	assert_true(second.is_replay);
	assert_string_equal(second.serial, first.serial);
	assert_int_equal(second.chain.n, 1);
	assert_memory_equal(second.chain.cert[0].der, first.chain.cert[0].der,
	    first.chain.cert[0].len);
	enroll_outcome_clear(&first);
	enroll_outcome_clear(&second);
	enroll_request_clear(&req);
}

struct racer {
	pthread_t t;
	struct enroll_request req;
	struct enroll_outcome out;
	int64_t pending;
	int rc;
};

static void *
race_record(void *arg)
{
	struct racer *r = arg;
	struct store *s = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);

	r->rc = record(s, &r->req, &r->out, NULL);
	store_free(s);
	return NULL;
}

static void
store_replay__concurrent_gives_one_certificate(void **state)
{
	long before = count("SELECT count(*) FROM certificate");
	struct racer r[THREADS];
	int originals = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		fixture_request(&r[i].req);
		memcpy(r[i].req.replay_mark, r[0].req.replay_mark, REPLAY_MARK_SIZE);
		ok(fixture_issue(&r[i].out, "race"));
	}
	for (int i = 0; i < THREADS; i++)
		pthread_create(&r[i].t, NULL, race_record, &r[i]);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(r[i].t, NULL);
		assert_int_equal(r[i].rc, 0);
		originals += !r[i].out.is_replay;
		assert_string_equal(r[i].out.serial, r[0].out.serial);
	}
	assert_int_equal(originals, 1);
	assert_int_equal(count("SELECT count(*) FROM certificate"), before + 1);
	for (int i = 0; i < THREADS; i++) {
		enroll_request_clear(&r[i].req);
		enroll_outcome_clear(&r[i].out);
	}
}

static void *
race_decide(void *arg)
{
	struct racer *r = arg;
	struct store *s = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	struct store_decision d = {.req = &r->req, .ca = &fixture_ca};
	struct requester officer = {.kind = REQUESTER_ADMIN, .name = "officer"};

	r->rc = store_decide(s, r->pending, &officer, &d, &r->out, NULL);
	store_free(s);
	return NULL;
}

static void
store_decide__one_of_many_officers(void **state)
{
	long certs = count("SELECT count(*) FROM certificate");
	struct enroll_outcome pending, got;
	struct racer r[THREADS];
	int64_t ca_id;
	int won = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		fixture_request(&r[i].req);
	decided(&pending, DB_DISP_PENDING, 0);
	ok(record(db, &r[0].req, &pending, &err));
	for (int i = 0; i < THREADS; i++) {
		r[i].pending = pending.cms_request_id;
		ok(fixture_issue(&r[i].out, "approved"));
		if (i % 2 == 1) {
			enroll_outcome_clear(&r[i].out);
			decided(&r[i].out, DB_DISP_DENIED, 0x80094014);
		}
		pthread_create(&r[i].t, NULL, race_decide, &r[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(r[i].t, NULL);
		won += r[i].rc == 0;
		assert_true(r[i].rc == 0 || r[i].rc == GH_E_CONFLICT);
		if (r[i].rc != 0)
			continue;
		ok(store_get_request(db, pending.cms_request_id, NULL, &got, &ca_id, &err));
		assert_int_equal(got.disposition, r[i].out.disposition);
		assert_string_equal(got.serial, r[i].out.serial);
		assert_int_equal(count("SELECT count(*) FROM certificate") - certs,
		    r[i].out.disposition == DB_DISP_ISSUED);
		enroll_outcome_clear(&got);
	}
	assert_int_equal(won, 1);
	assert_int_equal(count("SELECT count(*) FROM audit WHERE event LIKE 'request.%'"), 1);
	for (int i = 0; i < THREADS; i++) {
		enroll_request_clear(&r[i].req);
		enroll_outcome_clear(&r[i].out);
	}
}

/* --- lists, audit ----------------------------------------------------------------------------- */

static void
store_list__pages_by_id(void **state)
{
	struct store_filter f = {.limit = 3};
	long rows = count("SELECT count(*) FROM certificate"), seen = 0;
	char inserted[64];
	int64_t id = 0;
	gh_json *page;

	(void)state;
	for (size_t n = 3; n == 3; f.after_id = id) {
		ok(store_list(db, STORE_LIST_CERTS, &f, &page, &err));
		n = gh_json_size(page);
		for (size_t i = 0; i < n; i++, seen++) {
			int64_t previous = id;

			assert_true(gh_json_int(gh_json_get(gh_json_at(page, i), "id"), &id));
			assert_true(id > previous);
		}
		gh_json_free(page);
	}
	assert_int_equal(seen, rows);
	f = (struct store_filter){.limit = 2, .newest_first = true, .name = "ALICE"};
	ok(store_list(db, STORE_LIST_CERTS, &f, &page, &err));
	assert_true(gh_json_int(gh_json_get(gh_json_at(page, 0), "id"), &id));
	assert_int_equal(id, count("SELECT max(id) FROM certificate"));
	gh_json_free(page);
	f.name = "nobody' OR true --";
	ok(store_list(db, STORE_LIST_CERTS, &f, &page, &err));
	assert_int_equal(gh_json_size(page), 0);
	gh_json_free(page);
	f = (struct store_filter){.limit = 10, .disposition = DB_DISP_DENIED};
	ok(store_list(db, STORE_LIST_REQUESTS, &f, &page, &err));
	assert_string_equal(gh_json_string(gh_json_get(gh_json_at(page, 0), "disposition")),
	    "denied");
	assert_string_equal(gh_json_string(gh_json_get(gh_json_at(page, 0), "status_code")),
	    "0x80094012");
	gh_json_free(page);
	query("INSERT INTO delivery (notification_id, channel, address) "
	      "SELECT min(id), 'mail', 'alice@example.test' FROM notification",
	    inserted, sizeof(inserted));
	f = (struct store_filter){.limit = 1000};
	for (int what = STORE_LIST_CAS; what <= STORE_LIST_AUDIT; what++) {
		ok(store_list(db, (enum store_list)what, &f, &page, &err));
		if (gh_json_size(page) == 0)
			fail_msg("nothing in list %d", what);
		gh_json_free(page);
	}
	f.limit = 1001;
	assert_int_equal(store_list(db, STORE_LIST_CAS, &f, &page, &err), GH_E_INTERNAL);
}

static void
store_audit__is_append_only(void **state)
{
	static const char *const forbidden[] = {"UPDATE audit SET actor = 'x'", "DELETE FROM audit",
	    "TRUNCATE audit"};
	struct store_audit a = {"auth.failed", "failure", &fixture_admin, "0123", "object", "why"};
	long rows = count("SELECT count(*) FROM audit");
	char out[512];

	(void)state;
	ok(store_audit(db, &a, &err));
	assert_int_equal(count("SELECT count(*) FROM audit"), rows + 1);
	for (size_t i = 0; i < 3; i++) {
		assert_int_not_equal(query_as("gatehouse", forbidden[i], out, sizeof(out)), 0);
		assert_non_null(strstr(out, "never changed"));
	}
	assert_int_equal(count("SELECT count(*) FROM audit"), rows + 1);
}

/* --- faults ----------------------------------------------------------------------------------- */

static void
store__survives_restart_between_requests(void **state)
{
	struct enroll_outcome out;
	struct enroll_request req;

	(void)state;
	ok(store_ping(db, &err));
	postgres("kill");
	assert_int_equal(store_ping(db, &err), GH_E_DB_DOWN);
	postgres("start");
	ok(store_ping(db, &err));
	postgres("restart");
	fixture_request(&req);
	ok(fixture_issue(&out, "after"));
	ok(record(db, &req, &out, &err));
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
}

static void
store__deadline_on_frozen_server(void **state)
{
	struct store *fresh = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	int64_t start;

	(void)state;
	ok(store_ping(db, &err));
	postgres("freeze");
	start = gh_now_us();
	assert_int_equal(store_ping(db, &err), GH_E_DB_DOWN);
	assert_in_range((gh_now_us() - start) / 1000, TIMEOUT_MS - 100, TIMEOUT_MS + SLACK_MS);
	start = gh_now_us();
	assert_int_equal(store_ping(fresh, &err), GH_E_DB_DOWN);
	assert_in_range((gh_now_us() - start) / 1000, TIMEOUT_MS - 100, TIMEOUT_MS + SLACK_MS);
	postgres("thaw");
	ok(store_ping(db, &err));
	ok(store_ping(fresh, &err));
	store_free(fresh);
}

#define LOAD_MAX 100000

struct load {
	pthread_t t;
	atomic_int *stop;
	atomic_int *total;
	char (*answered)[48]; /* serials */
	int n, refused, wrong;
};

static void *
load_thread(void *arg)
{
	const struct timespec pause = {0, 5000000};
	struct store *s = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	struct load *l = arg;

	while (!atomic_load(l->stop) && l->n < LOAD_MAX) {
		struct enroll_outcome out;
		struct enroll_request req;
		int rc;

		fixture_request(&req);
		l->wrong += fixture_issue(&out, "load") != 0;
		rc = record(s, &req, &out, NULL);
		if (rc == 0 && !out.is_replay) {
			memcpy(l->answered[l->n++], out.serial, sizeof(out.serial));
			atomic_fetch_add(l->total, 1);
		} else if (rc == GH_E_DB_DOWN) {
			l->refused++;
			nanosleep(&pause, NULL);
		} else
			l->wrong++;
		enroll_request_clear(&req);
		enroll_outcome_clear(&out);
	}
	store_free(s);
	return NULL;
}

static void
wait_for(atomic_int *total, int at_least)
{
	const struct timespec pause = {0, 10000000};

	for (int i = 0; atomic_load(total) < at_least; i++) {
		if (i > 3000)
			fail_msg("no progress: %d of %d", atomic_load(total), at_least);
		nanosleep(&pause, NULL);
	}
}

static void
store_record__nothing_answered_is_lost_when_killed(void **state)
{
	atomic_int stop = 0, total = 0;
	struct load l[4];
	int refused = 0;
	gh_json *cert;

	(void)state;
	memset(l, 0, sizeof(l));
	for (int i = 0; i < 4; i++) {
		l[i].stop = &stop;
		l[i].total = &total;
		assert_non_null(l[i].answered = calloc(LOAD_MAX, sizeof(*l[i].answered)));
		pthread_create(&l[i].t, NULL, load_thread, &l[i]);
	}
	for (int round = 0; round < 3; round++) {
		wait_for(&total, atomic_load(&total) + 200);
		postgres("kill");
		postgres("start");
	}
	wait_for(&total, atomic_load(&total) + 200);
	postgres("restart"); /* fast shutdown: 57P01 in the middle of statements */
	wait_for(&total, atomic_load(&total) + 200);
	atomic_store(&stop, 1);
	for (int i = 0; i < 4; i++) {
		pthread_join(l[i].t, NULL);
		assert_int_equal(l[i].wrong, 0);
		refused += l[i].refused;
		for (int j = 0; j < l[i].n; j++) {
			ok(store_get_cert(db, l[i].answered[j], &cert, &err));
			gh_json_free(cert);
		}
		free(l[i].answered);
	}
	print_message("# %d answered, %d refused\n", atomic_load(&total), refused);
	assert_int_equal(count(
			     "SELECT count(*) - count(DISTINCT (ca_id, serial)) FROM certificate"),
	    0);
	assert_int_equal(
	    count("SELECT count(*) FROM certificate c WHERE NOT EXISTS "
		  "(SELECT FROM request r WHERE r.certificate_id = c.id AND r.id = c.request_id)"),
	    0);
	assert_int_equal(
	    count("SELECT (SELECT count(*) FROM certificate) - (SELECT count(*) FROM audit "
		  "WHERE event IN ('enroll.issued', 'request.approved'))"),
	    0);
}

static int
open_all(void **state)
{
	(void)state;
	if (getenv("PGCONNINFO") == NULL || getenv("POSTGRES_SH") == NULL) {
		fprintf(stderr, "run by tests/integration/run_store.sh\n");
		return -1;
	}
	db = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	return fixture_open("issuing");
}

static int
close_all(void **state)
{
	(void)state;
	store_free(db);
	fixture_close();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(store_migrate__once_by_many),
	    cmocka_unit_test(store_migrate__refuses_newer_schema),
	    cmocka_unit_test(store_catalog__holds_what_was_created),
	    cmocka_unit_test(store_names__added_and_removed_as_a_whole),
	    cmocka_unit_test(store_wait_change__tells_of_changes_only),
	    cmocka_unit_test(store_user__life),
	    cmocka_unit_test(store_user__taken_away),
	    cmocka_unit_test(store_record__issued_is_complete),
	    cmocka_unit_test(store_record__cuts_long_names),
	    cmocka_unit_test(store_record__pending_and_denied_have_no_certificate),
	    cmocka_unit_test(store_record__refuses_same_serial),
	    cmocka_unit_test(store_replay__same_requester_gets_the_recorded_answer),
	    cmocka_unit_test(store_replay__same_request_id_is_no_proof_of_own_try),
	    cmocka_unit_test(store_replay__concurrent_gives_one_certificate),
	    cmocka_unit_test(store_decide__one_of_many_officers),
	    cmocka_unit_test(store_list__pages_by_id),
	    cmocka_unit_test(store_audit__is_append_only),
	    cmocka_unit_test(store__survives_restart_between_requests),
	    cmocka_unit_test(store__deadline_on_frozen_server),
	    cmocka_unit_test(store_record__nothing_answered_is_lost_when_killed),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
