/* The signer as a process: how it starts and ends, its sockets, and bytes that are no message. */
#include "ca-backend/signer_fixture.h"

/* --- life ------------------------------------------------------------------------------------- */

static void
signer__is_killed_and_starts_again(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields);
	struct gh_error err;
	X509 *x;

	assert_int_equal(sign(f, &fields, &x, &err), 0);
	X509_free(x);
	assert_int_equal(signer_process_stop(&f->sp, SIGKILL), 256 + SIGKILL);
	assert_int_equal(sign(f, &fields, &x, &err), GH_E_SIGNER_DOWN);
	/* the socket file is still there, and nobody answers */
	assert_int_equal(access(f->sp.socket, F_OK), 0);
	signer_process_start(&f->sp, "8");
	assert_int_equal(sign(f, &fields, &x, &err), GH_E_NOT_FOUND);
	load(f);
	assert_int_equal(sign(f, &fields, &x, &err), 0);
	X509_free(x);
	OPENSSL_free(name);
}

/* The client's connection died while nothing was asked: one new connection, no error. */
static void
signer_client__reconnects(void **state)
{
	struct fixture *f = *state;
	struct gh_error err;

	assert_int_equal(signer_client_ping(f->client, &err), 0);
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0);
	assert_int_not_equal(access(f->sp.socket, F_OK), 0);
	signer_process_start(&f->sp, "8");
	assert_int_equal(signer_client_ping(f->client, &err), 0);
	load(f);
}

static int
run_signer(struct fixture *f, char *socket_path, char *key_file)
{
	char *argv[] = {(char *)"gatehouse-signer", (char *)"--socket", socket_path,
	    (char *)"--key-file", key_file, NULL};

	return wait_for(spawn_signer(&f->sp, argv, -1));
}

static void
signer__refuses_to_start(void **state)
{
	struct fixture *f = *state;
	char key[128], socket_path[128];
	struct gh_error err;
	int fd;

	/* a live one is left alone */
	assert_int_equal(run_signer(f, f->sp.socket, f->sp.key_file), 1);
	assert_int_equal(signer_client_ping(f->client, &err), 0);
	snprintf(socket_path, sizeof(socket_path), "%s/other", f->sp.dir);
	snprintf(key, sizeof(key), "%s/badkey", f->sp.dir);
	assert_int_equal(run_signer(f, socket_path, key), 1); /* no key file */
	write_key_file(key, 0640);
	assert_int_equal(run_signer(f, socket_path, key), 1); /* others may read it */
	write_key_file(key, 0604);
	assert_int_equal(run_signer(f, socket_path, key), 1);
	MUST((fd = open(key, O_WRONLY | O_TRUNC)) >= 0 && fchmod(fd, 0600) == 0);
	MUST(write(fd, "1234\n", 5) == 5);
	close(fd);
	assert_int_equal(run_signer(f, socket_path, key), 1);          /* no 64 digits */
	assert_int_equal(run_signer(f, f->sp.log, f->sp.key_file), 1); /* a file, not a socket */
	assert_int_equal(access(f->sp.log, F_OK), 0);
	assert_int_not_equal(access(socket_path, F_OK), 0);
	unlink(key);
}

static void
signer__refuses_wrong_options(void **state)
{
	struct fixture *f = *state;
	char *const lines[][8] = {
	    {(char *)"s", NULL},
	    {(char *)"s", (char *)"--socket", f->sp.socket, NULL},
	    {(char *)"s", (char *)"--key-file", f->sp.key_file, NULL},
	    {(char *)"s", (char *)"--key-file", f->sp.key_file, (char *)"--socket", f->sp.socket,
		(char *)"--admin-fd", (char *)"3", NULL},
	    {(char *)"s", (char *)"--key-file", f->sp.key_file, (char *)"--socket", f->sp.socket,
		(char *)"--max-connections", (char *)"0", NULL},
	    {(char *)"s", (char *)"--key-file", f->sp.key_file, (char *)"--socket", f->sp.socket,
		(char *)"--peer-user", (char *)"no-such-user-here", NULL},
	    {(char *)"s", (char *)"--nonsense", NULL},
	};
	char *const help[] = {(char *)"s", (char *)"--help", NULL};
	char *const version[] = {(char *)"s", (char *)"--version", NULL};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(wait_for(spawn_signer(&f->sp, lines[i], -1)), 2);
	assert_int_equal(wait_for(spawn_signer(&f->sp, help, -1)), 0);
	assert_int_equal(wait_for(spawn_signer(&f->sp, version, -1)), 0);
}

