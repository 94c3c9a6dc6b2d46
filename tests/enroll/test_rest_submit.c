/* Requests over REST: forms of the body, keys of the client, answers, and who may take back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encoding.h"
#include "rest/rest_submit.h"

#include "fake.h"

static struct worker_env env;
static struct gh_http_request http;
static struct gh_http_field field[3];
static struct requester who;
static struct call call;
static struct call_parts parts;
static struct gh_http_reply rep;
static gh_json *answer;
static char *csr; /* one line of base64 */
static char path[100];

static int
set_up(void **state)
{
	(void)state;
	fake_world_new(&env);
	fake_conf.rest.application = (char *)"app";
	who = fake_requester("alice");
	who.app_id = 0;
	strcpy(who.app_name, "");
	http = (struct gh_http_request){.method = GH_HTTP_POST, .field = field, .path = path};
	parts = (struct call_parts){.n = 1};
	call = (struct call){.http = &http, .requester = &who, .parts = &parts};
	call.entry = fake_entry("alice");
	csr = fake_csr_base64();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	dir_entry_free(call.entry);
	gh_http_reply_clear(&rep);
	gh_json_free(answer);
	answer = NULL;
	free(csr);
	fake_conf.rest.application = NULL;
	fake_world_free(&env);
	return 0;
}

static const char *
header(const char *name)
{
	for (size_t i = 0; i < rep.headers; i++)
		if (strcmp(rep.header[i].name, name) == 0)
			return rep.header[i].value;
	return NULL;
}

/* key: Idempotency-Key or NULL. */
static void
send(const char *profile, const char *type, const void *body, size_t len, const char *key,
    int status)
{
	struct gh_error err;

	gh_http_reply_clear(&rep);
	gh_json_free(answer);
	answer = NULL;
	parts.part[0] = (struct call_part){.name = "profile}"};
	strcpy(parts.part[0].text, profile);
	snprintf(path, sizeof(path), "/pki/request/%s", profile);
	field[0] = (struct gh_http_field){"content-type", type};
	field[1] = (struct gh_http_field){"idempotency-key", key};
	http.fields = key != NULL ? 2 : 1;
	http.body = (unsigned char *)body;
	http.body_len = len;
	rest_submit(&env, &call, &rep);
	if (rep.status != status)
		fail_msg("%d: %.*s", rep.status, (int)rep.body_len, (char *)rep.body);
	assert_int_equal(gh_json_parse((char *)rep.body, rep.body_len, GH_JSON_STRICT, &answer,
			     &err),
	    0);
}

static void
send_json(const char *profile, const char *more, const char *key, int status)
{
	char body[4096];
	int n = snprintf(body, sizeof(body), "{\"pkcs10\":\"%s\"%s}", csr, more);

	send(profile, "application/json", body, (size_t)n, key, status);
}

static const char *
text(const char *name)
{
	return gh_json_string(gh_json_get(answer, name));
}

static int64_t
number(const char *name)
{
	int64_t n = -1;

	(void)gh_json_int(gh_json_get(answer, name), &n);
	return n;
}

static void
submit__issued_with_links(void **state)
{
	(void)state;
	send_json("User", "", NULL, 201);
	assert_string_equal(text("status"), "issued");
	assert_string_equal(header("Location"), "/pki/request/1");
	assert_string_equal(gh_json_string(
				gh_json_get(gh_json_get(answer, "links"), "certificate")),
	    "/pki/certificate/101");
	assert_int_equal(fake_row(1)->requester.app_id, 7);
	assert_string_equal(fake_row(1)->requester.app_name, "app");
	assert_int_equal(fake_ca.signed_certs, 1);
}

static void
submit__pending_has_no_certificate(void **state)
{
	(void)state;
	send_json("Slow", "", NULL, 201);
	assert_string_equal(text("status"), "pending");
	assert_null(gh_json_get(answer, "certificate"));
	assert_null(gh_json_get(gh_json_get(answer, "links"), "certificate"));
	assert_int_equal(fake_ca.signed_certs, 0);
}

