/* Search filters and the spellings of names that go into them. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "filter.h"
#include "name.h"

static void
filter__escapes_what_could_end_a_value(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} rows[] = {
	    {"alice", 5, "(a=alice)"},
	    {"*", 1, "(a=\\2A)"},
	    {"*)(uid=*", 8, "(a=\\2A\\29\\28uid=\\2A)"},
	    {"a\\b", 3, "(a=a\\5Cb)"},
	    {"a\0b", 3, "(a=a\\00b)"},
	    {"", 0, "(a=)"},
	};
	struct gh_buf b;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		gh_buf_init(&b, 100);
		dir_filter_equal(&b, "a", rows[i].in, rows[i].len);
		assert_int_equal(gh_buf_check(&b, NULL), 0);
		assert_int_equal(strcasecmp((char *)b.data, rows[i].out), 0);
		gh_buf_free(&b);
	}
}

static void
filter__expands_patterns(void **state)
{
	struct gh_buf b;

	(void)state;
	gh_buf_init(&b, 100);
	dir_filter_expand(&b, "(&(x=%s$)(y=%u)(z=100%%))", "a*", "D\\a*");
	assert_int_equal(gh_buf_check(&b, NULL), 0);
	assert_int_equal(strcasecmp((char *)b.data, "(&(x=a\\2a$)(y=D\\5ca\\2a)(z=100%))"), 0);
	gh_buf_free(&b);

	/* a value that looks like a pattern stays a value */
	gh_buf_init(&b, 100);
	dir_filter_expand(&b, "(x=%s)", "%u", "other");
	assert_string_equal((char *)b.data, "(x=%u)");
	gh_buf_free(&b);

	gh_buf_init(&b, 8);
	dir_filter_expand(&b, "(x=%s)", "longer than eight", "");
	assert_int_equal(gh_buf_check(&b, NULL), GH_E_NOMEM);
	gh_buf_free(&b);
}

static void
filter__checks_patterns(void **state)
{
	static const char *const good[] = {"(uid=%s)", "(&(a=%s)(b=%u))",
	    "(&(a=100%%)(|(b=%u)(c=d)))"};
	static const char *const bad[] = {"", "uid=%s", "(uid=alice)", "(uid=%x)", "(uid=%s",
	    "(uid=%s))", "(uid=%s)(b=c)", "(uid=%s)%", "(uid=%%s)", "%s"};
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_int_equal(dir_filter_check(good[i], "user_filter", &err), 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(dir_filter_check(bad[i], "user_filter", &err), GH_E_CONF);
		assert_non_null(strstr(err.message, "directory.user_filter"));
	}
}

/* --- names ------------------------------------------------------------------------------------ */

static void
name__takes_spellings_apart(void **state)
{
	static const struct {
		const char *text;
		enum dir_name_kind kind;
		const char *local;
	} rows[] = {
	    {"alice", DIR_NAME_USER, "alice"},
	    {"CORP\\alice", DIR_NAME_USER, "alice"},
	    {"corp\\alice", DIR_NAME_USER, "alice"},
	    {"alice@corp.test", DIR_NAME_PRINCIPAL, "alice"},
	    {"alice@CORP.TEST", DIR_NAME_PRINCIPAL, "alice"},
	    {"alice@mail.test", DIR_NAME_PRINCIPAL, ""},
	    {"alice@mail.test@corp.test", DIR_NAME_PRINCIPAL, ""},
	    {"WEB$", DIR_NAME_COMPUTER, "WEB"},
	    {"CORP\\WEB$", DIR_NAME_COMPUTER, "WEB"},
	    {"WEB$@corp.test", DIR_NAME_COMPUTER, "WEB"},
	    {"host/web.corp.test", DIR_NAME_HOST, "web.corp.test"},
	    {"HOST/web.corp.test@CORP.TEST", DIR_NAME_HOST, "web.corp.test"},
	    {"a,b (c)*", DIR_NAME_USER, "a,b (c)*"},
	};
	struct dir_name name;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(dir_name_parse(rows[i].text, "CORP", "corp.test", &name, NULL), 0);
		assert_int_equal(name.kind, rows[i].kind);
		assert_string_equal(name.local, rows[i].local);
		assert_string_equal(name.full, rows[i].text);
	}
	/* without realm, a principal name is only that */
	assert_int_equal(dir_name_parse("alice@corp.test", "", "", &name, NULL), 0);
	assert_string_equal(name.local, "");
}

static void
name__refuses_foreign_and_malformed_names(void **state)
{
	static const char *const bad[] = {"", " ", " alice", "alice ", "a\tb", "a\nb", "\x7f",
	    "\001dn", "OTHER\\alice", "\\alice", "CORP\\", "CORP\\a\\b", "CORP\\alice@corp.test",
	    "CORP\\host/web", "WEB$@other.test", "$", "CORP\\$", "host/", "host/web@other.test",
	    "host/@corp.test", "@corp.test", "$@corp.test"};
	struct dir_name name;
	char text[DIR_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (dir_name_parse(bad[i], "CORP", "corp.test", &name, NULL) !=
			GH_E_NOT_IN_DIRECTORY &&
		    !(name.kind == DIR_NAME_PRINCIPAL && name.local[0] == '\0'))
			fail_msg("accepted: \"%s\"", bad[i]);
	assert_int_equal(dir_name_parse("CORP\\alice", "", "", &name, NULL), GH_E_NOT_IN_DIRECTORY);
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(dir_name_parse(text, "", "", &name, NULL), GH_E_NOT_IN_DIRECTORY);
	text[sizeof text - 2] = '\0';
	assert_int_equal(dir_name_parse(text, "", "", &name, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(filter__escapes_what_could_end_a_value),
	    cmocka_unit_test(filter__expands_patterns),
	    cmocka_unit_test(filter__checks_patterns),
	    cmocka_unit_test(name__takes_spellings_apart),
	    cmocka_unit_test(name__refuses_foreign_and_malformed_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
