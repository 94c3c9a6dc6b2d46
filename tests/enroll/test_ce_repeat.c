/* CertEnroll calls that come again, and the versions that came before. */
/* valgrind: parses bytes from outside */
#include "enroll/ce_case.h"

static char *
bare(const char *template_name)
{
	char *csr = fake_csr_base64(), *body;

	assert_true(asprintf(&body, "{\"TemplateName\":\"%s\",\"Pkcs10Request\":\"%s\"}",
			template_name, csr) > 0);
	free(csr);
	return body;
}

/* ---- versions 1 and 2 ---- */
static char *
token_for(const char *user)
{
	struct requester who = fake_requester(user);
	struct gh_http_request http = {0};
	struct call call = {.http = &http, .requester = &who, .version = 2};
	struct gh_http_reply rep = {0};
	char *token, *expires;
	int64_t t;

	ce_token(&env, &call, &rep);
	assert_int_equal(rep.status, 200);
	token = member((char *)rep.body, "Token");
	expires = member((char *)rep.body, "Expires");
	assert_int_equal(gh_timestamp_parse(expires, &t, NULL), 0);
	assert_true(t > gh_now() + 290 && t <= gh_now() + 300);
	free(expires);
	gh_http_reply_clear(&rep);
	return token;
}

static void
ce__v1_and_v2_take_a_bare_body_and_a_token(void **state)
{
	char *token = token_for("alice");

	(void)state;
	for (int version = 1; version <= 2; version++) {
		struct test_call with = {.version = version, .token = token},
				 without = {.version = version};
		struct test_call of_bob = {.version = version, .token = token, .user = "bob"};
		char *body = bare("User"), *text = post_for(&with, body, 200);

		expect_member(text, "RequestDisposition", "Issued");
		free(text);
		text = post_for(&without, body, 403);
		assert_non_null(strstr(text, "X-CSS-CMS-Token"));
		free(text);
		free(post_for(&of_bob, body, 403));
		free(body);
	}
	assert_int_equal(fake_store.rows, 2);
	free(token);
}

static void
ce__tokens_off_switches_v1_and_v2_off(void **state)
{
	char *token = token_for("alice"), *body = bare("User"), *text;
	struct test_call v2 = {.version = 2, .token = token};
	struct gh_http_reply rep = {0};
	struct requester who = fake_requester("alice");
	struct gh_http_request http = {0};
	struct call call = {.http = &http, .requester = &who, .version = 2};

	(void)state;
	fake_conf.certenroll.tokens = false;
	text = post_for(&v2, body, 403);
	assert_non_null(strstr(text, "switched off"));
	free(text);
	ce_token(&env, &call, &rep);
	assert_int_equal(rep.status, 403);
	gh_http_reply_clear(&rep);
	free(body);
	free(token);
}

/* ---- replay ---- */
static void
ce__the_same_call_again_gets_the_recorded_answer(void **state)
{
	char *body = envelope("User", ""), *first = post_for(&v3, body, 200),
	     *again = post_for(&v3, body, 200);

	(void)state;
	assert_string_equal(first, again);
	assert_int_equal(fake_ca.signed_certs, 1);
	assert_int_equal(fake_store.rows, 1);
	free(first);
	free(again);
	free(body);
}

static void
ce__replay_distinguishes_signature_application_and_body(void **state)
{
	struct test_call other_signature = {.signature = "AAAA"},
			 respelled = {.signature = "AA AA"};
	char *body = envelope("User", ""), *changed = strdup(body), *p;

	(void)state;
	free(post_for(&v3, body, 200));
	free(post_for(&other_signature, body, 200));
	assert_int_equal(fake_ca.signed_certs, 2);
	free(post_for(&respelled, body, 200));
	assert_int_equal(fake_ca.signed_certs, 2);
	p = strstr(changed, "User");
	memcpy(p, "user", 4);
	free(post_for(&v3, changed, 200));
	assert_int_equal(fake_ca.signed_certs, 3);
	free(changed);
	free(body);
}

static void
ce__replay_by_another_user_is_403(void **state)
{
	struct test_call bob = {.user = "bob"};
	char *body = envelope("User", "");

	(void)state;
	free(post_for(&v3, body, 200));
	free(post_for(&bob, body, 403));
	assert_int_equal(fake_ca.signed_certs, 1);
	free(body);
}

static void
ce__recorded_answer_outlives_the_window(void **state)
{
	char stamp[GH_TIMESTAMP_SIZE], value[64], *body;

	(void)state;
	fake_conf.certenroll.timestamp_window = 3600;
	snprintf(value, sizeof(value), "\"%s\"", gh_timestamp_format(gh_now() - 1000, stamp));
	body = body_with_timestamp(value);
	free(post_for(&v3, body, 200));
	fake_conf.certenroll.timestamp_window = 300;
	free(post_for(&v3, body, 200));
	assert_int_equal(fake_ca.signed_certs, 1);
	free(body);
}

static void
ce__unsigned_v2_is_a_retry_only_with_the_same_token(void **state)
{
	struct requester who = fake_requester("alice");
	char *body = bare("User"), *one = token_for("alice"), *two;
	struct test_call first = {.version = 2, .token = one}, second;

	(void)state;
	assert_int_equal(ce_token_make(fake_secret, &who, gh_now() + 100, &two, NULL), 0);
	second = (struct test_call){.version = 2, .token = two};
	free(post_for(&first, body, 200));
	free(post_for(&first, body, 200));
	assert_int_equal(fake_ca.signed_certs, 1);
	free(post_for(&second, body, 200));
	assert_int_equal(fake_ca.signed_certs, 2);
	/* signed, the token does not count: same application, same signature, same answer */
	first.signature = second.signature = "AAAA";
	free(post_for(&first, body, 200));
	free(post_for(&second, body, 200));
	assert_int_equal(fake_ca.signed_certs, 3);
	free(one);
	free(two);
	free(body);
}

static void
ce__a_recorded_denial_is_repeated(void **state)
{
	char *body = envelope("NoUpn", ""), *first = post_for(&v3, body, 403),
	     *again = post_for(&v3, body, 403);

	(void)state;
	assert_string_equal(first, again);
	assert_int_equal(fake_store.rows, 1);
	free(first);
	free(again);
	free(body);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(ce__v1_and_v2_take_a_bare_body_and_a_token),
	    T(ce__tokens_off_switches_v1_and_v2_off),
	    T(ce__the_same_call_again_gets_the_recorded_answer),
	    T(ce__replay_distinguishes_signature_application_and_body),
	    T(ce__replay_by_another_user_is_403),
	    T(ce__recorded_answer_outlives_the_window),
	    T(ce__unsigned_v2_is_a_retry_only_with_the_same_token),
	    T(ce__a_recorded_denial_is_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
