/* Status of certificates against a real PostgreSQL: what may follow what, who wins, what a lost
 * answer leaves behind. Started by run_revocation.sh. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "hex.h"
#include "integration/database.h"
#include "integration/proxy.h"
#include "store/ca/ca_row.h"
#include "store/status/confirmation.h"
#include "store/status/ocsp_row.h"
#include "store/status/revocation.h"

#define TIMEOUT_MS 5000
#define THREADS 8

static struct store *db;
static const struct requester officer = {.kind = REQUESTER_ADMIN, .name = "olga"};

/* Of a statement about one certificate. */
static long
count_of(const char *fmt, int64_t id)
{
	char sql[512];

	snprintf(sql, sizeof(sql), fmt, (long long)id);
	return count(sql);
}

/* A new certificate of alice, to be confirmed within these seconds (0: it need not be); its names,
 * if out is given. */
static int64_t
issue_within(int64_t seconds, struct enroll_outcome *out)
{
	struct store_decision d = {.ca = &fixture_ca, .template_id = 1};
	struct enroll_outcome own;
	struct enroll_request req;
	int64_t id;

	fixture_request(&req);
	req.confirm_within = seconds;
	d.req = &req;
	if (out == NULL)
		out = &own;
	ok(fixture_issue(out, "alice"));
	ok(fixture_record(db, &d, out, &err));
	id = out->cms_id;
	enroll_request_clear(&req);
	if (out == &own)
		enroll_outcome_clear(&own);
	return id;
}

static int64_t
issue(struct enroll_outcome *out)
{
	return issue_within(0, out);
}

static int
change_by(struct store *s, const struct requester *who, int64_t id, int version,
    enum store_cert_state to, int reason, struct store_cert_status *out, struct gh_error *e)
{
	struct store_status_change c = {
	    .who = who,
	    .request_id = "r1",
	    .id = id,
	    .version = version,
	    .to = to,
	    .reason = reason,
	};

	return store_change_status(s, &c, out, e);
}

static int
change(int64_t id, int version, enum store_cert_state to, int reason, struct store_cert_status *out)
{
	return change_by(db, &officer, id, version, to, reason, out, &err);
}

/* --- what may follow what --------------------------------------------------------------------- */

static void
status__of_a_new_certificate(void **state)
{
	struct enroll_outcome out;
	struct store_cert_status st;
	int64_t id = issue(&out);

	(void)state;
	ok(store_get_status(db, id, &st, &err));
	assert_int_equal(st.state, STORE_CERT_VALID);
	assert_int_equal(st.version, 1);
	assert_int_equal(st.ca_id, fixture_ca.id);
	assert_false(st.was_revoked);
	assert_string_equal(st.serial, out.serial);
	assert_string_equal(st.requester, "alice");
	assert_string_equal(st.requester_dn, "cn=alice,dc=test");
	assert_string_equal(st.requester_id, "8d7dc1b6-0000-4000-8000-00000000a11c");
	assert_true(st.not_before < gh_now() && st.not_after > gh_now());
	assert_int_equal(store_get_status(db, 999999, &st, &err), GH_E_NOT_FOUND);
	enroll_outcome_clear(&out);
}

/* Every pair of states; the same to every version that is not the present one. */
static void
change__only_what_is_allowed(void **state)
{
	static const int way[] = {/* reason that leads there; 0: none */
	    [STORE_CERT_VALID] = 0,
	    [STORE_CERT_HOLD] = 6,
	    [STORE_CERT_REVOKED] = 1};
	static const bool allowed[3][3] = {
	    [STORE_CERT_VALID] = {false, true, true},
	    [STORE_CERT_HOLD] = {true, false, true},
	    [STORE_CERT_REVOKED] = {false, false, false},
	};

	(void)state;
	for (int from = 0; from < 3; from++) {
		for (int to = 0; to < 3; to++) {
			struct store_cert_status st = {.version = 1}, now;
			int64_t id = issue(NULL);
			int rc;

			if (way[from] != 0)
				ok(change(id, 1, (enum store_cert_state)from, way[from], &st));
			for (int v = -1; v <= 1; v += 2) {
				assert_int_equal(change(id, st.version + v,
						     (enum store_cert_state)to, 4, &now),
				    GH_E_CONFLICT);
				assert_int_equal(now.version, st.version);
			}
			rc = change(id, st.version, (enum store_cert_state)to, 4, &now);
			assert_int_equal(rc, allowed[from][to] ? 0 : GH_E_CONFLICT);
			assert_int_equal(now.state, allowed[from][to] ? to : from);
			assert_int_equal(now.version, st.version + allowed[from][to]);
			assert_int_equal(
			    count_of("SELECT count(*) FROM revocation WHERE certificate_id = %lld",
				id),
			    from != STORE_CERT_VALID || allowed[from][to]);
			assert_int_equal(
			    count_of(
				"SELECT count(*) FROM audit a JOIN certificate c ON a.object = "
				"hex_upper(c.serial) WHERE a.event IN ('cert.revoked', 'cert.held', 'cert.unheld') AND "
				"c.id = %lld",
				id),
			    now.version - 1);
		}
	}
}

