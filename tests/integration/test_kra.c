/* Keys archived and recovered, against a real database and a real KRA; started by run_kra.sh. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hex.h"
#include "integration/kra_fixture.h"

/* --- the simple path -------------------------------------------------------------------------- */

static void
recovery__one_agent_alone(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	archive("laptop", NULL, id);
	assert_int_equal(request_recovery(&carol, id, &request), KEY_APPROVED);
	retrieve_ok(&carol, request, false);
	assert_int_equal(audited("key.archived"), 1);
	assert_int_equal(audited("key.recovery-requested"), 1);
	assert_int_equal(audited("key.recovery-approved"), 1);
	assert_int_equal(audited("key.recovered"), 1);
}

static void
recovery__two_agents(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	enum key_state now;
	int64_t request;

	(void)state;
	w.means.rules.required = 2;
	archive(NULL, NULL, id);
	assert_int_equal(request_recovery(&alice, id, &request), KEY_PENDING);
	retrieve_refused(GH_E_CONFLICT, &alice, request);
	ok(decide(&w.means, &carol, KEY_APPROVE, request, &now));
	assert_int_equal(now, KEY_PENDING);
	retrieve_refused(GH_E_CONFLICT, &alice, request);
	ok(decide(&w.means, &dave, KEY_APPROVE, request, &now));
	assert_int_equal(now, KEY_APPROVED);
	retrieve_ok(&alice, request, false);
}

/* The rules of the day on which it was asked. */
static void
recovery__as_many_as_when_it_was_asked(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	enum key_state now;
	int64_t request;

	(void)state;
	w.means.rules.required = 2;
	archive(NULL, NULL, id);
	request_recovery(&alice, id, &request);
	w.means.rules.required = 1;
	ok(decide(&w.means, &carol, KEY_APPROVE, request, &now));
	assert_int_equal(now, KEY_PENDING);
}

static void
recovery__by_certificate(void **state)
{
	char id[GH_UUID_TEXT_SIZE], sql[512], spki[65];
	unsigned char sha256[32];
	struct key_recovery_ask a = {0};
	struct store_key_request r;

	(void)state;
	archive(NULL, NULL, id);
	assert_true(gh_digest(GH_SHA256, lost.spki, lost.spki_len, sha256));
	snprintf(sql, sizeof(sql),
	    "INSERT INTO certificate (ca_id, serial, request_id, subject, sans, requester, status, not_before, not_after, "
	    "sha1, sha256, spki_sha256, der) VALUES (1, 's', 1, 'CN=a', '{}', 'alice', 20, now(), now(), 'a', 'b', "
	    "decode('%s', 'hex'), 'd') RETURNING id",
	    gh_hex_lower(sha256, 32, spki));
	a.certificate_id = count(sql);
	ok(key_recovery_request(&w.means, &carol, &a, &r, &err));
	assert_string_equal(r.key.id, id);
	store_key_request_clear(&r);
	a.certificate_id++;
	refused(GH_E_NOT_FOUND, key_recovery_request(&w.means, &carol, &a, &r, &err));
}

/* --- who may not ------------------------------------------------------------------------------ */

static void
approval__never_ones_own(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	w.means.rules.required = 2;
	archive(NULL, NULL, id);
	assert_int_equal(request_recovery(&carol, id, &request), KEY_PENDING);
	refused(GH_E_FORBIDDEN, decide(&w.means, &carol, KEY_APPROVE, request, NULL));
	assert_int_equal(count("SELECT count(*) FROM key_approval"), 0);
	assert_int_equal(audited("key.decision-refused"), 1);
}

