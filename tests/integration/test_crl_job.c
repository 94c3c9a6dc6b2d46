/*
 * CRLs as a gateway makes, publishes and serves them: job, directory, HTTP handler, against a real
 * database, signer and slapd. Started by run_crl_job.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "jobs/crl_job.h"
#include "public/crl_serve.h"
#include "http_cache.h"
#include "integration/crl_fixture.h"
#include "store/database/reseal.h"

#define OPERATION_MS 3000 /* what is there answers in time, also on a busy machine */

static struct crl_world w;
static struct gh_error err;
static struct gh_conf *conf;
static struct dir_shared *shared;
static struct catalog *catalog;
static struct job_env env;
static char detail[JOB_DETAIL_SIZE];

#define ok(call) \
	do { \
		int rc_ = (call); \
		if (rc_ != 0) \
			fail_msg("%s: %d %s", #call, rc_, err.detail); \
	} while (0)

static const unsigned char secret[32] = {1};

static void
load_conf(void)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/gatehouse.conf", getenv("CRL_DIR"));
	assert_non_null(f = fopen(path, "w"));
	fprintf(f,
	    "gateway {\ncertificate = \"x\"\nkey = \"x\"\n}\ndatabase {\nconninfo = \"%s\"\n}\n"
	    "directory {\ntype = \"openldap\"\nuris = \"%s\"\nca_file = \"%s\"\nbind_dn = \"%s\"\npassword_file = \"%s\"\n"
	    "base = \"%s\"\nconnect_ms = %d\noperation_ms = %d\n}\n"
	    "crl {\ninterval = 3600\ngrace = 1800\ndelta_interval = 600\nmin_interval = 300\n}\n",
	    getenv("PGCONNINFO"), getenv("LDAP_URI"), getenv("LDAP_CAFILE"), getenv("LDAP_BIND_DN"),
	    getenv("LDAP_PASSWORD_FILE"), getenv("LDAP_BASE"), OPERATION_MS, OPERATION_MS);
	fclose(f);
	ok(gh_conf_load(path, &conf, &err));
}

/* As the administrator left it, also by hand. */
static void
reload(void)
{
	struct store_grant_macs seals;

	ok(store_grant_macs_look(w.store, &seals, &err));
	ok(store_reseal(w.store, &crl_tester, seals.digest, &err));
	store_grant_macs_clear(&seals);
	catalog_free(catalog);
	catalog = NULL;
	ok(enroll_load_catalog(w.store, secret, &catalog, &err));
	env.cas = &catalog->cas;
}

static int
setup(void **state)
{
	(void)state;
	crl_world_open(&w, "P-256");
	load_conf();
	ok(dir_shared_new(conf, &shared, &err));
	env = (struct job_env){.conf = conf,
	    .server_secret = secret,
	    .store = w.store,
	    .signer = w.signer,
	    .who = crl_tester};
	ok(dir_new(shared, &env.dir, &err));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	crl_cache_clear();
	catalog_free(catalog);
	dir_free(env.dir);
	dir_shared_free(shared);
	gh_conf_free(conf);
	crl_world_close(&w);
	return 0;
}

static void
set_option(char **option, const char *value)
{
	free(*option);
	MUST((*option = strdup(value)) != NULL);
}

static int
forget(void **state)
{
	(void)state;
	crl_cache_clear();
	set_option(&conf->crl.ldap_dn, "");
	conf->crl.delta_interval = 0;
	conf->crl.on_revoke = true;
	crl_sql(NULL, 0,
	    "DELETE FROM revocation; DELETE FROM crl; UPDATE ca SET state = 'active', crl_shards = 0");
	reload();
	return 0;
}

#define run_ok(want) \
	do { \
		ok(crl_job_run(&env, detail, sizeof(detail), &err)); \
		assert_string_equal(detail, want); \
	} while (0)

