/* The frame of a verb: what is called in which order, what is shown, and with which exit code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "command.h"
#include "verb.h"

static int checks, works, clears, fails_with;
static char said[4096]; /* on both outputs */

static int
check(const struct verb_call *c)
{
	checks++;
	return strcmp(c->operand[0], "bad") == 0 ? command_usage(c->who, "bad is bad") : COMMAND_OK;
}

static int
work(struct verb_call *c, struct gh_error *err)
{
	works++;
	if (fails_with != 0)
		return gh_refuse(err, fails_with, "the store says so");
	c->out = gh_json_new_object();
	return gh_json_set_string(c->out, "name", c->operand[0]) |
	    gh_json_set_string(c->out, "secret", "x") | gh_json_set_int(c->out, "id", c->id);
}

static int
bad_news(struct verb_call *c, struct gh_error *err)
{
	c->exit = COMMAND_FAILED;
	return work(c, err);
}

static int
show(struct verb_call *c)
{
	printf("it is %s\n", gh_json_string(gh_json_get(c->out, "name")));
	return output_finish();
}

static void
clear(void)
{
	clears++;
}

/* The exit code; what was printed is in said. */
static int
run(const struct verb *v, const char *operand, bool json)
{
	char who[] = "gatehouse thing show", option[] = "--json", copy[32];
	char *argv[] = {who, copy, json ? option : NULL, NULL};
	char path[] = "/tmp/gatehouse-test-verb.XXXXXX";
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), fd = mkstemp(path), rc;
	ssize_t n;

	assert_true(out >= 0 && err >= 0 && fd >= 0);
	unlink(path);
	checks = works = clears = 0;
	memset(&verb_shared, 0, sizeof(verb_shared));
	snprintf(copy, sizeof(copy), "%s", operand);
	fflush(NULL);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	rc = verb_run(v, json ? 3 : 2, argv);
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	n = pread(fd, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(out);
	close(err);
	close(fd);
	return rc;
}

static const struct verb plain = {
    .usage = {"NAME", 1, 1, "A verb of the tests.", NULL},
    .options = verb_json_options,
    .object = "thing",
    .check = check,
    .work = work,
    .hidden = "secret",
    .clear = clear,
};

static void
verb__shows_text_or_json(void **state)
{
	struct verb v = plain;

	(void)state;
	assert_int_equal(run(&v, "a", false), COMMAND_OK);
	assert_string_equal(said, "name:   a\nid:     0\n");
	assert_int_equal(run(&v, "a", true), COMMAND_OK);
	assert_string_equal(said, "{\"name\":\"a\",\"secret\":\"x\",\"id\":0}\n");
	v.show = show;
	assert_int_equal(run(&v, "a", false), COMMAND_OK);
	assert_string_equal(said, "it is a\n");
	assert_int_equal(run(&v, "a", true), COMMAND_OK);
	assert_non_null(strstr(said, "{\"name\""));
	assert_int_equal(works, 1);
	assert_int_equal(clears, 1);
}

static void
verb__stops_at_a_wrong_option(void **state)
{
	(void)state;
	assert_int_equal(run(&plain, "bad", false), COMMAND_USAGE);
	assert_non_null(strstr(said, "bad is bad"));
	assert_int_equal(checks, 1);
	assert_int_equal(works, 0);
	assert_int_equal(clears, 1);
	assert_int_equal(run(&plain, "--unknown", false), COMMAND_USAGE);
	assert_int_equal(checks, 0);
}

static void
verb__takes_a_number_where_it_is_one(void **state)
{
	struct verb v = plain;

	(void)state;
	v.operand = OPERAND_ID;
	assert_int_equal(run(&v, "17", false), COMMAND_OK);
	assert_non_null(strstr(said, "id:     17\n"));
	assert_int_equal(run(&v, "0", false), COMMAND_USAGE);
	assert_non_null(strstr(said, "\"0\" is no thing id"));
	assert_int_equal(run(&v, "17x", false), COMMAND_USAGE);
	assert_int_equal(works, 0);
}

static void
verb__names_what_is_not_there(void **state)
{
	struct verb v = plain;

	(void)state;
	fails_with = GH_E_NOT_FOUND;
	assert_int_equal(run(&v, "a", false), COMMAND_FAILED);
	assert_non_null(strstr(said, "there is no thing \"a\": see `gatehouse thing list`"));
	assert_int_equal(clears, 1);
	v.object = NULL;
	assert_int_equal(run(&v, "a", false), COMMAND_FAILED);
	assert_non_null(strstr(said, "the store says so"));
	fails_with = GH_E_CONF;
	assert_int_equal(run(&plain, "a", false), COMMAND_USAGE);
	assert_non_null(strstr(said, "the store says so"));
	fails_with = 0;
}

static void
verb__tells_bad_news_by_its_exit_code(void **state)
{
	struct verb v = plain;

	(void)state;
	v.work = bad_news;
	assert_int_equal(run(&v, "a", true), COMMAND_FAILED);
	assert_non_null(strstr(said, "{\"name\":\"a\""));
}

static void
verb__opens_what_it_needs_first(void **state)
{
	struct verb v = plain;

	(void)state;
	v.needs = NEEDS_CONF;
	setenv("GATEHOUSE_CONF", "/nonexistent/gatehouse.conf", 1);
	assert_int_equal(run(&v, "a", false), COMMAND_USAGE);
	assert_non_null(strstr(said, "/nonexistent/gatehouse.conf"));
	assert_int_equal(works, 0);
	assert_int_equal(clears, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verb__shows_text_or_json),
	    cmocka_unit_test(verb__stops_at_a_wrong_option),
	    cmocka_unit_test(verb__takes_a_number_where_it_is_one),
	    cmocka_unit_test(verb__names_what_is_not_there),
	    cmocka_unit_test(verb__tells_bad_news_by_its_exit_code),
	    cmocka_unit_test(verb__opens_what_it_needs_first),
	};

	return cmocka_run_group_tests_name("verb", tests, NULL, NULL);
}
