/* Batches of records and of look-ups against a real PostgreSQL; started by run_store.sh after
 * test_store. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "integration/database.h"
#include "integration/proxy.h"
#include "store/request/record_request.h"
#include "store/request/request_page.h"

#define TIMEOUT_MS 5000
#define N STORE_BATCH_MAX

static struct store *db;

static void
wait_until(const char *sql)
{
	const struct timespec pause = {0, 20000000};

	for (int i = 0; count(sql) == 0; i++) {
		if (i > 1000)
			fail_msg("never: %s", sql);
		nanosleep(&pause, NULL);
	}
}

/* --- batches ---------------------------------------------------------------------------------- */

struct batch {
	struct enroll_request req[N];
	struct enroll_outcome out[N];
	struct store_recording m[N];
	size_t n;
};

static void
batch_open(struct batch *b, size_t n)
{
	memset(b, 0, sizeof(*b));
	b->n = n;
	for (size_t i = 0; i < n; i++) {
		char cn[32];

		snprintf(cn, sizeof(cn), "member %zu", i);
		fixture_request(&b->req[i]);
		ok(fixture_issue(&b->out[i], cn));
		b->m[i] = (struct store_recording){.decision = {.req = &b->req[i],
						       .ca = &fixture_ca,
						       .template_id = 1},
		    .out = &b->out[i]};
	}
}

static void
batch_close(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		enroll_request_clear(&b->req[i]);
		enroll_outcome_clear(&b->out[i]);
	}
}

static void
is_not_issued(struct batch *b, size_t i, enum db_disposition disposition)
{
	enroll_outcome_clear(&b->out[i]);
	b->out[i].disposition = disposition;
	snprintf(b->out[i].message, sizeof(b->out[i].message), "member %zu", i);
}

/* Rows of the tables that a record writes: requests, certificates, marks, audit. */
struct rows {
	long request, certificate, replay, audit;
};

static struct rows
rows(void)
{
	return (struct rows){count("SELECT count(*) FROM request"),
	    count("SELECT count(*) FROM certificate"), count("SELECT count(*) FROM replay"),
	    count("SELECT count(*) FROM audit")};
}

static void
assert_grown(struct rows before, long requests, long certificates)
{
	struct rows now = rows();

	assert_int_equal(now.request - before.request, requests);
	assert_int_equal(now.certificate - before.certificate, certificates);
	assert_int_equal(now.replay - before.replay, requests);
	assert_int_equal(now.audit - before.audit, requests);
}

/* The row of each member is its own, whole, and under its MAC. */
static void
assert_stored(const struct batch *b, size_t i)
{
	const struct enroll_outcome *out = &b->out[i];
	struct enroll_outcome got;
	struct enroll_request back;
	char sql[512];
	int64_t ca_id;

	ok(store_get_request(db, out->cms_request_id, &back, &got, &ca_id, &err));
	assert_int_equal(got.disposition, out->disposition);
	assert_string_equal(got.serial, out->serial);
	assert_string_equal(got.message, out->message);
	assert_int_equal(got.cms_id, out->cms_id);
	assert_string_equal(back.request_id, b->req[i].request_id);
	assert_string_equal(back.requester.id, b->req[i].requester.id);
	assert_string_equal(gh_json_string(gh_json_get(back.metadata, "Cost Center")), "42\"x");
	assert_int_equal(back.is_sealed, out->disposition == DB_DISP_PENDING);
	snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM request r JOIN audit a ON a.request_id = r.http_request_id "
	    "JOIN replay m ON m.request_id = r.id LEFT JOIN certificate c ON c.request_id = r.id "
	    "WHERE r.id = %lld AND (r.mac IS NULL) = (r.disposition = 31) AND a.actor = 'alice' "
	    "AND (r.disposition <> 20 OR (a.object = hex_upper(c.serial) AND c.status = 20 "
	    "AND c.metadata = r.metadata AND c.id = r.certificate_id))",
	    (long long)out->cms_request_id);
	assert_int_equal(count(sql), 1);
	enroll_request_clear(&back);
	enroll_outcome_clear(&got);
}

