/* Option tables: what is taken, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "command.h"
#include "options.h"

struct values {
	bool flag, kept;
	const char *text;
	int number, wait;
	struct option_list list;
	int operands;
	const char *first;
};

/* Parse blank-separated words. */
static int
parse(const char *line, struct values *v)
{
	static char copy[512];
	char *argv[256] = {(char[]){"gatehouse test"}};
	int argc = 1, rc;
	const struct option_row rows[] = {
	    {"flag", 'f', OPTION_FLAG, &v->flag, NULL, "a flag"},
	    {"drop", 0, OPTION_UNFLAG, &v->kept, NULL, "clears"},
	    {"text", 't', OPTION_TEXT, &v->text, "TEXT", "a text"},
	    {"text-file", 0, OPTION_TEXT, &v->text, "FILE", "a name that starts like another"},
	    {"number", 'n', OPTION_NUMBER, &v->number, "N", "a number"},
	    {"wait", 'w', OPTION_OPTIONAL, &v->wait, "N", "a number or none"},
	    {"list", 'l', OPTION_LIST, &v->list, "X", "repeat"},
	    OPTION_END,
	};
	static const struct usage usage = {"[NAME]", 0, 1, "A command of the tests.",
	    "gatehouse test x\n"};

	memset(v, 0, sizeof(*v));
	v->kept = true;
	v->wait = -1;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *p = strtok(copy, " "); p != NULL; p = strtok(NULL, " "))
		argv[argc++] = p;
	rc = options_parse(&usage, rows, argc, argv, &v->operands);
	v->first = v->operands > 0 ? argv[1] : NULL;
	return rc;
}

static void
options__takes_all_spellings(void **state)
{
	struct values v;

	(void)state;
	assert_int_equal(parse("--flag -t one --number=7 name --drop", &v), OPTIONS_GO);
	assert_true(v.flag);
	assert_false(v.kept);
	assert_string_equal(v.text, "one");
	assert_int_equal(v.number, 7);
	assert_int_equal(v.operands, 1);
	assert_string_equal(v.first, "name");
}

static void
options__names_match_whole(void **state)
{
	struct values v;

	(void)state;
	assert_int_equal(parse("--text-file x", &v), OPTIONS_GO);
	assert_string_equal(v.text, "x");
	assert_int_equal(parse("--tex x", &v), COMMAND_USAGE);
	assert_int_equal(parse("--text-f x", &v), COMMAND_USAGE);
}

static void
options__list_grows_and_is_bounded(void **state)
{
	struct values v;
	char line[512] = "";

	(void)state;
	assert_int_equal(parse("-l a --list b --list=c", &v), OPTIONS_GO);
	assert_int_equal(v.list.n, 3);
	assert_string_equal(v.list.v[2], "c");
	assert_null(v.list.v[3]);
	for (int i = 0; i < OPTION_LIST_MAX; i++)
		strcat(line, "-l a ");
	assert_int_equal(parse(line, &v), OPTIONS_GO);
	assert_int_equal(v.list.n, OPTION_LIST_MAX);
	strcat(line, "-l a ");
	assert_int_equal(parse(line, &v), COMMAND_USAGE);
}

static void
options__number_refuses_other_words(void **state)
{
	static const char *const bad[] = {"-n x", "-n -1", "-n 7x", "-n 99999999999",
	    "--number=", "-n"};
	struct values v;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i], &v), COMMAND_USAGE);
}

static void
options__optional_number_may_be_missing(void **state)
{
	struct values v;

	(void)state;
	assert_int_equal(parse("", &v), OPTIONS_GO);
	assert_int_equal(v.wait, -1);
	assert_int_equal(parse("--wait", &v), OPTIONS_GO);
	assert_int_equal(v.wait, 0);
	assert_int_equal(parse("--wait 20", &v), OPTIONS_GO);
	assert_int_equal(v.wait, 20);
	assert_int_equal(v.operands, 0);
	assert_int_equal(parse("--wait=30", &v), OPTIONS_GO);
	assert_int_equal(v.wait, 30);
	assert_int_equal(parse("--wait name", &v), OPTIONS_GO);
	assert_int_equal(v.operands, 1);
	assert_int_equal(parse("--wait=x", &v), COMMAND_USAGE);
}

static void
options__refuses_what_it_does_not_know(void **state)
{
	struct values v;

	(void)state;
	assert_int_equal(parse("--other", &v), COMMAND_USAGE);
	assert_int_equal(parse("-x", &v), COMMAND_USAGE);
	assert_int_equal(parse("--flag=1", &v), COMMAND_USAGE);
	assert_int_equal(parse("--text", &v), COMMAND_USAGE);
	assert_int_equal(parse("one two", &v), COMMAND_USAGE);
}

static void
options__double_dash_ends_options(void **state)
{
	struct values v;

	(void)state;
	assert_int_equal(parse("-- --flag", &v), OPTIONS_GO);
	assert_false(v.flag);
	assert_string_equal(v.first, "--flag");
	assert_int_equal(parse("-", &v), OPTIONS_GO);
	assert_string_equal(v.first, "-");
}

static void
options__help_wins_over_later_mistakes(void **state)
{
	struct values v;
	int saved = dup(STDOUT_FILENO);

	(void)state;
	fflush(stdout);
	assert_non_null(freopen("/dev/null", "w", stdout));
	assert_int_equal(parse("--help --nonsense", &v), COMMAND_OK);
	assert_int_equal(parse("-h", &v), COMMAND_OK);
	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options__takes_all_spellings),
	    cmocka_unit_test(options__names_match_whole),
	    cmocka_unit_test(options__list_grows_and_is_bounded),
	    cmocka_unit_test(options__number_refuses_other_words),
	    cmocka_unit_test(options__optional_number_may_be_missing),
	    cmocka_unit_test(options__refuses_what_it_does_not_know),
	    cmocka_unit_test(options__double_dash_ends_options),
	    cmocka_unit_test(options__help_wins_over_later_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