static void
approval__once_for_each_agent(void **state)
{
	struct requester renamed = carol, nameless = carol;
	char id[GH_UUID_TEXT_SIZE];
	enum key_state now;
	int64_t request;

	(void)state;
	w.means.rules.required = 2;
	archive(NULL, NULL, id);
	request_recovery(&alice, id, &request);
	ok(decide(&w.means, &carol, KEY_APPROVE, request, NULL));
	refused(GH_E_CONFLICT, decide(&w.means, &carol, KEY_APPROVE, request, NULL));
	strcpy(renamed.name, "carol-of-sales");
	refused(GH_E_CONFLICT, decide(&w.means, &renamed, KEY_APPROVE, request, NULL));
	*nameless.id = '\0';
	refused(GH_E_CONFLICT, decide(&w.means, &nameless, KEY_APPROVE, request, NULL));
	assert_int_equal(count("SELECT count(*) FROM key_approval"), 1);
	ok(decide(&w.means, &dave, KEY_APPROVE, request, &now));
	assert_int_equal(now, KEY_APPROVED);
}

static void
decision__by_nobody_else(void **state)
{
	struct requester officer = person("oscar", 0);
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	w.means.rules.required = 2;
	archive(NULL, NULL, id);
	request_recovery(&carol, id, &request);
	refused(GH_E_NOT_FOUND, decide(&w.means, &mallory, KEY_APPROVE, request, NULL));
	refused(GH_E_NOT_FOUND, decide(&w.means, &mallory, KEY_CANCEL, request, NULL));
	refused(GH_E_FORBIDDEN, decide(&w.means, &alice, KEY_APPROVE, request, NULL));
	refused(GH_E_FORBIDDEN, decide(&w.means, &dave, KEY_CANCEL, request, NULL));
	refused(GH_E_NOT_FOUND, decide(&w.means, &dave, KEY_APPROVE, request + 1000, NULL));
	officer.roles = ~REQUESTER_ROLE_AGENT & ~REQUESTER_ROLE_AUDITOR;
	refused(GH_E_NOT_FOUND, decide(&w.means, &officer, KEY_APPROVE, request, NULL));
	officer.roles |= REQUESTER_ROLE_AUDITOR;
	refused(GH_E_FORBIDDEN, decide(&w.means, &officer, KEY_APPROVE, request, NULL));
	ok(decide(&w.means, &carol, KEY_CANCEL, request, NULL));
	refused(GH_E_CONFLICT, decide(&w.means, &dave, KEY_APPROVE, request, NULL));
}

static void
decision__on_what_was_seen(void **state)
{
	struct store_key_step step = {.version = 1};
	struct store_key_request r;
	char id[GH_UUID_TEXT_SIZE];

	(void)state;
	w.means.rules.required = 3;
	archive(NULL, NULL, id);
	request_recovery(&alice, id, &step.id);
	ok(key_recovery_decide(&w.means, &carol, KEY_APPROVE, &step, &r, &err));
	assert_int_equal(r.version, 2);
	store_key_request_clear(&r);
	refused(GH_E_PRECONDITION,
	    key_recovery_decide(&w.means, &dave, KEY_REJECT, &step, &r, &err));
	step.version = 2;
	ok(key_recovery_decide(&w.means, &dave, KEY_REJECT, &step, &r, &err));
	assert_int_equal(r.state, KEY_REJECTED);
	store_key_request_clear(&r);
}

static void
request__of_somebody_elses_key(void **state)
{
	struct key_recovery_ask a = {0};
	struct store_key_request r;
	char id[GH_UUID_TEXT_SIZE];

	(void)state;
	archive(NULL, NULL, id);
	a.key_id = id;
	refused(GH_E_NOT_FOUND, key_recovery_request(&w.means, &mallory, &a, &r, &err));
	assert_int_equal(audited("key.recovery-refused"), 1);
	a.key_id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
	refused(GH_E_NOT_FOUND, key_recovery_request(&w.means, &carol, &a, &r, &err));
	a.key_id = "no such key";
	refused(GH_E_NOT_FOUND, key_recovery_request(&w.means, &carol, &a, &r, &err));
}

/* --- the end of a request --------------------------------------------------------------------- */