static void
assert_same(const char *got, const char *sent)
{
	if (sent == NULL)
		assert_null(got);
	else
		assert_string_equal(got, sent);
}

/* What was asked for beside the CSR, with its columns. */
static void
assert_asked(const struct batch *b, size_t i)
{
	const struct enroll_request *req = &b->req[i];
	struct enroll_outcome got;
	struct enroll_request back;
	char sql[256];
	int64_t ca_id;

	ok(store_get_request(db, b->out[i].cms_request_id, &back, &got, &ca_id, &err));
	assert_int_equal(back.protocol, req->protocol);
	assert_same(back.ca_name, req->ca_name);
	assert_same(back.ca_rule, req->ca_rule);
	assert_same(back.purpose, req->purpose);
	assert_same(back.tenant, req->tenant);
	assert_same(back.email, req->email);
	assert_same(back.language, req->language);
	assert_same(back.label, req->label);
	assert_same(back.poll_key, req->poll_key);
	assert_same(back.operation, req->operation);
	assert_int_equal(back.requester.est_user, req->requester.est_user);
	assert_int_equal(back.requester.device, req->requester.device);
	assert_int_equal(back.confirm_within, req->confirm_within);
	assert_int_equal(back.follows, req->follows);
	assert_int_equal(back.validity, req->validity);
	snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM request WHERE id = %lld AND (validity IS NULL) = %s",
	    (long long)b->out[i].cms_request_id, req->validity == 0 ? "true" : "false");
	assert_int_equal(count(sql), 1);
	enroll_request_clear(&back);
	enroll_outcome_clear(&got);
}

static void
record_batch__what_is_asked_for_besides_is_kept(void **state)
{
	struct batch b;

	(void)state;
	batch_open(&b, 4);
	is_not_issued(&b, 1, DB_DISP_PENDING);
	fixture_ask(&b.req[1]);
	fixture_ask(&b.req[2]);
	is_not_issued(&b, 3, DB_DISP_PENDING);
	b.req[3].validity = 60; /* one member alone */
	store_record_batch(db, b.m, b.n);
	for (size_t i = 0; i < b.n; i++) {
		assert_int_equal(b.m[i].rc, 0);
		assert_stored(&b, i);
		assert_asked(&b, i);
	}
	batch_close(&b);
}

static void
assert_all_recorded(const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->m[i].rc != 0)
			fail_msg("member %zu: %d %s", i, b->m[i].rc, b->m[i].err.detail);
		assert_false(b->out[i].is_replay);
		assert_int_equal(b->m[i].ca_id, 0);
		assert_stored(b, i);
	}
}

static void
record_batch__each_member_is_complete(void **state)
{
	struct rows before = rows();
	struct batch b;

	(void)state;
	batch_open(&b, N);
	is_not_issued(&b, 2, DB_DISP_DENIED);
	is_not_issued(&b, 3, DB_DISP_PENDING);
	is_not_issued(&b, 9, DB_DISP_PENDING);
	b.req[5].has_replay_mark = false; /* a front door without signatures */
	store_record_batch(db, b.m, b.n);
	assert_all_recorded(&b);
	assert_grown(before, N, N - 3);
	batch_close(&b);
}

static void
record_batch__any_size_from_one(void **state)
{
	struct batch b;

	(void)state;
	for (size_t n = 1; n <= N; n++) {
		batch_open(&b, n);
		store_record_batch(db, b.m, n);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(b.m[i].rc, 0);
			/* in order of arrival */
			assert_true(
			    i == 0 || b.out[i].cms_request_id > b.out[i - 1].cms_request_id);
		}
		assert_stored(&b, n - 1);
		batch_close(&b);
	}
	batch_open(&b, 1);
	store_record_batch(db, b.m, 0);
	batch_close(&b);
}