/* As if so many seconds had passed. */
static void
later(int seconds)
{
	crl_sql(NULL, 0,
	    "UPDATE crl SET this_update = this_update - interval '%d s', next_update = next_update - "
	    "interval '%d s'; UPDATE revocation SET changed_at = changed_at - interval '%d s'",
	    seconds, seconds, seconds);
}

static void
revoke_one(int id, int ago)
{
	crl_sql(NULL, 0,
	    "INSERT INTO revocation (certificate_id, ca_id, serial, shard, revoked_at, reason, changed_at, "
	    "not_after, revoked_by) VALUES (%d, %lld, int4send(%d), %d, now(), 1, now() - interval '%d s', now() + "
	    "interval '1 year', 'test')",
	    id, (long long)w.ca->id, id, id % 3, ago);
}

/* --- the job ---------------------------------------------------------------------------------- */

static void
test_by_time(void **state)
{
	(void)state;
	run_ok("2 made"); /* root and issuing */
	run_ok("0 made");
	later(3500);
	run_ok("0 made");
	later(100);
	run_ok("2 made");
	conf->crl.delta_interval = 600;
	run_ok("2 made"); /* the first deltas */
	later(600);
	run_ok("2 made");
	assert_int_equal(crl_sql_int("SELECT count(*) FROM crl WHERE is_delta"), 4);
	/* the complete ones have a freshestCRL only since there are deltas */
	later(3000);
	run_ok("4 made");
	assert_int_equal(crl_sql_int("SELECT max(number) FROM crl"), 6);
}

static void
test_after_revocation(void **state)
{
	(void)state;
	run_ok("2 made");
	later(200);
	revoke_one(1, 20);
	run_ok("0 made"); /* crl.min_interval has not passed */
	later(100);
	run_ok("1 made"); /* only the CA that is concerned */
	assert_int_equal(crl_sql_int("SELECT entries FROM crl ORDER BY id DESC LIMIT 1"), 1);
	later(300);
	run_ok("0 made"); /* once */
	revoke_one(2, 0);
	run_ok("0 made"); /* not settled yet */
	crl_sql(NULL, 0, "UPDATE revocation SET changed_at = changed_at - interval '11 s'");
	run_ok("1 made");
	later(300);
	conf->crl.on_revoke = false;
	revoke_one(3, 20);
	run_ok("0 made");
}

static void
test_states(void **state)
{
	(void)state;
	crl_sql(NULL, 0, "UPDATE ca SET state = 'disabled' WHERE name = 'root'");
	crl_sql(NULL, 0, "UPDATE ca SET state = 'superseded' WHERE name = 'issuing'");
	reload();
	run_ok("2 made");
	crl_sql(NULL, 0, "UPDATE ca SET state = 'retired'");
	reload();
	later(3600);
	run_ok("0 made");
}

static void
test_shards(void **state)
{
	char was[300];

	(void)state;
	crl_sql(was, sizeof(was), "SELECT cdp FROM ca WHERE name = 'issuing'");
	crl_sql(NULL, 0,
	    "UPDATE ca SET crl_shards = 3, "
	    "cdp = ARRAY['http://pki.test/crl/issuing-s{shard}.crl'] WHERE name = 'issuing'");
	reload();
	run_ok("5 made");
	run_ok("0 made");
	later(300);
	revoke_one(4, 20); /* shard 1 */
	run_ok("2 made");  /* that shard and the complete one */
	/* certificates name their shard as long as they live */
	crl_sql(NULL, 0, "UPDATE ca SET crl_shards = 1 WHERE name = 'issuing'");
	reload();
	later(3600);
	run_ok("5 made");
	crl_sql(NULL, 0, "UPDATE ca SET cdp = '%s' WHERE name = 'issuing'", was);
}

