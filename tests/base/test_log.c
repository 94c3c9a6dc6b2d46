/* Lines: valid JSON whatever is logged, cut between characters, and never waiting for a reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "json.h"
#include "log.h"
#include "log_queue.h"
#include "sanitizer.h"
#include "timestamp.h"

#define DOTS "\xe2\x80\xa6"

/* --- what a line looks like ------------------------------------------------------------------- */

static gh_json *last;
static unsigned lines;

static void
take(enum gh_log_level level, const char *line)
{
	struct gh_error err = {0};

	(void)level;
	assert_true(strlen(line) < GH_LOG_LINE_MAX);
	gh_json_free(last);
	last = NULL;
	/* strict: UTF-8, no member twice */
	if (gh_json_parse(line, strlen(line), GH_JSON_STRICT, &last, &err) != 0)
		fail_msg("%s: %s", err.detail, line);
	/* nor does a line steer the terminal it is read on: controls, as U+009B, are escaped */
	for (const char *p = line; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f ||
		    ((unsigned char)*p == 0xc2 && (unsigned char)p[1] < 0xa0))
			fail_msg("a control character in %s", line);
	lines++;
}

static const char *
member(const char *name)
{
	const char *v = gh_json_string(gh_json_get(last, name));

	return v != NULL ? v : "(none)";
}

static bool
is_cut(void)
{
	return gh_json_get(last, "cut") != NULL;
}

static int
begin(void **state)
{
	(void)state;
	gh_log_init("test", GH_LOG_INFO, take);
	gh_log_context(NULL, NULL);
	return 0;
}

static void
log__members(void **state)
{
	(void)state;
	gh_log_context("r1", "alice");
	gh_log_kv(GH_LOG_WARN, "hello", "a", "b\"\\\n\x7f\xff", "empty", "", "null", NULL,
	    "requester", "alice", NULL);
	assert_string_equal(member("msg"), "hello");
	assert_string_equal(member("level"), "warn");
	assert_string_equal(member("a"), "b\"\\\n\x7f?");
	assert_string_equal(member("request_id"), "r1");
	assert_null(gh_json_get(last, "empty"));
	assert_non_null(gh_json_get(last, "null"));
	assert_false(is_cut());
	gh_log_kv(GH_LOG_WARN, "controls", "c1",
	    "a\xc2\x9b"
	    "2J\xc2\x80\xc2\x9f\xc2\xa0",
	    NULL);
	assert_string_equal(member("c1"),
	    "a\xc2\x9b"
	    "2J\xc2\x80\xc2\x9f\xc2\xa0");
	lines = 0;
	gh_log_kv(GH_LOG_DEBUG, "not logged", NULL);
	assert_int_equal(lines, 0);
}

/* A requester that does not fit into the context is said whole by the member. */
static void
log__long_requester(void **state)
{
	char name[400];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[256] = '\0';
	gh_log_context("r1", name);
	gh_log_kv(GH_LOG_INFO, "m", "requester", name, NULL);
	assert_string_equal(member("requester"), name);
}

static void
log__long_values_are_cut_between_characters(void **state)
{
	char text[3000];
	const char *v;
	size_t n;

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'a', shift);
		for (size_t i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 4);
		gh_log_kv(GH_LOG_INFO, "m", "long", text, "behind", "there", NULL);
		v = member("long");
		n = strlen(v);
		assert_true(n > 1000 && n <= 1024 + 3);
		assert_string_equal(v + n - 3, DOTS);
		assert_memory_equal(v, text, n - 3);
		assert_int_equal((n - 3 - shift) % 3, 0);
		assert_string_equal(member("behind"), "there");
		assert_true(is_cut());
	}
	gh_log(GH_LOG_INFO, "%s", text);
	v = member("msg");
	assert_string_equal(v + strlen(v) - 3, DOTS);
	assert_memory_equal(v, text, strlen(v) - 3);
}

/* Whatever the lengths and bytes: valid, and never longer than a line. */
static void
log__lines_are_valid_at_every_length(void **state)
{
	static const char *const bytes[] = {"a", "\x01", "\"", "\xff", "\xf0\x9f\x98\x80",
	    "\xe2\x82"};
	static char text[5000];

	(void)state;
	for (size_t b = 0; b < sizeof(bytes) / sizeof(bytes[0]); b++)
		for (size_t len = 0; len < 1300; len += 1 + len / 37) {
			text[0] = '\0';
			for (size_t n = 0; n + strlen(bytes[b]) <= len; n += strlen(bytes[b]))
				strcpy(text + n, bytes[b]);
			gh_log_context(text, text);
			gh_log_kv(GH_LOG_INFO, text, "a", text, "b", text, "c", text, "d", text,
			    "e", "end", NULL);
			gh_log(GH_LOG_INFO, "%s", text);
		}
}

