/* Pkcs10 calls together: what is asked once for all, and what stays each one's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/app.h"
#include "timestamp.h"

#include "decide.h"
#include "fake.h"

#define N 8

static struct worker_env env;

/* One call with all that it borrows. */
struct caller {
	struct requester who;
	struct gh_http_field header;
	struct gh_http_request http;
	struct gh_http_reply rep;
	struct gh_log_event event;
	char *token;
};
static struct caller callers[N];
static struct call_item calls[N];
static size_t calls_len;

static int
set_up(void **state)
{
	(void)state;
	fake_world_new(&env);
	memset(callers, 0, sizeof(callers));
	memset(calls, 0, sizeof(calls));
	calls_len = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < calls_len; i++) {
		if (calls[i].call.entry != NULL)
			dir_entry_free(calls[i].call.entry);
		free(callers[i].http.body);
		free(callers[i].token);
		gh_http_reply_clear(&callers[i].rep);
	}
	fake_world_free(&env);
	return 0;
}

/* A call of alice's; its body is taken over. */
static struct caller *
add(int version, const char *app, char *body)
{
	struct caller *c = &callers[calls_len];
	struct call_item *i = &calls[calls_len++];

	assert_true(calls_len <= N);
	c->who = fake_requester("alice");
	c->http.method = GH_HTTP_POST;
	c->http.body = (unsigned char *)body;
	c->http.body_len = strlen(body);
	snprintf(c->http.request_id, sizeof(c->http.request_id), "call-%zu", calls_len);
	*i = (struct call_item){.rep = &c->rep, .event = &c->event};
	i->call.http = &c->http;
	i->call.requester = &c->who;
	i->call.version = version;
	i->call.app = catalog_find_app(env.catalog, (const unsigned char *)app, strlen(app));
	assert_non_null(i->call.app);
	c->who.app_id = i->call.app->id;
	i->call.entry = fake_entry(c->who.name);
	return c;
}

static char *
body_of(int version, const char *template_name, const char *more)
{
	char stamp[GH_TIMESTAMP_SIZE], *csr = fake_csr_base64(), *body;
	const char *t = gh_timestamp_format(gh_now(), stamp);

	assert_true(asprintf(&body, "%s%s%s{\"TemplateName\":\"%s\",\"Pkcs10Request\":\"%s\"%s}%s",
			version == 3 ? "{\"Timestamp\":\"" : "", version == 3 ? t : "",
			version == 3 ? "\",\"Request\":" : "", template_name, csr, more,
			version == 3 ? "}" : "") > 0);
	free(csr);
	return body;
}

static void
add_v3(const char *template_name)
{
	add(3, "key7", body_of(3, template_name, ""));
}

static void
run_batch(void)
{
	ce_pkcs10_batch(&env, calls, calls_len);
}

static void
expect(size_t i, int status, const char *part)
{
	const struct gh_http_reply *rep = &callers[i].rep;

	assert_false(calls[i].leaves);
	if (rep->status != status || strstr((char *)rep->body, part) == NULL)
		fail_msg("call %zu: %d, not %d with %s: %s", i, rep->status, status, part,
		    rep->body != NULL ? (char *)rep->body : "");
}

static void
expect_leaves(size_t i)
{
	assert_true(calls[i].leaves);
	assert_int_equal(callers[i].rep.status, 0);
	assert_int_equal(callers[i].event.len, 0);
}

/* As the pool does with a call that left. */
static void
run_alone(size_t i)
{
	calls[i].leaves = false;
	ce_pkcs10(&env, &calls[i].call, calls[i].rep);
}

static void
batch__asks_signs_and_records_once(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		add_v3("User");
	run_batch();
	for (size_t i = 0; i < 5; i++)
		expect(i, 200, "\"Issued\"");
	assert_int_equal(fake_store.questions, 1);
	assert_int_equal(fake_store.lookups, 5);
	assert_int_equal(fake_ca.exchanges, 1);
	assert_int_equal(fake_ca.signed_certs, 5);
	assert_int_equal(fake_store.records, 1);
	assert_int_equal(fake_store.rows, 5);
}

/* Versions, a pending request, one for the certificate only. */
static void
batch__all_kinds_go_together(void **state)
{
	struct caller *c;

	(void)state;
	for (int version = 1; version <= 2; version++) {
		c = add(version, "key7", body_of(version, "User", ""));
		assert_int_equal(ce_token_make(fake_secret, &c->who, gh_now() + 60, &c->token,
				     NULL),
		    0);
		c->header = (struct gh_http_field){"x-css-cms-token", c->token};
		c->http.field = &c->header;
		c->http.fields = 1;
	}
	add_v3("Slow");
	add(3, "key7", body_of(3, "User", ",\"Flags\":1"));
	run_batch();
	expect(0, 200, "\"Issued\"");
	expect(1, 200, "\"Issued\"");
	expect(2, 200, "\"Pending\"");
	expect(3, 200, "\"Issued\"");
	assert_true(callers[3].rep.body_len < callers[0].rep.body_len);
	assert_int_equal(fake_ca.signed_certs, 3);
	assert_int_equal(fake_store.records, 1);
	assert_int_equal(fake_row(4)->outcome.disposition, DB_DISP_ISSUED);
	assert_true(fake_row(4)->cert_only);
}

