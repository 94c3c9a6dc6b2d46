/* Templates: where values may stand, how they are escaped, what is refused. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "markup.h"

static struct markup *
parse(const char *text, enum markup_kind kind)
{
	struct gh_error err = {0};
	struct markup *m;

	if (markup_parse("x", text, strlen(text), kind, &m, &err) != 0)
		fail_msg("%s: %s", text, err.message);
	return m;
}

static const struct markup *
find(const void *arg, const char *name)
{
	return strcmp(name, "inner") == 0 ? arg : NULL;
}

/* malloc'd. */
static char *
render(const struct markup *m, const struct markup *inner, const char *data)
{
	const struct markup_find partials = {find, inner};
	struct gh_error err = {0};
	struct gh_buf out;
	gh_json *j;

	assert_int_equal(gh_json_parse(data, strlen(data), GH_JSON_STRICT, &j, &err), 0);
	gh_buf_init(&out, 65536);
	if (markup_render(m, &partials, j, words_find("en"), &out, &err) != 0)
		fail_msg("%s", err.detail);
	gh_json_free(j);
	return out.data != NULL ? (char *)out.data : strdup("");
}

static void
check(enum markup_kind kind, const char *template, const char *data, const char *expected)
{
	struct markup *m = parse(template, kind);
	char *text = render(m, NULL, data);

	assert_string_equal(text, expected);
	free(text);
	markup_free(m);
}

/* ---- values and sections ---- */