static void
log__what_a_call_does_is_in_its_line(void **state)
{
	static char text[3000];
	struct gh_log_event e = {0};

	(void)state;
	lines = 0;
	gh_log_collect(&e);
	gh_log_event(GH_LOG_INFO, "issued", "serial", "01", "empty", "", NULL);
	assert_int_equal(lines, 0);
	gh_log_event(GH_LOG_INFO, "another", "serial", "02", NULL);
	assert_int_equal(lines, 1);
	assert_string_equal(member("msg"), "another");
	gh_log_collect(NULL);
	gh_log_call(GH_LOG_INFO, "request", &e, "status", "200", NULL);
	assert_string_equal(member("msg"), "request");
	assert_string_equal(member("event"), "issued");
	assert_string_equal(member("serial"), "01");
	assert_string_equal(member("status"), "200");
	gh_log_event(GH_LOG_INFO, "alone", NULL);
	assert_string_equal(member("msg"), "alone");
	gh_log_call(GH_LOG_INFO, "request", NULL, "status", "201", NULL);
	assert_string_equal(member("status"), "201");
	gh_log_collect(&e); /* taken up again: it has its event */
	gh_log_event(GH_LOG_INFO, "another", NULL);
	gh_log_collect(NULL);
	gh_log_call(GH_LOG_INFO, "request", &e, "status", "202", NULL);
	assert_string_equal(member("event"), "issued");
	assert_string_equal(member("status"), "202");

	memset(text, 'x', sizeof(text) - 1);
	e = (struct gh_log_event){0};
	gh_log_collect(&e);
	gh_log_event(GH_LOG_INFO, text, "a", text, "b", text, NULL);
	gh_log_collect(NULL);
	gh_log_context(text, text);
	gh_log_call(GH_LOG_INFO, "request", &e, "path", text, "cause", text, NULL);
	assert_true(is_cut());
	assert_string_not_equal(member("event"), "(none)");
	assert_string_not_equal(member("path"), "(none)");
}

/* --- nobody reads ----------------------------------------------------------------------------- */

#define MANY 6000 /* lines: far more than the queue and a pipe hold */

/* Runs fn in a process of its own, with stderr a pipe. The reading end; *pid. */
static int
spawn(void (*fn)(void), pid_t *pid)
{
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	fflush(NULL);
	*pid = fork();
	if (*pid == 0) {
		alarm(60);
		signal(SIGSEGV, SIG_DFL); /* cmocka has its own */
		dup2(fd[1], STDERR_FILENO);
		close(fd[0]);
		close(fd[1]);
		gh_log_init("child", GH_LOG_INFO, NULL);
		gh_log_start();
		fn();
		exit(0);
	}
	close(fd[1]);
	return fd[0];
}