/* Whatever a member meets: the others do not notice. */
static void
batch__failing_members_fall_out_alone(void **state)
{
	char *stale = body_of(3, "User", "");

	(void)state;
	memcpy(strstr(stale, "20"), "2001", 4); /* the year of the Timestamp */
	add_v3("User");
	add(3, "key7", strdup("{not JSON"));
	add(3, "key7", strdup("{\"TemplateName\":\"User\"}"));
	add_v3("NoUpn");
	add_v3("Unknown");
	add(1, "key7", body_of(1, "User", "")); /* no token */
	add(3, "key7", stale);
	add_v3("User");
	run_batch();
	expect(0, 200, "\"Issued\"");
	expect(1, 400, "JSON");
	expect(2, 400, "Timestamp");
	expect(3, 403, "\"CMSRequestId\":2,");
	expect(4, 403, "\"Denied\"");
	expect(5, 403, "X-CSS-CMS-Token");
	expect(6, 403, "Timestamp");
	expect(7, 200, "\"Issued\"");
	assert_int_equal(fake_store.rows, 4); /* issued, denied, denied, issued */
	assert_int_equal(fake_store.records, 1);
	assert_int_equal(fake_ca.signed_certs, 2);
	/* each refusal has its own audit row, each decision its own event in its own line */
	assert_int_equal(fake_store.audits, 4);
	assert_non_null(strstr(callers[0].event.text, "certificate issued"));
	assert_non_null(strstr(callers[3].event.text, "request denied"));
	assert_non_null(strstr(callers[4].event.text, "Unknown"));
	assert_non_null(strstr(callers[6].event.text, "enrollment refused"));
	assert_non_null(strstr(callers[7].event.text, "\"cms_request_id\":\"4\""));
}

static void
batch__replay_is_not_signed_again(void **state)
{
	(void)state;
	add_v3("User");
	run_batch();
	assert_int_equal(fake_ca.signed_certs, 1);
	gh_http_reply_clear(&callers[0].rep);
	callers[0].event.len = 0;
	add_v3("User");
	run_batch();
	expect(0, 200, "\"CMSRequestId\":1,");
	expect(1, 200, "\"CMSRequestId\":2,");
	assert_int_equal(fake_ca.signed_certs, 2);
	assert_int_equal(fake_store.rows, 2);
}

/* The same signed request by another user. */
static void
batch__mark_of_another_is_refused(void **state)
{
	(void)state;
	add_v3("User");
	run_batch();
	gh_http_reply_clear(&callers[0].rep);
	strcpy(callers[0].who.name, "mallory");
	add_v3("User");
	run_batch();
	expect(0, 403, "another requester");
	expect(1, 200, "\"Issued\"");
	assert_int_equal(fake_ca.signed_certs, 2);
	assert_int_equal(fake_store.audits, 1);
}

static void
batch__of_equal_calls_one_is_signed(void **state)
{
	char *body = body_of(3, "User", "");

	(void)state;
	add(3, "key7", body);
	add(3, "key7", strdup(body));
	add_v3("User");
	add(3, "key7", strdup(body));
	run_batch();
	expect(0, 200, "\"CMSRequestId\":1,");
	expect_leaves(1);
	expect(2, 200, "\"CMSRequestId\":2,");
	expect_leaves(3);
	assert_int_equal(fake_ca.signed_certs, 2);
	run_alone(1);
	run_alone(3);
	expect(1, 200, "\"CMSRequestId\":1,");
	expect(3, 200, "\"CMSRequestId\":1,");
	assert_string_equal(callers[1].rep.body, callers[0].rep.body);
	assert_int_equal(fake_ca.signed_certs, 2);
	assert_int_equal(fake_store.rows, 2);
}

static void
batch__equal_refused_calls_are_refused_at_once(void **state)
{
	char *body = strdup("{\"Timestamp\":\"2026-01-01T00:00:00Z\",\"Request\":"
			    "{\"TemplateName\":\"User\",\"Pkcs10Request\":\"AAAA\"}}");

	(void)state;
	add(3, "key7", body);
	add(3, "key7", strdup(body));
	run_batch();
	expect(0, 403, "Timestamp");
	expect(1, 403, "Timestamp");
	assert_int_equal(fake_store.audits, 2);
}

/* Nothing of the first was recorded: its twin is no replay and gets its own certificate. */
static void
batch__twin_of_a_failed_call_is_its_own(void **state)
{
	char *body = body_of(3, "User", "");

	(void)state;
	add(3, "key7", body);
	add(3, "key7", strdup(body));
	fake_ca.fail = GH_E_SIGNER_DOWN;
	run_batch();
	expect(0, 503, "signer");
	expect_leaves(1);
	fake_ca.fail = 0;
	run_alone(1);
	expect(1, 200, "\"Issued\"");
	assert_int_equal(fake_store.rows, 1);
}

