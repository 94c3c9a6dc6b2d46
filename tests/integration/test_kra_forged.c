/* Who can write the database, and logs in as one who may ask for keys: what he makes of requests,
 * approvals and policies gives him no key, and is found in the audit trail. Started by run_kra.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "integration/kra_fixture.h"
#include "kra/key_policy.h"

/* Asked for by carol, who may recover keys and needs two others. */
static int64_t
pending(char id[GH_UUID_TEXT_SIZE])
{
	int64_t request;

	w.means.rules.required = 2;
	archive(NULL, NULL, id);
	assert_int_equal(request_recovery(&carol, id, &request), KEY_PENDING);
	return request;
}

static int64_t
approved(char id[GH_UUID_TEXT_SIZE])
{
	struct requester erin = AGENT("erin");
	int64_t request = pending(id);
	enum key_state now;

	ok(decide(&w.means, &dave, KEY_APPROVE, request, NULL));
	ok(decide(&w.means, &erin, KEY_APPROVE, request, &now));
	assert_int_equal(now, KEY_APPROVED);
	return request;
}

static void
assert_failed(const struct requester *who, int64_t request)
{
	char sql[128];

	retrieve_refused(GH_E_SEAL, who, request);
	assert_non_null(strstr(err.message, "past Gatehouse"));
	snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM key_request WHERE id = %lld AND state = 'failed'",
	    (long long)request);
	assert_int_equal(count(sql), 1);
	assert_int_equal(audited("key.retrieval-refused"), 1);
	assert_int_equal(audited("key.recovery-failed"), 1);
	assert_int_equal(audited("key.recovered"), 0);
}

/* --- approvals -------------------------------------------------------------------------------- */

static void
approvals__that_nobody_gave(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request = pending(id);

	(void)state;
	count("UPDATE key_request SET state = 'approved', approvals = 2 WHERE type = 'recovery'");
	count(
	    "INSERT INTO key_approval (request_id, agent_id, agent) SELECT id, 'id-of-dave', 'dave' FROM key_request "
	    "WHERE type = 'recovery' UNION ALL SELECT id, 'id-of-erin', 'erin' FROM key_request WHERE type = 'recovery'");
	assert_failed(&carol, request);
}

static void
approvals__only_counted(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request = pending(id);

	(void)state;
	count("UPDATE key_request SET state = 'approved', approvals = 2 WHERE type = 'recovery'");
	assert_failed(&carol, request);
}

static void
approvals__of_another_request(void **state)
{
	char id[GH_UUID_TEXT_SIZE], other[GH_UUID_TEXT_SIZE], sql[512];
	int64_t from = approved(id), to = pending(other);

	(void)state;
	snprintf(sql, sizeof(sql),
	    "INSERT INTO key_approval (request_id, agent_id, agent, comment, signature, mac) "
	    "SELECT %lld, agent_id, agent, comment, signature, mac FROM key_approval WHERE request_id = %lld",
	    (long long)to, (long long)from);
	count(sql);
	snprintf(sql, sizeof(sql),
	    "UPDATE key_request SET state = 'approved', approvals = 2 WHERE id = %lld",
	    (long long)to);
	count(sql);
	assert_failed(&carol, to);
	retrieve_ok(&carol, from, false);
}

/* The whole request with its approvals, under the number of another one. */
static void
approvals__with_their_request(void **state)
{
	char id[GH_UUID_TEXT_SIZE], other[GH_UUID_TEXT_SIZE], sql[512];
	int64_t from = approved(id), to = pending(other);

	(void)state;
	snprintf(sql, sizeof(sql),
	    "UPDATE key_request t SET state = f.state, requester = f.requester, requester_dn = f.requester_dn, "
	    "requester_id = f.requester_id, comment = f.comment, approvals = f.approvals, expires_at = f.expires_at, "
	    "mac = f.mac FROM key_request f WHERE t.id = %lld AND f.id = %lld",
	    (long long)to, (long long)from);
	count(sql);
	snprintf(sql, sizeof(sql),
	    "INSERT INTO key_approval SELECT %lld, agent_id, agent, comment, signature, at, mac FROM key_approval "
	    "WHERE request_id = %lld",
	    (long long)to, (long long)from);
	count(sql);
	assert_failed(&carol, to);
}

