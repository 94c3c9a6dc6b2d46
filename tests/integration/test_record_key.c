/* A request and its private key against a real PostgreSQL: there is no certificate without its key,
 * and no key without its request. Started by run_store.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "integration/database.h"
#include "integration/proxy.h"
#include "store/key/archived_key.h"
#include "store/request/record_request.h"
#include "uuid.h"

#define TIMEOUT_MS 5000

#define STORAGE_ID "0123456789abcdef0123456789abcdef"

static struct store *db;
/* What the KRA gave: its form, the storage key, and the rest. */
static unsigned char blob[] = "GHAK\1" STORAGE_ID "and what is sealed";

/* --- a request with its key ------------------------------------------------------------------- */

struct attempt {
	struct enroll_request req;
	struct enroll_outcome out;
	struct store_archived_key key;
	struct store_new_key n;
	struct store_recording m;
};

static struct ca_pkcs10 *
make_csr(void)
{
	X509_REQ *r = X509_REQ_new();
	unsigned char *der = NULL;
	struct ca_pkcs10 *csr;
	int n;

	X509_REQ_set_pubkey(r, fixture_key);
	assert_true(X509_REQ_sign(r, fixture_key, EVP_sha256()) > 0);
	n = i2d_X509_REQ(r, &der);
	ok(ca_pkcs10_parse(der, (size_t)n, &csr, &err));
	OPENSSL_free(der);
	X509_REQ_free(r);
	return csr;
}

static void
open_attempt(struct attempt *a, enum db_disposition disposition)
{
	unsigned char uuid[GH_UUID_SIZE];

	memset(a, 0, sizeof(*a));
	fixture_request(&a->req);
	a->req.csr = make_csr();
	if (disposition == DB_DISP_ISSUED)
		ok(fixture_issue(&a->out, "with its key"));
	a->out.disposition = disposition;
	assert_true(gh_uuid_make(uuid));
	gh_uuid_format(uuid, a->key.id);
	a->key.kind = KRA_ASYMMETRIC;
	strcpy(a->key.algorithm, "P-256");
	a->key.bits = 256;
	strcpy(a->key.bound_owner, a->req.requester.id);
	strcpy(a->key.policy, "hr");
	a->key.spki = (struct signer_blob){a->req.csr->spki, a->req.csr->spki_len};
	a->key.stored = (struct signer_blob){blob, sizeof(blob)};
	a->n = (struct store_new_key){.key = &a->key, .type = "archival"};
	a->m = (struct store_recording){.decision = {.req = &a->req,
					    .ca = &fixture_ca,
					    .template_id = 1},
	    .key = &a->n,
	    .out = &a->out};
}

static void
close_attempt(struct attempt *a)
{
	enroll_request_clear(&a->req);
	enroll_outcome_clear(&a->out);
}

static void
record(struct attempt *a)
{
	store_record_batch(db, &a->m, 1);
	if (a->m.rc != 0)
		fail_msg("%d %s", a->m.rc, a->m.err.detail);
}

struct rows {
	long request, certificate, key, key_request, audit;
};

static struct rows
rows(void)
{
	return (struct rows){count("SELECT count(*) FROM request"),
	    count("SELECT count(*) FROM certificate"), count("SELECT count(*) FROM archived_key"),
	    count("SELECT count(*) FROM key_request"), count("SELECT count(*) FROM audit")};
}

static void
assert_grown(struct rows before, struct rows by)
{
	struct rows now = rows();

	assert_int_equal(now.request - before.request, by.request);
	assert_int_equal(now.certificate - before.certificate, by.certificate);
	assert_int_equal(now.key - before.key, by.key);
	assert_int_equal(now.key_request - before.key_request, by.key_request);
	assert_int_equal(now.audit - before.audit, by.audit);
}

/* The key of an attempt in this state, with a certificate or without one, and what was audited of
 * it last. */
static void
assert_key(const struct attempt *a, const char *state, bool has_certificate, const char *event)
{
	char sql[1024];

	snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM archived_key k JOIN request r ON r.id = k.request_id "
	    "WHERE k.uuid = '%s' AND k.state = '%s' AND r.id = %lld "
	    "AND k.certificate_id IS NOT DISTINCT FROM %s AND k.owner = r.requester_id "
	    "AND k.owner_name = 'alice' AND k.policy = 'hr' AND k.spki_sha256 = r.csr_spki_sha256 "
	    "AND (SELECT count(*) FROM key_request q WHERE q.key_id = k.id AND q.type = 'archival' "
	    "AND q.state = 'complete' AND q.requester = 'alice') = %d "
	    "AND (SELECT event FROM audit WHERE object = 'key ' || k.uuid ORDER BY id DESC LIMIT 1) = '%s'",
	    a->key.id, state, (long long)a->out.cms_request_id,
	    has_certificate ? "r.certificate_id" : "NULL", has_certificate, event);
	assert_int_equal(count(sql), 1);
}

