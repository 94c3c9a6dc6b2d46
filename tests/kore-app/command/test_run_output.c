/* What Kore says becomes lines of our log: all of it, however long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "json.h"
#include "log.h"

#include "run/run_output.h"

static char said[4 * RUN_OUTPUT_LINE_MAX];
static unsigned lines;

static void
take(enum gh_log_level level, const char *line)
{
	struct gh_error err;
	gh_json *o;

	(void)level;
	assert_int_equal(gh_json_parse(line, strlen(line), GH_JSON_STRICT, &o, &err), 0);
	assert_string_equal(gh_json_string(gh_json_get(o, "msg")), "kore");
	strcat(said, gh_json_string(gh_json_get(o, "line")));
	gh_json_free(o);
	lines++;
}

static void
expect(struct run_output *o, const char *text, unsigned wanted_lines, const char *wanted)
{
	said[0] = '\0';
	lines = 0;
	assert_int_equal(write(o->fd[1], text, strlen(text)), strlen(text));
	run_output_read(o, "kore");
	assert_int_equal(lines, wanted_lines);
	assert_string_equal(said, wanted);
}

static void
run_output__each_line_is_logged_and_half_a_line_waits(void **state)
{
	struct run_output o = RUN_OUTPUT_INIT;
	struct gh_error err;

	(void)state;
	assert_int_equal(run_output_open(&o, &err), 0);
	expect(&o, "one\n\ntwo\nth", 2, "onetwo");
	expect(&o, "ree\n", 1, "three");
	run_output_read(&o, "kore"); /* nothing there: does not wait */
	run_output_close(&o);
	run_output_close(&o);
}

static void
run_output__a_long_line_loses_nothing(void **state)
{
	struct run_output o = RUN_OUTPUT_INIT;
	char text[2 * RUN_OUTPUT_LINE_MAX + 1];
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(run_output_open(&o, &err), 0);
	assert_int_equal(write(o.fd[1], text, strlen(text)), strlen(text));
	expect(&o, "\n", 3, text);
	run_output_close(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(run_output__each_line_is_logged_and_half_a_line_waits),
	    cmocka_unit_test(run_output__a_long_line_loses_nothing),
	};

	gh_log_init("test", GH_LOG_DEBUG, take);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
