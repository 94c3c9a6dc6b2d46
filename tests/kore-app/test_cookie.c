/* Cookies and the tokens of forms: what is taken, and what is not. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"
#include "timestamp.h"

#include "auth/cookie.h"
#include "auth/form_token.h"
#include "auth/login_session.h"
#include "auth/login_token.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define NAME "__Host-gatehouse"

static const unsigned char secret[32] = "a gateway secret for the tests";
static const struct worker_env env = {.server_secret = secret};

static bool
reads(const char *header)
{
	struct gh_http_field field = {"cookie", header};
	const struct gh_http_request http = {.field = &field, .fields = header != NULL};
	static const unsigned char zero[COOKIE_SIZE];
	unsigned char out[COOKIE_SIZE];
	bool yes = cookie_read(&http, NAME, out);

	assert_int_equal(memcmp(out, zero, sizeof(out)) != 0, yes);
	return yes;
}

static void
cookie__is_taken(void **state)
{
	(void)state;
	assert_true(reads(NAME "=" HEX));
	assert_true(reads("a=b; " NAME "=" HEX));
	assert_true(reads("a=b;" NAME "=" HEX "; c=d"));
	assert_true(reads("  ;; a; " NAME "=" HEX " "));
	assert_true(reads("__Host-gatehouse-login=" HEX "; " NAME "=" HEX));
	assert_true(reads("__host-gatehouse=" HEX "; " NAME "=" HEX));
}

static void
cookie__is_not_taken(void **state)
{
	(void)state;
	assert_false(reads(NULL));
	assert_false(reads(""));
	assert_false(reads(";"));
	assert_false(reads(NAME));
	assert_false(reads(NAME "="));
	assert_false(reads(NAME " =" HEX));
	assert_false(reads("x" NAME "=" HEX));
	assert_false(reads("__host-gatehouse=" HEX));
	assert_false(reads(NAME "=" HEX "0"));
	assert_false(reads(NAME "=" HEX "00"));
	assert_false(reads(NAME "=\"" HEX "\""));
	assert_false(reads(NAME "=" HEX " x"));
	/* one text for one cookie */
	assert_false(
	    reads(NAME "=00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff"));
	assert_false(
	    reads(NAME "=0x112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"));
	/* which of them? */
	assert_false(reads(NAME "=" HEX "; " NAME "=" HEX));
	assert_false(reads(NAME "=; " NAME "=" HEX));
}

/* Whatever follows each other: no crash, and nothing beyond the text is read (ASan). */
static void
cookie__any_bytes(void **state)
{
	static const char *const part[] = {NAME, "=", ";", " ", HEX, "\t", "\"", "a", "\x80", "=;",
	    "__Host-", "0"};
	char text[2048];

	(void)state;
	srandom(1);
	for (int i = 0; i < 20000; i++) {
		struct gh_http_field field = {"cookie", NULL};
		const struct gh_http_request http = {.field = &field, .fields = 1};
		unsigned char out[COOKIE_SIZE];
		char *copy;

		*text = '\0';
		for (long n = random() % 12; n > 0; n--)
			strcat(text, part[(size_t)random() % (sizeof(part) / sizeof(part[0]))]);
		field.value = copy = strdup(text);
		if (cookie_read(&http, NAME, out))
			assert_non_null(strstr(text, NAME "=" HEX));
		free(copy);
	}
}

static void
cookie__is_set(void **state)
{
	unsigned char value[COOKIE_SIZE] = {0xab};
	struct gh_http_reply rep = {0};

	(void)state;
	cookie_set(&rep, NAME, value, 0);
	cookie_set(&rep, NAME, value, 60);
	cookie_set(&rep, NAME, NULL, 0);
	assert_int_equal(rep.headers, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(rep.header[i].name, "Set-Cookie");
		assert_non_null(
		    strstr(rep.header[i].value, "; Path=/; Secure; HttpOnly; SameSite=Strict"));
	}
	assert_int_equal(strncmp(rep.header[0].value, NAME "=ab00", strlen(NAME) + 5), 0);
	assert_null(strstr(rep.header[0].value, "Max-Age"));
	assert_non_null(strstr(rep.header[1].value, "; Max-Age=60"));
	assert_non_null(strstr(rep.header[2].value, NAME "=; "));
	assert_non_null(strstr(rep.header[2].value, "; Max-Age=0"));
	gh_http_reply_clear(&rep);
}

/* --- the log-in form -------------------------------------------------------------------------- */