/* --- recorded at once ------------------------------------------------------------------------- */

static void
record_key__certificate_and_key_in_one_commit(void **state)
{
	struct rows before = rows();
	struct attempt a, again;

	(void)state;
	open_attempt(&a, DB_DISP_ISSUED);
	record(&a);
	assert_true(a.out.cms_id != 0);
	assert_key(&a, "active", true, "key.archived");
	assert_grown(before, (struct rows){1, 1, 1, 1, 2});
	/* the same request once more: its key is not kept a second time */
	open_attempt(&again, DB_DISP_ISSUED);
	memcpy(again.req.replay_mark, a.req.replay_mark, REPLAY_MARK_SIZE);
	record(&again);
	assert_true(again.out.is_replay);
	assert_string_equal(again.out.serial, a.out.serial);
	assert_grown(before, (struct rows){1, 1, 1, 1, 2});
	close_attempt(&again);
	close_attempt(&a);
}

static void
record_key__generated(void **state)
{
	struct attempt a;

	(void)state;
	open_attempt(&a, DB_DISP_ISSUED);
	a.n.type = "generation";
	a.key.forget_at = 4102444800;
	record(&a);
	assert_int_equal(count(
			     "SELECT count(*) FROM archived_key k JOIN key_request q ON q.key_id = "
			     "k.id AND q.type = 'generation' WHERE k.forget_at = '2100-01-01Z'"),
	    1);
	assert_int_equal(count("SELECT count(*) FROM audit WHERE event = 'key.generated'"), 1);
	close_attempt(&a);
}

static void
record_key__nothing_is_kept_of_a_denial(void **state)
{
	struct rows before = rows();
	struct attempt a;

	(void)state;
	open_attempt(&a, DB_DISP_DENIED);
	record(&a);
	assert_grown(before, (struct rows){1, 0, 0, 0, 1});
	close_attempt(&a);
}

/* Whatever is wrong with one of the two, the other one is not there either. */
static void
record_key__fails_as_a_whole(void **state)
{
	struct attempt a, b;
	struct rows before;

	(void)state;
	open_attempt(&a, DB_DISP_ISSUED);
	strcpy(a.key.client_id, "laptop");
	record(&a);
	before = rows();
	open_attempt(&b, DB_DISP_ISSUED);
	strcpy(b.key.id, a.key.id);
	store_record_batch(db, &b.m, 1);
	assert_int_equal(b.m.rc, GH_E_DB);
	assert_non_null(strstr(b.m.err.detail, "archived_key_uuid"));
	close_attempt(&b);
	open_attempt(&b, DB_DISP_ISSUED);
	enroll_outcome_clear(&b.out);
	b.out = a.out; /* its serial number is there */
	store_record_batch(db, &b.m, 1);
	assert_int_equal(b.m.rc, GH_E_DB);
	assert_non_null(strstr(b.m.err.detail, "certificate_serial"));
	memset(&b.out, 0, sizeof(b.out));
	close_attempt(&b);
	open_attempt(&b, DB_DISP_ISSUED);
	strcpy(b.key.client_id, "laptop");
	store_record_batch(db, &b.m, 1);
	assert_int_equal(b.m.rc, GH_E_CONFLICT);
	assert_non_null(strstr(b.m.err.message, "client id \"laptop\""));
	assert_grown(before, (struct rows){0});
	close_attempt(&b);
	close_attempt(&a);
}

static void
set_storage(const char *state)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
	    "UPDATE kra_key SET state = '%s' WHERE spki_sha256 = '" STORAGE_ID "' RETURNING 1",
	    state);
	assert_int_equal(count(sql), 1);
}

/* The storage key was retired after the KRA had answered: to be sent again. */
static void
record_key__storage_key_was_replaced(void **state)
{
	struct rows before = rows();
	struct attempt a;

	(void)state;
	open_attempt(&a, DB_DISP_ISSUED);
	set_storage("retired");
	store_record_batch(db, &a.m, 1);
	set_storage("current");
	assert_int_equal(a.m.rc, GH_E_CA_UNAVAILABLE);
	assert_grown(before, (struct rows){0});
	close_attempt(&a);
}