static void
test_one_fails(void **state)
{
	char newest[32], again[32];

	(void)state;
	run_ok("2 made");
	crl_sql(newest, sizeof(newest), "SELECT max(id) FROM crl WHERE ca_id = %lld",
	    (long long)w.root->id);
	/* a key that cannot be loaded, and a signer that does not have it any more */
	crl_sql(NULL, 0, "CREATE TABLE sealed_was AS SELECT id, sealed FROM ca");
	crl_sql(NULL, 0, "UPDATE ca SET sealed = 'damaged' WHERE name = 'root'");
	signer_process_stop(&w.sp, SIGTERM);
	signer_process_start(&w.sp, "16");
	reload();
	later(3600);
	for (int i = 0; i < 2; i++) {
		assert_int_not_equal(crl_job_run(&env, detail, sizeof(detail), &err), 0);
		assert_non_null(strstr(err.detail, "root: "));
		assert_non_null(
		    strstr(err.detail, i == 0 ? "(1 made, 1 failed)" : "(0 made, 1 failed)"));
	}
	crl_sql(again, sizeof(again), "SELECT max(id) FROM crl WHERE ca_id = %lld",
	    (long long)w.root->id);
	assert_string_equal(newest, again);
	/* once an hour is enough */
	assert_int_equal(
	    crl_sql_int(
		"SELECT count(*) FROM audit WHERE event = 'crl.failed' AND object = 'root' AND "
		"outcome = 'failure'"),
	    1);
	crl_sql(NULL, 0, "UPDATE ca SET sealed = s.sealed FROM sealed_was s WHERE s.id = ca.id");
	crl_sql(NULL, 0, "DROP TABLE sealed_was");
	reload();
	run_ok("1 made");
}

/* --- the directory ---------------------------------------------------------------------------- */

static void
slapd(const char *verb)
{
	char command[512];

	snprintf(command, sizeof(command), "'%s/slapd.sh' %s '%s/slapd'", getenv("SERVERS"), verb,
	    getenv("CRL_DIR"));
	MUST(system(command) == 0);
}

/* The attribute is exactly the newest CRL. */
static void
check_published(const char *attr, bool is_delta)
{
	struct store_crl_scope scope = {w.ca->id, STORE_CRL_COMPLETE};
	char command[1024], path[256];
	unsigned char *der;
	struct store_crl crl;
	FILE *f;

	ok(store_crl_newest(w.store, &scope, is_delta, &crl, &err));
	assert_true(crl.is_published);
	ok(store_crl_body(w.store, &crl, &der, &err));
	snprintf(path, sizeof(path), "%s/want.crl", getenv("CRL_DIR"));
	assert_non_null(f = fopen(path, "w"));
	assert_int_equal(fwrite(der, 1, (size_t)crl.size, f), crl.size);
	fclose(f);
	free(der);
	snprintf(command, sizeof(command),
	    "unset LDAPNOINIT; LDAPTLS_CACERT=\"$LDAP_CAFILE\" ldapsearch "
	    "-x -LLL -o ldif-wrap=no -H \"$LDAP_URI\" "
	    "-b cn=issuing,ou=pki,dc=example,dc=test -s base '%s' | sed -n 's/^%s:: //p' | base64 -d | cmp - '%s'",
	    attr, attr, path);
	assert_int_equal(system(command), 0);
}

static void
test_published(void **state)
{
	(void)state;
	conf->crl.delta_interval = 600;
	set_option(&conf->crl.ldap_dn, "cn=%s,ou=pki,dc=example,dc=test");
	run_ok("4 made, 4 published"); /* the entries did not exist */
	check_published("certificateRevocationList;binary", false);
	check_published("deltaRevocationList;binary", true);
	run_ok("0 made");
	revoke_one(5, 20);
	later(3600);
	run_ok("4 made, 4 published");
	check_published("certificateRevocationList;binary", false);
	check_published("deltaRevocationList;binary", true);
}

