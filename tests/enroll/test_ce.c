/* CertEnroll from body to answer, with stand-ins for store, directory, templates and CA. */
/* valgrind: parses bytes from outside */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "catalog/app.h"
#include "encoding.h"
#include "timestamp.h"

#include "fake.h"

static struct worker_env env;

static int
set_up(void **state)
{
	(void)state;
	fake_world_new(&env);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fake_world_free(&env);
	return 0;
}

/* ---- making calls ---- */
struct test_call {
	const char *user; /* NULL = alice */
	const char *app;  /* key; NULL = "key7" */
	const char *signature, *token;
	int version; /* 0 = 3 */
};

/* rep: cleared by the caller. */
static void
post(const struct test_call *how, const char *body, struct gh_http_reply *rep)
{
	struct requester who = fake_requester(how->user != NULL ? how->user : "alice");
	const char *key = how->app != NULL ? how->app : "key7";
	struct gh_http_request http = {
	    .method = GH_HTTP_POST,
	    .body = (unsigned char *)(uintptr_t)body,
	    .body_len = strlen(body),
	    .field = (struct gh_http_field[]){{"x-css-cms-signature", how->signature},
		{"x-css-cms-token", how->token}},
	    .fields = 2,
	    .request_id = "0123456789abcdef0123456789abcdef",
	};
	struct call call = {
	    .http = &http,
	    .requester = &who,
	    .version = how->version != 0 ? how->version : 3,
	    .app = catalog_find_app(env.catalog, (const unsigned char *)key, strlen(key)),
	};

	assert_non_null(call.app);
	who.app_id = call.app->id;
	call.entry = fake_entry(who.name);
	memset(rep, 0, sizeof(*rep));
	ce_pkcs10(&env, &call, rep);
	if (call.entry != NULL)
		dir_entry_free(call.entry);
	assert_true(rep->status >= 200 && rep->body != NULL);
	assert_string_equal(rep->content_type, "application/json; charset=utf-8");
	assert_null(strchr((char *)rep->body, '\n'));
}

/* The envelope of a v3 call for a template with a fresh request; malloc'd. more: further
 * members. */
static char *
envelope(const char *template_name, const char *more)
{
	char stamp[GH_TIMESTAMP_SIZE], *csr = fake_csr_base64(), *body;

	assert_true(
	    asprintf(&body,
		"{\"Timestamp\":\"%s\",\"Request\":{\"TemplateName\":\"%s\",\"Pkcs10Request\":\"%s\"%s}}",
		gh_timestamp_format(gh_now(), stamp), template_name, csr, more) > 0);
	free(csr);
	return body;
}

static char *
bare(const char *template_name)
{
	char *csr = fake_csr_base64(), *body;

	assert_true(asprintf(&body, "{\"TemplateName\":\"%s\",\"Pkcs10Request\":\"%s\"}",
			template_name, csr) > 0);
	free(csr);
	return body;
}

/* Post and look at the status; the reply's body, malloc'd. */
static char *
post_for(const struct test_call *how, const char *body, int status)
{
	struct gh_http_reply rep;
	char *text;

	post(how, body, &rep);
	if (rep.status != status)
		fail_msg("status %d, not %d: %s -> %s", rep.status, status, body, (char *)rep.body);
	text = strdup((char *)rep.body);
	gh_http_reply_clear(&rep);
	return text;
}

static const struct test_call v3;

static void
expect_v3(const char *body, int status, const char *part)
{
	char *text = post_for(&v3, body, status);

	if (strstr(text, part) == NULL)
		fail_msg("%s: no %s in %s", body, part, text);
	free(text);
}

/* A member of the answer as text, malloc'd. */
static char *
member(const char *text, const char *name)
{
	struct gh_error err;
	gh_json *j, *v;
	char *s;

	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &j, &err), 0);
	v = gh_json_get(j, name);
	if (v == NULL)
		fail_msg("no member %s in %s", name, text);
	s = gh_json_string(v) != NULL ? strdup(gh_json_string(v)) : gh_json_print(v, false);
	gh_json_free(j);
	return s;
}

static void
expect_member(const char *text, const char *name, const char *value)
{
	char *s = member(text, name);

	if (strcmp(s, value) != 0)
		fail_msg("%s is \"%s\", not \"%s\"", name, s, value);
	free(s);
}

