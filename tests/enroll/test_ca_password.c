/* Passwords of CA keys through the REST handlers, with a row and a signer in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bcrypt.h"
#include "rest/rest_ca_password.h"
#include "store/ca/ca_password_row.h"
#include "timestamp.h"

#include "fake.h"

#define NOW 1800000000

/* ---- the row: what is committed, and what the open transaction has written ---- */
struct row {
	enum ca_protection protection;
	char sealed[64], hash[GH_BCRYPT_SIZE];
	int attempts, lockouts;
	int64_t locked_until, last_accessed_at;
};
static struct {
	struct row committed, open;
	bool is_open, has_key;
	int fail_lock, fail_commit, fail_put;
	int commits;
	/* what the next failure makes of the row: counting is the store's,
	 * tests/e2e/test_ca_password.py */
	int counted;
	int64_t counted_lock;
} db;

void
store_password_clear(struct store_password *p)
{
	free(p->name);
	free(p->sealed);
	free(p->new_sealed);
	free(p->hash);
	memset(p, 0, sizeof(*p));
}

static void
read_row(const struct row *r, struct store_password *out)
{
	memset(out, 0, sizeof(*out));
	out->ca = 5;
	out->name = strdup("issuing");
	out->protection = r->protection;
	out->sealed = db.has_key ? (unsigned char *)strdup(r->sealed) : NULL;
	out->sealed_len = strlen(r->sealed);
	out->hash = *r->hash != '\0' ? strdup(r->hash) : NULL;
	out->attempts = r->attempts;
	out->lockouts = r->lockouts;
	out->locked_until = r->locked_until;
	out->last_accessed_at = r->last_accessed_at;
	out->now = NOW;
}

int
store_password_get(struct store *s, const char *ca, struct store_password *out,
    struct gh_error *err)
{
	(void)s;
	memset(out, 0, sizeof(*out));
	if (strcmp(ca, "issuing") != 0)
		return gh_fail(err, GH_E_NOT_FOUND, "no CA");
	read_row(&db.committed, out);
	return 0;
}

int
store_password_lock(struct store *s, const char *ca, struct store_password *out,
    struct gh_error *err)
{
	memset(out, 0, sizeof(*out));
	if (db.fail_lock != 0)
		return gh_fail(err, (enum gh_code)db.fail_lock, "told to fail");
	assert_false(db.is_open);
	if (store_password_get(s, ca, out, err) != 0)
		return err->code;
	db.open = db.committed;
	db.is_open = true;
	return 0;
}

int
store_password_put_failure(struct store *s, struct store_password *p, int attempts_max,
    int lock_seconds, struct gh_error *err)
{
	(void)s;
	assert_true(db.is_open);
	if (db.fail_put != 0)
		return gh_fail(err, (enum gh_code)db.fail_put, "told to fail");
	assert_int_equal(attempts_max, 3);
	assert_int_equal(lock_seconds, 300);
	db.open.attempts = p->attempts = db.counted;
	db.open.locked_until = p->locked_until = db.counted_lock;
	return 0;
}

int
store_password_put_access(struct store *s, struct store_password *p, struct gh_error *err)
{
	(void)s;
	assert_true(db.is_open);
	if (db.fail_put != 0)
		return gh_fail(err, (enum gh_code)db.fail_put, "told to fail");
	p->attempts = db.open.attempts = 0;
	p->last_accessed_at = db.open.last_accessed_at = NOW;
	return 0;
}

int
store_password_put_key(struct store *s, const struct requester *who, struct store_password *p,
    const unsigned char *sealed, size_t len, const char *hash, struct gh_error *err)
{
	(void)s;
	(void)who;
	assert_true(db.is_open);
	if (db.fail_put != 0)
		return gh_fail(err, (enum gh_code)db.fail_put, "told to fail");
	p->new_sealed = (unsigned char *)strndup((const char *)sealed, len);
	p->new_sealed_len = len;
	memset(&db.open, 0, sizeof(db.open));
	memcpy(db.open.sealed, sealed, len);
	snprintf(db.open.hash, sizeof(db.open.hash), "%s", hash != NULL ? hash : "");
	db.open.protection = hash != NULL ? CA_KEY_PASSWORD : CA_KEY_SYSTEM;
	return 0;
}