static void
request__expired(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request, approved;
	int n;

	(void)state;
	archive(NULL, NULL, id);
	request_recovery(&alice, id, &request);
	request_recovery(&carol, id, &approved);
	count(
	    "UPDATE key_request SET expires_at = now() - interval '1 second' WHERE type = 'recovery'");
	refused(GH_E_CONFLICT, decide(&w.means, &carol, KEY_APPROVE, request, NULL));
	assert_string_equal(err.message, "The key request has expired.");
	refused(GH_E_CONFLICT, decide(&w.means, &alice, KEY_CANCEL, request, NULL));
	retrieve_refused(GH_E_CONFLICT, &carol, approved);
	ok(store_expire_key_requests(w.db, &fixture_admin, &n, &err));
	assert_int_equal(n, 2);
	assert_int_equal(audited("key.recovery-expired"), 2);
	ok(store_expire_key_requests(w.db, &fixture_admin, &n, &err));
	assert_int_equal(n, 0);
	retrieve_refused(GH_E_CONFLICT, &carol, approved);
}

static void
request__rejected(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	archive(NULL, NULL, id);
	request_recovery(&alice, id, &request);
	ok(decide(&w.means, &carol, KEY_APPROVE, request, NULL));
	ok(decide(&w.means, &dave, KEY_REJECT, request, NULL));
	refused(GH_E_CONFLICT, decide(&w.means, &dave, KEY_APPROVE, request, NULL));
	refused(GH_E_CONFLICT, decide(&w.means, &dave, KEY_REJECT, request, NULL));
	retrieve_refused(GH_E_CONFLICT, &alice, request);
}

/* --- retrieval -------------------------------------------------------------------------------- */

static void
retrieval__again_for_a_while(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	archive(NULL, NULL, id);
	request_recovery(&carol, id, &request);
	retrieve_ok(&carol, request, false);
	retrieve_ok(&carol, request, true);
	assert_int_equal(audited("key.recovered"), 1);
	assert_int_equal(audited("key.recovered-again"), 1);
	count("UPDATE key_request SET released_at = now() - interval '601 seconds'");
	retrieve_refused(GH_E_CONFLICT, &carol, request);
}

static void
retrieval__by_the_requester_alone(void **state)
{
	struct requester former = carol;
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	archive(NULL, NULL, id);
	request_recovery(&carol, id, &request);
	retrieve_refused(GH_E_FORBIDDEN, &dave, request);
	former.roles = 0; /* he has left the agents since */
	retrieve_refused(GH_E_FORBIDDEN, &former, request);
	retrieve_refused(GH_E_NOT_FOUND, &alice, request);
	retrieve_refused(GH_E_NOT_FOUND, &mallory, request);
	assert_int_equal(audited("key.retrieval-refused"), 4);
	retrieve_ok(&carol, request, false);
}

static void
retrieval__of_another_key(void **state)
{
	struct key_retrieval f = {0};
	char id[GH_UUID_TEXT_SIZE], other[GH_UUID_TEXT_SIZE];
	struct key_retrieved out;

	(void)state;
	archive(NULL, NULL, id);
	archive(NULL, NULL, other);
	request_recovery(&carol, id, &f.id);
	f.key_id = other;
	refused(GH_E_FORBIDDEN, key_recovery_retrieve(&w.means, &carol, &f, &out, &err));
	f.key_id = id;
	refused(GH_E_VALIDATION, key_recovery_retrieve(&w.means, &carol, &f, &out, &err));
}

/* What the request came with is what the key is wrapped in. */
static void
retrieval__in_what_was_approved(void **state)
{
	struct kra_client c, other;
	struct kra_release release = {.form = KRA_WRAPPED};
	struct key_recovery_ask a = {.release = &release};
	struct key_retrieval f = {0};
	struct store_key_request r;
	struct key_retrieved out;
	char id[GH_UUID_TEXT_SIZE];

	(void)state;
	archive(NULL, NULL, id);
	client_open(&c, w.transport);
	client_open(&other, w.transport);
	release.wrapping = c.wrapping;
	a.key_id = id;
	ok(key_recovery_request(&w.means, &carol, &a, &r, &err));
	f.id = r.id;
	store_key_request_clear(&r);
	release.wrapping = other.wrapping;
	f.release = &release;
	refused(GH_E_VALIDATION, key_recovery_retrieve(&w.means, &carol, &f, &out, &err));
	f.release = NULL;
	ok(key_recovery_retrieve(&w.means, &carol, &f, &out, &err));
	client_assert_opens(&c, &out, lost.pkcs8, lost.pkcs8_len);
	key_retrieved_clear(&out);
}