/* ---- the answer ---- */
static void
ce__answer_has_the_documented_members_in_order(void **state)
{
	static const char *const name[] = {"{\"SerialNumber\":\"",
	    ",\"IssuerDN\":\"CN=Issuing, DC=test\"", ",\"Thumbprint\":\"", ",\"CMSID\":101",
	    ",\"CMSRequestId\":1", ",\"Certificates\":\"", ",\"RequestDisposition\":\"Issued\"",
	    ",\"DispositionMessage\":\"\"}"};
	char *body = envelope("User", ""), *text = post_for(&v3, body, 200);
	const char *p = text;

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		if ((p = strstr(p, name[i])) == NULL)
			fail_msg("%s is not in its place: %s", name[i], text);
	}
	assert_null(strstr(text, "\\/"));
	assert_null(strstr(text, "\\u002"));
	assert_null(strstr(text, "Message\":\"Denied"));
	free(text);
	free(body);
}

/* Lines of 64 with CRLF, the last one too. */
static void
check_lines(const char *text)
{
	const char *p = text, *end;

	assert_true(strlen(text) > 64);
	for (; (end = strstr(p, "\r\n")) != NULL; p = end + 2)
		assert_true(end - p == 64 || end[2] == '\0');
	assert_int_equal(*p, '\0');
}

static void
ce__certificates_is_a_pkcs7_leaf_issuer_root(void **state)
{
	char *body = envelope("User", ""), *text = post_for(&v3, body, 200), *b64;
	const unsigned char *p;
	unsigned char *der;
	size_t len;
	STACK_OF(X509) * certs;
	PKCS7 *p7;

	(void)state;
	b64 = member(text, "Certificates");
	check_lines(b64);
	assert_int_equal(gh_base64_decode(b64, strlen(b64), &der, &len, NULL), 0);
	p = der;
	p7 = d2i_PKCS7(NULL, &p, (long)len);
	assert_non_null(p7);
	certs = p7->d.sign->cert;
	assert_int_equal(sk_X509_num(certs), 3);
	assert_int_equal(X509_check_issued(sk_X509_value(certs, 1), sk_X509_value(certs, 0)),
	    X509_V_OK);
	assert_int_equal(X509_check_issued(sk_X509_value(certs, 2), sk_X509_value(certs, 1)),
	    X509_V_OK);
	assert_int_equal(X509_check_issued(sk_X509_value(certs, 2), sk_X509_value(certs, 2)),
	    X509_V_OK);
	PKCS7_free(p7);
	free(der);
	free(b64);
	free(text);
	free(body);
}