static void
change__revocation_after_a_hold_keeps_its_date(void **state)
{
	struct store_cert_status held, st;
	int64_t id = issue(NULL);

	(void)state;
	ok(change(id, 1, STORE_CERT_HOLD, 0, &held));
	assert_int_equal(held.reason, REASON_CERTIFICATE_HOLD);
	count_of(
	    "UPDATE revocation SET revoked_at = revoked_at - interval '1 hour' WHERE certificate_id = %lld",
	    id);
	ok(change(id, 2, STORE_CERT_REVOKED, REASON_KEY_COMPROMISE, &st));
	assert_int_equal(st.reason, REASON_KEY_COMPROMISE);
	assert_int_equal(st.revoked_at, held.revoked_at - 3600);
	assert_true(st.changed_at >= held.changed_at);
}

static void
change__a_lifted_hold_begins_anew(void **state)
{
	struct store_cert_status st;
	int64_t id = issue(NULL);

	(void)state;
	ok(change(id, 1, STORE_CERT_HOLD, 0, &st));
	ok(change(id, 2, STORE_CERT_VALID, 0, &st));
	assert_true(st.removed_at >= st.revoked_at && st.was_revoked);
	count_of(
	    "UPDATE revocation SET revoked_at = revoked_at - interval '1 hour' WHERE certificate_id = %lld",
	    id);
	ok(change(id, 3, STORE_CERT_REVOKED, REASON_SUPERSEDED, &st));
	assert_int_equal(st.removed_at, 0);
	assert_true(st.revoked_at > gh_now() - 60);
	assert_int_equal(count_of("SELECT count(*) FROM revocation WHERE certificate_id = %lld",
			     id),
	    1);
}

static void
change__writes_all_of_it(void **state)
{
	struct enroll_outcome out;
	int64_t id = issue(&out), invalid = gh_now() - 30;
	struct store_status_change c = {
	    .who = &officer,
	    .request_id = "r1",
	    .id = id,
	    .version = 1,
	    .to = STORE_CERT_REVOKED,
	    .reason = REASON_KEY_COMPROMISE,
	    .invalidity_date = invalid,
	    .comment = "it's \"lost\" \303\274",
	};
	struct store_cert_status st;
	char got[1024], sql[512];
	gh_json *row;

	(void)state;
	count_of("UPDATE certificate SET shard = 3 WHERE id = %lld", id);
	ok(store_change_status(db, &c, &st, &err));
	assert_int_equal(st.invalidity_date, invalid);
	assert_string_equal(st.comment, c.comment);
	assert_string_equal(st.revoked_by, "olga");
	snprintf(sql, sizeof(sql),
	    "SELECT r.shard = 3, r.ca_id = c.ca_id, r.serial = c.serial, r.not_after = c.not_after "
	    "FROM revocation r JOIN certificate c ON c.id = r.certificate_id WHERE c.id = %lld",
	    (long long)id);
	query(sql, got, sizeof(got));
	assert_string_equal(got, "t|t|t|t");
	snprintf(sql, sizeof(sql),
	    "SELECT event, outcome, actor, request_id, detail FROM audit WHERE object = '%s' "
	    "AND event LIKE 'cert.%%'",
	    out.serial);
	query(sql, got, sizeof(got));
	assert_non_null(strstr(got, "cert.revoked|success|olga|r1|keyCompromise, invalid since "));
	assert_non_null(strstr(got, ": it's \"lost\" \303\274"));
	ok(store_get_cert(db, out.serial, &row, &err));
	assert_string_equal(gh_json_string(gh_json_get(row, "status")), "revoked");
	assert_string_equal(gh_json_string(gh_json_get(row, "reason")), "keyCompromise");
	gh_json_free(row);
	c.version = 2;
	c.reason = REASON_REMOVE_FROM_CRL;
	assert_int_equal(store_change_status(db, &c, &st, &err), GH_E_INTERNAL);
	enroll_outcome_clear(&out);
}