static void
retrieval__of_an_inactive_key(void **state)
{
	struct store_key_change change = {.is_active = false};
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;
	int version;

	(void)state;
	archive("one", NULL, id);
	request_recovery(&carol, id, &request);
	change.id = id;
	refused(GH_E_FORBIDDEN, key_archive_set_active(&w.means, &alice, &change, &version, &err));
	assert_int_equal(audited("key.change-refused"), 1);
	change.version = 2;
	refused(GH_E_PRECONDITION,
	    key_archive_set_active(&w.means, &carol, &change, &version, &err));
	change.version = 1;
	ok(key_archive_set_active(&w.means, &carol, &change, &version, &err));
	assert_int_equal(version, 2);
	retrieve_refused(GH_E_CONFLICT, &carol, request);
	change = (struct store_key_change){.id = id, .is_active = true};
	ok(key_archive_set_active(&w.means, &carol, &change, &version, &err));
	refused(GH_E_CONFLICT, key_archive_set_active(&w.means, &carol, &change, &version, &err));
	retrieve_ok(&carol, request, false);
}

/* Whoever writes the database gives nobody another one's key. */
static void
retrieval__of_an_altered_row(void **state)
{
	char id[GH_UUID_TEXT_SIZE], other[GH_UUID_TEXT_SIZE], sql[256];
	int64_t request;

	(void)state;
	archive(NULL, NULL, id);
	archive(NULL, NULL, other);
	request_recovery(&carol, id, &request);
	snprintf(sql, sizeof(sql),
	    "UPDATE archived_key SET stored = (SELECT stored FROM archived_key WHERE uuid = '%s') WHERE uuid = '%s'",
	    other, id);
	count(sql);
	retrieve_refused(GH_E_SIGNER, &carol, request);
	assert_int_equal(audited("key.recovery-failed"), 1);
	retrieve_refused(GH_E_CONFLICT, &carol, request);
}

/* --- archiving -------------------------------------------------------------------------------- */

static void
archive__client_id_is_one_keys(void **state)
{
	struct kra_client c;
	struct key_archive_ask a = asking(&c);
	char id[GH_UUID_TEXT_SIZE], first[GH_UUID_TEXT_SIZE];
	struct store_key_change change = {.id = first};
	int64_t request;
	int version;

	(void)state;
	archive("laptop", NULL, first);
	a.client_id = "laptop";
	refused(GH_E_CONFLICT, key_archive(&w.means, &alice, &a, id, &request, &err));
	assert_string_equal(id, "");
	assert_int_equal(count("SELECT count(*) FROM key_request"), 1);
	assert_int_equal(audited("key.archive-refused"), 1);
	/* of this owner */
	a.owner = &mallory;
	ok(key_archive(&w.means, &carol, &a, id, &request, &err));
	a.owner = NULL;
	ok(key_archive_set_active(&w.means, &carol, &change, &version, &err));
	ok(key_archive(&w.means, &alice, &a, id, &request, &err));
}

/* What is wrapped does not say whose it is: who has seen it does not become its owner. */
static void
archive__what_is_kept_for_somebody_else(void **state)
{
	struct kra_client c;
	struct key_archive_ask a = asking(&c);
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	ok(key_archive(&w.means, &alice, &a, id, &request, &err));
	refused(GH_E_CONFLICT, key_archive(&w.means, &mallory, &a, id, &request, &err));
	assert_non_null(strstr(err.message, "for somebody else"));
	assert_int_equal(audited("key.archive-refused"), 1);
	ok(key_archive(&w.means, &alice, &a, id, &request, &err));
	a.owner = &mallory;
	ok(key_archive(&w.means, &carol, &a, id, &request, &err));
	a.owner = NULL;
	ok(key_archive(&w.means, &mallory, &a, id, &request, &err));
}