static void
record_key__in_a_batch_with_others(void **state)
{
	struct attempt a[4];
	struct store_recording m[4];
	struct rows before = rows();

	(void)state;
	for (int i = 0; i < 4; i++) {
		open_attempt(&a[i], i == 3 ? DB_DISP_PENDING : DB_DISP_ISSUED);
		m[i] = a[i].m;
		if (i == 0 || i == 2)
			m[i].key = NULL;
	}
	store_record_batch(db, m, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(m[i].rc, 0);
	assert_key(&a[1], "active", true, "key.archived");
	assert_key(&a[3], "pending", false, "key.held");
	assert_grown(before, (struct rows){4, 3, 2, 1, 6});
	for (int i = 0; i < 4; i++)
		close_attempt(&a[i]);
}

/* --- pending, and decided --------------------------------------------------------------------- */

/* What was pending becomes that, by a decision that counts on the key or does not. */
static int
decide(struct attempt *a, enum db_disposition to, bool counts_on_key, bool is_there)
{
	const struct requester who = {.kind = REQUESTER_ADMIN, .name = "olga"};
	struct store_decision d = {.req = &a->req, .ca = &fixture_ca, .template_id = 1};
	struct enroll_outcome out;
	int64_t id = a->out.cms_request_id, ca_id;
	struct enroll_request stored;
	int rc;

	ok(store_get_request(db, id, &stored, &out, &ca_id, &err));
	assert_int_equal(stored.archives_key, is_there);
	a->req.archives_key = counts_on_key;
	enroll_request_clear(&stored);
	enroll_outcome_clear(&out);
	if (to == DB_DISP_ISSUED)
		ok(fixture_issue(&out, "decided"));
	out.disposition = to;
	rc = store_decide(db, id, &who, &d, &out, &err);
	enroll_outcome_clear(&out);
	return rc;
}

static void
decide__key_becomes_active_with_its_certificate(void **state)
{
	struct attempt a;
	struct rows before;

	(void)state;
	open_attempt(&a, DB_DISP_PENDING);
	record(&a);
	assert_key(&a, "pending", false, "key.held");
	before = rows();
	ok(decide(&a, DB_DISP_ISSUED, true, true));
	assert_key(&a, "active", true, "key.archived");
	assert_grown(before, (struct rows){0, 1, 0, 1, 2});
	/* a second decision changes nothing */
	assert_int_equal(decide(&a, DB_DISP_DENIED, false, false), GH_E_CONFLICT);
	assert_key(&a, "active", true, "key.archived");
	close_attempt(&a);
}

static void
decide__without_certificate_the_key_is_gone(void **state)
{
	static const enum db_disposition end[] = {DB_DISP_DENIED, DB_DISP_CANCELED};

	(void)state;
	for (size_t i = 0; i < sizeof(end) / sizeof(end[0]); i++) {
		struct rows before = rows();
		char sql[200];
		struct attempt a;

		open_attempt(&a, DB_DISP_PENDING);
		record(&a);
		ok(decide(&a, end[i], true, true));
		assert_grown(before, (struct rows){1, 0, 0, 0, 4});
		snprintf(sql, sizeof(sql),
		    "SELECT count(*) FROM audit WHERE event = 'key.discarded' AND actor = 'olga' AND "
		    "object = 'key %s'",
		    a.key.id);
		assert_int_equal(count(sql), 1);
		close_attempt(&a);
	}
}

/* Somebody took the key out of the database, or put another one in its place: the decision counted
 * on the one that came. */
static void
decide__nothing_is_issued_when_the_key_is_gone(void **state)
{
	static const char *const harm[] = {"DELETE FROM archived_key WHERE uuid = '%s' RETURNING 1",
	    "UPDATE archived_key SET spki_sha256 = sha256('x') WHERE uuid = '%s' RETURNING 1"};

	(void)state;
	for (size_t i = 0; i < sizeof(harm) / sizeof(harm[0]); i++) {
		struct attempt a;
		struct rows before;
		char sql[200];

		open_attempt(&a, DB_DISP_PENDING);
		record(&a);
		snprintf(sql, sizeof(sql), harm[i], a.key.id);
		assert_int_equal(count(sql), 1);
		before = rows();
		assert_int_equal(decide(&a, DB_DISP_ISSUED, true, false), GH_E_CONFLICT);
		assert_non_null(strstr(err.message, "is not there any more"));
		assert_grown(before, (struct rows){0});
		/* it is still pending, and can be denied: whatever waits with it goes */
		ok(decide(&a, DB_DISP_DENIED, false, false));
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM archived_key WHERE uuid = '%s'",
		    a.key.id);
		assert_int_equal(count(sql), 0);
		close_attempt(&a);
	}
}