static void
record_batch__replay_falls_out_alone(void **state)
{
	struct batch first, b;
	struct rows before;

	(void)state;
	batch_open(&first, 3);
	store_record_batch(db, first.m, first.n);
	assert_all_recorded(&first);
	before = rows();
	batch_open(&b, 8);
	memcpy(b.req[1].replay_mark, first.req[0].replay_mark, REPLAY_MARK_SIZE);
	memcpy(b.req[4].replay_mark, first.req[1].replay_mark, REPLAY_MARK_SIZE);
	b.req[4].requester.app_id = 8; /* recorded for another one */
	store_record_batch(db, b.m, b.n);
	assert_int_equal(b.m[1].rc, 0);
	assert_true(b.out[1].is_replay);
	assert_string_equal(b.out[1].serial, first.out[0].serial);
	assert_int_equal(b.out[1].cms_request_id, first.out[0].cms_request_id);
	assert_int_equal(b.m[1].ca_id, fixture_ca.id);
	assert_int_equal(b.out[1].chain.n, 1);
	assert_int_equal(b.m[4].rc, GH_E_REPLAY);
	for (size_t i = 0; i < b.n; i++)
		if (i != 1 && i != 4) {
			assert_int_equal(b.m[i].rc, 0);
			assert_stored(&b, i);
		}
	assert_grown(before, 6, 6);
	batch_close(&first);
	batch_close(&b);
}

/* A mark over a key of the client's choice holds for one content, among members and before. */
static void
record_batch__mark_with_another_content(void **state)
{
	struct rows before = rows();
	struct enroll_outcome out = {0};
	struct store_replay r = {.out = &out};
	struct batch b;

	(void)state;
	batch_open(&b, 3);
	for (size_t i = 0; i < b.n; i++) {
		memcpy(b.req[i].replay_mark, b.req[0].replay_mark, REPLAY_MARK_SIZE);
		b.req[i].has_replay_content = true;
		memset(b.req[i].replay_content, i == 2 ? 2 : 1, REPLAY_MARK_SIZE);
	}
	store_record_batch(db, b.m, b.n);
	assert_int_equal(b.m[0].rc, 0);
	assert_int_equal(b.m[1].rc, 0);
	assert_int_equal(b.out[1].cms_request_id, b.out[0].cms_request_id);
	assert_int_equal(b.m[2].rc, GH_E_CONFLICT);
	assert_grown(before, 1, 1);
	for (size_t i = 0; i < b.n; i++) {
		r.who = &b.req[i].requester;
		r.mark = b.req[i].replay_mark;
		r.content = b.req[i].replay_content;
		store_find_replays_send(db, &r, 1);
		store_find_replays_collect(db, &r, 1);
		assert_int_equal(r.rc, i == 2 ? GH_E_CONFLICT : 0);
		assert_int_equal(r.found, i != 2);
		enroll_outcome_clear(&out);
	}
	batch_close(&b);
}

/* --- pages of requests ------------------------------------------------------------------------ */

static size_t
count_of(const struct requester *owner, const char *members)
{
	gh_json *metadata = NULL, *entries;
	struct store_request_filter f = {.limit = 1000, .newest_first = true, .owner = owner};
	int64_t next;
	size_t n;

	if (members != NULL)
		ok(gh_json_parse(members, strlen(members), GH_JSON_STRICT, &metadata, &err));
	f.metadata = metadata;
	ok(store_request_page(db, &f, &entries, &next, &err));
	assert_int_equal(next, 0);
	n = gh_json_size(entries);
	gh_json_free(entries);
	gh_json_free(metadata);
	return n;
}

