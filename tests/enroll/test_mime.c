/* Mails as bytes. valgrind: what is sent is made here */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "notify/mime.h"

static struct gh_error err;

static struct mime_mail
usual(void)
{
	return (struct mime_mail){.id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
	    .from = "pki@example.test",
	    .from_name = "Gatehouse",
	    .to = "alice@example.test",
	    .to_name = "",
	    .subject = "hello",
	    .text = "one\ntwo\n",
	    .date = 1700000000};
}

/* The mail; freed by the caller. */
static char *
built(const struct mime_mail *m)
{
	struct gh_buf b;
	char *text;

	gh_buf_init(&b, MIME_MAX);
	if (mime_build(m, &b, &err) != 0)
		fail_msg("%s", err.detail);
	text = strdup((const char *)b.data);
	gh_buf_free(&b);
	assert_non_null(text);
	return text;
}

static void
refused(const struct mime_mail *m, const char *what)
{
	struct gh_buf b;

	gh_buf_init(&b, MIME_MAX);
	assert_int_equal(mime_build(m, &b, &err), GH_E_VALIDATION);
	if (strstr(err.message, what) == NULL)
		fail_msg("not \"%s\": %s", what, err.message);
	gh_buf_free(&b);
}

static void
mime__text_alone(void **state)
{
	struct mime_mail m = usual();
	char *text = built(&m);

	(void)state;
	assert_string_equal(text,
	    "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
	    "From: \"Gatehouse\"\r\n <pki@example.test>\r\n"
	    "To: <alice@example.test>\r\n"
	    "Subject: hello\r\n"
	    "Message-ID: <0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0@example.test>\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "X-Auto-Response-Suppress: All\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "one\r\ntwo\r\n");
	free(text);
}

static void
mime__two_parts(void **state)
{
	struct mime_mail m = usual();
	const char *second;
	char *text;

	(void)state;
	m.html = "<p>--=_0f1e2d3c</p>";
	text = built(&m);
	assert_non_null(
	    strstr(text, "Content-Type: multipart/alternative;\r\n boundary=\"=_0f1e2d3c-"));
	assert_non_null(second = strstr(text, "text/html"));
	assert_true(strstr(text, "text/plain") < second);
	assert_non_null(strstr(second, "<p>--=3D_0f1e2d3c</p>\r\n--=_"));
	assert_string_equal(text + strlen(text) - 5, "0--\r\n");
	free(text);
}

/* Subject line by line, as RFC 2047 wants it. */
static void
mime__encoded_words(void **state)
{
	static const struct {
		const char *subject, *line;
	} rows[] = {
	    {"plain words", "Subject: plain words\r\n"},
	    {"Schl\xc3\xbcssel", "Subject: =?UTF-8?B?U2NobMO8c3NlbA==?=\r\n"},
	    {"=?UTF-8?B?eA==?=", "Subject: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=\r\n"},
	    {"", "Subject: \r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mime_mail m = usual();
		char *text;

		m.subject = rows[i].subject;
		text = built(&m);
		if (strstr(text, rows[i].line) == NULL)
			fail_msg("%s: %s", rows[i].subject, text);
		free(text);
	}
}

/* No line is too long, whatever is in it; nothing but ASCII. */
static void
check_lines(const char *text)
{
	while (*text != '\0') {
		const char *end = strstr(text, "\r\n");

		assert_non_null(end);
		if (end - text > 78)
			fail_msg("%d characters: %.100s", (int)(end - text), text);
		for (; text < end; text++)
			assert_true(*text == '\t' || (*text >= ' ' && *text <= '~'));
		text = end + 2;
	}
}

static void
mime__lines_are_short(void **state)
{
	static const char *const words[] = {"word ", "x", "\xc3\xbc", "\xf0\x9f\x98\x80", "=", " ",
	    ".\n", "From \n"};
	char many[900];

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct mime_mail m = usual();
		size_t n = strlen(words[i]);
		char *text;

		many[0] = '\0';
		for (size_t at = 0; at + n < sizeof(many) - 10; at += n)
			strcat(many, words[i]);
		m.text = m.html = many;
		if (strchr(many, '\n') == NULL)
			m.subject = m.to_name = m.from_name = many;
		text = built(&m);
		check_lines(text);
		free(text);
	}
}