static void
approvals__altered(void **state)
{
	static const char *const changes[] = {"agent = 'frank'", "agent_id = 'id-of-frank'",
	    "comment = 'gladly'", "signature = 'x'", "mac = NULL", "mac = sha256('x')"};
	char id[GH_UUID_TEXT_SIZE], sql[256];

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		int64_t request = approved(id);

		snprintf(sql, sizeof(sql),
		    "UPDATE key_approval SET %s WHERE request_id = %lld AND agent = 'dave'",
		    changes[i], (long long)request);
		count(sql);
		assert_failed(&carol, request);
		assert_int_equal(forget(state), 0);
	}
}

static void
approvals__fewer_and_more(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request = approved(id);

	count("DELETE FROM key_approval WHERE agent = 'dave'");
	assert_failed(&carol, request);
	assert_int_equal(forget(state), 0);
	request = approved(id);
	count("DELETE FROM key_approval WHERE agent = 'dave'");
	count("UPDATE key_request SET approvals = 1 WHERE type = 'recovery'");
	retrieve_refused(GH_E_CONFLICT, &carol, request);
}

/* --- requests --------------------------------------------------------------------------------- */

static const char *const of_requests[] = {"required = 0", "required = 1", "requester_counts = true",
    "requester = 'mallory', requester_dn = 'cn=mallory,dc=test', requester_id = 'id-of-mallory'",
    "expires_at = expires_at + interval '1 day'", "comment = 'he has left'",
    "certificate_id = 4711", "wrapping = '\\\\x01'", "mac = NULL", "mac = sha256('x')"};

static void
requests__altered_after_the_approvals(void **state)
{
	struct requester mallory_as_agent = AGENT("mallory");
	char id[GH_UUID_TEXT_SIZE], sql[256];

	for (size_t i = 0; i < sizeof(of_requests) / sizeof(of_requests[0]); i++) {
		bool is_his = strstr(of_requests[i], "mallory") != NULL;
		int64_t request = approved(id);

		snprintf(sql, sizeof(sql), "UPDATE key_request SET %s WHERE id = %lld",
		    of_requests[i], (long long)request);
		count(sql);
		assert_failed(is_his ? &mallory_as_agent : &carol, request);
		assert_int_equal(forget(state), 0);
	}
}

/* Nobody approves what was not asked; the request stays, and is rejected. */
static void
requests__altered_before_the_approvals(void **state)
{
	char id[GH_UUID_TEXT_SIZE], sql[256];
	enum key_state now;

	for (size_t i = 0; i < sizeof(of_requests) / sizeof(of_requests[0]); i++) {
		int64_t request = pending(id);

		snprintf(sql, sizeof(sql), "UPDATE key_request SET %s WHERE id = %lld",
		    of_requests[i], (long long)request);
		count(sql);
		refused(GH_E_SEAL, decide(&w.means, &dave, KEY_APPROVE, request, NULL));
		assert_int_equal(count("SELECT count(*) FROM key_approval"), 0);
		assert_int_equal(audited("key.decision-refused"), 1);
		ok(decide(&w.means, &dave, KEY_REJECT, request, &now));
		assert_int_equal(now, KEY_REJECTED);
		assert_int_equal(forget(state), 0);
	}
}

static void
requests__for_another_key(void **state)
{
	char id[GH_UUID_TEXT_SIZE], other[GH_UUID_TEXT_SIZE], sql[256];
	int64_t request = approved(id);

	(void)state;
	archive(NULL, NULL, other);
	snprintf(sql, sizeof(sql),
	    "UPDATE key_request SET key_id = (SELECT id FROM archived_key WHERE uuid = '%s') WHERE id = %lld",
	    other, (long long)request);
	count(sql);
	assert_failed(&carol, request);
}

/* --- owners and policies ---------------------------------------------------------------------- */

static void
keys__of_a_new_owner(void **state)
{
	struct key_recovery_ask a = {0};
	struct store_key_request r;
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	archive(NULL, NULL, id);
	a.key_id = id;
	count(
	    "UPDATE archived_key SET owner_id = 'id-of-mallory', owner_name = 'mallory', owner_dn = 'cn=mallory,dc=test'");
	refused(GH_E_NOT_FOUND, key_recovery_request(&w.means, &mallory, &a, &r, &err));
	/* bound to him, too: agents may be deceived, the KRA is not */
	count("UPDATE archived_key SET owner = 'id-of-mallory'");
	request_recovery(&mallory, id, &request);
	ok(decide(&w.means, &dave, KEY_APPROVE, request, NULL));
	retrieve_refused(GH_E_SIGNER, &mallory, request);
}

