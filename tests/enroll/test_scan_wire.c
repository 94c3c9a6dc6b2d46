/* What the process that asks endpoints says is believed of targets of the list only, and bounded.
 */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "scan/scan_wire.h"
#include "timestamp.h"

#define TARGETS 3
#define SECOND 1000000

static int
read_answer(const char *text, size_t *target, struct scan_result *r)
{
	struct gh_error err = {0};
	gh_json *o;
	int rc;

	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &o, &err), 0);
	rc = scan_answer_read(o, TARGETS, target, r, &err);
	gh_json_free(o);
	return rc;
}

static void
answer__of_a_target(void **state)
{
	struct scan_result sent = {.verify = "ok", .more = 3}, r;
	struct gh_error err;
	gh_json *o;
	size_t at = 9;

	(void)state;
	assert_int_equal(cert_chain_add(&sent.chain, "\1\2\3", 3, &err), 0);
	o = scan_answer(2, &sent);
	assert_int_equal(scan_answer_read(o, TARGETS, &at, &r, &err), 0);
	assert_int_equal(at, 2);
	assert_int_equal(r.chain.n, 1);
	assert_memory_equal(r.chain.cert[0].der, "\1\2\3", 3);
	assert_string_equal(r.verify, "ok");
	assert_int_equal(r.more, 3);
	gh_json_free(o);
	scan_result_clear(&r);
	scan_result_clear(&sent);
	assert_int_equal(
	    read_answer("{\"target\":0,\"chain\":[],\"more\":0,\"verify\":\"\",\"error\":\"gone\"}",
		&at, &r),
	    0);
	assert_string_equal(r.error, "gone");
	scan_result_clear(&r);
}

static void
answer__what_was_not_asked(void **state)
{
	static const char *const wrong[] = {"{}", "[]", "{\"target\":0}",
	    "{\"target\":0,\"chain\":[],\"verify\":\"\",\"error\":\"gone\"}",
	    "{\"target\":0,\"chain\":[],\"more\":-1,\"verify\":\"\",\"error\":\"gone\"}",
	    "{\"target\":0,\"chain\":[],\"more\":100001,\"verify\":\"\",\"error\":\"gone\"}",
	    "{\"target\":3,\"chain\":[],\"more\":0,\"verify\":\"\",\"error\":\"gone\"}",
	    "{\"target\":-1,\"chain\":[],\"more\":0,\"verify\":\"\",\"error\":\"gone\"}",
	    "{\"target\":0,\"chain\":[],\"more\":0,\"verify\":\"\",\"error\":\"\"}",
	    "{\"target\":0,\"chain\":[\"AQ==\"],\"more\":0,\"verify\":\"ok\",\"error\":\"gone\"}",
	    "{\"target\":0,\"chain\":[1],\"more\":0,\"verify\":\"ok\",\"error\":\"\"}",
	    "{\"target\":0,\"chain\":[\"\"],\"more\":0,\"verify\":\"ok\",\"error\":\"\"}",
	    "{\"target\":0,\"chain\":[\"?\"],\"more\":0,\"verify\":\"ok\",\"error\":\"\"}",
	    "{\"target\":0,\"chain\":[\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\","
	    "\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\"],"
	    "\"more\":0,\"verify\":\"ok\",\"error\":\"\"}"};
	struct scan_result r;
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(read_answer(wrong[i], &at, &r), GH_E_INTERNAL);
		scan_result_clear(&r);
	}
}

static void
order__names_targets_of_its_list(void **state)
{
	static const struct {
		const char *ask;
		size_t n; /* SIZE_MAX: refused */
		size_t number[3];
	} cases[] = {{"[]", 0, {0}}, {"[0,1,2]", 3, {0, 1, 2}}, {"[2]", 1, {2}},
	    {"[0,2]", 2, {0, 2}}, {"[3]", SIZE_MAX, {0}}, {"[-1]", SIZE_MAX, {0}},
	    {"[1,1]", SIZE_MAX, {0}}, {"[1,0]", SIZE_MAX, {0}}, {"[\"x\"]", SIZE_MAX, {0}},
	    {"[0,1,2,2]", SIZE_MAX, {0}}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scan_targets t;
		struct gh_error err;
		size_t *number;
		gh_json *ask;

		assert_int_equal(scan_targets_read("a\nb\nc\n", &t, &err), 0);
		assert_int_equal(gh_json_parse(cases[i].ask, strlen(cases[i].ask), GH_JSON_STRICT,
				     &ask, &err),
		    0);
		assert_int_equal(scan_order_pick(ask, &t, &number), cases[i].n != SIZE_MAX);
		for (size_t k = 0; cases[i].n != SIZE_MAX && k < cases[i].n; k++) {
			const char host[] = {(char)('a' + cases[i].number[k]), '\0'};

			assert_int_equal(number[k], cases[i].number[k]);
			assert_string_equal(t.v[k].host, host);
		}
		assert_true(cases[i].n == SIZE_MAX || t.n == cases[i].n);
		free(number);
		gh_json_free(ask);
		scan_targets_clear(&t);
	}
}

static bool
always(void *arg)
{
	(void)arg;
	return true;
}

static void
read__ends(void **state)
{
	struct scan_wire w = {.fd = -1};
	struct gh_error err;
	gh_json *o;
	int fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	w.fd = fd[0];
	/* nobody says anything: its time, and the wish to stop */
	assert_int_equal(scan_wire_read(&w, 100, gh_now_us(), &o, &err), GH_E_REQUEST_TIMEOUT);
	w.is_stopping = always;
	assert_int_equal(scan_wire_read(&w, 100, gh_now_us() + 600 * (int64_t)SECOND, &o, &err),
	    GH_E_BUSY);
	w.is_stopping = NULL;
	/* too long, no JSON, and gone in the middle */
	assert_int_equal(write(fd[1], "\0\0\0\x65", 4), 4);
	assert_int_equal(scan_wire_read(&w, 100, gh_now_us() + 600 * (int64_t)SECOND, &o, &err),
	    GH_E_INTERNAL);
	assert_int_equal(write(fd[1], "\0\0\0\1?", 5), 5);
	assert_int_equal(scan_wire_read(&w, 100, gh_now_us() + 600 * (int64_t)SECOND, &o, &err),
	    GH_E_INTERNAL);
	assert_int_equal(write(fd[1], "\0\0\0\2{", 5), 5);
	close(fd[1]);
	assert_int_equal(scan_wire_read(&w, 100, gh_now_us() + 600 * (int64_t)SECOND, &o, &err),
	    GH_E_INTERNAL);
	assert_null(o);
	close(fd[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answer__of_a_target),
	    cmocka_unit_test(answer__what_was_not_asked),
	    cmocka_unit_test(order__names_targets_of_its_list),
	    cmocka_unit_test(read__ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