static void
mime__bodies(void **state)
{
	static const struct {
		const char *text, *body;
	} rows[] = {{"a=b\n", "a=3Db\r\n"}, {".\n", "=2E\r\n"}, {"From x\n", "=46rom x\r\n"},
	    {"a \n", "a=20\r\n"}, {"a\r\nb", "a\r\nb\r\n"}, {"a\rb", "a=0Db\r\n"},
	    {"\xc3\xa4", "=C3=A4\r\n"}, {"", ""}, {"\n\n", "\r\n\r\n"}, {"--x", "=2D-x\r\n"},
	    {"a\tb\t", "a\tb=09\r\n"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mime_mail m = usual();
		char *text;

		m.text = rows[i].text;
		text = built(&m);
		assert_string_equal(strstr(text, "\r\n\r\n") + 4, rows[i].body);
		free(text);
	}
}

/* What would be another header, or end them, is refused, not mended. */
static void
mime__header_injection(void **state)
{
	static const char *const bad[] = {"a\r\nBcc: eve@example.test", "a\nb", "a\rb", "a\x01",
	    "a\x7f", "a\xc2\x85", "\xc2\x9f", "a\xff", "\xc3", "\xed\xa0\x80"};
	struct mime_mail m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		m = usual();
		m.subject = bad[i];
		refused(&m, "the subject");
		m = usual();
		m.from_name = bad[i];
		refused(&m, "the name of the sender");
		m = usual();
		m.to_name = bad[i];
		refused(&m, "the name of a recipient");
		m = usual();
		m.to = bad[i];
		refused(&m, "no address of e-mail");
	}
	m = usual();
	m.to = "alice@example.test>\r\nDATA";
	refused(&m, "no address of e-mail");
	m = usual();
	m.text = "\xff";
	refused(&m, "not UTF-8");
	m = usual();
	m.html = "\xff";
	refused(&m, "not UTF-8");
}

static void
mime__names_are_quoted(void **state)
{
	struct mime_mail m = usual();
	char *text;

	(void)state;
	m.to_name = "Alice \"A\\\" <eve@example.test>, B";
	text = built(&m);
	assert_non_null(strstr(text,
	    "To: \"Alice \\\"A\\\\\\\" <eve@example.test>, B\"\r\n <alice@example.test>\r\n"));
	free(text);
}

static void
mime__domains_of_all_letters(void **state)
{
	static const struct {
		const char *address, *ascii; /* NULL: refused */
	} rows[] = {{"a@b\xc3\xbc"
		     "cher.example",
			"a@xn--bcher-kva.example"},
	    {"a@B\xc3\x9c"
	     "CHER.example",
		"a@xn--bcher-kva.example"},
	    {"a@stra\xc3\x9f"
	     "e.de",
		"a@xn--strae-oqa.de"},
	    {"a@Example.test", "a@example.test"}, {"\"a b\"@x.y", "\"a b\"@x.y"}, {"a@xn--a", NULL},
	    {"a@\xe2\x98\x83.net", NULL}, {"a@b_c", NULL}, {"a", NULL},
	    {"a@\xcc\x80"
	     "b",
		NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *out;
		int rc = mime_ascii_address(rows[i].address, &out, &err);

		if (rc != (rows[i].ascii != NULL ? 0 : GH_E_VALIDATION))
			fail_msg("%s: %d %s", rows[i].address, rc, out != NULL ? out : "");
		if (rc == 0)
			assert_string_equal(out, rows[i].ascii);
		free(out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mime__text_alone),
	    cmocka_unit_test(mime__two_parts),
	    cmocka_unit_test(mime__encoded_words),
	    cmocka_unit_test(mime__lines_are_short),
	    cmocka_unit_test(mime__bodies),
	    cmocka_unit_test(mime__header_injection),
	    cmocka_unit_test(mime__names_are_quoted),
	    cmocka_unit_test(mime__domains_of_all_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