static void
archive__what_is_refused_leaves_nothing(void **state)
{
	struct kra_client c;
	struct key_archive_ask a = asking(&c), bad;
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	bad = a;
	bad.owner = &alice;
	refused(GH_E_FORBIDDEN, key_archive(&w.means, &mallory, &bad, id, &request, &err));
	bad = a;
	bad.client_id = "a\nb";
	refused(GH_E_VALIDATION, key_archive(&w.means, &alice, &bad, id, &request, &err));
	bad = a;
	bad.policy = "none";
	refused(GH_E_VALIDATION, key_archive(&w.means, &alice, &bad, id, &request, &err));
	bad = a;
	bad.spki.len = 0;
	refused(GH_E_VALIDATION, key_archive(&w.means, &alice, &bad, id, &request, &err));
	bad = a;
	bad.certificate_id = 1000000;
	refused(GH_E_NOT_FOUND, key_archive(&w.means, &alice, &bad, id, &request, &err));
	bad = a;
	bad.wrapping.transport_id[0] = 1;
	refused(GH_E_VALIDATION, key_archive(&w.means, &alice, &bad, id, &request, &err));
	c.cipher[3] ^= 1;
	refused(GH_E_VALIDATION, key_archive(&w.means, &alice, &a, id, &request, &err));
	assert_int_equal(count("SELECT count(*) FROM archived_key"), 0);
	assert_int_equal(count("SELECT count(*) FROM key_request"), 0);
	assert_int_equal(audited("key.archive-refused"), 7);
	c.cipher[3] ^= 1;
	a.owner = &alice;
	ok(key_archive(&w.means, &carol, &a, id, &request, &err));
}

/* --- what dies in between --------------------------------------------------------------------- */

static void
kra__killed_and_started_again(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	struct kra_client c;
	struct key_archive_ask a = asking(&c);
	int64_t request, other;

	(void)state;
	archive(NULL, NULL, id);
	request_recovery(&carol, id, &request);
	signer_process_stop(&w.sp, SIGKILL);
	retrieve_refused(GH_E_SIGNER_DOWN, &carol, request);
	refused(GH_E_SIGNER_DOWN, key_archive(&w.means, &alice, &a, id, &other, &err));
	assert_int_equal(count("SELECT count(*) FROM archived_key"), 1);
	signer_process_start(&w.sp, "32");
	retrieve_ok(&carol, request, false);
	signer_process_stop(&w.sp, SIGKILL);
	signer_process_start(&w.sp, "32");
	archive(NULL, NULL, id);
}

/* One call, which stops at its statement: the KRA has answered, nothing is committed. */
struct stopped_call {
	pthread_t thread;
	struct kra_means means;
	int64_t request; /* 0: archiving */
	int rc;
	bool has_secret;
};

static void *
run_stopped_call(void *arg)
{
	struct stopped_call *call = arg;
	struct kra_release release = {.form = KRA_WRAPPED};
	const struct key_retrieval f = {.id = call->request, .release = &release};
	struct key_retrieved out = {0};
	struct kra_client c;
	struct key_archive_ask a = asking(&c);
	char id[GH_UUID_TEXT_SIZE];
	struct gh_error why;
	int64_t request;

	release.wrapping = c.wrapping;
	call->rc = call->request == 0 ? key_archive(&call->means, &alice, &a, id, &request, &why)
				      : key_recovery_retrieve(&call->means, &carol, &f, &out, &why);
	call->has_secret = out.secret.p != NULL;
	key_retrieved_clear(&out);
	return NULL;
}