/* --- names ------------------------------------------------------------------------------------ */

static int
find(const char *serial, const char *issuer, const char *thumbprint, int64_t *id)
{
	const struct store_cert_key key = {.serial = serial,
	    .issuer_dn = issuer,
	    .thumbprint = thumbprint};

	return store_find_cert(db, &key, id, &err);
}

static void
find__by_each_name(void **state)
{
	char text[128], der_sha256[80];
	struct enroll_outcome out;
	int64_t id = issue(&out), got;

	(void)state;
	ok(find(out.serial, NULL, NULL, &got));
	assert_int_equal(got, id);
	snprintf(text, sizeof(text), "0x0000%.2s:%.2s-%.40s", out.serial, out.serial + 2,
	    out.serial + 4);
	for (char *p = text; *p != '\0'; p++)
		*p = (char)(*p >= 'A' && *p <= 'F' ? *p + 32 : *p);
	ok(find(text, "dc=TEST,CN=issuing", NULL, &got));
	assert_int_equal(got, id);
	ok(find(out.serial, "CN=issuing, DC=test", NULL, &got));
	assert_int_equal(find(out.serial, "CN=issuing", NULL, &got), GH_E_NOT_FOUND);
	assert_int_equal(got, 0);
	assert_int_equal(find(out.serial + 2, NULL, NULL, &got), GH_E_NOT_FOUND);
	ok(find(NULL, NULL, out.thumbprint, &got));
	assert_int_equal(got, id);
	snprintf(text, sizeof(text), "SELECT hex_upper(sha256) FROM certificate WHERE id = %lld",
	    (long long)id);
	query(text, der_sha256, sizeof(der_sha256));
	der_sha256[64] = '\0';
	ok(find(NULL, NULL, der_sha256, &got));
	assert_int_equal(got, id);
	assert_int_equal(find("", NULL, NULL, &got), GH_E_BAD_REQUEST);
	assert_int_equal(find("12g4", NULL, NULL, &got), GH_E_BAD_REQUEST);
	assert_int_equal(find(NULL, NULL, NULL, &got), GH_E_BAD_REQUEST);
	memset(text, '1', 65);
	text[65] = '\0';
	assert_int_equal(find(text, NULL, NULL, &got), GH_E_BAD_REQUEST);
	enroll_outcome_clear(&out);
}

/* What the holder can change of a certificate, its signature, makes it no other one. */
static void
recognize__told_by_what_is_signed(void **state)
{
	struct enroll_outcome out, other;
	int64_t id = issue(&out);
	struct store_cert_status st;
	struct store_own_cert own;

	(void)state;
	issue(&other);
	ok(store_recognize(db, out.chain.cert[0].der, out.chain.cert[0].len, &own, &err));
	assert_true(own.is_ours);
	assert_int_equal(own.id, id);
	assert_string_equal(own.template_name, "User");
	assert_false(own.is_revoked);
	assert_int_equal(own.requester.kind, REQUESTER_DIRECTORY);
	assert_string_equal(own.requester.name, "alice");
	assert_string_equal(own.requester.dn, "cn=alice,dc=test");
	assert_string_equal(own.requester.id, "8d7dc1b6-0000-4000-8000-00000000a11c");
	ok(change(id, 1, STORE_CERT_HOLD, 0, &st));
	ok(store_recognize(db, out.chain.cert[0].der, out.chain.cert[0].len, &own, &err));
	assert_true(own.is_ours && own.is_revoked);
	ok(store_recognize(db, other.chain.cert[0].der, other.chain.cert[0].len, &own, &err));
	assert_true(own.is_ours && !own.is_revoked);
	out.chain.cert[0].der[out.chain.cert[0].len - 1] ^= 1;
	ok(store_recognize(db, out.chain.cert[0].der, out.chain.cert[0].len, &own, &err));
	assert_true(own.is_ours && own.is_revoked);
	assert_int_equal(store_recognize(db, out.chain.cert[0].der, 20, &own, &err),
	    GH_E_AUTH_FAILED);
	/* another one that bears the same serial number is not ours */
	out.chain.cert[0].der[out.chain.cert[0].len / 2] ^= 1;
	ok(store_recognize(db, out.chain.cert[0].der, out.chain.cert[0].len, &own, &err));
	assert_false(own.is_ours || own.is_revoked);
	assert_string_equal(own.requester.id, "");
	enroll_outcome_clear(&out);
	enroll_outcome_clear(&other);
}