static void
test_directory_is_away(void **state)
{
	int64_t begin;

	(void)state;
	set_option(&conf->crl.ldap_dn, "cn=%s,ou=pki,dc=example,dc=test");
	slapd("stop");
	assert_int_equal(crl_job_run(&env, detail, sizeof(detail), &err), GH_E_DIR_DOWN);
	assert_non_null(strstr(err.detail, "(2 made, 2 failed)"));
	assert_int_equal(crl_sql_int("SELECT count(*) FROM crl WHERE published_at IS NULL"), 2);
	assert_int_equal(crl_sql_int(
			     "SELECT count(*) FROM audit WHERE event = 'crl.publish-failed' AND "
			     "object = 'issuing'"),
	    1);
	slapd("start");
	for (int i = 0; crl_job_run(&env, detail, sizeof(detail), &err) != 0; i++) {
		assert_true(i < 200);
		pause_ms(200);
	}
	assert_string_equal(detail, "0 made, 2 published");
	check_published("certificateRevocationList;binary", false);
	/* one that accepts and does not answer costs its deadline, after all CRLs were made */
	later(3600);
	slapd("pause");
	begin = gh_now_us();
	assert_int_equal(crl_job_run(&env, detail, sizeof(detail), &err), GH_E_DIR_DOWN);
	assert_true(gh_now_us() - begin < (int64_t)OPERATION_MS * 1000 * 8);
	slapd("resume");
	assert_non_null(strstr(err.detail, "(2 made, 2 failed)"));
}

static void
test_no_right_to_write(void **state)
{
	(void)state;
	set_option(&conf->crl.ldap_dn, "cn=%s,ou=people,dc=example,dc=test");
	assert_int_equal(crl_job_run(&env, detail, sizeof(detail), &err), GH_E_DIR_DOWN);
	assert_non_null(strstr(err.detail, "(2 made, 2 failed)"));
	set_option(&conf->crl.ldap_dn, "cn=%d,ou=pki");
	assert_int_equal(crl_job_run(&env, detail, sizeof(detail), &err), GH_E_CONF);
}

/* --- over HTTP -------------------------------------------------------------------------------- */

static struct gh_http_request http = {.method = GH_HTTP_GET, .request_id = "r"};

static struct gh_http_reply
get(const char *name)
{
	struct worker_env e = {.conf = conf, .store = w.store, .catalog = catalog};
	struct call_parts parts = {.part[0] = {.name = "name}"}, .n = 1};
	struct call call = {.http = &http, .parts = &parts, .rest = ""};
	struct gh_http_reply rep = {0};

	assert_true(strlen(name) < CALL_PART_SIZE);
	strcpy(parts.part[0].text, name);
	crl_get(&e, &call, &rep);
	return rep;
}

static const char *
header(const struct gh_http_reply *rep, const char *name)
{
	for (size_t i = 0; i < rep->headers; i++)
		if (strcmp(rep->header[i].name, name) == 0)
			return rep->header[i].value;
	return "";
}

static void
expect_status(const char *name, int status)
{
	struct gh_http_reply rep = get(name);

	if (rep.status != status)
		fail_msg("%s: %d", name, rep.status);
	assert_true(status != 200 || rep.shared != NULL);
	gh_http_reply_clear(&rep);
}

