/* What a client takes: pages or JSON, and which language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http.h"
#include "words.h"

static bool
prefers_html(const char *accept)
{
	struct gh_http_field field = {"accept", accept};
	struct gh_http_request req = {.field = &field, .fields = accept != NULL};

	return gh_http_prefers_html(&req);
}

static void
accept__prefers_html(void **state)
{
	static const struct {
		const char *accept;
		bool html;
	} cases[] = {
	    {NULL, false},
	    {"", false},
	    {"*/*", false},
	    {"text/html", true},
	    {"TEXT/HTML", true},
	    {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", true},
	    {"application/json", false},
	    {"application/json, text/html", false},
	    {"application/json;q=0.9, text/html", true},
	    {"application/json, text/html;q=0.999", false},
	    {"text/*, */*;q=0.5", true},
	    {"text/html;q=0, */*", false},
	    {"text/html;q=0.5, text/*, application/json;q=0.7", false},
	    {"*/*, text/html;q=0.2", false},
	    {"text/html ; q=0.5 , application/json ; q=0.4", true},
	    {"text/html;level=1;q=0.3, application/json;q=0.2", true},
	    {"text/html;q=1.5", false},
	    {"text/html;q=x", false},
	    {"text/html;q=-1", false},
	    {",,text/html", true},
	    {"text/htmlx", false},
	    {";;;,;q=1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (prefers_html(cases[i].accept) != cases[i].html)
			fail_msg("Accept: %s", cases[i].accept);
}

static void
words__by_tag_and_by_accept(void **state)
{
	static const struct {
		const char *accept, *language;
	} cases[] = {{NULL, "en"}, {"", "en"}, {"fr", "en"}, {"*", "en"}, {"de", "de"},
	    {"DE-at", "de"}, {"en-US,en;q=0.9,de;q=0.8", "en"}, {"fr, de;q=0.5, en;q=0.4", "de"},
	    {"de;q=0, fr", "en"}, {"dede", "en"}, {"de-DE;q=0.2, en;q=0.1", "de"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(words_language(words_accept(cases[i].accept)),
		    cases[i].language);
	assert_null(words_find(NULL));
	assert_null(words_find(""));
	assert_null(words_find("fr"));
	assert_string_equal(words_language(words_find("de-CH")), "de");
	assert_string_equal(words_get(words_find("de"), "language.name"), "Deutsch");
	assert_null(words_get(words_find("de"), "language"));
	assert_null(words_get(words_find("de"), "language.name.x"));
	assert_null(words_get(words_find("de"), ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(accept__prefers_html),
	    cmocka_unit_test(words__by_tag_and_by_accept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