/* Serials with leading zero bytes are found with and without them; two issuers of one serial must
 * be told apart. */
static void
find__serials_with_zeros_and_of_two_issuers(void **state)
{
	int64_t a = issue(NULL), b = issue(NULL), got;

	(void)state;
	count_of(
	    "UPDATE certificate SET serial = decode('000000000000000000000000000004d2', 'hex') WHERE id = %lld",
	    a);
	ok(find("4D2", NULL, NULL, &got));
	assert_int_equal(got, a);
	ok(find("0000 0000 04d2", NULL, NULL, &got));
	assert_int_equal(got, a);
	count_of(
	    "WITH n AS (INSERT INTO ca (name, slug, subject, not_before, not_after, chain, cdp, aia, ocsp) SELECT "
	    "'second', 'second', 'CN=second', now(), now(), '{}', '{}', '{}', '{}' RETURNING id) UPDATE certificate SET "
	    "serial = decode('04d2', 'hex'), ca_id = (SELECT id FROM n) WHERE id = %lld",
	    b);
	assert_int_equal(find("4D2", NULL, NULL, &got), GH_E_CONFLICT);
	ok(find("4D2", "CN=Second", NULL, &got));
	assert_int_equal(got, b);
	ok(find("4D2", "DC=test, CN=issuing", NULL, &got));
	assert_int_equal(got, a);
}

/* --- many at once ----------------------------------------------------------------------------- */

struct racer {
	pthread_t thread;
	int64_t id;
	int n, rc;
};

static void *
race(void *arg)
{
	struct racer *r = arg;
	struct store *s = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	struct requester who = officer;
	struct store_cert_status st;
	struct gh_error own;

	snprintf(who.name, sizeof(who.name), "officer%d", r->n);
	r->rc = change_by(s, &who, r->id, 1, r->n % 3 == 0 ? STORE_CERT_HOLD : STORE_CERT_REVOKED,
	    1 + r->n % 5, &st, &own);
	/* the loser is told who was faster */
	if (r->rc == GH_E_CONFLICT &&
	    (st.version != 2 || strstr(own.message, st.revoked_by) == NULL))
		r->rc = GH_E_INTERNAL;
	store_free(s);
	return NULL;
}

struct heard {
	const unsigned char *serial;
	size_t len;
	int times;
};

static void
hear(void *arg, int64_t ca_id, const unsigned char *serial, size_t len)
{
	struct heard *h = arg;

	h->times += ca_id == fixture_ca.id && len == h->len && memcmp(serial, h->serial, len) == 0;
}