static void
test_served(void **state)
{
	struct gh_http_reply rep, other;
	unsigned char pem[GH_STREAM_PIECE];
	const unsigned char *p;
	X509_CRL *x;
	BIO *bio;
	int64_t t;

	(void)state;
	expect_status("issuing.crl", 404); /* none yet */
	conf->crl.delta_interval = 600;
	run_ok("4 made");
	rep = get("issuing.crl");
	assert_int_equal(rep.status, 200);
	assert_string_equal(rep.content_type, "application/pkix-crl");
	p = rep.shared->data;
	assert_non_null(x = d2i_X509_CRL(NULL, &p, (long)rep.shared->len));
	assert_int_equal(X509_NAME_cmp(X509_CRL_get_issuer(x), X509_get_subject_name(w.ca->cert)),
	    0);
	X509_CRL_free(x);
	assert_int_equal(strlen(header(&rep, "ETag")), 66);
	assert_true(gh_http_date_parse(header(&rep, "Last-Modified"), &t));
	assert_in_range(t, gh_now() - 5, gh_now());
	assert_true(gh_http_date_parse(header(&rep, "Expires"), &t));
	assert_in_range(t, gh_now() + 5395, gh_now() + 5400);
	assert_int_equal(strncmp(header(&rep, "Cache-Control"), "public, max-age=", 16), 0);
	assert_in_range(atoi(header(&rep, "Cache-Control") + 16), 5395, 5400);
	/* the same bytes, not copies */
	other = get("ISSUING.CRL");
	assert_ptr_equal(other.shared, rep.shared);
	gh_http_reply_clear(&other);
	gh_http_reply_clear(&rep);
	rep = get("issuing.pem");
	assert_int_equal(rep.status, 200);
	assert_non_null(rep.stream);
	assert_in_range(rep.stream->len, 100, sizeof(pem)); /* in one piece */
	assert_int_equal(rep.stream->next(rep.stream, pem), rep.stream->len);
	bio = BIO_new_mem_buf(pem, (int)rep.stream->len);
	assert_non_null(x = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL));
	X509_CRL_free(x);
	BIO_free(bio);
	gh_http_reply_clear(&rep);
	rep = get("issuing-delta.crl");
	p = rep.shared->data;
	assert_non_null(x = d2i_X509_CRL(NULL, &p, (long)rep.shared->len));
	assert_true(X509_CRL_get_ext_by_NID(x, NID_delta_crl, -1) >= 0);
	X509_CRL_free(x);
	gh_http_reply_clear(&rep);
	expect_status("root.crl", 200);
}

static void
test_names(void **state)
{
	static const char *const none[] = {"issuing", "issuing.der", ".crl", "-delta.crl",
	    "-s1.crl", "nobody.crl", "issuing-s.crl", "issuing-sx.crl", "issuing-s01.crl",
	    "issuing-s1024.crl", "issuing-s99999999999.crl", "issuing-1.crl",
	    "issuing-delta-s1.crl", "issuing-s1-delta.crl", "issuing.crl.crl"};
	struct crl_file file;

	(void)state;
	run_ok("2 made");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		expect_status(none[i], 404);
	ok(crl_file_parse(&catalog->cas, "Issuing-S12", &file, &err));
	assert_int_equal(file.shard, 12);
	assert_true(!file.is_delta);
	expect_status("issuing-s12.crl", 404); /* none was made */
	expect_status("issuing-delta.crl", 404);
	/* a slug that looks like a shard's is the CA of that slug */
	crl_sql(NULL, 0, "UPDATE ca SET slug = 'issuing-s3' WHERE name = 'root'");
	reload();
	ok(crl_file_parse(&catalog->cas, "issuing-s3", &file, &err));
	assert_int_equal(file.shard, STORE_CRL_COMPLETE);
	assert_string_equal(file.ca->name, "root");
	ok(crl_file_parse(&catalog->cas, "root", &file, &err)); /* by name */
	crl_sql(NULL, 0, "UPDATE ca SET slug = 'root' WHERE name = 'root'");
}

static void
expect_conditional(const char *tag, const char *since, int status)
{
	struct gh_http_reply rep;

	http.field = (struct gh_http_field[]){{"if-none-match", tag}, {"if-modified-since", since}};
	http.fields = 2;
	rep = get("issuing.crl");
	http.field = NULL;
	http.fields = 0;
	if (rep.status != status)
		fail_msg("If-None-Match %s, If-Modified-Since %s: %d", tag, since, rep.status);
	assert_true((rep.shared == NULL) == (status == 304));
	assert_int_not_equal(strlen(header(&rep, "ETag")), 0);
	gh_http_reply_clear(&rep);
}