/* A request with this cookie of the log-in form. */
static const struct gh_http_request *
with(const char *hex)
{
	static char header[256];
	static struct gh_http_field field;
	static struct gh_http_request http;

	snprintf(header, sizeof(header), "%s=%s", LOGIN_COOKIE, hex);
	field = (struct gh_http_field){"cookie", header};
	http = (struct gh_http_request){.method = GH_HTTP_POST, .field = &field, .fields = 1};
	return &http;
}

static void
hex_of(int64_t made, char out[COOKIE_HEX_SIZE])
{
	unsigned char b[COOKIE_SIZE] = {0};

	for (int i = 7; i >= 0; i--, made >>= 8)
		b[i] = (unsigned char)made;
	gh_hex_lower(b, sizeof(b), out);
}

static void
login_token__fits_its_cookie(void **state)
{
	char hex[COOKIE_HEX_SIZE], other[COOKIE_HEX_SIZE], token[LOGIN_TOKEN_SIZE];
	struct gh_http_reply rep = {0};
	int64_t now = gh_now();

	(void)state;
	hex_of(now - 10, hex);
	assert_int_equal(login_token_make(&env, with(hex), &rep, token, NULL), 0);
	assert_int_equal(rep.headers, 0); /* a second tab has the same */
	assert_true(login_token_fits(&env, with(hex), token));
	assert_false(login_token_fits(&env, with(hex), NULL));
	assert_false(login_token_fits(&env, with(hex), ""));
	hex_of(now - 11, other);
	assert_false(login_token_fits(&env, with(other), token));
	token[0] = token[0] == '0' ? '1' : '0';
	assert_false(login_token_fits(&env, with(hex), token));
	gh_http_reply_clear(&rep);
}

static void
login_token__ends(void **state)
{
	char hex[COOKIE_HEX_SIZE], token[LOGIN_TOKEN_SIZE];
	struct gh_http_reply rep = {0};

	(void)state;
	/* old enough for a new one, and good for one that was sent */
	hex_of(gh_now() - LOGIN_TOKEN_SECONDS / 2 - 1, hex);
	assert_int_equal(login_token_make(&env, with(hex), &rep, token, NULL), 0);
	assert_int_equal(rep.headers, 1);
	assert_false(login_token_fits(&env, with(hex), token));
	hex_of(gh_now() + 2 * LOGIN_TOKEN_SECONDS, hex);
	assert_int_equal(login_token_make(&env, with(hex), &rep, token, NULL), 0);
	assert_int_equal(rep.headers, 2);
	gh_http_reply_clear(&rep);
}

/* --- who needs which token -------------------------------------------------------------------- */

static void
form_token__rows(void **state)
{
	struct session s = {.token = HEX}, other = {.token = HEX};
	struct gh_http_field field = {"x-csrf-token", HEX};
	struct gh_http_request get = {.method = GH_HTTP_GET}, post = {.method = GH_HTTP_POST};
	struct gh_http_request header = {.method = GH_HTTP_POST, .field = &field, .fields = 1};
	const unsigned page = AUTH_SESSION, both = AUTH_SESSION | AUTH_PERSON;
	const unsigned login = AUTH_SESSION | AUTH_ANYBODY;

	(void)state;
	memcpy(other.token, "11", 2);
	assert_int_equal(form_token_check(&env, page, &get, NULL, &s, NULL), 0);
	assert_int_equal(form_token_check(&env, page, &post, NULL, &s, NULL), GH_E_CROSS_SITE);
	assert_int_equal(form_token_check(&env, page, &header, NULL, &s, NULL), 0);
	assert_int_equal(form_token_check(&env, page, &header, NULL, &other, NULL),
	    GH_E_CROSS_SITE);
	/* who proved himself with the call itself, and rows that know no session */
	assert_int_equal(form_token_check(&env, both, &post, NULL, NULL, NULL), 0);
	assert_int_equal(form_token_check(&env, both, &post, NULL, &s, NULL), GH_E_CROSS_SITE);
	assert_int_equal(form_token_check(&env, AUTH_PERSON, &post, NULL, NULL, NULL), 0);
	/* log-in: its own token, whoever is logged in */
	assert_int_equal(form_token_check(&env, login, &get, NULL, NULL, NULL), 0);
	assert_int_equal(form_token_check(&env, login, &post, NULL, NULL, NULL), GH_E_CROSS_SITE);
	assert_int_equal(form_token_check(&env, login, &header, NULL, &s, NULL), GH_E_CROSS_SITE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cookie__is_taken),
	    cmocka_unit_test(cookie__is_not_taken),
	    cmocka_unit_test(cookie__any_bytes),
	    cmocka_unit_test(cookie__is_set),
	    cmocka_unit_test(login_token__fits_its_cookie),
	    cmocka_unit_test(login_token__ends),
	    cmocka_unit_test(form_token__rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