static void
submit__denial_is_an_error_and_recorded(void **state)
{
	static const struct {
		const char *profile, *code;
	} rows[] = {{"NoUpn", "upn_required"}, {"Closed", "template_denied"},
	    {"Other", "template_unknown"}, {"Nothing", "template_unknown"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		send_json(rows[i].profile, "", NULL, 403);
		assert_string_equal(text("code"), rows[i].code);
		assert_int_equal(number("id"), i + 1);
		assert_null(strstr(text("message"), "Denied by Policy"));
		assert_null(header("Location"));
		assert_int_equal(fake_row((int64_t)i + 1)->outcome.disposition, DB_DISP_DENIED);
	}
	assert_int_equal(fake_ca.signed_certs, 0);
}

static void
submit__request_itself_as_body(void **state)
{
	char *pem = fake_csr_pem();
	unsigned char *der;
	size_t len;

	(void)state;
	assert_int_equal(gh_base64_decode(csr, strlen(csr), &der, &len, NULL), 0);
	send("User", "application/pkcs10", der, len, NULL, 201);
	send("User", "application/pkcs10", csr, strlen(csr), NULL, 201);
	send("User", "application/pkcs10", pem, strlen(pem), NULL, 201);
	send("User", "application/pkcs10", der, len - 1, NULL, 400);
	send("User", "application/pkcs10", "M\0II", 4, NULL, 400);
	assert_int_equal(fake_store.rows, 3);
	free(der);
	free(pem);
}

static void
submit__wrong_bodies_are_named(void **state)
{
	static const struct {
		const char *body;
		int status;
		const char *field;
	} rows[] = {
	    {"", 400, NULL},
	    {"[]", 400, NULL},
	    {"{}", 422, "pkcs10"},
	    {"{\"pkcs10\":null}", 422, "pkcs10"},
	    {"{\"pkcs10\":\"x\",\"metdata\":{}}", 422, "metdata"},
	    {"{\"pkcs10\":\"x\",\"metadata\":[]}", 422, "metadata"},
	    {"{\"pkcs10\":\"x\"}", 400, NULL},
	    {"{\"crmf\":null}", 422, "pkcs10"},
	    {"{\"crmf\":\"MAA=\",\"pkcs10\":\"MAA=\"}", 422, "crmf"},
	    {"{\"crmf\":\"-\"}", 400, NULL},
	    {"{\"crmf\":\"MAA=\"}", 400, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		send("User", "application/json", rows[i].body, strlen(rows[i].body), NULL,
		    rows[i].status);
		if (rows[i].field != NULL)
			assert_non_null(gh_json_get(gh_json_get(answer, "errors"), rows[i].field));
	}
	assert_int_equal(fake_store.rows, 0);
	send_json("Needs", "", NULL, 400);
	assert_string_equal(text("code"), "metadata");
	send_json("Needs", ",\"metadata\":{\"dept\":\"x\"}", NULL, 201);
}

static void
key__same_call_gets_the_recorded_answer(void **state)
{
	(void)state;
	send_json("User", "", "k1", 201);
	send_json("User", "", "k1", 201);
	assert_int_equal(number("id"), 1);
	assert_string_equal(header("Location"), "/pki/request/1");
	assert_int_equal(fake_store.rows, 1);
	assert_int_equal(fake_ca.signed_certs, 1);
	send_json("User", "", "k2", 201);
	send_json("Patient", "", "k1", 201);
	assert_int_equal(number("id"), 3);
	send_json("User", "", NULL, 201);
	send_json("User", "", NULL, 201);
	assert_int_equal(fake_store.rows, 5);
}

static void
key__another_body_is_a_conflict(void **state)
{
	unsigned char *der;
	size_t len;

	(void)state;
	send_json("User", "", "k1", 201);
	send_json("User", " ", "k1", 409);
	assert_string_equal(text("code"), "conflict");
	assert_int_equal(gh_base64_decode(csr, strlen(csr), &der, &len, NULL), 0);
	send("User", "application/pkcs10", der, len, "k1", 409);
	assert_int_equal(fake_store.rows, 1);
	free(der);
}

static void
key__is_the_requesters(void **state)
{
	(void)state;
	send_json("User", "", "k1", 201);
	dir_entry_free(call.entry);
	call.entry = fake_entry("bob");
	who = fake_requester("bob");
	who.app_id = 0;
	send_json("User", " ", "k1", 201);
	assert_int_equal(number("id"), 2);
}

static void
key__recorded_denial(void **state)
{
	(void)state;
	send_json("NoUpn", "", "k1", 403);
	send_json("NoUpn", "", "k1", 403);
	assert_string_equal(text("code"), "denied");
	assert_int_equal(number("id"), 1);
	assert_int_equal(fake_store.rows, 1);
}

static void
key__wrong_ones(void **state)
{
	char longest[REPLAY_MARK_SIZE * 8 + 1];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[256] = '\0';
	send_json("User", "", longest, 400);
	longest[255] = '\0';
	send_json("User", "", longest, 201);
	send_json("User", "", "", 400);
	send_json("User", "", "a\tb", 400);
	assert_int_equal(fake_store.rows, 1);
}

static void
key__lost_database_is_no_second_certificate(void **state)
{
	(void)state;
	fake_store.fail_record = GH_E_DB_DOWN;
	send_json("User", "", "k1", 503);
	assert_non_null(header("Retry-After"));
	fake_store.fail_record = 0;
	send_json("User", "", "k1", 201);
	assert_int_equal(fake_store.rows, 1);
}

static void
submit__no_application(void **state)
{
	(void)state;
	fake_conf.rest.application = (char *)"";
	send_json("User", "", NULL, 403);
	assert_string_equal(text("code"), "forbidden");
	assert_int_equal(fake_store.rows, 0);
	call.app = catalog_find_app_id(env.catalog, 8);
	send_json("Other", "", NULL, 201);
	assert_int_equal(fake_row(1)->requester.app_id, 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(submit__issued_with_links, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(submit__pending_has_no_certificate, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(submit__denial_is_an_error_and_recorded, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(submit__request_itself_as_body, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(submit__wrong_bodies_are_named, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(key__same_call_gets_the_recorded_answer, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(key__another_body_is_a_conflict, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(key__is_the_requesters, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(key__recorded_denial, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(key__wrong_ones, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(key__lost_database_is_no_second_certificate, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(submit__no_application, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