static void
test_conditional(void **state)
{
	struct gh_http_reply rep;
	char tag[80], list[200], weak[100], date[60];

	(void)state;
	run_ok("2 made");
	rep = get("issuing.crl");
	snprintf(tag, sizeof(tag), "%s", header(&rep, "ETag"));
	snprintf(date, sizeof(date), "%s", header(&rep, "Last-Modified"));
	gh_http_reply_clear(&rep);
	snprintf(list, sizeof(list), "\"a\", \"b,c\" , %s", tag);
	snprintf(weak, sizeof(weak), "W/%s", tag);
	expect_conditional(tag, NULL, 304);
	expect_conditional(list, NULL, 304);
	expect_conditional(weak, NULL, 304);
	expect_conditional("*", NULL, 304);
	expect_conditional("\"other\"", NULL, 200);
	expect_conditional("", NULL, 200);
	expect_conditional("\"", NULL, 200);
	expect_conditional(NULL, date, 304);
	expect_conditional(NULL, "Sun, 06 Nov 1994 08:49:37 GMT", 200);
	expect_conditional(NULL, "Sun, 06 Nov 2094 08:49:37 GMT", 304);
	expect_conditional(NULL, "rubbish", 200);
	expect_conditional("\"other\"", date, 200); /* the tag decides */
}

/* Until it would be compared with the database again, after a second. */
static void
await_old(const char *name)
{
	struct gh_http_reply rep = {0};
	int tries = 0;

	for (; crl_get_cached(&http, name, &rep); tries++) {
		gh_http_reply_clear(&rep);
		assert_true(tries < 200);
		pause_ms(20);
	}
}

static void
test_new_one_appears(void **state)
{
	const struct crl_wish wish = {.complete = true, .is_forced = true};
	struct gh_http_reply old, rep;
	int made, tries = 0;

	(void)state;
	run_ok("2 made");
	old = get("issuing.crl");
	revoke_one(6, 0);
	ok(crl_job_issue(&env, w.ca, &wish, &made, &err));
	assert_int_equal(made, 1);
	rep = get("issuing.crl");
	for (; rep.shared == old.shared && tries < 30; tries++) {
		gh_http_reply_clear(&rep);
		pause_ms(50);
		rep = get("issuing.crl");
	}
	assert_true(tries <= 22); /* a second and a bit */
	assert_ptr_not_equal(rep.shared, old.shared);
	/* who still sends the old one has it to the end */
	assert_int_equal(old.shared->data[0], 0x30);
	gh_http_reply_clear(&old);
	gh_http_reply_clear(&rep);
	/* on the event loop: only what was compared within a second */
	assert_true(crl_get_cached(&http, "issuing.crl", &rep));
	assert_int_equal(rep.status, 200);
	gh_http_reply_clear(&rep);
	assert_false(crl_get_cached(&http, "root.crl", &rep));
	await_old("issuing.crl");
}

static void
postgres(const char *verb)
{
	char command[512];

	snprintf(command, sizeof(command), "'%s/postgres.sh' %s '%s/postgres'", getenv("SERVERS"),
	    verb, getenv("CRL_DIR"));
	MUST(system(command) == 0);
}

static void
test_database_is_away(void **state)
{
	struct gh_http_reply rep;

	(void)state;
	run_ok("2 made");
	expect_status("issuing.crl", 200);
	postgres("stop");
	await_old("issuing.crl");
	expect_status("issuing.crl", 200); /* what is known is valid for long */
	rep = get("root.crl");
	assert_int_equal(rep.status, 503);
	gh_http_reply_clear(&rep);
	postgres("start");
	expect_status("root.crl", 200);
}

int
main(void)
{
#define test(f) cmocka_unit_test_setup(f, forget)
	const struct CMUnitTest tests[] = {
	    test(test_by_time),
	    test(test_after_revocation),
	    test(test_states),
	    test(test_shards),
	    test(test_one_fails),
	    test(test_published),
	    test(test_directory_is_away),
	    test(test_no_right_to_write),
	    test(test_served),
	    test(test_names),
	    test(test_conditional),
	    test(test_new_one_appears),
	    test(test_database_is_away),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