static void
signer__has_a_socket_for_its_group_only(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(stat(f->sp.socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

/* The value of a line of /proc/PID/status. */
static long
status_value(pid_t pid, const char *name)
{
	char path[64], line[256];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	MUST((file = fopen(path, "r")) != NULL);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			value = strtol(line + strlen(name) + 1, NULL, 10);
	}
	fclose(file);
	return value;
}

static void
signer__has_given_up_privileges(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(status_value(f->sp.pid, "NoNewPrivs"), 1);
#ifndef HAS_SANITIZER
	assert_int_equal(status_value(f->sp.pid, "Seccomp"), 2);
#endif
}

/* --- hostile peers ---------------------------------------------------------------------------- */

static int
connect_raw(struct fixture *f)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval tv = {20, 0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0);
	strcpy(addr.sun_path, f->sp.socket);
	MUST(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	MUST(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	return fd;
}

/* The signer must close, after at most `answers` bytes; and serve others on. */
static void
assert_closes(struct fixture *f, int fd, bool may_answer)
{
	unsigned char buf[4096];
	size_t got = 0;
	struct gh_error err;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		got += (size_t)n;
	assert_true(n == 0 || errno == ECONNRESET);
	if (!may_answer)
		assert_int_equal(got, 0);
	close(fd);
	assert_int_equal(signer_client_ping(f->client, &err), 0);
}

static void
send_raw(int fd, const void *p, size_t n)
{
	assert_int_equal(send(fd, p, n, MSG_NOSIGNAL), n);
}

static void
signer__closes_on_impossible_lengths(void **state)
{
	static const unsigned char zero[] = {0, 0, 0, 0, 1}, huge[] = {0xff, 0xff, 0xff, 0xff, 1};
	static const unsigned char over[] = {0, 4, 0, 1, 1}; /* 256 KiB + 1 */
	struct fixture *f = *state;
	int fd;

	fd = connect_raw(f);
	send_raw(fd, zero, sizeof(zero));
	assert_closes(f, fd, false);
	fd = connect_raw(f);
	send_raw(fd, huge, sizeof(huge));
	assert_closes(f, fd, false);
	fd = connect_raw(f);
	send_raw(fd, over, sizeof(over));
	assert_closes(f, fd, false);
}

static void
signer__closes_on_garbage(void **state)
{
	static const unsigned char unknown[] = {0, 0, 0, 1, 77}, long_ping[] = {0, 0, 0, 2, 1, 0};
	static const unsigned char cut[] = {0, 0, 0, 6, 3, 0, 0, 0, 99, 1};
	static const unsigned char http[] = "GET / HTTP/1.0\r\n\r\n";
	struct fixture *f = *state;
	int fd;

	fd = connect_raw(f);
	send_raw(fd, unknown, sizeof(unknown));
	assert_closes(f, fd, true);
	fd = connect_raw(f);
	send_raw(fd, long_ping, sizeof(long_ping));
	assert_closes(f, fd, true);
	fd = connect_raw(f);
	send_raw(fd, cut, sizeof(cut));
	assert_closes(f, fd, true);
	fd = connect_raw(f);
	send_raw(fd, http, sizeof(http) - 1);
	assert_closes(f, fd, false);
}

static void
signer__survives_random_payloads(void **state)
{
	static const unsigned char ops[] = {0, 1, 2, 3, 4, 5, 6, 7, 32, 33, 34, 35, 36, 37, 38,
	    255};
	struct fixture *f = *state;
	unsigned char frame[4 + 1 + 200] = {0, 0, 0, 201};
	int i, fd;

	for (i = 0; i < 200; i++) {
		MUST(RAND_bytes(frame + 5, 200) == 1);
		frame[4] = ops[(size_t)i % sizeof(ops)];
		fd = connect_raw(f);
		send_raw(fd, frame, sizeof(frame));
		shutdown(fd, SHUT_WR);
		assert_closes(f, fd, true);
	}
}

static void
signer__ends_a_stalled_frame(void **state)
{
	static const unsigned char half[] = {0, 0, 0, 100, 3, 0};
	struct fixture *f = *state;
	int64_t begin = gh_now_us();
	int fd = connect_raw(f);

	send_raw(fd, half, sizeof(half));
	assert_closes(f, fd, false);
	assert_in_range(gh_now_us() - begin, 4000000, 60000000);
}

static void
signer__bounds_its_connections(void **state)
{
	struct fixture *f = *state;
	int fd[9], i, closed = 0;
	char c;

	/* 8 at a time, and the client of the fixture holds one */
	for (i = 0; i < 9; i++)
		fd[i] = connect_raw(f);
	for (i = 0; i < 9; i++) {
		struct pollfd pfd = {fd[i], POLLIN, 0};

		if (poll(&pfd, 1, i == 8 ? 10000 : 0) == 1 && recv(fd[i], &c, 1, 0) == 0)
			closed++;
	}
	assert_in_range(closed, 1, 2);
	for (i = 0; i < 9; i++)
		close(fd[i]);
}

static void
signer__refuses_foreign_users(void **state)
{
	struct fixture *f = *state;
	struct signer_client *c;
	struct gh_error err;
	pid_t pid;

	if (geteuid() != 0)
		return; /* only root can become somebody else, and root may always connect */
	MUST(chmod(f->sp.dir, 0755) == 0 && chmod(f->sp.socket, 0666) == 0);
	MUST((pid = fork()) >= 0);
	if (pid == 0) {
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(3);
		c = signer_process_client(&f->sp);
		_exit(signer_client_ping(c, &err) == GH_E_SIGNER_DOWN ? 0 : 1);
	}
	assert_int_equal(wait_for(pid), 0);
	MUST(chmod(f->sp.socket, 0660) == 0);
}

/* --- several threads -------------------------------------------------------------------------- */

struct thread_job {
	struct fixture *f;
	int failures;
};

static void *
sign_many(void *arg)
{
	struct thread_job *job = arg;
	struct fixture mine = *job->f;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(&mine, &fields), *der;
	struct gh_error err;
	size_t len;
	int i;

	mine.client = signer_process_client(&job->f->sp);
	for (i = 0; i < 200; i++) {
		if (sign_one(mine.client, &fields, &der, &len, &err) != 0)
			job->failures++;
		free(der);
	}
	signer_client_free(mine.client);
	OPENSSL_free(name);
	return NULL;
}

static void
signer__signs_in_parallel_while_a_ca_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct thread_job jobs[4];
	pthread_t thread[4];
	int i;

	for (i = 0; i < 4; i++) {
		jobs[i] = (struct thread_job){.f = f};
		MUST(pthread_create(&thread[i], NULL, sign_many, &jobs[i]) == 0);
	}
	for (i = 0; i < 50; i++)
		load(f);
	for (i = 0; i < 4; i++) {
		MUST(pthread_join(thread[i], NULL) == 0);
		assert_int_equal(jobs[i].failures, 0);
	}
}

/* A client without a signer behind it, or with one that does not answer. */
static void
signer_client__gives_up(void **state)
{
	struct signer_client *c;
	struct gh_error err;
	int64_t begin;
	int fd[2];

	(void)state;
	assert_int_equal(signer_client_new("/nonexistent/socket", 1000, &c, &err), 0);
	assert_int_equal(signer_client_ping(c, &err), GH_E_SIGNER_DOWN);
	signer_client_free(c);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	assert_int_equal(signer_client_from_fd(fd[0], 200, &c, &err), 0);
	begin = gh_now_us();
	assert_int_equal(signer_client_ping(c, &err), GH_E_SIGNER_DOWN);
	assert_in_range(gh_now_us() - begin, 190000, 60000000);
	signer_client_free(c);
	close(fd[1]);
}

/* Answers that no signer gives. */
static void
signer_client__refuses_garbled_answers(void **state)
{
	static const unsigned char answers[][16] = {
	    {4, 0, 0, 0, 0},                             /* empty frame */
	    {4, 0xff, 0, 0, 0},                          /* oversized */
	    {5, 0, 0, 0, 1, 2},                          /* of another operation */
	    {6, 0, 0, 0, 2, 1, 0},                       /* bytes behind */
	    {5, 0, 0, 0, 1, 0},                          /* error without code */
	    {13, 0, 0, 0, 9, 0, 0, 0, 0, 7, 0, 0, 0, 0}, /* a code that is no error */
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct signer_client *c;
		struct gh_error err;
		int fd[2];

		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
		send_raw(fd[1], answers[i] + 1, answers[i][0]);
		assert_int_equal(signer_client_from_fd(fd[0], 2000, &c, &err), 0);
		assert_int_equal(signer_client_ping(c, &err), GH_E_SIGNER_DOWN);
		signer_client_free(c);
		close(fd[1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signer__is_killed_and_starts_again),
	    cmocka_unit_test(signer_client__reconnects),
	    cmocka_unit_test(signer__refuses_to_start),
	    cmocka_unit_test(signer__refuses_wrong_options),
	    cmocka_unit_test(signer__has_a_socket_for_its_group_only),
	    cmocka_unit_test(signer__has_given_up_privileges),
	    cmocka_unit_test(signer__closes_on_impossible_lengths),
	    cmocka_unit_test(signer__closes_on_garbage),
	    cmocka_unit_test(signer__survives_random_payloads),
	    cmocka_unit_test(signer__ends_a_stalled_frame),
	    cmocka_unit_test(signer__bounds_its_connections),
	    cmocka_unit_test(signer__refuses_foreign_users),
	    cmocka_unit_test(signer__signs_in_parallel_while_a_ca_is_replaced),
	    cmocka_unit_test(signer_client__gives_up),
	    cmocka_unit_test(signer_client__refuses_garbled_answers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