static void
batch__signature_refused_for_one(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		add_v3("User");
	fake_ca.fail = GH_E_SIGNER;
	fake_ca.skip = 2;
	run_batch();
	expect(0, 200, "\"Issued\"");
	expect(1, 200, "\"Issued\"");
	expect(2, 502, "refused to sign");
	assert_int_equal(fake_store.rows, 2);
	assert_int_equal(fake_store.audits, 0); /* it is not the caller's fault */
}

/* What has waited for too long is not signed; but what is recorded is answered. */
static void
batch__deadline_of_one(void **state)
{
	(void)state;
	add_v3("User");
	run_batch();
	gh_http_reply_clear(&callers[0].rep);
	callers[0].event.len = 0;
	for (int i = 0; i < 5; i++)
		add_v3(i == 3 ? "NoUpn" : i == 4 ? "Slow" : "User");
	callers[0].http.deadline_us = 1;
	callers[2].http.deadline_us = 1;
	callers[3].http.deadline_us = gh_now_us() + 60000000;
	callers[5].http.deadline_us = 1;
	run_batch();
	expect(0, 200, "\"CMSRequestId\":1,");
	expect(1, 200, "\"Issued\"");
	expect(2, 503, "busy");
	expect(3, 200, "\"Issued\"");
	expect(4, 403, "\"Denied\"");
	expect(5, 503, "busy");
	assert_int_equal(fake_ca.signed_certs, 3);
	assert_int_equal(fake_store.rows, 4);
	assert_int_equal(fake_store.audits, 0); /* it says nothing about the caller */
}

/* A locked key: pending where the template waits for it, and else its own answer. */
static void
batch__locked_key(void **state)
{
	(void)state;
	add_v3("Patient");
	add_v3("User");
	fake_ca.fail = GH_E_CA_LOCKED;
	run_batch();
	expect(0, 200, "\"Pending\"");
	expect(1, 503, "locked");
	assert_int_equal(fake_store.rows, 1);
}

/* Nothing is answered as issued that was not recorded. */
static void
batch__record_fails_for_one(void **state)
{
	(void)state;
	add_v3("User");
	add_v3("User");
	add_v3("User");
	strcpy(callers[1].who.name, "bob");
	fake_store.fail_requester = "bob";
	fake_store.fail_member = GH_E_DB;
	run_batch();
	expect(0, 200, "\"Issued\"");
	expect(1, 500, "Internal error");
	expect(2, 200, "\"Issued\"");
	assert_null(strstr((char *)callers[1].rep.body, "SerialNumber\":\"0"));
	assert_int_equal(fake_store.rows, 2);
}

static void
batch__record_fails_for_all(void **state)
{
	(void)state;
	add_v3("User");
	add_v3("NoUpn");
	fake_store.fail_record = GH_E_DB_DOWN;
	run_batch();
	expect(0, 503, "database");
	expect(1, 503, "database");
	assert_int_equal(fake_store.rows, 0);
}

/* Without an answer to the question for replays nothing is signed. */
static void
batch__database_is_down(void **state)
{
	(void)state;
	add_v3("User");
	add_v3("User");
	fake_store.fail = GH_E_DB_DOWN;
	run_batch();
	expect(0, 503, "database");
	expect(1, 503, "database");
	assert_int_equal(fake_ca.signed_certs, 0);
}

/* A recorded answer is given though the key is slow; what is to be signed leaves. */
static void
batch__slow_key_leaves(void **state)
{
	(void)state;
	add_v3("User");
	run_batch();
	gh_http_reply_clear(&callers[0].rep);
	callers[0].event.len = 0;
	add_v3("User");
	add_v3("Slow");
	fake_ca.slow_ca = "issuing";
	run_batch();
	expect(0, 200, "\"CMSRequestId\":1,");
	expect_leaves(1);
	expect(2, 200, "\"Pending\"");
	assert_int_equal(fake_ca.signed_certs, 1);
	run_alone(1);
	expect(1, 200, "\"Issued\"");
	assert_int_equal(fake_ca.signed_certs, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(batch__asks_signs_and_records_once, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(batch__all_kinds_go_together, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(batch__failing_members_fall_out_alone, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(batch__replay_is_not_signed_again, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(batch__mark_of_another_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(batch__of_equal_calls_one_is_signed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(batch__equal_refused_calls_are_refused_at_once, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(batch__twin_of_a_failed_call_is_its_own, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(batch__signature_refused_for_one, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(batch__deadline_of_one, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(batch__locked_key, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(batch__record_fails_for_one, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(batch__record_fails_for_all, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(batch__database_is_down, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(batch__slow_key_leaves, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