static void
die_at_commit(struct stopped_call *call)
{
	FILE *lock = psql("postgres", "BEGIN; LOCK TABLE audit IN SHARE MODE; SELECT pg_sleep(60)");

	while (
	    count(
		"SELECT count(*) FROM pg_locks WHERE relation = 'audit'::regclass AND mode = 'ShareLock' "
		"AND granted") == 0)
		pause_ms(10);
	call->means = w.means;
	call->means.store = open_store_at(getenv("PGCONNINFO"), DATABASE_MS);
	call->means.kra = signer_process_client(&w.sp);
	assert_int_equal(pthread_create(&call->thread, NULL, run_stopped_call, call), 0);
	while (count("SELECT count(*) FROM pg_locks WHERE NOT granted") == 0)
		pause_ms(10);
	postgres("kill");
	pthread_join(call->thread, NULL);
	pclose(lock);
	signer_client_free(call->means.kra);
	store_free(call->means.store);
	postgres("start");
}

static void
database__killed_between_answer_and_commit(void **state)
{
	struct stopped_call call = {0};
	char id[GH_UUID_TEXT_SIZE];

	(void)state;
	archive(NULL, NULL, id);
	request_recovery(&carol, id, &call.request);
	die_at_commit(&call);
	assert_int_equal(call.rc, GH_E_DB_DOWN);
	assert_false(call.has_secret);
	assert_int_equal(audited("key.recovered"), 0);
	retrieve_ok(&carol, call.request, false);

	call.request = 0;
	die_at_commit(&call);
	assert_int_equal(call.rc, GH_E_DB_DOWN);
	assert_int_equal(count("SELECT count(*) FROM archived_key"), 1);
	archive(NULL, NULL, id);
}

/* --- races ------------------------------------------------------------------------------------ */

#define AGENTS 8

struct racer {
	pthread_t thread;
	pthread_barrier_t *start;
	struct kra_means means;
	struct requester agent;
	int64_t request;
	int rc;
};

static void *
run_racer(void *arg)
{
	struct racer *r = arg;
	const struct store_key_step step = {.id = r->request};
	struct store_key_request out;
	struct gh_error why;

	pthread_barrier_wait(r->start);
	r->rc = key_recovery_decide(&r->means, &r->agent, KEY_APPROVE, &step, &out, &why);
	store_key_request_clear(&out);
	return NULL;
}

/* How many were taken; the others are told that they are too late. */
static int
race(struct racer racer[AGENTS])
{
	pthread_barrier_t start;
	int taken = 0;

	pthread_barrier_init(&start, NULL, AGENTS);
	for (int i = 0; i < AGENTS; i++) {
		racer[i].start = &start;
		racer[i].means = w.means;
		racer[i].means.store = open_store_at(getenv("PGCONNINFO"), DATABASE_MS);
		ok(store_ping(racer[i].means.store, &err));
		assert_int_equal(pthread_create(&racer[i].thread, NULL, run_racer, &racer[i]), 0);
	}
	for (int i = 0; i < AGENTS; i++) {
		pthread_join(racer[i].thread, NULL);
		store_free(racer[i].means.store);
		assert_true(racer[i].rc == 0 || racer[i].rc == GH_E_CONFLICT);
		taken += racer[i].rc == 0;
	}
	pthread_barrier_destroy(&start);
	return taken;
}

static void
approvals__race_of_eight(void **state)
{
	struct racer racer[AGENTS] = {0};
	char id[GH_UUID_TEXT_SIZE], name[32];
	int64_t request;

	(void)state;
	w.means.rules.required = 3;
	archive(NULL, NULL, id);
	request_recovery(&alice, id, &request);
	for (int i = 0; i < AGENTS; i++) {
		snprintf(name, sizeof(name), "agent%d", i);
		racer[i].agent = AGENT(name);
		racer[i].request = request;
	}
	assert_int_equal(race(racer), 3);
	assert_int_equal(count("SELECT count(*) FROM key_approval"), 3);
	assert_int_equal(audited("key.recovery-approved"), 3);
	assert_int_equal(
	    count(
		"SELECT count(*) FROM key_request WHERE type = 'recovery' AND state = 'approved' AND approvals = 3 AND version = 4"),
	    1);
	retrieve_ok(&alice, request, false);
}