static void
held__cannot_be_recovered_or_made_active(void **state)
{
	const struct requester who = {.kind = REQUESTER_ADMIN, .name = "olga"};
	struct store_key_change c = {.is_active = true};
	struct store_archived_key k;
	struct attempt a;
	int version;

	(void)state;
	open_attempt(&a, DB_DISP_PENDING);
	record(&a);
	c.id = a.key.id;
	for (int i = 0; i < 2; i++) {
		c.is_active = i == 0;
		assert_int_equal(store_set_key_active(db, &who, &c, &version, &err), GH_E_CONFLICT);
		assert_non_null(strstr(err.message, "waits for the decision"));
	}
	ok(store_get_archived_key(db, a.key.id, &k, &err));
	assert_true(k.is_pending && !k.is_active);
	store_archived_key_clear(&k);
	close_attempt(&a);
}

/* --- lost answers ----------------------------------------------------------------------------- */

static void
record_key__lost_commit_is_cleared_up(void **state)
{
	char conninfo[PROXY_CONNINFO_SIZE];
	struct store *own = db;
	struct rows before;
	struct attempt a;

	(void)state;
	start_proxy(conninfo);
	db = open_store_at(conninfo, TIMEOUT_MS);
	open_attempt(&a, DB_DISP_ISSUED);
	record(&a); /* the statement is prepared */
	close_attempt(&a);
	before = rows();
	open_attempt(&a, DB_DISP_ISSUED);
	atomic_store(&proxy.lose, true);
	record(&a);
	assert_false(atomic_load(&proxy.lose));
	assert_false(a.out.is_replay);
	assert_key(&a, "active", true, "key.archived");
	assert_grown(before, (struct rows){1, 1, 1, 1, 2});
	close_attempt(&a);
	store_free(db);
	db = own;
	stop_proxy();
}

static void
record_key__database_away_leaves_neither(void **state)
{
	struct rows before = rows();
	struct attempt a;

	(void)state;
	open_attempt(&a, DB_DISP_ISSUED);
	postgres("kill");
	store_record_batch(db, &a.m, 1);
	assert_int_equal(a.m.rc, GH_E_DB_DOWN);
	postgres("start");
	assert_grown(before, (struct rows){0});
	record(&a);
	assert_key(&a, "active", true, "key.archived");
	assert_grown(before, (struct rows){1, 1, 1, 1, 2});
	close_attempt(&a);
}

static int
open_all(void **state)
{
	int applied;

	(void)state;
	if (getenv("PGCONNINFO") == NULL || getenv("POSTGRES_SH") == NULL) {
		fprintf(stderr, "run by tests/integration/run_store.sh\n");
		return -1;
	}
	db = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	fixture_ca.id = 4711; /* certificates name their CA, and need no row of it */
	if (store_migrate(db, &applied, NULL) != 0 || fixture_open("keys") != 0)
		return -1;
	count("INSERT INTO kra_key (kind, spki_sha256, spki, sealed, state, created_by) "
	      "VALUES ('storage', '" STORAGE_ID "', '', '', 'current', 'test') RETURNING 1");
	return 0;
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
	    cmocka_unit_test(record_key__certificate_and_key_in_one_commit),
	    cmocka_unit_test(record_key__generated),
	    cmocka_unit_test(record_key__nothing_is_kept_of_a_denial),
	    cmocka_unit_test(record_key__fails_as_a_whole),
	    cmocka_unit_test(record_key__storage_key_was_replaced),
	    cmocka_unit_test(record_key__in_a_batch_with_others),
	    cmocka_unit_test(decide__key_becomes_active_with_its_certificate),
	    cmocka_unit_test(decide__without_certificate_the_key_is_gone),
	    cmocka_unit_test(decide__nothing_is_issued_when_the_key_is_gone),
	    cmocka_unit_test(held__cannot_be_recovered_or_made_active),
	    cmocka_unit_test(record_key__lost_commit_is_cleared_up),
	    cmocka_unit_test(record_key__database_away_leaves_neither),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
