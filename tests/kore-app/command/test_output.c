/* Text from outside on a terminal: it steers nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "verbs/db_reseal.h"
#include "output.h"

/* ESC, backspace, new line, DEL, and the C1 controls in UTF-8, of which U+009B begins a sequence as
 * ESC [ does, and one that turns the direction of writing */
#define HOSTILE \
	"a\033[2Kb\bc\nd\177e\xc2\x9b" \
	"1Af\xc2\x80g\xe2\x80\xaeh\xc2\xa0\xc3\xbc\xc2"
#define SAFE_ONE "a?[2Kb?c?d?e?1Af?g?h\xc2\xa0\xc3\xbc\xc2"

static FILE *memory;
static char *written;
static size_t size;

static void
begin(void)
{
	assert_non_null(memory = open_memstream(&written, &size));
}

static void
expect(const char *want)
{
	assert_int_equal(fclose(memory), 0);
	assert_string_equal(written, want);
	free(written);
}

static void
output__replaces_control_characters(void **state)
{
	gh_json *v = gh_json_new_string("x\033\xc2\x9by\xc2\xa0");
	char *text = output_text(v);

	(void)state;
	begin();
	output_safe(memory, HOSTILE);
	expect(SAFE_ONE);
	assert_string_equal(text, "x???y\xc2\xa0");
	free(text);
	gh_json_free(v);
}

static void
failure__replaces_control_characters(void **state)
{
	struct gh_error err;
	FILE *kept = stderr;

	(void)state;
	(void)gh_refuse(&err, GH_E_CONFLICT, "%s", HOSTILE);
	begin();
	stderr = memory;
	assert_int_equal(command_fail("gatehouse x", &err), COMMAND_FAILED);
	stderr = kept;
	expect("gatehouse x: " SAFE_ONE "\n");
}

/* The screen by which a person decides whether rows are accepted. */
static void
reseal__shows_a_name_as_it_is(void **state)
{
	struct store_grant_macs seals = {.problem = "admin_user 4 (eve\033[1A\033[2K) was added",
	    .differences = gh_json_new_array()};

	(void)state;
	begin();
	db_reseal_show(&seals, memory);
	expect("admin_user 4 (eve?[1A?[2K) was added\n");
	store_grant_macs_clear(&seals);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(output__replaces_control_characters),
	    cmocka_unit_test(failure__replaces_control_characters),
	    cmocka_unit_test(reseal__shows_a_name_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