int
store_password_commit(struct store *s, struct store_password *p, struct gh_error *err)
{
	(void)s;
	(void)p;
	assert_true(db.is_open);
	db.is_open = false;
	if (db.fail_commit != 0)
		return gh_fail(err, (enum gh_code)db.fail_commit, "told to fail");
	db.committed = db.open;
	db.commits++;
	return 0;
}

void
store_password_abandon(struct store *s)
{
	(void)s;
	db.is_open = false;
}

/* ---- the signer: a record is "PASSWORD" or "-" ---- */
static struct {
	char loaded[64];
	bool is_unlocked;
	int seconds, fail;
} signer;

int
signer_client_load_ca(struct signer_client *c, const unsigned char *sealed, size_t len,
    unsigned char ca_id[SIGNER_CA_ID_SIZE], struct gh_error *err)
{
	(void)c;
	memset(ca_id, 1, SIGNER_CA_ID_SIZE);
	if (signer.fail != 0)
		return gh_fail(err, (enum gh_code)signer.fail, "told to fail");
	snprintf(signer.loaded, sizeof(signer.loaded), "%.*s", (int)len, (const char *)sealed);
	signer.is_unlocked = false;
	return strcmp(signer.loaded, "-") == 0 ? 0 : gh_fail(err, GH_E_CA_LOCKED, "locked");
}

int
signer_client_set_password(struct signer_client *c, const unsigned char *sealed, size_t len,
    const char *current, const char *new_password, unsigned char **out, size_t *out_len,
    struct gh_error *err)
{
	(void)c;
	*out = NULL;
	*out_len = 0;
	if (signer.fail != 0)
		return gh_fail(err, (enum gh_code)signer.fail, "told to fail");
	if (strlen(current != NULL ? current : "-") != len ||
	    memcmp(current != NULL ? current : "-", sealed, len) != 0)
		return gh_fail(err, GH_E_CA_PASSWORD, "wrong");
	*out = (unsigned char *)strdup(new_password != NULL ? new_password : "-");
	*out_len = strlen((char *)*out);
	return 0;
}

int
signer_client_unlock(struct signer_client *c, const unsigned char *sealed, size_t len,
    const char *password, int seconds, int64_t *until, struct gh_error *err)
{
	(void)c;
	if (signer.fail != 0)
		return gh_fail(err, (enum gh_code)signer.fail, "told to fail");
	if (strlen(password) != len || memcmp(password, sealed, len) != 0)
		return gh_fail(err, GH_E_CA_PASSWORD, "wrong");
	signer.is_unlocked = true;
	signer.seconds = seconds;
	*until = NOW + seconds;
	return 0;
}

int
signer_client_lock(struct signer_client *c, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    struct gh_error *err)
{
	(void)c;
	(void)ca_id;
	if (signer.fail != 0)
		return gh_fail(err, (enum gh_code)signer.fail, "told to fail");
	signer.is_unlocked = false;
	return 0;
}

int
signer_client_ca_state(struct signer_client *c, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    struct signer_ca_state *out, struct gh_error *err)
{
	(void)c;
	(void)ca_id;
	memset(out, 0, sizeof(*out));
	if (signer.fail != 0)
		return gh_fail(err, (enum gh_code)signer.fail, "told to fail");
	out->is_unlocked = signer.is_unlocked;
	out->unlocked_until = signer.is_unlocked ? NOW + signer.seconds : 0;
	return 0;
}