/* A name that was given anew finds nothing of the one who had it. */
static void
request_page__owner_by_the_number_of_his_entry(void **state)
{
	struct requester who;
	struct batch b;
	size_t before;

	(void)state;
	batch_open(&b, 4);
	for (size_t i = 0; i < b.n; i++) {
		strcpy(b.req[i].requester.name, "PAGE\\ann");
		strcpy(b.req[i].requester.id, i < 2 ? "00000000-0000-4000-8000-0000000000a1" : "");
	}
	strcpy(b.req[3].requester.dn, "cn=another");
	b.req[1].requester.app_id = 77;
	who = b.req[0].requester;
	before = count_of(&who, NULL);
	assert_int_equal(before, 0);
	store_record_batch(db, b.m, b.n);
	who.app_id = 0;
	assert_int_equal(count_of(&who, NULL), 3);
	strcpy(who.name, "page\\ANN");
	assert_int_equal(count_of(&who, "{\"Cost Center\":\"42\\\"x\"}"), 3);
	assert_int_equal(count_of(&who, "{\"Cost Center\":\"43\"}"), 0);
	who.app_id = 77;
	assert_int_equal(count_of(&who, NULL), 1);
	who.app_id = 0;
	strcpy(who.id, "00000000-0000-4000-8000-0000000000a2");
	assert_int_equal(count_of(&who, NULL), 1);
	who.kind = REQUESTER_ADMIN;
	assert_int_equal(count_of(&who, NULL), 0);
	batch_close(&b);
}

static void
record_batch__equal_marks_give_one_certificate(void **state)
{
	struct rows before = rows();
	struct batch b;
	char serial[sizeof(b.out[0].serial)];

	(void)state;
	batch_open(&b, 5);
	memcpy(serial, b.out[1].serial, sizeof(serial));
	memcpy(b.req[3].replay_mark, b.req[1].replay_mark, REPLAY_MARK_SIZE);
	store_record_batch(db, b.m, b.n);
	for (size_t i = 0; i < b.n; i++)
		assert_int_equal(b.m[i].rc, 0);
	assert_string_equal(b.out[1].serial, b.out[3].serial);
	assert_true(b.out[1].is_replay != b.out[3].is_replay);
	assert_int_equal(b.out[1].cms_id, b.out[3].cms_id);
	assert_string_equal(b.out[1].serial, serial);
	assert_grown(before, 4, 4);
	batch_close(&b);
}

static void
record_batch__failing_member_fails_alone(void **state)
{
	struct rows before = rows();
	struct batch first, b;

	(void)state;
	batch_open(&first, 1);
	store_record_batch(db, first.m, 1);
	assert_all_recorded(&first);
	batch_open(&b, 6);
	/* PostgreSQL refuses the serial number, which is there; another mark */
	enroll_outcome_clear(&b.out[2]);
	b.out[2] = first.out[0];
	/* we refuse what is no certificate */
	b.out[4].chain.cert[0].len = 7;
	b.m[5].decision.ca = NULL;
	store_record_batch(db, b.m, b.n);
	assert_int_equal(b.m[2].rc, GH_E_DB);
	assert_non_null(strstr(b.m[2].err.detail, "certificate_serial"));
	assert_int_equal(b.m[4].rc, GH_E_INTERNAL);
	assert_int_equal(b.m[5].rc, GH_E_INTERNAL);
	for (size_t i = 0; i < b.n; i++)
		if (i != 2 && i < 4) {
			assert_int_equal(b.m[i].rc, 0);
			assert_stored(&b, i);
		}
	assert_grown(before, 4, 4);
	memset(&b.out[2], 0, sizeof(b.out[2]));
	batch_close(&first);
	batch_close(&b);
}

/* --- concurrent batches ----------------------------------------------------------------------- */

#define ROUNDS 30

struct rival {
	pthread_t t;
	struct store *s;
	struct batch b;
	pthread_barrier_t *start;
};

static void *
record_rival(void *arg)
{
	struct rival *r = arg;

	pthread_barrier_wait(r->start);
	store_record_batch(r->s, r->b.m, r->b.n);
	return NULL;
}

static long
deadlocks(void)
{
	return count("SELECT deadlocks FROM pg_stat_database WHERE datname = 'gatehouse'");
}

