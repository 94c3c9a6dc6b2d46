/* Who is told of a recovery: rows beside each step. Started by run_kra.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "integration/kra_fixture.h"
#include "kra/key_policy.h"
#include "store/status/notification.h"

/* "EVENT AUDIENCE RECIPIENT ID" of all, by id. */
static void
told(const char *expected)
{
	char out[4096];

	query(
	    "SELECT coalesce(string_agg(concat_ws(' ', event, audience, nullif(recipient, ''), nullif(recipient_id, "
	    "'')), '; ' ORDER BY id), '') FROM notification",
	    out, sizeof(out));
	assert_string_equal(out, expected);
	count("DELETE FROM notification");
}

/* The words beside the seal, by which people are told. agents: JSON with ~ for each quote. */
static void
set_policy(const char *agents)
{
	static const char spec[] =
	    "{\"name\":\"hr\",\"required\":2,\"agents\":[{\"id\":\"id-of-carol\"},{\"id\":\"id-of-dave\"}]}";
	struct admin_signer admin;
	char sql[1024];
	uint64_t revision;
	gh_json *o;

	if (count("SELECT count(*) FROM kra_policy") == 0) {
		admin = admin_signer_start(&w.sp);
		ok(gh_json_parse(spec, strlen(spec), GH_JSON_STRICT, &o, &err));
		ok(key_policy_set(w.db, admin.client, &fixture_admin, o, &revision, &err));
		gh_json_free(o);
		assert_int_equal(admin_signer_stop(&admin), 0);
	}
	snprintf(sql, sizeof(sql),
	    "UPDATE kra_policy SET body = replace('{~required~: 2, ~agents~: %s}', '~', chr(34))::jsonb",
	    agents);
	count(sql);
}

static void
told__owner_and_all_agents(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	w.means.rules.required = 2;
	archive("laptop", NULL, id);
	told("");
	request_recovery(&alice, id, &request);
	told("key.recovery-requested owner alice id-of-alice; key.recovery-requested agents");
	ok(decide(&w.means, &carol, KEY_APPROVE, request, NULL));
	told("");
	ok(decide(&w.means, &dave, KEY_APPROVE, request, NULL));
	told("key.recovery-approved owner alice id-of-alice; key.recovery-approved agents");
	retrieve_ok(&alice, request, false);
	told("key.recovered owner alice id-of-alice; key.recovered agents");
	retrieve_ok(&alice, request, true);
	told("key.recovered-again owner alice id-of-alice; key.recovered-again agents");
}

static void
told__by_the_agent_who_is_alone(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	archive(NULL, NULL, id);
	request_recovery(&carol, id, &request);
	told("key.recovery-requested owner alice id-of-alice; key.recovery-requested agents; "
	     "key.recovery-approved owner alice id-of-alice; key.recovery-approved agents");
}

static void
told__agents_of_the_policy(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	set_policy("[{~id~: ~id-of-carol~, ~name~: ~carol~}, {~id~: ~id-of-dave~}, "
		   "{~id~: ~ID-of-alice~}]");
	archive(NULL, "hr", id);
	request_recovery(&carol, id, &request);
	/* alice is one of the agents, and told once */
	told(
	    "key.recovery-requested owner alice id-of-alice; key.recovery-requested agent carol id-of-carol; "
	    "key.recovery-requested agent id-of-dave id-of-dave");
	ok(decide(&w.means, &dave, KEY_REJECT, request, NULL));
	told(
	    "key.recovery-rejected owner alice id-of-alice; key.recovery-rejected agent carol id-of-carol; "
	    "key.recovery-rejected agent id-of-dave id-of-dave");
}

/* Nobody can keep a key back, or a step from being told, with what he writes elsewhere. */
static void
told__where_rows_make_no_sense(void **state)
{
	static const char *const agents[] = {"null", "[]", "{}", "~carol~", "7"};
	char id[GH_UUID_TEXT_SIZE], out[256];
	int64_t request;

	(void)state;
	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
		set_policy(agents[i]);
		archive(NULL, "hr", id);
		request_recovery(&alice, id, &request);
		told(
		    "key.recovery-requested owner alice id-of-alice; key.recovery-requested agents");
	}
	set_policy("[null, 7, [], {}, {~id~: {~a~: 1}, ~name~: []}]");
	request_recovery(&alice, id, &request);
	assert_int_equal(count("SELECT count(*) FROM notification WHERE audience = 'agent'"), 5);
	count("DELETE FROM notification");
	count("DELETE FROM kra_policy");
	count("DELETE FROM archived_key");
	count("UPDATE key_request SET state = 'canceled' WHERE state = 'pending'");
	query("SELECT DISTINCT audience || ' ' || (object LIKE 'key request %') FROM notification",
	    out, sizeof(out));
	assert_string_equal(out, "agents true");
}

