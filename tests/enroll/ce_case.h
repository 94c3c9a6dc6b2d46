/* A call of CertEnroll, and its answer. */
#ifndef TEST_CE_CASE_H
#define TEST_CE_CASE_H

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

static inline int
set_up(void **state)
{
	(void)state;
	fake_world_new(&env);
	return 0;
}

static inline int
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
static inline void
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
static inline char *
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

/* Post and look at the status; the reply's body, malloc'd. */
static inline char *
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

static inline void
expect_v3(const char *body, int status, const char *part)
{
	char *text = post_for(&v3, body, status);

	if (strstr(text, part) == NULL)
		fail_msg("%s: no %s in %s", body, part, text);
	free(text);
}

/* A member of the answer as text, malloc'd. */
static inline char *
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

static inline void
expect_member(const char *text, const char *name, const char *value)
{
	char *s = member(text, name);

	if (strcmp(s, value) != 0)
		fail_msg("%s is \"%s\", not \"%s\"", name, s, value);
	free(s);
}

static inline char *
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

#endif