/* All that comes until the end; malloc'd. */
static char *
read_all(int fd)
{
	size_t size = 1 << 20, len = 0;
	char *text = malloc(size);
	ssize_t n;

	assert_non_null(text);
	while ((n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fd);
	return text;
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

static void
log_many(void)
{
	int64_t begin_us = gh_now_us();

	for (int i = 0; i < MANY; i++)
		gh_log_kv(GH_LOG_INFO, "line", "filler", "0123456789012345678901234567890123456789",
		    NULL);
	gh_log_kv(GH_LOG_ERROR, "important", NULL);
	/* nobody reads until this has returned: what waits for a reader waits for ever */
	if (gh_now_us() - begin_us > 30 * 1000000 || gh_log_lost() < 1000)
		_exit(9);
}

static void
end_with_a_stuck_reader(void)
{
	log_many();
}

/* Neither logging nor the end waits for a reader. */
static void
log__nobody_waits_for_a_reader(void **state)
{
	int64_t begin_us = gh_now_us();
	pid_t pid;
	int fd = spawn(end_with_a_stuck_reader, &pid), status;

	(void)state;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(gh_now_us() - begin_us < (GH_LOG_END_MS + 40000) * INT64_C(1000));
	close(fd);
}

/* A step of one process that the other waits for. */
static int step[2];

static void
tell(void)
{
	if (write(step[1], "x", 1) != 1)
		_exit(8);
}

static void
await(void)
{
	char c;

	if (read(step[0], &c, 1) != 1)
		_exit(8);
}

static void
wait_for_a_reader(void)
{
	log_many();
	tell();
	while (!gh_log_flush(1000))
		;
	gh_log(GH_LOG_INFO, "after");
}

/* The count is told, errors have room when usual lines have none, and each line is whole. */
static void
log__dropped_lines_are_counted(void **state)
{
	pid_t pid;
	int fd, status;
	char *text, *line, *rest;
	size_t told = 0;

	(void)state;
	assert_int_equal(pipe(step), 0);
	fd = spawn(wait_for_a_reader, &pid);
	await(); /* the reader is late */
	text = read_all(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(count(text, "\"msg\":\"important\""), 1);
	assert_int_equal(count(text, "\"msg\":\"after\""), 1);
	rest = strdup(text);
	for (line = strtok(rest, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		take(GH_LOG_INFO, line);
		if (strncmp(member("msg"), "log lines were dropped", 22) == 0)
			told += (size_t)atoi(member("lines"));
	}
	assert_int_equal(count(text, "\"msg\":\"line\"") + told, MANY);
	free(rest);
	free(text);
}

static void
log_and_crash(void)
{
	for (int i = 0; i < 500; i++)
		gh_log_kv(GH_LOG_INFO, "line", NULL);
	gh_log_kv(GH_LOG_INFO, "last words", NULL);
	raise(SIGSEGV);
}

static void
log_and_abort(void)
{
	gh_log_kv(GH_LOG_INFO, "last words", NULL);
	abort();
}

static void
log_and_exit(void)
{
	gh_log_kv(GH_LOG_INFO, "last words", NULL);
	exit(0);
}

static void
hold_and_crash(void)
{
	gh_log_hold();
	log_and_crash();
}

static void
hold_and_exit(void)
{
	gh_log_hold();
	log_and_exit();
}

/* A child of a process that logs has a queue of its own. */
static void
log_and_fork(void)
{
	pid_t pid;

	gh_log_kv(GH_LOG_INFO, "parent", NULL);
	if ((pid = fork()) == 0)
		log_and_exit();
	waitpid(pid, NULL, 0);
}

static void
log__last_lines_survive_the_end(void **state)
{
	static const struct {
		void (*fn)(void);
		int signal;
	} rows[] = {
	    {log_and_crash, SIGSEGV},
	    {log_and_abort, SIGABRT},
	    {log_and_exit, 0},
	    {hold_and_crash, SIGSEGV},
	    {hold_and_exit, 0},
	    {log_and_fork, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pid_t pid;
		int fd = spawn(rows[i].fn, &pid), status;
		char *text = read_all(fd);

		assert_int_equal(waitpid(pid, &status, 0), pid);
#ifndef HAS_SANITIZER /* which has a handler of its own */
		assert_int_equal(WIFSIGNALED(status) ? WTERMSIG(status) : 0, rows[i].signal);
#endif
		if (rows[i].signal == 0 || WIFSIGNALED(status))
			assert_int_equal(count(text, "last words"), 1);
		free(text);
	}
}

static void
hold_and_wait(void)
{
	gh_log_hold();
	gh_log_kv(GH_LOG_INFO, "held", NULL);
	gh_log_release();
	await();
	gh_log_hold();
	gh_log_kv(GH_LOG_INFO, "held too", NULL);
	gh_log_kv(GH_LOG_WARN, "warning", NULL);
	await();
}

/* The process goes on only when the lines are there. */
static void
log__held_lines_are_written_together(void **state)
{
	static const char *const last_words[] = {"\"held\"", "\"warning\""};
	char text[4096] = "";
	size_t len = 0;
	pid_t pid;
	int fd, status;

	(void)state;
	assert_int_equal(pipe(step), 0);
	fd = spawn(hold_and_wait, &pid);
	for (size_t i = 0; i < 2; i++) {
		while (strstr(text, last_words[i]) == NULL) {
			ssize_t n = read(fd, text + len, sizeof(text) - 1 - len);

			assert_true(n > 0);
			len += (size_t)n;
			text[len] = '\0';
		}
		tell();
	}
	assert_int_equal(count(text, "\"held too\""), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(step[0]);
	close(step[1]);
	close(fd);
}

static void *
log_some(void *arg)
{
	(void)arg;
	for (int i = 0; i < 500; i++)
		gh_log_kv(GH_LOG_INFO, "line", "filler",
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL);
	return NULL;
}

static void
log_in_threads(void)
{
	pthread_t t[4];

	for (size_t i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, log_some, NULL) != 0)
			_exit(9);
	for (size_t i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

static void
log__threads_do_not_mix_their_lines(void **state)
{
	pid_t pid;
	int fd = spawn(log_in_threads, &pid), status;
	char *text = read_all(fd), *line;
	size_t n = 0, told = 0;

	(void)state;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		take(GH_LOG_INFO, line);
		n += strcmp(member("msg"), "line") == 0;
		told += strcmp(member("lines"), "(none)") != 0 ? (size_t)atoi(member("lines")) : 0;
	}
	assert_int_equal(n + told, 2000);
	free(text);
}

static void
log_to_nobody(void)
{
	await();
	for (int i = 0; i < 100; i++)
		gh_log_kv(GH_LOG_INFO, "line", NULL);
}

/* A reader that is gone ends nobody: no SIGPIPE. */
static void
log__a_closed_pipe_is_no_end(void **state)
{
	pid_t pid;
	int fd, status;

	(void)state;
	assert_int_equal(pipe(step), 0);
	fd = spawn(log_to_nobody, &pid);
	close(fd);
	tell();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define T(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(log__members),
	    T(log__long_requester),
	    T(log__long_values_are_cut_between_characters),
	    T(log__lines_are_valid_at_every_length),
	    T(log__what_a_call_does_is_in_its_line),
	    T(log__nobody_waits_for_a_reader),
	    T(log__dropped_lines_are_counted),
	    T(log__last_lines_survive_the_end),
	    T(log__held_lines_are_written_together),
	    T(log__threads_do_not_mix_their_lines),
	    T(log__a_closed_pipe_is_no_end),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	gh_json_free(last);
	return rc;
}