static void
told__each_end(void **state)
{
	static const enum key_verdict verdicts[] = {KEY_REJECT, KEY_CANCEL};
	static const char *const events[] = {"key.recovery-rejected", "key.recovery-canceled"};
	char id[GH_UUID_TEXT_SIZE], expected[256];
	int64_t request;
	int n;

	(void)state;
	w.means.rules.required = 2;
	archive(NULL, NULL, id);
	for (size_t i = 0; i < 2; i++) {
		request_recovery(&alice, id, &request);
		count("DELETE FROM notification");
		ok(decide(&w.means, i == 0 ? &dave : &alice, verdicts[i], request, NULL));
		snprintf(expected, sizeof(expected), "%s owner alice id-of-alice; %s agents",
		    events[i], events[i]);
		told(expected);
	}
	request_recovery(&alice, id, &request);
	count("DELETE FROM notification");
	count(
	    "UPDATE key_request SET expires_at = now() - interval '1 second' WHERE state = 'pending'");
	told("");
	ok(store_expire_key_requests(w.db, &fixture_admin, &n, &err));
	assert_int_equal(n, 1);
	told("key.recovery-expired owner alice id-of-alice; key.recovery-expired agents");
}

static void
told__of_an_altered_key(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	archive(NULL, NULL, id);
	request_recovery(&carol, id, &request);
	count("DELETE FROM notification");
	count("UPDATE archived_key SET stored = stored || '\\x00'");
	retrieve_refused(GH_E_SIGNER, &carol, request);
	told("key.recovery-failed owner alice id-of-alice; key.recovery-failed agents");
}

/* What it says is what a reader needs, and no secret. */
static void
told__facts(void **state)
{
	char id[GH_UUID_TEXT_SIZE], expected[1024], out[2048];
	int64_t request;

	(void)state;
	w.means.rules.required = 2;
	archive("laptop", NULL, id);
	request_recovery(&alice, id, &request);
	ok(decide(&w.means, &carol, KEY_APPROVE, request, NULL));
	ok(decide(&w.means, &dave, KEY_APPROVE, request, NULL));
	query(
	    "SELECT object || ' ' || state || ' ' || attempts || ' ' || (facts - 'expires_at')::text FROM notification "
	    "WHERE event = 'key.recovery-approved' AND audience = 'owner'",
	    out, sizeof(out));
	snprintf(expected, sizeof(expected),
	    "key %s waiting 0 {\"key\": \"%s\", \"kind\": \"private_key\", \"owner\": \"alice\", \"agents\": [\"carol\", \"dave\"], "
	    "\"comment\": \"laptop is gone\", \"request\": %lld, \"approved\": 2, \"required\": 2, \"client_id\": \"laptop\", "
	    "\"requester\": \"alice\"}",
	    id, id, (long long)request);
	assert_string_equal(out, expected);
	assert_int_equal(
	    count("SELECT count(*) FROM notification WHERE facts->>'expires_at' IS NULL"), 0);
}

/* A step that is not taken is not told. */
static void
told__nothing_that_was_refused(void **state)
{
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	w.means.rules.required = 2;
	archive(NULL, NULL, id);
	request_recovery(&carol, id, &request);
	count("DELETE FROM notification");
	refused(GH_E_FORBIDDEN, decide(&w.means, &carol, KEY_APPROVE, request, NULL));
	ok(decide(&w.means, &dave, KEY_APPROVE, request, NULL));
	refused(GH_E_CONFLICT, decide(&w.means, &dave, KEY_APPROVE, request, NULL));
	retrieve_refused(GH_E_CONFLICT, &carol, request);
	told("");
}

static void
removed__page_by_page(void **state)
{
	int64_t n;
	int removed;

	(void)state;
	count(
	    "INSERT INTO notification (event, audience, recipient, recipient_id, object, facts, created_at) "
	    "SELECT 'e', 'agents', '', '', 'o', '{}', now() - g * interval '1 minute' FROM generate_series(0, 4000) g");
	ok(store_count_old_notifications(w.db, 1, &n, &err));
	assert_int_equal(n, 4000 - 24 * 60 + 1);
	for (int left = (int)n; left > 0; left -= removed) {
		ok(store_remove_notifications(w.db, 1, &removed, &err));
		assert_int_equal(removed, left < 1000 ? left : 1000);
	}
	ok(store_remove_notifications(w.db, 1, &removed, &err));
	assert_int_equal(removed, 0);
	assert_int_equal(count("SELECT count(*) FROM notification"), 24 * 60);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    test(told__owner_and_all_agents),
	    test(told__by_the_agent_who_is_alone),
	    test(told__agents_of_the_policy),
	    test(told__where_rows_make_no_sense),
	    test(told__each_end),
	    test(told__of_an_altered_key),
	    test(told__facts),
	    test(told__nothing_that_was_refused),
	    test(removed__page_by_page),
	};

	return cmocka_run_group_tests(tests, open_people, close_people);
}