static void
markup__values_and_sections(void **state)
{
	static const struct {
		const char *template, *data, *expected;
	} cases[] = {
	    {"a{{x}}b", "{\"x\":\"1\"}", "a1b"},
	    {"{{ x }}", "{\"x\":-9223372036854775807}", "-9223372036854775807"},
	    {"{{x}}{{y}}{{z}}", "{\"x\":true,\"y\":false,\"z\":null}", "truefalse"},
	    {"{{a.b.c}}", "{\"a\":{\"b\":{\"c\":\"1\"}}}", "1"},
	    {"{{a.[k]}}", "{\"a\":{\"b\":\"1\"},\"k\":\"b\"}", "1"},
	    {"{{a.[k]}}", "{\"a\":{\"b\":\"1\"}}", ""},
	    {"{{none}}", "{}", ""},
	    {"{{#l}}{{.}},{{/l}}", "{\"l\":[\"a\",1]}", "a,1,"},
	    {"{{#l}}{{n}}{{o}} {{/l}}", "{\"o\":\"O\",\"l\":[{\"n\":1},{\"n\":2}]}", "1O 2O "},
	    {"{{#l}}{{n}}{{/l}}", "{\"n\":\"outer\",\"l\":[{\"n\":\"inner\"},{}]}", "innerouter"},
	    {"{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":true}", "yes"},
	    {"{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":\"\"}", "no"},
	    {"{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":0}", "no"},
	    {"{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":[]}", "no"},
	    {"{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":{}}", "no"},
	    {"{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{}", "no"},
	    {"{{#a.b}}yes{{/a.b}}", "{\"a\":{\"b\":1}}", "yes"},
	    {"{{! nothing }}a", "{}", "a"},
	    {"a\n {{#x}}\nb\n {{/x}}\nc\n", "{\"x\":1}", "a\nb\nc\n"},
	    {"{{t.language.name}}", "{}", "English"},
	    {"{{t.[a].name}}", "{\"a\":\"language\"}", "English"},
	    {"{{t.no.such}}", "{}", "no.such"},
	    {"{{t.home.welcome}}", "{\"layout\":{\"user\":\"<x>\"}}",
		"You are logged in as &lt;x&gt;."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(MARKUP_HTML, cases[i].template, cases[i].data, cases[i].expected);
}

static void
markup__partials(void **state)
{
	struct markup *outer = parse("{{>inner a=\"x y\" b=\"2\"}}|{{>inner}}", MARKUP_HTML);
	struct markup *inner = parse("<p>{{a}}{{b}}{{c}}</p>", MARKUP_HTML);
	struct markup *mail = parse("{{a}}", MARKUP_TEXT), *self = parse("{{>inner}}", MARKUP_HTML);
	const struct markup_find none = {find, NULL}, other = {find, mail}, itself = {find, self};
	const struct markup_find *const wrong[] = {NULL, &none, &other, &itself};
	char *text = render(outer, inner, "{\"c\":\"&\"}");
	struct gh_error err;

	(void)state;
	assert_string_equal(text, "<p>x y2&amp;</p>|<p>&amp;</p>");
	free(text);
	for (size_t i = 0; i < 4; i++) {
		struct gh_buf out;

		gh_buf_init(&out, 1024);
		assert_int_equal(markup_render(outer, wrong[i], NULL, words_find("en"), &out, &err),
		    GH_E_INTERNAL);
		gh_buf_free(&out);
	}
	markup_free(outer);
	markup_free(inner);
	markup_free(mail);
	markup_free(self);
}

/* ---- escaping ---- */

static void
markup__escapes_by_place(void **state)
{
#define EVIL "\"><script>alert('x`1')</script>&amp;"
#define EVIL_JSON "{\"x\":\"\\\"><script>alert('x`1')</script>&amp;\"}"
#define SAFE "&quot;&gt;&lt;script&gt;alert(&#39;x&#96;1&#39;)&lt;/script&gt;&amp;amp;"
	static const struct {
		const char *template, *data, *expected;
	} cases[] = {
	    {"<p>{{x}}</p>", EVIL_JSON, "<p>" SAFE "</p>"},
	    {"<p title=\"{{x}}\">a</p>", EVIL_JSON, "<p title=\"" SAFE "\">a</p>"},
	    {"<p aria-label=\"a {{x}} b\">a</p>", EVIL_JSON,
		"<p aria-label=\"a " SAFE " b\">a</p>"},
	    {"<textarea>{{x}}</textarea>", EVIL_JSON, "<textarea>" SAFE "</textarea>"},
	    {"<time datetime=\"{{x}}\">{{x}}</time> {{x}}", "{\"x\":\"2026-01-02T03:04:05Z\"}",
		"<time datetime=\"2026-01-02T03:04:05Z\">2026-01-02 03:04:05 UTC</time> 2026-01-02T03:04:05Z"},
	    {"<time>{{x}}</time>", "{\"x\":\"2026-01-02T03:04:05.678901Z\"}",
		"<time>2026-01-02 03:04:05 UTC</time>"},
	    {"<time>{{x}}</time>", "{\"x\":\"2026-01-02T03:04:05.67<Z\"}",
		"<time>2026-01-02T03:04:05.67&lt;Z</time>"},
	    {"<time>{{x}}</time>", "{\"x\":\"2026-01-02T03:04:0<Z\"}",
		"<time>2026-01-02T03:04:0&lt;Z</time>"},
	    {"<time>{{x}}</time>", EVIL_JSON, "<time>" SAFE "</time>"},
	    {"<title>{{x}}</title>", EVIL_JSON, "<title>" SAFE "</title>"},
	    {"<a href=\"{{x}}\">a</a>", "{\"x\":\"/a?b=\\\"&c\"}",
		"<a href=\"/a?b=&quot;&amp;c\">a</a>"},
	    {"<a href=\"{{x}}\">a</a>", "{\"x\":\"https://a.example/\"}",
		"<a href=\"https://a.example/\">a</a>"},
	    {"<a href=\"/r/{{x}}?y={{x}}\">a</a>", "{\"x\":\"/../a?b=c&d#e\\\"\\u00e4\"}",
		"<a href=\"/r/%2F..%2Fa%3Fb%3Dc%26d%23e%22%C3%A4?y="
		"%2F..%2Fa%3Fb%3Dc%26d%23e%22%C3%A4\">a</a>"},
	    {"<a href=\"/{{x}}\">a</a>", "{\"x\":\"/evil.example\"}",
		"<a href=\"/%2Fevil.example\">a</a>"},
	    {"<p>{{x}}</p>", "{\"x\":\"a\\u0001\\u202eb\\u2066\\u007f\\u0085\\n\"}",
		"<p>a\xef\xbf\xbd\xef\xbf\xbd"
		"b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n</p>"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(MARKUP_HTML, cases[i].template, cases[i].data, cases[i].expected);
}

static void
markup__refuses_urls(void **state)
{
	static const char *const bad[] = {"javascript:alert(1)", "JaVaScRiPt:alert(1)",
	    " javascript:a", "java\\tscript:a", "data:text/html,x", "//evil.example",
	    "/\\\\evil.example", "http://a.example", "", "a", "\\\\\\\\evil.example",
	    "/\\t/evil.example", "https://", "/\\u00e4", "vbscript:x", "/a b"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char data[128];

		snprintf(data, sizeof(data), "{\"x\":\"%s\"}", bad[i]);
		check(MARKUP_HTML, "<a href=\"{{x}}\">a</a>", data,
		    "<a href=\"about:invalid\">a</a>");
	}
}

/* A value of a mail is in one line, and looks like nothing else. */
static void
markup__text_stays_in_its_line(void **state)
{
	(void)state;
	check(MARKUP_TEXT, "To: {{x}}\n{{#y}}\n- {{.}}\n{{/y}}\nend",
	    "{\"x\":\"a\\r\\nBcc: b\\u0001x\",\"y\":[\"<1>\",\"\\u20282\"]}",
	    "To: a  Bcc: b x\n- <1>\n-  2\nend");
}

/* ---- what is refused ---- */

static const char *const bad[] = {
    /* tags of ours */
    "{{x",
    "{{}}",
    "{{X}}",
    "{{a..b}}",
    "{{.a}}",
    "{{a.}}",
    "{{a b}}",
    "{{{x}}}",
    "{{&x}}",
    "{{a.[b}}",
    "{{[]}}",
    "{{t}}",
    "{{#x}}",
    "{{/x}}",
    "{{#x}}{{/y}}",
    "{{#x}}{{#y}}{{/x}}{{/y}}",
    "{{#t.a.b}}{{/t.a.b}}",
    "{{>}}",
    "{{>a b}}",
    "{{>a b=c}}",
    "{{>a b=\"c}}",
    "{{>a \"c\"}}",
    /* no place for a value */
    "<{{x}}>",
    "<a {{x}}>",
    "<a {{x}}=\"b\">",
    "<a href={{x}}>",
    "<a href='{{x}}'>",
    "<a title={{x}}>",
    "<p style=\"{{x}}\">",
    "<p onclick=\"{{x}}\">",
    "<p onclick=\"a\">",
    "<style>{{x}}</style>",
    "<script>{{x}}</script>",
    "<script>a</script>",
    "<script src=\"/a\"></script>",
    "<!-- {{x}} -->",
    "<iframe srcdoc=\"{{x}}\"></iframe>",
    "<p srcdoc=\"a\"></p>",
    "<img srcset=\"{{x}}\">",
    "<meta content=\"{{x}}\">",
    "<object data=\"{{x}}\"></object>",
    "<svg><a></a></svg>",
    "<base href=\"/\">",
    "<a ping=\"{{x}}\">",
    "</{{x}}>",
    "<a{{x}}>",
    /* URLs */
    "<a href=\"{{x}}/y\">",
    "<a href=\"{{x}}{{y}}\">",
    "<a href=\"//{{x}}\">",
    "<a href=\"/\\\\{{x}}\">",
    "<a href=\"https://{{x}}\">",
    "<a href=\"javascript:{{x}}\">",
    "<a href=\"javascript:a\">",
    "<a href=\"http://a\">",
    "<a href=\"data:,\">",
    "<a href=\"{{t.a.b}}\">",
    "<a href=\"/{{t.a.b}}\">",
    "<a href=\"{{#x}}/{{/x}}/evil\">",
    "<a href=\"/{{#x}}/evil{{/x}}\">",
    "<a href=\"a\">",
    /* sections that change the place */
    "{{#x}}<p{{/x}}>",
    "<p {{#x}}title=\"{{/x}}a\">",
    "<p{{#x}} title=\"a\"{{/x}}>",
    "<p {{#x}}title=\"a\"{{/x}}>",
    "{{#x}}<textarea>{{/x}}</textarea>",
    "<p title=\"{{#x}}\">{{/x}}",
    "<title>{{#x}}</title><textarea>{{/x}}</textarea>",
    "<p style=\"{{#x}}\" title=\"{{/x}}{{y}}\">",
    "<p title=\"{{#x}}\" style=\"{{/x}}\">",
    "<a {{#x}}><b {{/x}}>",
    "<a href=\"{{#x}}{{y}}{{/x}}\">",
    /* HTML that is not written strictly */
    "a < b",
    "a <",
    "<",
    "<>",
    "</>",
    "<p",
    "<p title=\"a",
    "<p title=a>",
    "<p title='a'>",
    "<p title=\"a\"id=\"b\">",
    "<P>",
    "<p TITLE=\"a\">",
    "<br/>",
    "<br />",
    "<1>",
    "</1>",
    "<-a>",
    "<title>a<b></title>",
    "<textarea>a",
    "<style>a",
    "</p class=\"a\">",
    "<?xml ?>",
    "<![CDATA[a]]>",
    "<a23456789012345678>",
    "{{>a}}<p title=\"{{>a}}\">",
    "\xff",
};

static void
parse__refuses(void **state)
{
	struct gh_error err;
	struct markup *m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err = (struct gh_error){0};
		if (markup_parse("x", bad[i], strlen(bad[i]), MARKUP_HTML, &m, &err) != GH_E_CONF)
			fail_msg("%s: was taken", bad[i]);
		assert_null(m);
		assert_true(*err.message != '\0');
	}
	assert_int_equal(markup_parse("x", "a\0b", 3, MARKUP_HTML, &m, &err), GH_E_CONF);
}

static void
parse__names_the_line(void **state)
{
	static const char text[] = "<p>\n</p>\n<a href='x'>\n";
	struct gh_error err;
	struct markup *m;

	(void)state;
	assert_int_equal(markup_parse("a.html", text, strlen(text), MARKUP_HTML, &m, &err),
	    GH_E_CONF);
	assert_string_equal(err.message,
	    "a.html, line 3: an attribute's value is in double quotes");
}

static void
parse__takes(void **state)
{
	static const char *const good[] = {"", "a > b \" ' &amp;", "<!DOCTYPE html>\n<p>a</p>",
	    "<input {{#x}}checked {{/x}}>",
	    "<p {{#x}}title=\"{{y}}\" {{/x}}class=\"a {{#x}}b{{/x}}\">",
	    "<a href=\"/r/{{x}}{{#y}}?z={{z}}{{/y}}\">a</a>", "<a href=\"#{{x}}\">",
	    "<a href=\"?x={{x}}\">", "<a href=\"https://a.example/\">", "<a href=\"mailto:a@b\">",
	    "<form action=\"{{x}}\"></form>", "<style>p { color: red }</style>",
	    "<p style=\"color: red\">", "<input disabled>",
	    "<button formaction=\"/r/{{x}}/approve\">a</button>", "{{#x}}<p>{{/x}}</p>"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		markup_free(parse(good[i], MARKUP_HTML));
}

static void
render__refuses_what_is_no_text(void **state)
{
	struct markup *m = parse("{{x}}", MARKUP_HTML),
		      *word = parse("{{t.home.welcome}}", MARKUP_HTML);
	struct gh_error err;
	struct gh_buf out;
	gh_json *j;

	(void)state;
	assert_int_equal(gh_json_parse("{\"x\":[1],\"layout\":{\"user\":{}}}", 30, GH_JSON_STRICT,
			     &j, &err),
	    0);
	gh_buf_init(&out, 100);
	assert_int_equal(markup_render(m, NULL, j, words_find("en"), &out, &err), GH_E_INTERNAL);
	assert_int_equal(markup_render(word, NULL, j, words_find("en"), &out, &err), GH_E_INTERNAL);
	gh_buf_free(&out);
	gh_buf_init(&out, 3);
	assert_int_equal(markup_render(word, NULL, NULL, words_find("en"), &out, &err), GH_E_NOMEM);
	gh_buf_free(&out);
	gh_json_free(j);
	markup_free(m);
	markup_free(word);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(markup__values_and_sections),
	    cmocka_unit_test(markup__partials),
	    cmocka_unit_test(markup__escapes_by_place),
	    cmocka_unit_test(markup__refuses_urls),
	    cmocka_unit_test(markup__text_stays_in_its_line),
	    cmocka_unit_test(parse__refuses),
	    cmocka_unit_test(parse__names_the_line),
	    cmocka_unit_test(parse__takes),
	    cmocka_unit_test(render__refuses_what_is_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