static void
approvals__race_of_one_agent(void **state)
{
	struct racer racer[AGENTS] = {0};
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	w.means.rules.required = 3;
	archive(NULL, NULL, id);
	request_recovery(&alice, id, &request);
	for (int i = 0; i < AGENTS; i++) {
		racer[i].agent = carol;
		racer[i].request = request;
	}
	assert_int_equal(race(racer), 1);
	assert_int_equal(count("SELECT count(*) FROM key_approval"), 1);
	assert_int_equal(count("SELECT approvals FROM key_request WHERE type = 'recovery'"), 1);
}

/* --- what can be seen ------------------------------------------------------------------------- */

static void
view__of_ones_own(void **state)
{
	struct requester namesake = alice; /* a local administrator of the same name */
	struct store_key_filter keys = {.limit = 1};
	struct store_key_request_filter requests = {.limit = 10, .type = "recovery"};
	char id[GH_UUID_TEXT_SIZE], second[GH_UUID_TEXT_SIZE];
	int64_t next, request;
	gh_json *list;

	(void)state;
	namesake.kind = REQUESTER_ADMIN;
	archive("one", NULL, id);
	archive("two", NULL, second);
	request_recovery(&alice, id, &request);
	ok(key_view_keys(&w.means, &alice, &keys, &list, &next, &err));
	assert_int_equal(gh_json_size(list), 1);
	assert_string_equal(gh_json_string(gh_json_get(gh_json_at(list, 0), "id")), id);
	assert_string_equal(gh_json_string(gh_json_get(gh_json_at(list, 0), "algorithm")), "P-256");
	gh_json_free(list);
	assert_true(next > 0);
	keys.after_id = next;
	ok(key_view_keys(&w.means, &carol, &keys, &list, &next, &err));
	assert_string_equal(gh_json_string(gh_json_get(gh_json_at(list, 0), "id")), second);
	gh_json_free(list);
	keys = (struct store_key_filter){.limit = 10};
	ok(key_view_keys(&w.means, &mallory, &keys, &list, &next, &err));
	assert_int_equal(gh_json_size(list), 0);
	gh_json_free(list);
	ok(key_view_keys(&w.means, &namesake, &keys, &list, &next, &err));
	assert_int_equal(gh_json_size(list), 0);
	gh_json_free(list);
	ok(key_view_requests(&w.means, &namesake, &requests, &list, &next, &err));
	assert_int_equal(gh_json_size(list), 0);
	gh_json_free(list);
	ok(key_view_requests(&w.means, &mallory, &requests, &list, &next, &err));
	assert_int_equal(gh_json_size(list), 0);
	gh_json_free(list);
	ok(key_view_requests(&w.means, &alice, &requests, &list, &next, &err));
	assert_int_equal(gh_json_size(list), 1);
	gh_json_free(list);
	refused(GH_E_NOT_FOUND, key_view_request(&w.means, &mallory, request, &list, &err));
	refused(GH_E_NOT_FOUND, key_view_key(&w.means, &mallory, id, &list, &err));
	ok(key_view_key(&w.means, &alice, id, &list, &err));
	assert_string_equal(gh_json_string(gh_json_get(list, "client_id")), "one");
	gh_json_free(list);
}