/* Flags: numbers and strings; bits that nobody defined are ignored. */
static void
ce__flags(void **state)
{
	static const struct {
		const char *flags;
		int status;
		bool cert_only;
	} c[] = {
	    {"0", 200, false},
	    {"1", 200, true},
	    {"\"1\"", 200, true},
	    {"\"0\"", 200, false},
	    {"null", 200, false},
	    {"17", 200, true},
	    {"16", 200, false},
	    {"4294967295", 200, true},
	    {"4294967296", 400, false},
	    {"-1", 400, false},
	    {"\"x\"", 400, false},
	    {"1.5", 400, false},
	    {"[]", 400, false},
	    {"true", 400, false},
	    {"\"\"", 400, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char more[64], *body, *text, *b64;
		unsigned char *der;
		size_t len;
		bool is_cert;

		snprintf(more, sizeof(more), ",\"Flags\":%s", c[i].flags);
		body = envelope("User", more);
		text = post_for(&v3, body, c[i].status);
		free(body);
		if (c[i].status == 200) {
			const unsigned char *p;
			X509 *x;

			b64 = member(text, "Certificates");
			assert_int_equal(gh_base64_decode(b64, strlen(b64), &der, &len, NULL), 0);
			p = der;
			is_cert = (x = d2i_X509(NULL, &p, (long)len)) != NULL;
			X509_free(x);
			assert_int_equal(is_cert, c[i].cert_only);
			free(der);
			free(b64);
		}
		free(text);
	}
}

/* ---- the body ---- */
static void
ce__member_names_in_any_case_and_trimmed(void **state)
{
	char stamp[GH_TIMESTAMP_SIZE], *csr = fake_csr_base64(), *body;

	(void)state;
	assert_true(
	    asprintf(&body,
		"{\n \" REQUEST \" : { \"pkcs10request \":\"%s\",\"Unknown\":{\"a\":[1]},"
		"\"templatename\":\" user \",\"metadataList\":null,\"flags\":0},\"timestamp\":\"%s\", \"x\":1 }",
		csr, gh_timestamp_format(gh_now(), stamp)) > 0);
	expect_v3(body, 200, "\"Issued\"");
	free(body);
	free(csr);
}

/* How the lines of a PEM end, and what stands around it. "\n" stays raw, as here-documents leave
 * it. */
static char *
armoured(const char *label, const char *eol, const char *before)
{
	char *pem = fake_csr_pem(), *out = malloc(8192), *p = out, *line, *save = NULL;

	p += sprintf(p, "%s", before);
	for (line = strtok_r(pem, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		bool is_dash = line[0] == '-';

		if (is_dash && *label == '\0')
			continue;
		if (is_dash)
			p += sprintf(p, "-----%s %s-----%s", line[5] == 'B' ? "BEGIN" : "END",
			    label, eol);
		else
			p += sprintf(p, "%s%s", line, eol);
	}
	free(pem);
	return out;
}

static void
ce__every_armour(void **state)
{
	static const struct {
		const char *label, *eol, *before;
	} c[] = {
	    {"CERTIFICATE REQUEST", "\\n", ""},
	    {"CERTIFICATE REQUEST", "\\r\\n", "  "},
	    {"NEW CERTIFICATE REQUEST", "\\r\\n", "    "},
	    {"CERTIFICATE REQUEST", "\n", ""},
	    {"CERTIFICATE REQUEST", "\r\n", ""},
	    {"NEW CERTIFICATE REQUEST", " ", ""},
	    {"CERTIFICATE REQUEST", " ", "\\r\\n"},
	    {"", "\n", ""},
	    {"", "\\r\\n", "\t"},
	    {"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char stamp[GH_TIMESTAMP_SIZE], *csr = armoured(c[i].label, c[i].eol, c[i].before),
					       *body;

		assert_true(asprintf(&body,
				"{\"timestamp\":\"%s\",\"Request\":{\"TemplateName\":\"User\","
				"\"Pkcs10Request\":\"%s\"}}",
				gh_timestamp_format(gh_now(), stamp), csr) > 0);
		expect_v3(body, 200, "\"Issued\"");
		free(body);
		free(csr);
	}
}

static char *
body_with_timestamp(const char *json_value)
{
	char *csr = fake_csr_base64(), *body;

	assert_true(asprintf(&body,
			"{\"Timestamp\":%s,\"Request\":{\"TemplateName\":\"User\","
			"\"Pkcs10Request\":\"%s\"}}",
			json_value, csr) > 0);
	free(csr);
	return body;
}

/* Spellings of now, by strftime; %% stands for fractions and zones. */
static void
ce__every_timestamp_spelling(void **state)
{
	static const struct {
		const char *format;
		int offset;
	} c[] = {
	    {"\"%Y-%m-%dT%H:%M:%S.123Z\"", 0},
	    {"\"%Y-%m-%dT%H:%M:%S.000000\"", 0},
	    {"\"%Y-%m-%dT%H:%M:%S\"", 0},
	    {"\"%Y-%m-%dT%H:%M:%SZ\"", 0},
	    {"\"%Y-%m-%dT%H:%M:%S+02:00\"", 7200},
	    {"\"%Y-%m-%dT%H:%M:%S.123456789+02:00\"", 7200},
	    {"\"%Y-%m-%dT%H:%M:%S.123456Z\"", 0},
	    {"\"%m/%d/%Y %H:%M:%S\"", 0},
	    {"\"%Y-%m-%dT%H:%M:%S-05:30\"", -19800},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		time_t t = (time_t)gh_now() + c[i].offset;
		struct tm tm;
		char value[64], *body;

		strftime(value, sizeof(value), c[i].format, gmtime_r(&t, &tm));
		body = body_with_timestamp(value);
		expect_v3(body, 200, "\"Issued\"");
		free(body);
	}
}

static void
ce__timestamp_outside_the_window_is_403(void **state)
{
	static const struct {
		int offset, status;
	} c[] = {
	    {-290, 200},
	    {290, 200},
	    {-310, 403},
	    {310, 403},
	    {-86400, 403},
	    {86400 * 365, 403},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char stamp[GH_TIMESTAMP_SIZE], value[64], *body;

		snprintf(value, sizeof(value), "\"%s\"",
		    gh_timestamp_format(gh_now() + c[i].offset, stamp));
		body = body_with_timestamp(value);
		expect_v3(body, c[i].status,
		    c[i].status == 200 ? "Issued" : "\"ErrorCode\":\"0x80070005\"");
		free(body);
	}
}

static void
ce__timestamp_unreadable_is_400(void **state)
{
	static const char *const c[] = {
	    "\"\"",
	    "\"yesterday\"",
	    "\"2024-13-01T00:00:00Z\"",
	    "\"2023-02-29T00:00:00Z\"",
	    "1700000000",
	    "\"1700000000\"",
	    "null",
	    "[]",
	    "{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char *body = body_with_timestamp(c[i]);

		expect_v3(body, 400, "Timestamp");
		free(body);
	}
	assert_int_equal(fake_store.rows, 0);
}

static void
ce__two_members_of_one_meaning_are_400(void **state)
{
	static const char *const c[] = {
	    "{\"Timestamp\":\"%s\",\"timestamp\":\"%s\",\"Request\":{}}",
	    "{\"Timestamp\":\"%s\",\"TIMESTAMP \":\"%s\",\"Request\":{}}",
	    "{\"Timestamp\":\"%s\",\"Request\":{},\"request\":{\"a\":\"%s\"}}",
	    "{\"Timestamp\":\"%s\",\"Request\":{\"TemplateName\":\"User\",\"templateName\":\"%s\"}}",
	    "{\"Timestamp\":\"%s\",\"Request\":{\"TemplateName\":\"U\",\"Flags\":0,\"flags\":1,\"x\":\"%s\"}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char stamp[GH_TIMESTAMP_SIZE], body[512];

		gh_timestamp_format(gh_now(), stamp);
		snprintf(body, sizeof(body), c[i], stamp, stamp);
		expect_v3(body, 400, "twice");
	}
}

static void
ce__bodies_that_are_no_request(void **state)
{
	static const char *const c[] = {
	    "",
	    "{",
	    "[]",
	    "null",
	    "\"x\"",
	    "7",
	    "{}",
	    "{\"Timestamp\":\"2024-01-02T03:04:05Z\"}",
	    "{\"Timestamp\":\"2024-01-02T03:04:05Z\",\"Request\":null}",
	    "{\"Timestamp\":\"2024-01-02T03:04:05Z\",\"Request\":[]}",
	    "{\"TemplateName\":\"User\",\"Pkcs10Request\":\"AAAA\"}",
	    "{\"a\":1}{\"a\":1}",
	    "{'a':1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++)
		expect_v3(c[i], 400, "\"Message\":\"");
	assert_int_equal(fake_store.rows, 0);
	assert_int_equal(fake_store.audits, (int)(sizeof(c) / sizeof(*c)));
}

static void
ce__members_missing_or_of_a_wrong_type(void **state)
{
	static const struct {
		const char *request, *message;
	} c[] = {
	    {"\"Pkcs10Request\":\"AAAA\"", "TemplateName is missing"},
	    {"\"Pkcs10Request\":\"AAAA\",\"TemplateName\":7", "TemplateName is not a string"},
	    {"\"Pkcs10Request\":\"AAAA\",\"TemplateName\":\"  \"", "TemplateName is empty"},
	    {"\"Pkcs10Request\":\"AAAA\",\"TemplateName\":\"a\\u0001\"", "control character"},
	    {"\"TemplateName\":\"User\"", "Pkcs10Request is missing"},
	    {"\"TemplateName\":\"User\",\"Pkcs10Request\":null", "Pkcs10Request is not a string"},
	    {"\"TemplateName\":\"User\",\"Pkcs10Request\":\"\"", "0x8007000D"},
	    {"\"TemplateName\":\"User\",\"Pkcs10Request\":\"AAAA\"", "0x8007000D"},
	    {"\"TemplateName\":\"User\",\"Pkcs10Request\":\"***\"", "0x8007000D"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char stamp[GH_TIMESTAMP_SIZE], body[512];

		snprintf(body, sizeof(body), "{\"Timestamp\":\"%s\",\"Request\":{%s}}",
		    gh_timestamp_format(gh_now(), stamp), c[i].request);
		expect_v3(body, 400, c[i].message);
		assert_int_equal(fake_store.audits, (int)i + 1);
		assert_non_null(strstr(fake_store.audit[i], "enroll.refused failure alice"));
	}
	assert_int_equal(fake_store.rows, 0);
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

/* ---- dispositions ---- */
static void
ce__denied_by_policy(void **state)
{
	static const struct {
		const char *name, *code;
	} c[] = {
	    {"NoUpn", "0x8009480D"},
	    {"Closed", "0x80094012"},
	    {"Other", "0x80094800"},
	    {"Gone", "0x80094800"},
	    {"NoSuchTemplate", "0x80094800"},
	};
	char *unknown[2];

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char *body = envelope(c[i].name, ""), *text = post_for(&v3, body, 403), *message,
		     start[64];

		expect_member(text, "RequestDisposition", "Denied");
		expect_member(text, "ErrorCode", c[i].code);
		expect_member(text, "Certificates", "");
		expect_member(text, "SerialNumber", "");
		expect_member(text, "CMSID", "0");
		message = member(text, "DispositionMessage");
		expect_member(text, "Message", message);
		snprintf(start, sizeof(start), "Denied by Policy Module  %s, ", c[i].code);
		assert_memory_equal(message, start, strlen(start));
		if (i == 2 || i == 4)
			unknown[i / 3] = strdup(message);
		free(message);
		free(text);
		free(body);
	}
	assert_int_equal(fake_store.rows, 5);
	assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_DENIED);
	assert_int_equal(fake_row(1)->outcome.status_code, 0x8009480D);
	assert_int_equal(fake_ca.signed_certs, 0);
	/* whether a template exists elsewhere is nobody's business */
	assert_string_equal(unknown[0], unknown[1]);
	free(unknown[0]);
	free(unknown[1]);
}

static void
ce__denied_status_can_be_200(void **state)
{
	char *body = envelope("NoUpn", ""), *text;

	(void)state;
	fake_conf.certenroll.denied_status = 200;
	text = post_for(&v3, body, 200);
	expect_member(text, "RequestDisposition", "Denied");
	free(text);
	free(body);
}

static void
ce__pending(void **state)
{
	char *body = envelope("Slow", ""), *text = post_for(&v3, body, 200);

	(void)state;
	expect_member(text, "RequestDisposition", "Pending");
	expect_member(text, "DispositionMessage", "Taken Under Submission");
	expect_member(text, "Certificates", "");
	expect_member(text, "SerialNumber", "");
	expect_member(text, "Thumbprint", "");
	expect_member(text, "IssuerDN", "");
	expect_member(text, "CMSID", "0");
	expect_member(text, "CMSRequestId", "1");
	assert_null(strstr(text, "ErrorCode"));
	assert_int_equal(fake_ca.signed_certs, 0);
	free(text);
	free(body);
}

static void
ce__no_queue_for_a_ca_that_is_gone(void **state)
{
	struct test_call off = {.app = "key9"};
	static const char *const name[] = {"User", "Slow"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		char *body = envelope(name[i], ""), *text = post_for(&off, body, 503);

		expect_member(text, "ErrorCode", "0x80094006");
		free(text);
		free(body);
	}
	assert_int_equal(fake_store.rows, 0);
}

/* ---- failures ---- */
static void
ce__our_troubles_are_503_and_no_refusals(void **state)
{
	static const struct {
		int *where;
		int code;
		const char *hresult;
	} c[] = {
	    {&fake_dir.fail, GH_E_DIR_DOWN, "0x8007203A"},
	    {&fake_ca.fail, GH_E_SIGNER_DOWN, "0x80094006"},
	    {&fake_store.fail, GH_E_DB_DOWN, "0x8009400F"},
	    {&fake_store.fail_record, GH_E_DB_DOWN, "0x8009400F"},
	    {&fake_ca.fail, GH_E_CA_LOCKED, "0x80094006"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		struct requester who = fake_requester("alice");
		char *body = envelope("User", "");
		struct gh_http_request http = {.body = (unsigned char *)body,
		    .body_len = strlen(body)};
		struct call call = {.http = &http,
		    .requester = &who,
		    .version = 3,
		    .app = catalog_find_app_id(env.catalog, 7)};
		struct gh_http_reply rep = {0};

		*c[i].where = c[i].code;
		ce_pkcs10(&env, &call, &rep);
		*c[i].where = 0;
		assert_int_equal(rep.status, 503);
		expect_member((char *)rep.body, "ErrorCode", c[i].hresult);
		assert_null(strstr((char *)rep.body, "told to fail"));
		assert_int_equal(rep.headers, 1);
		assert_string_equal(rep.header[0].name, "Retry-After");
		assert_int_equal(fake_store.rows, 0);
		assert_int_equal(fake_store.audits, 0);
		gh_http_reply_clear(&rep);
		free(body);
	}
}

/* Who meets a locked key is told what it waits for, and until when where that is known. */
static void
ce__a_locked_key_is_explained(void **state)
{
	static const struct {
		int64_t until;
		const char *says, *retry_after;
	} rows[] = {
	    {0,
		"The key of the certification authority issuing is locked: an administrator must unlock it with its "
		"password.",
		"30"},
	    {1090,
		"The key of the certification authority issuing is locked. After too many wrong passwords nobody can "
		"unlock it before 1970-01-01T00:18:10Z.",
		"90"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct requester who = fake_requester("alice");
		char *body = envelope("User", "");
		struct gh_http_request http = {.body = (unsigned char *)body,
		    .body_len = strlen(body)};
		struct call call = {.http = &http,
		    .requester = &who,
		    .version = 3,
		    .app = catalog_find_app_id(env.catalog, 7)};
		struct gh_http_reply rep = {0};

		fake_ca.fail = GH_E_CA_LOCKED;
		fake_store.ca_locked_until = rows[i].until;
		ce_pkcs10(&env, &call, &rep);
		fake_ca.fail = 0;
		fake_store.ca_locked_until = 0;
		assert_int_equal(rep.status, 503);
		expect_member((char *)rep.body, "Message", rows[i].says);
		assert_string_equal(rep.header[0].name, "Retry-After");
		assert_string_equal(rep.header[0].value, rows[i].retry_after);
		gh_http_reply_clear(&rep);
		free(body);
	}
}

static void
ce__requester_without_entry_is_denied(void **state)
{
	struct test_call nobody = {.user = "nobody"};
	char *body = envelope("User", ""), *text = post_for(&nobody, body, 403);

	(void)state;
	expect_member(text, "ErrorCode", "0x80072030");
	assert_int_equal(fake_store.rows, 1);
	free(text);
	free(body);
}

static void
ce__disabled_account_gets_nothing(void **state)
{
	char *body = envelope("User", "");

	(void)state;
	fake_dir.alice_is_disabled = true;
	free(post_for(&v3, body, 403));
	assert_int_equal(fake_ca.signed_certs, 0);
	assert_int_equal(fake_store.audits, 1);
	free(body);
}

static void
ce__weak_csr_is_refused_before_the_directory_is_asked(void **state)
{
	char *csr = fake_csr_base64(), stamp[GH_TIMESTAMP_SIZE], *b64, *body, *text;
	unsigned char *der;
	size_t len;

	(void)state;
	assert_int_equal(gh_base64_decode(csr, strlen(csr), &der, &len, NULL), 0);
	der[len - 1] ^= 1; /* of the signature */
	b64 = gh_base64_encode(der, len, GH_BASE64_ONE_LINE);
	assert_true(asprintf(&body,
			"{\"Timestamp\":\"%s\",\"Request\":{\"TemplateName\":\"User\","
			"\"Pkcs10Request\":\"%s\"}}",
			gh_timestamp_format(gh_now(), stamp), b64) > 0);
	text = post_for(&v3, body, 400);
	expect_member(text, "ErrorCode", "0x80090006");
	assert_int_equal(fake_store.audits, 1);
	assert_int_equal(fake_store.rows, 0);
	free(text);
	free(body);
	free(b64);
	free(der);
	free(csr);
}

static void
ce__metadata_is_checked_and_stored(void **state)
{
	char *body = envelope("Needs", ",\"MetadataList\":{\"dept\":\"R&D\",\"COUNT\":\"3\"}");

	(void)state;
	expect_v3(body, 200, "Issued");
	assert_string_equal(fake_row(1)->metadata, "{\"Dept\":\"R&D\",\"Count\":3}");
	free(body);
	body = envelope("Needs",
	    ",\"metadataList\":[{\"MetadataFieldTypeName\":\"Dept\",\"Value\":\"x\"}]");
	expect_v3(body, 200, "Issued");
	assert_string_equal(fake_row(2)->metadata, "{\"Dept\":\"x\"}");
	free(body);
	body = envelope("Needs", "");
	expect_v3(body, 400, "\\\"Dept\\\" is required");
	free(body);
	body = envelope("User", ",\"MetadataList\":{\"Colour\":\"red\"}");
	expect_v3(body, 400, "Colour");
	free(body);
	assert_int_equal(fake_store.rows, 2);
}

/* ---- the other operations ---- */
static void
ce__templates_lists_what_the_caller_may_use(void **state)
{
	struct requester who = fake_requester("alice");
	struct gh_http_request http = {0};
	struct call call = {.http = &http,
	    .requester = &who,
	    .version = 3,
	    .app = catalog_find_app_id(env.catalog, 7)};
	struct gh_http_reply rep = {0};

	(void)state;
	call.entry = fake_entry("alice");
	ce_templates(&env, &call, &rep);
	assert_int_equal(rep.status, 200);
	assert_string_equal((char *)rep.body,
	    "[{\"TemplateName\":\"User\",\"CA\":\"issuing\"},"
	    "{\"TemplateName\":\"Slow\",\"CA\":\"issuing\"},{\"TemplateName\":\"NoUpn\",\"CA\":\"issuing\"},"
	    "{\"TemplateName\":\"Needs\",\"CA\":\"issuing\"},"
	    "{\"TemplateName\":\"Patient\",\"CA\":\"issuing\"},{\"TemplateName\":\"Two\",\"CA\":\"issuing\"}]");
	gh_http_reply_clear(&rep);
	dir_entry_free(call.entry);
}

static int
status_of(const struct requester *who, int64_t id, char **text)
{
	struct gh_http_request http = {0};
	struct call_parts parts = {.part[0] = {.name = "id}", .number = id}, .n = 1};
	struct call call = {.http = &http, .requester = who, .version = 3, .parts = &parts};
	struct gh_http_reply rep = {0};
	int status;

	ce_request_status(&env, &call, &rep);
	status = rep.status;
	*text = strdup((char *)rep.body);
	gh_http_reply_clear(&rep);
	return status;
}

static void
ce__request_status_is_for_requester_and_officers(void **state)
{
	struct requester alice = fake_requester("alice"), bob = fake_requester("bob");
	struct requester other_app = alice, officer = fake_requester("officer");
	char *body = envelope("User", ""), *posted = post_for(&v3, body, 200), *text;

	(void)state;
	assert_int_equal(status_of(&alice, 1, &text), 200);
	assert_string_equal(text, posted);
	free(text);
	other_app.app_id = 8;
	officer.roles = REQUESTER_ROLE_OFFICER;
	assert_int_equal(status_of(&bob, 1, &text), 404);
	free(text);
	assert_int_equal(status_of(&other_app, 1, &text), 404);
	free(text);
	assert_int_equal(status_of(&alice, 2, &text), 404);
	free(text);
	assert_int_equal(status_of(&officer, 1, &text), 200);
	free(text);
	free(posted);
	free(body);
}

static void
ce__request_status_keeps_the_form_that_was_asked_for(void **state)
{
	struct requester alice = fake_requester("alice");
	char *body = envelope("User", ",\"Flags\":1"), *posted = post_for(&v3, body, 200), *text;

	(void)state;
	assert_int_equal(status_of(&alice, 1, &text), 200);
	assert_string_equal(text, posted);
	free(text);
	free(posted);
	free(body);
}

static void
ce__request_status_of_a_denial_is_200(void **state)
{
	struct requester alice = fake_requester("alice");
	char *body = envelope("NoUpn", ""), *posted = post_for(&v3, body, 403), *text;

	(void)state;
	assert_int_equal(status_of(&alice, 1, &text), 200);
	assert_string_equal(text, posted);
	free(text);
	free(posted);
	free(body);
}

/* ---- errors ---- */
static bool
has_header(const struct gh_http_reply *rep, const char *name)
{
	for (size_t i = 0; i < rep->headers; i++)
		if (strcmp(rep->header[i].name, name) == 0)
			return true;
	return false;
}

static void
ce__every_error_code_renders(void **state)
{
	(void)state;
	for (int code = GH_CODE_MIN; code < 0; code++) {
		const struct gh_error_info *info = gh_error_info(code);
		struct gh_http_reply rep = {0};
		struct gh_error err;
		char hresult[16];

		if (info->code != (enum gh_code)code)
			continue;
		gh_fail(&err, code, "private detail");
		ce_render_error(&err, 403, &rep);
		assert_int_equal(rep.status, info->is_denial ? 403 : info->http_status);
		assert_true(rep.status >= 400);
		snprintf(hresult, sizeof(hresult), "0x%08X", (unsigned)info->hresult);
		expect_member((char *)rep.body, "ErrorCode", hresult);
		if (info->is_denial)
			expect_member((char *)rep.body, "RequestDisposition", "Denied");
		else
			expect_member((char *)rep.body, "Message", info->message);
		assert_null(strstr((char *)rep.body, "private detail"));
		assert_int_equal(has_header(&rep, "Retry-After"), info->is_retryable);
		gh_http_reply_clear(&rep);
	}
}

static void
ce__a_message_cut_inside_a_character_still_renders(void **state)
{
	struct gh_http_reply rep = {0};
	struct gh_error err;
	char text[300], *message;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[298] = '\0';
	gh_refuse(&err, GH_E_METADATA, "%s", text);
	ce_render_error(&err, 403, &rep);
	message = member((char *)rep.body, "Message");
	assert_true(strlen(message) >= 250 && strlen(message) % 2 == 0);
	free(message);
	gh_http_reply_clear(&rep);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(ce__answer_has_the_documented_members_in_order),
	    T(ce__certificates_is_a_pkcs7_leaf_issuer_root),
	    T(ce__flags),
	    T(ce__member_names_in_any_case_and_trimmed),
	    T(ce__every_armour),
	    T(ce__every_timestamp_spelling),
	    T(ce__timestamp_outside_the_window_is_403),
	    T(ce__timestamp_unreadable_is_400),
	    T(ce__two_members_of_one_meaning_are_400),
	    T(ce__bodies_that_are_no_request),
	    T(ce__members_missing_or_of_a_wrong_type),
	    T(ce__v1_and_v2_take_a_bare_body_and_a_token),
	    T(ce__tokens_off_switches_v1_and_v2_off),
	    T(ce__the_same_call_again_gets_the_recorded_answer),
	    T(ce__replay_distinguishes_signature_application_and_body),
	    T(ce__replay_by_another_user_is_403),
	    T(ce__recorded_answer_outlives_the_window),
	    T(ce__unsigned_v2_is_a_retry_only_with_the_same_token),
	    T(ce__a_recorded_denial_is_repeated),
	    T(ce__denied_by_policy),
	    T(ce__denied_status_can_be_200),
	    T(ce__pending),
	    T(ce__no_queue_for_a_ca_that_is_gone),
	    T(ce__our_troubles_are_503_and_no_refusals),
	    T(ce__requester_without_entry_is_denied),
	    T(ce__a_locked_key_is_explained),
	    T(ce__disabled_account_gets_nothing),
	    T(ce__weak_csr_is_refused_before_the_directory_is_asked),
	    T(ce__metadata_is_checked_and_stored),
	    T(ce__templates_lists_what_the_caller_may_use),
	    T(ce__request_status_is_for_requester_and_officers),
	    T(ce__request_status_keeps_the_form_that_was_asked_for),
	    T(ce__request_status_of_a_denial_is_200),
	    T(ce__every_error_code_renders),
	    T(ce__a_message_cut_inside_a_character_still_renders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