/* ---- calls ---- */
typedef void (*handler)(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

static struct gh_conf conf;
static struct worker_env env = {.conf = &conf};
static struct gh_http_reply rep;
static gh_json *answer;

static void
forget_answer(void)
{
	gh_http_reply_clear(&rep);
	gh_json_free(answer);
	answer = NULL;
}

/* Status of the answer; its members are in `answer`. */
static int
call_ca(handler fn, const char *ca, const char *body)
{
	struct requester who = fake_requester("admin");
	struct gh_http_request http = {.body = (unsigned char *)(uintptr_t)body,
	    .body_len = strlen(body),
	    .field = &(struct gh_http_field){"content-type", "application/json"},
	    .fields = 1,
	    .request_id = "r1"};
	struct call_parts parts = {.part[0] = {.name = "name}"}, .n = 1};
	struct call call = {.http = &http, .requester = &who, .parts = &parts};

	assert_true(strlen(ca) < CALL_PART_SIZE);
	strcpy(parts.part[0].text, ca);
	forget_answer();
	fn(&env, &call, &rep);
	assert_false(db.is_open);
	assert_non_null(rep.body);
	assert_int_equal(gh_json_parse((char *)rep.body, rep.body_len, GH_JSON_STRICT, &answer,
			     NULL),
	    0);
	return rep.status;
}

static int
call(handler fn, const char *body)
{
	return call_ca(fn, "issuing", body);
}

static int64_t
number(const char *member)
{
	int64_t n = -1;

	(void)gh_json_int(gh_json_get(answer, member), &n);
	return n;
}

static const char *
text(const char *member)
{
	return gh_json_string(gh_json_get(answer, member));
}

/* The last audit row begins so. */
static void
expect_audit(const char *start)
{
	assert_true(fake_store.audits > 0);
	if (strncmp(fake_store.audit[fake_store.audits - 1], start, strlen(start)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"",
		    fake_store.audit[fake_store.audits - 1], start);
}

#define SET "{\"password\":\"correct horse\",\"password_confirmation\":\"correct horse\"}"
#define RIGHT "{\"password\":\"correct horse\",\"current_password\":\"correct horse\"}"
#define WRONG "{\"password\":\"battery staple\",\"current_password\":\"battery staple\"}"
#define CHANGE \
	"{\"current_password\":\"correct horse\",\"new_password\":\"battery staple\"," \
	"\"confirm_new_password\":\"battery staple\"}"

static int
set_up(void **state)
{
	(void)state;
	fake_store_reset();
	memset(&db, 0, sizeof(db));
	memset(&signer, 0, sizeof(signer));
	db.has_key = true;
	db.counted = 1;
	strcpy(db.committed.sealed, "-");
	conf.ca.password_attempts = 3;
	conf.ca.password_lock_seconds = 300;
	conf.ca.unlock_seconds = 900;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	forget_answer();
	return 0;
}

static void
set__change_and_remove(void **state)
{
	(void)state;
	assert_int_equal(call(ca_password_rest_set, SET), 200);
	assert_true(gh_json_bool(gh_json_get(answer, "requires_private_key_password"), false));
	assert_string_equal(signer.loaded, "correct horse");
	assert_true(gh_bcrypt_is_right_long("correct horse", db.committed.hash));
	expect_audit("ca.password.set success admin issuing");
	assert_int_equal(call(ca_password_rest_set, SET), 409);
	expect_audit("ca.password.set failure admin issuing conflict");
	assert_int_equal(call(ca_password_rest_change, CHANGE), 200);
	assert_string_equal(signer.loaded, "battery staple");
	assert_int_equal(call(ca_password_rest_change, CHANGE), 401);
	assert_int_equal(number("remaining_attempts"), 2);
	assert_int_equal(call(ca_password_rest_remove, WRONG), 200);
	assert_string_equal(signer.loaded, "-");
	assert_string_equal(db.committed.hash, "");
	assert_int_equal(call(ca_password_rest_remove, RIGHT), 409);
	assert_int_equal(call(ca_password_rest_lock, ""), 409);
}

static void
set__not_for_a_key_that_is_elsewhere(void **state)
{
	(void)state;
	db.committed.protection = CA_KEY_PKCS11;
	assert_int_equal(call(ca_password_rest_set, SET), 409);
	db.committed.protection = CA_KEY_SYSTEM;
	db.has_key = false;
	assert_int_equal(call(ca_password_rest_set, SET), 409);
	assert_int_equal(call_ca(ca_password_rest_set, "other", SET), 404);
	assert_int_equal(call_ca(ca_password_rest_set, "other", "{}"), 404);
	assert_int_equal(db.commits, 0);
}

static void
unlock__bounds_the_time(void **state)
{
	static const struct {
		const char *body;
		int seconds;
	} c[] = {
	    {RIGHT, 900},
	    {"{\"password\":\"correct horse\",\"seconds\":60}", 60},
	    {"{\"password\":\"correct horse\",\"seconds\":901}", 900},
	};

	(void)state;
	assert_int_equal(call(ca_password_rest_set, SET), 200);
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char until[GH_TIMESTAMP_SIZE];

		assert_int_equal(call(ca_password_rest_unlock, c[i].body), 200);
		assert_int_equal(signer.seconds, c[i].seconds);
		assert_string_equal(text("unlocked_until"),
		    gh_timestamp_format(NOW + c[i].seconds, until));
		expect_audit("ca.password.unlocked success admin issuing until");
	}
	assert_int_equal(call(ca_password_rest_lock, ""), 200);
	assert_false(signer.is_unlocked);
	assert_null(text("unlocked_until"));
	expect_audit("ca.password.locked success");
}

static void
unlock__tells_what_is_counted(void **state)
{
	(void)state;
	assert_int_equal(call(ca_password_rest_set, SET), 200);
	for (db.counted = 1; db.counted <= 3; db.counted++) {
		db.counted_lock = db.counted == 3 ? NOW + 300 : 0;
		assert_int_equal(call(ca_password_rest_unlock, WRONG), 401);
		assert_int_equal(number("remaining_attempts"), 3 - db.counted);
		assert_int_equal(text("locked_until") != NULL, db.counted == 3);
	}
	expect_audit("ca.password.locked-out failure admin issuing");
}

/* No password is looked at: neither the right one nor a wrong one. */
static void
unlock__nothing_while_locked(void **state)
{
	int commits;

	(void)state;
	assert_int_equal(call(ca_password_rest_set, SET), 200);
	db.committed.locked_until = NOW + 300;
	commits = db.commits;
	assert_int_equal(call(ca_password_rest_unlock, RIGHT), 423);
	assert_string_equal(text("locked_until"), "2027-01-15T08:05:00Z");
	assert_string_equal(rep.header[0].name, "Retry-After");
	assert_string_equal(rep.header[0].value, "300");
	expect_audit("ca.password.unlocked failure admin issuing locked: until");
	assert_int_equal(call(ca_password_rest_unlock, WRONG), 423);
	assert_int_equal(call(ca_password_rest_remove, RIGHT), 423);
	assert_int_equal(db.commits, commits);
	assert_false(signer.is_unlocked);
	db.committed.locked_until = 0;
	assert_int_equal(call(ca_password_rest_unlock, RIGHT), 200);
	assert_true(signer.is_unlocked);
}

/* Nothing is told of a password before the count is committed. */
static void
unlock__tells_nothing_that_is_not_committed(void **state)
{
	(void)state;
	assert_int_equal(call(ca_password_rest_set, SET), 200);
	db.fail_commit = GH_E_DB_DOWN;
	assert_int_equal(call(ca_password_rest_unlock, WRONG), 503);
	assert_int_equal(number("remaining_attempts"), -1);
	assert_int_equal(call(ca_password_rest_unlock, RIGHT), 503);
	assert_false(signer.is_unlocked);
	db.fail_commit = 0;
	db.fail_put = GH_E_DB_DOWN;
	assert_int_equal(call(ca_password_rest_unlock, RIGHT), 503);
	assert_false(signer.is_unlocked);
	db.fail_put = 0;
	fake_store.fail = GH_E_DB_DOWN; /* the audit row */
	assert_int_equal(call(ca_password_rest_unlock, RIGHT), 503);
	assert_false(signer.is_unlocked);
	assert_int_equal(call(ca_password_rest_unlock, WRONG), 503);
	fake_store.fail = 0;
	db.fail_lock = GH_E_BUSY;
	assert_int_equal(call(ca_password_rest_unlock, WRONG), 503);
	assert_string_equal(text("code"), "busy");
	assert_int_equal(db.committed.attempts, 0);
}

static void
change__fails_as_a_whole(void **state)
{
	struct row before;

	(void)state;
	assert_int_equal(call(ca_password_rest_set, SET), 200);
	before = db.committed;
	signer.fail = GH_E_SIGNER_DOWN;
	assert_int_equal(call(ca_password_rest_change, CHANGE), 503);
	assert_int_equal(call(ca_password_rest_unlock, RIGHT), 503);
	assert_int_equal(call(ca_password_rest_status, ""), 200); /* without the signer's part */
	signer.fail = 0;
	db.fail_put = GH_E_DB;
	assert_int_equal(call(ca_password_rest_change, CHANGE), 500);
	db.fail_put = 0;
	db.fail_commit = GH_E_DB_DOWN;
	assert_int_equal(call(ca_password_rest_change, CHANGE), 503);
	db.fail_commit = 0;
	assert_memory_equal(&before, &db.committed, sizeof(before));
	assert_string_equal(signer.loaded, "correct horse");
	/* hash and record that are not of one commit */
	strcpy(db.committed.sealed, "something else");
	assert_int_equal(call(ca_password_rest_change, CHANGE), 502);
	assert_int_equal(call(ca_password_rest_unlock, RIGHT), 502);
	assert_int_equal(db.committed.attempts, 0);
}

static void
bodies__name_what_is_wrong(void **state)
{
	static const struct {
		handler fn;
		const char *body, *wrong;
	} c[] = {
	    {ca_password_rest_set, "{}", "password password_confirmation"},
	    {ca_password_rest_set,
		"{\"password\":\"1234567\",\"password_confirmation\":\"1234567\"}", "password"},
	    {ca_password_rest_set,
		"{\"password\":\"12345678\",\"password_confirmation\":\"12345679\"}",
		"password_confirmation"},
	    {ca_password_rest_set, "{\"password\":12345678,\"password_confirmation\":12345678}",
		"password password_confirmation"},
	    {ca_password_rest_change, "{}",
		"current_password new_password new_password_confirmation"},
	    {ca_password_rest_change,
		"{\"current_password\":\"12345678\",\"new_password\":\"12345678\","
		"\"confirm_new_password\":\"12345678\"}",
		"new_password"},
	    {ca_password_rest_change,
		"{\"current_password\":\"x\",\"new_password\":\"12345678\","
		"\"confirm_new_password\":\"12345678\",\"new_password_confirmation\":\"1\"}",
		"new_password_confirmation"},
	    {ca_password_rest_remove, "{\"current_password\":null}", "current_password"},
	    {ca_password_rest_unlock, "{\"password\":\"\",\"seconds\":-1}", "password seconds"},
	    {ca_password_rest_unlock, "{\"password\":\"x\",\"seconds\":1e3}", "seconds"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char names[200] = "";
		gh_json *errors;

		assert_int_equal(call(c[i].fn, c[i].body), 422);
		errors = gh_json_get(answer, "errors");
		for (void *it = gh_json_iter(errors); it != NULL; it = gh_json_next(errors, it)) {
			strcat(names, *names != '\0' ? " " : "");
			strcat(names, gh_json_iter_name(it));
			assert_int_equal(gh_json_size(gh_json_iter_value(it)), 1);
		}
		assert_string_equal(names, c[i].wrong);
	}
	assert_int_equal(fake_store.audits, sizeof(c) / sizeof(*c));
	assert_int_equal(db.commits, 0);
}

static void
bodies__are_never_repeated(void **state)
{
	static const char *const c[] = {"{\"password\":\"hidden", "{\"password\":hidden}",
	    "{\"password\" \"hidden\"}", "{\"password\":\"hidden\"}x",
	    "{\"password\":\"hidden\\u0000x\"}", "[\"hidden\"]"};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		assert_int_equal(call(ca_password_rest_unlock, c[i]), 400);
		assert_null(strstr((char *)rep.body, "hidden"));
		assert_null(strstr(rep.cause, "hidden"));
		assert_null(strstr(fake_store.audit[fake_store.audits - 1], "hidden"));
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(set__change_and_remove),
	    T(set__not_for_a_key_that_is_elsewhere),
	    T(unlock__bounds_the_time),
	    T(unlock__tells_what_is_counted),
	    T(unlock__nothing_while_locked),
	    T(unlock__tells_nothing_that_is_not_committed),
	    T(change__fails_as_a_whole),
	    T(bodies__name_what_is_wrong),
	    T(bodies__are_never_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