/* The marks of one are those of the other, in opposite order. */
static void
race(struct rival r[2])
{
	for (int k = 0; k < 2; k++)
		batch_open(&r[k].b, N);
	for (size_t i = 0; i < N; i++)
		memcpy(r[1].b.req[N - 1 - i].replay_mark, r[0].b.req[i].replay_mark,
		    REPLAY_MARK_SIZE);
	for (int k = 0; k < 2; k++)
		assert_int_equal(pthread_create(&r[k].t, NULL, record_rival, &r[k]), 0);
	for (int k = 0; k < 2; k++)
		pthread_join(r[k].t, NULL);
	for (size_t i = 0; i < N; i++) {
		const struct enroll_outcome *one = &r[0].b.out[i], *other = &r[1].b.out[N - 1 - i];

		assert_int_equal(r[0].b.m[i].rc, 0);
		assert_int_equal(r[1].b.m[i].rc, 0);
		assert_true(one->is_replay != other->is_replay);
		assert_string_equal(one->serial, other->serial);
	}
	for (int k = 0; k < 2; k++)
		batch_close(&r[k].b);
}

static void
record_batch__opposite_orders_do_not_deadlock(void **state)
{
	struct rows before = rows();
	long deadlocks_before = deadlocks();
	pthread_barrier_t start;
	struct rival r[2];

	(void)state;
	assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
	for (int k = 0; k < 2; k++) {
		r[k].s = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
		r[k].start = &start;
		ok(store_ping(r[k].s, &err));
	}
	for (int i = 0; i < ROUNDS; i++)
		race(r);
	for (int k = 0; k < 2; k++)
		store_free(r[k].s); /* a backend that ends reports its statistics */
	pthread_barrier_destroy(&start);
	assert_grown(before, ROUNDS * N, ROUNDS * N);
	wait_until("SELECT (count(*) <= 2)::int FROM pg_stat_activity WHERE usename = 'gatehouse'");
	assert_int_equal(deadlocks(), deadlocks_before);
}

/* --- lost answers ----------------------------------------------------------------------------- */

static void
record_batch__lost_commit_is_cleared_up_for_each(void **state)
{
	char conninfo[PROXY_CONNINFO_SIZE];
	struct store *s;
	struct rows before;
	struct batch b;
	int lost;

	(void)state;
	start_proxy(conninfo);
	s = open_store_at(conninfo, TIMEOUT_MS);
	lost = atomic_load(&proxy.lost);
	batch_open(&b, 8);
	store_record_batch(s, b.m, b.n); /* the statement is prepared */
	assert_all_recorded(&b);
	batch_close(&b);

	before = rows();
	batch_open(&b, 8);
	is_not_issued(&b, 2, DB_DISP_DENIED);
	is_not_issued(&b, 5, DB_DISP_DENIED);
	atomic_store(&proxy.lose, true);
	store_record_batch(s, b.m, b.n);
	assert_int_equal(atomic_load(&proxy.lost), lost + 1);
	assert_all_recorded(&b);
	assert_grown(before, 8, 6);
	batch_close(&b);
	store_free(s);
	stop_proxy();
}

/* Keeps the audit table until a backend waits for it, and kills that one. (What EXISTS selects is
 * never computed.) */
static FILE *
start_killer(void)
{
	FILE *f = psql("gatehouse",
	    "DO \\$\\$ BEGIN LOCK TABLE audit IN SHARE MODE; FOR i IN 1..3000 LOOP "
	    "PERFORM pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted "
	    "AND relation = 'audit'::regclass; IF FOUND THEN RETURN; END IF; "
	    "PERFORM pg_sleep(0.01); END LOOP; "
	    "RAISE EXCEPTION 'nobody came'; END \\$\\$");

	wait_until("SELECT count(*) FROM pg_locks WHERE relation = 'audit'::regclass "
		   "AND mode = 'ShareLock' AND granted");
	return f;
}