static void
set_policy(const char *spec)
{
	struct admin_signer admin = admin_signer_start(&w.sp);
	uint64_t revision;
	gh_json *o;

	ok(gh_json_parse(spec, strlen(spec), GH_JSON_STRICT, &o, &err));
	ok(key_policy_set(w.db, admin.client, &fixture_admin, o, &revision, &err));
	assert_int_equal(admin_signer_stop(&admin), 0);
	gh_json_free(o);
}

/* The words beside the seal are for people. */
static void
policies__words_beside_the_seal(void **state)
{
	struct requester frank = AGENT("frank");
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	set_policy(
	    "{\"name\":\"hr\",\"required\":2,\"agents\":[{\"id\":\"id-of-dave\"},{\"id\":\"id-of-erin\"}]}");
	archive(NULL, "hr", id);
	count(
	    "UPDATE kra_policy SET body = '{\\\"required\\\": 1, \\\"requester_counts\\\": true, "
	    "\\\"agents\\\": [{\\\"id\\\": \\\"id-of-frank\\\"}, {\\\"id\\\": \\\"id-of-carol\\\"}]}'");
	assert_int_equal(request_recovery(&carol, id, &request), KEY_PENDING);
	assert_int_equal(count("SELECT required FROM key_request WHERE type = 'recovery'"), 2);
	refused(GH_E_FORBIDDEN, decide(&w.means, &frank, KEY_APPROVE, request, NULL));
	refused(GH_E_FORBIDDEN, decide(&w.means, &carol, KEY_APPROVE, request, NULL));
	ok(decide(&w.means, &dave, KEY_APPROVE, request, NULL));
	retrieve_refused(GH_E_CONFLICT, &carol, request);
}

static void
policies__of_another_name_or_damaged(void **state)
{
	static const char *const changes[] =
	    {"sealed = (SELECT sealed FROM kra_policy WHERE name = 'weak')",
		"sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1)", "sealed = '\\\\x00'"};
	struct key_recovery_ask a = {0};
	struct store_key_request r;
	char id[GH_UUID_TEXT_SIZE], sql[256];

	(void)state;
	set_policy(
	    "{\"name\":\"weak\",\"required\":1,\"requester_counts\":true,\"agents\":[{\"id\":\"id-of-carol\"}]}");
	set_policy("{\"name\":\"hr\",\"required\":1,\"agents\":[{\"id\":\"id-of-dave\"}]}");
	archive(NULL, "hr", id);
	a.key_id = id;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		snprintf(sql, sizeof(sql), "UPDATE kra_policy SET %s WHERE name = 'hr'",
		    changes[i]);
		count(sql);
		refused(GH_E_SEAL, key_recovery_request(&w.means, &carol, &a, &r, &err));
		assert_int_equal(audited("key.recovery-refused"), i + 1);
	}
	assert_int_equal(count("SELECT count(*) FROM key_request WHERE type = 'recovery'"), 0);
}

/* An older revision, once the KRA has seen the newer one. */
static void
policies__set_back(void **state)
{
	struct key_recovery_ask a = {0};
	struct store_key_request r;
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	set_policy(
	    "{\"name\":\"aged\",\"required\":1,\"requester_counts\":true,\"agents\":[{\"id\":\"id-of-carol\"}]}");
	archive(NULL, "aged", id);
	a.key_id = id;
	count("CREATE TABLE kept AS SELECT * FROM kra_policy");
	set_policy("{\"name\":\"aged\",\"required\":1,\"agents\":[{\"id\":\"id-of-dave\"}]}");
	assert_int_equal(request_recovery(&carol, id, &request), KEY_PENDING);
	count("UPDATE kra_policy SET sealed = kept.sealed FROM kept");
	refused(GH_E_SEAL, key_recovery_request(&w.means, &carol, &a, &r, &err));
	count("DROP TABLE kept");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    test(approvals__that_nobody_gave),
	    test(approvals__only_counted),
	    test(approvals__of_another_request),
	    test(approvals__with_their_request),
	    test(approvals__altered),
	    test(approvals__fewer_and_more),
	    test(requests__altered_after_the_approvals),
	    test(requests__altered_before_the_approvals),
	    test(requests__for_another_key),
	    test(keys__of_a_new_owner),
	    test(policies__words_beside_the_seal),
	    test(policies__of_another_name_or_damaged),
	    test(policies__set_back),
	};

	return cmocka_run_group_tests(tests, open_people, close_people);
}
