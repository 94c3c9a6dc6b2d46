/* What an agent is asked to sign, from what a gateway says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"

#include "key/key_statement.h"

#define WRAPPING "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define REQUEST(requester_id, wrapping) \
	"{\"id\":17,\"type\":\"recovery\",\"key_id\":\"0F1E2D3C-4b5a-6978-8796-a5b4c3d2e1f0\"," \
	"\"requester\":\"CORP\\\\carol\",\"requester_id\":" requester_id "," \
	"\"wrapping_sha256\":" wrapping ",\"expires_at\":\"2026-11-30T15:00:00Z\"}"

static gh_json *
parse(const char *text)
{
	gh_json *o;

	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &o, NULL), 0);
	return o;
}

/* The text of an approval, malloc'd; NULL: none is made. */
static char *
text_of(const char *request)
{
	gh_json *o = parse(request);
	struct key_statement s;
	struct gh_error err;
	struct gh_buf b;
	char *text = NULL;

	gh_buf_init(&b, APPROVAL_TEXT_MAX);
	if (key_statement_read(o, &s, &err) == 0 && approval_text(&s.subject, &b, &err) == 0)
		text = strdup((char *)b.data);
	gh_buf_free(&b);
	gh_json_free(o);
	return text;
}

/* As docs/kra.md has it. */
static void
key_statement__text(void **state)
{
	char *text = text_of(REQUEST("null", "\"" WRAPPING "\""));

	(void)state;
	assert_string_equal(text,
	    "gatehouse key recovery 1\nkey: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\nrequest: 17\n"
	    "requester: CORP\\carol\nwrapping: " WRAPPING "\nuntil: 2026-11-30T15:00:00Z\n");
	free(text);
}

/* Who has an entry in the directory is named by its id. */
static void
key_statement__names_the_entry(void **state)
{
	char *text = text_of(REQUEST("\"8d7dc1b6-0000\"", "\"" WRAPPING "\""));

	(void)state;
	assert_non_null(strstr(text, "\nrequester: 8d7dc1b6-0000\n"));
	free(text);
}

static void
key_statement__refuses_what_is_no_fact(void **state)
{
	static const char *const bad[] = {"{}", "[]", "{\"id\":17}",
	    REQUEST("\"a\\nuntil: 2099-01-01T00:00:00Z\"", "\"" WRAPPING "\""),
	    REQUEST("\"\\u0000\"", "\"" WRAPPING "\""), REQUEST("null", "\"00\""),
	    REQUEST("null", "\"" WRAPPING "00\""), REQUEST("null", "\"" WRAPPING "x\""),
	    "{\"id\":17,\"key_id\":\"no\",\"requester\":\"x\",\"wrapping_sha256\":\"" WRAPPING
	    "\",\"expires_at\":\"2026-11-30T15:00:00Z\"}",
	    "{\"id\":17,\"key_id\":\"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\",\"requester\":\"x\",\"wrapping_sha256\":\"" WRAPPING
	    "\",\"expires_at\":\"tomorrow\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		gh_json *o = NULL;

		/* NUL is refused by the reader of JSON already */
		if (gh_json_parse(bad[i], strlen(bad[i]), GH_JSON_STRICT, &o, NULL) == 0)
			assert_null(text_of(bad[i]));
		gh_json_free(o);
	}
}

static void
key_statement__compares_wrappings(void **state)
{
	static const struct {
		const char *told;
		int rc;
	} cases[] = {
	    {WRAPPING, 0},
	    {"0011223344556677", 0},
	    {"0011 2233 4455 6677 8899 AABB", 0},
	    {"00112233 44556677 ", 0},
	    {"001122334455667", GH_E_CONF},
	    {"", GH_E_CONF},
	    {"0011223344556678", GH_E_FORBIDDEN},
	    {WRAPPING "0", GH_E_FORBIDDEN},
	    {"1111223344556677", GH_E_FORBIDDEN},
	    {"0011-2233-4455-6677", GH_E_FORBIDDEN},
	};
	gh_json *o = parse(REQUEST("null", "\"" WRAPPING "\""));
	struct key_statement s;
	struct gh_error err;

	(void)state;
	assert_int_equal(key_statement_read(o, &s, &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(key_statement_check_wrapping(&s, cases[i].told, &err),
		    cases[i].rc);
	gh_json_free(o);
	o = parse(REQUEST("null", "null"));
	assert_int_equal(key_statement_read(o, &s, &err), 0);
	assert_false(s.has_wrapping);
	assert_int_equal(key_statement_check_wrapping(&s, "0000000000000000", &err),
	    GH_E_FORBIDDEN);
	gh_json_free(o);
}

/* A gateway cannot steer the terminal of an agent, nor write lines of its own. */
static void
key_statement__shows_no_control_characters(void **state)
{
	gh_json *o =
	    parse("{\"id\":17,\"key_id\":\"\\u001b[2Jx\",\"requester\":\"a\\n    owner      b\","
		  "\"wrapping_sha256\":\"\\u001b]0;\\u0007\",\"comment\":\"\\u009b31m\"}");
	char *shown = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&shown, &n);

	(void)state;
	key_statement_show(f, o, o, "CN=x");
	fclose(f);
	for (size_t i = 0; i < n; i++)
		assert_true(
		    shown[i] == '\n' || ((unsigned char)shown[i] >= 0x20 && shown[i] != 0x7f));
	assert_null(strstr(shown, "\n    owner      b"));
	assert_null(strstr(shown, "\xc2\x9b"));
	free(shown);
	gh_json_free(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(key_statement__text),
	    cmocka_unit_test(key_statement__names_the_entry),
	    cmocka_unit_test(key_statement__refuses_what_is_no_fact),
	    cmocka_unit_test(key_statement__compares_wrappings),
	    cmocka_unit_test(key_statement__shows_no_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