/* Killed before it has committed: nothing was done, and the second try does all. */
static void
record_batch__killed_between_statement_and_answer(void **state)
{
	struct store *s = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	struct rows before;
	struct batch b;
	FILE *killer;

	(void)state;
	batch_open(&b, 8);
	store_record_batch(s, b.m, b.n); /* the statement is prepared */
	batch_close(&b);
	before = rows();
	batch_open(&b, 8);
	is_not_issued(&b, 1, DB_DISP_PENDING);
	killer = start_killer();
	store_record_batch(s, b.m, b.n);
	assert_int_equal(pclose(killer), 0);
	assert_all_recorded(&b);
	assert_grown(before, 8, 7);
	batch_close(&b);
	store_free(s);
}

static void
record_batch__database_away_fails_all(void **state)
{
	struct rows before = rows();
	struct batch b;

	(void)state;
	batch_open(&b, 4);
	postgres("kill");
	store_record_batch(db, b.m, b.n);
	for (size_t i = 0; i < b.n; i++) {
		assert_int_equal(b.m[i].rc, GH_E_DB_DOWN);
		assert_true(*b.m[i].err.detail != '\0');
	}
	postgres("start");
	store_record_batch(db, b.m, b.n);
	assert_all_recorded(&b);
	assert_grown(before, 4, 4);
	batch_close(&b);
}

/* --- look-ups --------------------------------------------------------------------------------- */

struct lookup {
	struct store_replay m[N];
	struct enroll_outcome out[N];
	struct batch b;
};

/* Marks of n requests; those before `recorded` are in the database. */
static void
lookup_open(struct lookup *l, size_t n, size_t recorded)
{
	memset(l, 0, sizeof(*l));
	batch_open(&l->b, n);
	if (recorded > 0)
		store_record_batch(db, l->b.m, recorded);
	for (size_t i = 0; i < n; i++)
		l->m[i] = (struct store_replay){.who = &l->b.req[i].requester,
		    .mark = l->b.req[i].replay_mark,
		    .out = &l->out[i]};
}

static void
lookup_close(struct lookup *l)
{
	for (size_t i = 0; i < l->b.n; i++)
		enroll_outcome_clear(&l->out[i]);
	batch_close(&l->b);
}

static void
assert_found(const struct lookup *l, size_t recorded)
{
	for (size_t i = 0; i < l->b.n; i++) {
		if (l->m[i].rc != 0)
			fail_msg("mark %zu: %d %s", i, l->m[i].rc, l->m[i].err.detail);
		assert_int_equal(l->m[i].found, i < recorded);
		if (i < recorded) {
			assert_string_equal(l->out[i].serial, l->b.out[i].serial);
			assert_int_equal(l->m[i].ca_id, fixture_ca.id);
		}
	}
}

static void
find_replays__each_has_its_own(void **state)
{
	struct lookup l;

	(void)state;
	lookup_open(&l, N, 5);
	store_find_replays_send(db, l.m, N);
	store_find_replays_collect(db, l.m, N);
	assert_found(&l, 5);
	for (size_t i = 0; i < N; i++)
		enroll_outcome_clear(&l.out[i]);
	l.b.req[2].requester.app_id = 99; /* recorded for another one */
	l.m[7].mark = l.m[0].mark;        /* asked twice */
	store_find_replays_send(db, l.m, N);
	store_find_replays_collect(db, l.m, N);
	assert_int_equal(l.m[2].rc, GH_E_REPLAY);
	assert_false(l.m[2].found);
	assert_true(l.m[7].found);
	assert_string_equal(l.out[7].serial, l.out[0].serial);
	assert_true(l.m[0].found && l.m[1].found && l.m[3].found && !l.m[5].found);
	lookup_close(&l);
}

static void
find_replays__connection_lost_in_between(void **state)
{
	struct lookup l;

	(void)state;
	lookup_open(&l, 6, 2);
	for (int i = 0; i < 2; i++) {
		store_find_replays_send(db, l.m, 6);
		count("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
		      "WHERE usename = 'gatehouse' AND pid <> pg_backend_pid()");
		store_find_replays_collect(db, l.m, 6);
		assert_found(&l, 2);
		for (size_t k = 0; k < 6; k++)
			enroll_outcome_clear(&l.out[k]);
	}
	lookup_close(&l);
}