static void
view__by_each_filter(void **state)
{
	char id[GH_UUID_TEXT_SIZE], other[GH_UUID_TEXT_SIZE];
	const struct store_key_filter keys[] = {{.limit = 5, .owner = "ALICE"},
	    {.limit = 5, .owner = "id-of-alice"}, {.limit = 5, .client_id = "one"},
	    {.limit = 5, .state = "active"}, {.limit = 5, .created_from = gh_now() - 60},
	    {.limit = 5, .created_to = gh_now() + 60}};
	const struct store_key_filter others[] = {{.limit = 5, .owner = "bob"},
	    {.limit = 5, .client_id = "two"}, {.limit = 5, .state = "inactive"},
	    {.limit = 5, .certificate_id = 1000000}, {.limit = 5, .policy = "p"},
	    {.limit = 5, .created_from = gh_now() + 60}, {.limit = 5, .created_to = gh_now() - 60}};
	const struct store_key_request_filter requests[] = {{.limit = 5, .state = "pending"},
	    {.limit = 5, .type = "recovery"}, {.limit = 5, .key_id = id, .type = "recovery"},
	    {.limit = 5, .requester = "Alice", .state = "pending"}};
	int64_t next, request;
	gh_json *list;

	(void)state;
	w.means.rules.required = 2;
	archive("one", NULL, id);
	request_recovery(&alice, id, &request);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		ok(key_view_keys(&w.means, &carol, &keys[i], &list, &next, &err));
		assert_int_equal(gh_json_size(list), 1);
		gh_json_free(list);
	}
	archive("three", NULL, other);
	for (int newest = 0; newest < 2; newest++) {
		const struct store_key_filter f = {.limit = 5, .newest_first = newest};

		ok(key_view_keys(&w.means, &carol, &f, &list, &next, &err));
		assert_string_equal(gh_json_string(gh_json_get(gh_json_at(list, 0), "id")),
		    newest ? other : id);
		gh_json_free(list);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		ok(key_view_keys(&w.means, &carol, &others[i], &list, &next, &err));
		assert_int_equal(gh_json_size(list), 0);
		gh_json_free(list);
	}
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		ok(key_view_requests(&w.means, &carol, &requests[i], &list, &next, &err));
		assert_int_equal(gh_json_size(list), 1);
		gh_json_free(list);
	}
	ok(decide(&w.means, &carol, KEY_APPROVE, request, NULL));
	ok(key_view_request(&w.means, &alice, request, &list, &err));
	assert_int_equal(gh_json_size(gh_json_get(list, "approvals")), 1);
	assert_true(gh_json_int(gh_json_get(list, "missing"), &next) && next == 1);
	gh_json_free(list);
}

/* --- the database alone ----------------------------------------------------------------------- */

static bool
dump_has(const unsigned char *bytes, size_t len)
{
	char command[1024], hex[129];

	assert_true(len <= 64);
	snprintf(command, sizeof(command), "pg_dump -h '%s' -U gatehouse gatehouse | grep -qiF %s",
	    getenv("PGSOCKETDIR"), gh_hex_lower(bytes, len, hex));
	return system(command) == 0;
}

static void
dump__has_no_secret(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	archive(NULL, NULL, id);
	request_recovery(&carol, id, &request);
	retrieve_ok(&carol, request, false);
	assert_true(dump_has(lost.spki + 30, 32));   /* of the public key: the search works */
	assert_false(dump_has(lost.pkcs8 + 36, 32)); /* of the private one */
}

/* ------------------------------------------------------------------------------------------------
 */

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    test(recovery__one_agent_alone),
	    test(recovery__two_agents),
	    test(recovery__as_many_as_when_it_was_asked),
	    test(recovery__by_certificate),
	    test(approval__never_ones_own),
	    test(approval__once_for_each_agent),
	    test(decision__by_nobody_else),
	    test(decision__on_what_was_seen),
	    test(request__of_somebody_elses_key),
	    test(request__expired),
	    test(request__rejected),
	    test(retrieval__again_for_a_while),
	    test(retrieval__by_the_requester_alone),
	    test(retrieval__of_another_key),
	    test(retrieval__in_what_was_approved),
	    test(retrieval__of_an_inactive_key),
	    test(retrieval__of_an_altered_row),
	    test(archive__client_id_is_one_keys),
	    test(archive__what_is_kept_for_somebody_else),
	    test(archive__what_is_refused_leaves_nothing),
	    test(kra__killed_and_started_again),
	    test(database__killed_between_answer_and_commit),
	    test(approvals__race_of_eight),
	    test(approvals__race_of_one_agent),
	    test(view__of_ones_own),
	    test(view__by_each_filter),
	    test(dump__has_no_secret),
	};

	return cmocka_run_group_tests(tests, open_people, close_people);
}