static void
change__one_of_many_officers(void **state)
{
	struct racer r[THREADS];
	struct enroll_outcome out;
	struct heard heard = {.times = 0};
	struct store *listener = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	int64_t id = issue(&out);
	unsigned char *serial;
	bool all;
	int won = 0;

	(void)state;
	ok(gh_hex_decode(out.serial, strlen(out.serial), &serial, &heard.len, &err));
	heard.serial = serial;
	ok(store_wait_status(listener, 1000, hear, &heard, &all, &err)); /* begins to listen */
	assert_true(all);
	for (int i = 0; i < THREADS; i++) {
		r[i].id = id;
		r[i].n = i;
		pthread_create(&r[i].thread, NULL, race, &r[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(r[i].thread, NULL);
		won += r[i].rc == 0;
		assert_true(r[i].rc == 0 || r[i].rc == GH_E_CONFLICT);
	}
	assert_int_equal(won, 1);
	assert_int_equal(count_of("SELECT count(*) FROM revocation WHERE certificate_id = %lld",
			     id),
	    1);
	assert_int_equal(count_of("SELECT version FROM certificate WHERE id = %lld", id), 2);
	assert_int_equal(
	    count_of(
		"SELECT count(*) FROM audit a JOIN certificate c ON a.object = hex_upper(c.serial) "
		"WHERE a.event IN ('cert.revoked', 'cert.held') AND c.id = %lld",
		id),
	    1);
	/* each COMMIT has sent what it had to say before it was answered */
	for (int before = -1; heard.times != before;) {
		before = heard.times;
		ok(store_wait_status(listener, 1000, hear, &heard, &all, &err));
		assert_false(all);
	}
	assert_int_equal(heard.times, 1);
	store_free(listener);
	free(serial);
	enroll_outcome_clear(&out);
}

/* --- confirmed and revoked at the same moment ------------------------------------------------- */

/* Half of them confirm, as the client does through several nodes; half revoke the version that they
 * have read, as the job does. */
static void *
race_to_confirm(void *arg)
{
	struct racer *r = arg;
	struct store *s = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	const struct store_cert_status cert = {.id = r->id, .version = 1};
	struct store_cert_status st;
	struct gh_error own;

	r->rc = r->n % 2 == 0 ? store_confirm_cert(s, &officer, "r1", &cert, &own)
			      : change_by(s, &officer, r->id, 1, STORE_CERT_REVOKED, 5, &st, &own);
	store_free(s);
	return NULL;
}

/* Who was told that it is confirmed keeps it; else it is revoked, once. */
static void
assert_one_won(const struct racer r[THREADS], int64_t id)
{
	bool is_confirmed = count_of("SELECT count(*) FROM certificate WHERE id = %lld AND "
				     "confirm_by IS NULL AND status = 20",
				id) == 1;
	int revoked = 0;

	for (int i = 0; i < THREADS; i++) {
		if (r[i].n % 2 == 0)
			assert_int_equal(r[i].rc, is_confirmed ? 0 : GH_E_BUSY);
		else
			assert_true(r[i].rc == 0 || r[i].rc == GH_E_CONFLICT ||
			    r[i].rc == GH_E_PRECONDITION);
		revoked += r[i].n % 2 != 0 && r[i].rc == 0;
	}
	assert_int_equal(revoked, is_confirmed ? 0 : 1);
	assert_int_equal(count_of("SELECT count(*) FROM revocation WHERE certificate_id = %lld",
			     id),
	    revoked);
	assert_int_equal(
	    count_of(
		"SELECT count(*) FROM audit a JOIN certificate c ON a.object = hex_upper(c.serial) "
		"WHERE a.event IN ('cert.confirmed', 'cert.revoked') AND c.id = %lld",
		id),
	    1);
	assert_int_equal(count_of("SELECT version FROM certificate WHERE id = %lld", id), 2);
}

static void
confirm__C24_one_of_confirmation_and_job(void **state)
{
	struct racer r[THREADS];

	(void)state;
	for (int round = 0; round < 8; round++) {
		int64_t id = issue_within(3600, NULL);

		for (int i = 0; i < THREADS; i++) {
			r[i].id = id;
			r[i].n = (i + round) % THREADS; /* who is the first */
			pthread_create(&r[i].thread, NULL, race_to_confirm, &r[i]);
		}
		for (int i = 0; i < THREADS; i++)
			pthread_join(r[i].thread, NULL);
		assert_one_won(r, id);
	}
}

/* The job has read the page, and the client confirms before it acts. What is over is for the job
 * alone, and what was revoked is not listed again. */
static void
confirm__C24_between_the_page_and_the_change(void **state)
{
	struct store_unconfirmed page[STORE_UNCONFIRMED_MAX];
	int64_t in_time = issue_within(3600, NULL), late = issue_within(3600, NULL);
	const struct store_cert_status first = {.id = in_time, .version = 1},
				       second = {.id = late, .version = 1};
	struct store_cert_status st;
	size_t n;

	(void)state;
	count_of("UPDATE certificate SET confirm_by = now() WHERE id = %lld RETURNING 1", late);
	ok(store_list_unconfirmed(db, page, &n, &err));
	assert_int_equal(n, 1);
	assert_int_equal(page[0].id, late);
	ok(store_confirm_cert(db, &officer, "r1", &first, &err));
	assert_int_equal(change(in_time, 1, STORE_CERT_REVOKED, 5, &st), GH_E_CONFLICT);
	assert_int_equal(st.state, STORE_CERT_VALID);
	assert_int_equal(store_confirm_cert(db, &officer, "r1", &second, &err), GH_E_CONFLICT);
	ok(change(late, page[0].version, STORE_CERT_REVOKED, 5, &st));
	ok(store_list_unconfirmed(db, page, &n, &err));
	assert_int_equal(n, 0);
}

/* --- a lost answer ---------------------------------------------------------------------------- */

static void
change__a_lost_answer_is_read_back(void **state)
{
	char conninfo[PROXY_CONNINFO_SIZE];
	struct store *s;
	struct store_cert_status st;
	int64_t id = issue(NULL), warm = issue(NULL), hold = issue(NULL);

	(void)state;
	start_proxy(conninfo);
	s = open_store_at(conninfo, TIMEOUT_MS);
	/* prepares both statements on this connection, so that the answer that is lost is that of
	 * the write */
	ok(change_by(s, &officer, warm, 1, STORE_CERT_HOLD, 0, &st, &err));
	ok(change_by(s, &officer, warm, 2, STORE_CERT_VALID, 0, &st, &err));
	atomic_store(&proxy.lose, true);
	ok(change_by(s, &officer, id, 1, STORE_CERT_REVOKED, REASON_SUPERSEDED, &st, &err));
	assert_int_equal(atomic_load(&proxy.lost), 1);
	assert_int_equal(st.version, 2);
	assert_int_equal(st.state, STORE_CERT_REVOKED);
	assert_int_equal(
	    count_of(
		"SELECT count(*) FROM audit a JOIN certificate c ON a.object = hex_upper(c.serial) "
		"WHERE a.event = 'cert.revoked' AND c.id = %lld",
		id),
	    1);

	ok(change_by(s, &officer, hold, 1, STORE_CERT_HOLD, 0, &st, &err));
	ok(change_by(s, &officer, warm, 3, STORE_CERT_HOLD, 0, &st, &err));
	ok(change_by(s, &officer, warm, 4, STORE_CERT_VALID, 0, &st, &err));
	atomic_store(&proxy.lose, true);
	ok(change_by(s, &officer, hold, 2, STORE_CERT_VALID, 0, &st, &err));
	assert_int_equal(atomic_load(&proxy.lost), 2);
	assert_int_equal(st.version, 3);
	assert_int_equal(st.state, STORE_CERT_VALID);
	store_free(s);
	stop_proxy();
}

/* --- lists ------------------------------------------------------------------------------------ */

static void
list__by_status(void **state)
{
	static const char *const states[] = {"valid", "hold", "revoked"};
	struct store_cert_status st;
	int64_t id[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		id[i] = issue(NULL);
	ok(change(id[1], 1, STORE_CERT_HOLD, 0, &st));
	ok(change(id[2], 1, STORE_CERT_REVOKED, 5, &st));
	for (int i = 0; i < 3; i++) {
		struct store_filter f = {.limit = 1, .newest_first = true, .cert_state = states[i]};
		gh_json *rows;
		int64_t got;

		ok(store_list(db, STORE_LIST_CERTS, &f, &rows, &err));
		assert_true(
		    gh_json_int(gh_json_get(gh_json_at(rows, 0), "id"), &got) && got == id[i]);
		assert_string_equal(gh_json_string(gh_json_get(gh_json_at(rows, 0), "status")),
		    states[i]);
		gh_json_free(rows);
	}
}

static int
open_all(void **state)
{
	const struct store_new_ca ca = {.ca = &fixture_ca, .event = "ca.created"};
	int applied;

	(void)state;
	if (getenv("PGCONNINFO") == NULL) {
		fprintf(stderr, "run by tests/integration/run_revocation.sh\n");
		return -1;
	}
	db = open_store_at(getenv("PGCONNINFO"), TIMEOUT_MS);
	if (fixture_open("issuing") != 0 || store_migrate(db, &applied, &err) != 0)
		return -1;
	return store_create_ca(db, &fixture_admin, &ca, &fixture_ca.id, &err);
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
	    cmocka_unit_test(status__of_a_new_certificate),
	    cmocka_unit_test(change__only_what_is_allowed),
	    cmocka_unit_test(change__revocation_after_a_hold_keeps_its_date),
	    cmocka_unit_test(change__a_lifted_hold_begins_anew),
	    cmocka_unit_test(change__writes_all_of_it),
	    cmocka_unit_test(find__by_each_name),
	    cmocka_unit_test(recognize__told_by_what_is_signed),
	    cmocka_unit_test(find__serials_with_zeros_and_of_two_issuers),
	    cmocka_unit_test(change__one_of_many_officers),
	    cmocka_unit_test(confirm__C24_one_of_confirmation_and_job),
	    cmocka_unit_test(confirm__C24_between_the_page_and_the_change),
	    cmocka_unit_test(change__a_lost_answer_is_read_back),
	    cmocka_unit_test(list__by_status),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