static void
find_replays__lost_answer_is_asked_for_again(void **state)
{
	char conninfo[PROXY_CONNINFO_SIZE];
	struct lookup l;
	struct store *s;
	int lost;

	(void)state;
	start_proxy(conninfo);
	s = open_store_at(conninfo, TIMEOUT_MS);
	lost = atomic_load(&proxy.lost);
	lookup_open(&l, 6, 2);
	store_find_replays_send(s, l.m, 6); /* prepares */
	store_find_replays_collect(s, l.m, 6);
	assert_found(&l, 2);
	for (size_t k = 0; k < 6; k++)
		enroll_outcome_clear(&l.out[k]);
	atomic_store(&proxy.lose, true);
	store_find_replays_send(s, l.m, 6);
	store_find_replays_collect(s, l.m, 6);
	assert_int_equal(atomic_load(&proxy.lost), lost + 1);
	assert_found(&l, 2);
	lookup_close(&l);
	store_free(s);
	stop_proxy();
}

static void
find_replays__database_away_fails_all_in_time(void **state)
{
	struct store *s;
	struct lookup l;
	int64_t start;

	(void)state;
	ok(store_new(getenv("PGCONNINFO"), 2000, &s, &err));
	ok(store_ping(s, &err));
	lookup_open(&l, 3, 0);
	postgres("freeze");
	start = gh_now_us();
	store_find_replays_send(s, l.m, 3);
	store_find_replays_collect(s, l.m, 3);
	assert_true(gh_now_us() - start < 15 * 1000000);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(l.m[i].rc, GH_E_DB_DOWN);
	postgres("thaw");
	store_find_replays_send(s, l.m, 3);
	store_find_replays_collect(s, l.m, 3);
	assert_found(&l, 0);
	lookup_close(&l);
	store_free(s);
}

/* The answer to the look-up is never taken for that to another question. */
static void
find_replays__connection_is_not_used_in_between(void **state)
{
	struct store *s = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	struct lookup l;

	(void)state;
	lookup_open(&l, 3, 1);
	store_find_replays_send(s, l.m, 3);
	assert_int_equal(store_ping(s, &err), GH_E_INTERNAL);
	ok(store_ping(s, &err));
	store_find_replays_send(s, l.m, 3);
	store_find_replays_collect(s, l.m, 3);
	assert_found(&l, 1);
	lookup_close(&l);
	store_free(s);
}

/* As the store of a command, which was not told of the CA: its row is enough. */
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
	return store_migrate(db, &applied, NULL) != 0 ? -1 : fixture_open("batches");
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
	    cmocka_unit_test(record_batch__each_member_is_complete),
	    cmocka_unit_test(record_batch__what_is_asked_for_besides_is_kept),
	    cmocka_unit_test(record_batch__any_size_from_one),
	    cmocka_unit_test(record_batch__replay_falls_out_alone),
	    cmocka_unit_test(record_batch__mark_with_another_content),
	    cmocka_unit_test(request_page__owner_by_the_number_of_his_entry),
	    cmocka_unit_test(record_batch__equal_marks_give_one_certificate),
	    cmocka_unit_test(record_batch__failing_member_fails_alone),
	    cmocka_unit_test(record_batch__opposite_orders_do_not_deadlock),
	    cmocka_unit_test(record_batch__lost_commit_is_cleared_up_for_each),
	    cmocka_unit_test(record_batch__killed_between_statement_and_answer),
	    cmocka_unit_test(record_batch__database_away_fails_all),
	    cmocka_unit_test(find_replays__each_has_its_own),
	    cmocka_unit_test(find_replays__connection_lost_in_between),
	    cmocka_unit_test(find_replays__lost_answer_is_asked_for_again),
	    cmocka_unit_test(find_replays__database_away_fails_all_in_time),
	    cmocka_unit_test(find_replays__connection_is_not_used_in_between),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
