/* Certificates in batches, with a real signer; and with one that dies, or answers in another order,
 * between two answers: a relay before it plays that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <sys/un.h>

#include "ca-backend/signer_process.h"
#include "issuing/ca.h"

#define N SIGNER_CERT_BATCH_MAX

struct fixture {
	struct signer_process sp;
	struct ca *fast, *slow; /* P-256, RSA-2048 */
	struct signer_client *client;
	EVP_PKEY *key;
	unsigned char *spki;
	size_t spki_len;
};

static struct ca *
make_issuing(struct signer_process *sp, const struct made_ca *root, const char *name,
    const char *alg)
{
	struct ca *ca = calloc(1, sizeof(*ca));
	struct made_ca made = {0};
	struct gh_error err;

	MUST(ca != NULL && (ca->name = strdup(name)) != NULL);
	assert_int_equal(make_ca(sp, name, alg, root, &issuing_limits, &made, &err), 0);
	assert_int_equal(cert_chain_add(&ca->chain, made.cert, made.cert_len, &err), 0);
	ca->sealed = made.sealed;
	ca->sealed_len = made.sealed_len;
	made.sealed = NULL;
	ca->state = CA_ACTIVE;
	assert_int_equal(ca_finish(ca, &err), 0);
	made_ca_free(&made);
	return ca;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct made_ca root = {0};
	struct gh_error err;
	int n;

	MUST(f != NULL);
	signer_process_new(&f->sp);
	assert_int_equal(make_ca(&f->sp, "Root", "P-256", NULL, &root_limits, &root, &err), 0);
	f->fast = make_issuing(&f->sp, &root, "Fast", "P-256");
	f->slow = make_issuing(&f->sp, &root, "Slow", "RSA-2048");
	made_ca_free(&root);
	signer_process_start(&f->sp, "8");
	f->client = signer_process_client(&f->sp);
	MUST((f->key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")) != NULL);
	MUST((n = i2d_PUBKEY(f->key, &f->spki)) > 0);
	f->spki_len = (size_t)n;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	signer_client_free(f->client);
	signer_process_free(&f->sp);
	ca_free(f->fast);
	ca_free(f->slow);
	EVP_PKEY_free(f->key);
	OPENSSL_free(f->spki);
	free(f);
	return 0;
}

/* --- batches ---------------------------------------------------------------------------------- */

struct batch {
	struct ca_signing m[N];
	struct cert_spec *spec[N];
	size_t n;
};

/* Member i is asked for "CN=member i". */
static void
batch_open(struct batch *b, const struct fixture *f, const struct ca *ca, size_t n)
{
	memset(b, 0, sizeof(*b));
	b->n = n;
	for (size_t i = 0; i < n; i++) {
		X509_EXTENSION *usage =
		    X509V3_EXT_conf(NULL, NULL, "keyUsage", "critical,digitalSignature");
		struct cert_spec *spec = b->spec[i] = cert_spec_new();
		char cn[32];

		snprintf(cn, sizeof(cn), "member %zu", i);
		MUST(spec != NULL && (spec->spki = malloc(f->spki_len)) != NULL);
		memcpy(spec->spki, f->spki, f->spki_len);
		spec->spki_len = f->spki_len;
		spec->not_before = gh_now() - 600;
		spec->not_after = gh_now() + 300 * DAY;
		MUST(X509_NAME_add_entry_by_txt(spec->subject, "CN", MBSTRING_UTF8,
			 (const unsigned char *)cn, -1, -1, 0) == 1);
		MUST(usage != NULL && sk_X509_EXTENSION_push(spec->extensions, usage) > 0);
		b->m[i] = (struct ca_signing){.ca = ca, .spec = spec};
	}
}

static void
batch_close(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->m[i].cert);
		cert_spec_free(b->spec[i]);
	}
}

/* Its own certificate, by its own CA. */
static void
assert_signed(const struct batch *b, size_t i)
{
	const struct ca_signing *m = &b->m[i];
	const unsigned char *p = m->cert;
	X509 *x;

	if (m->rc != 0)
		fail_msg("member %zu: %d %s", i, m->rc, m->err.detail);
	x = d2i_X509(NULL, &p, (long)m->cert_len);
	assert_non_null(x);
	assert_int_equal(X509_NAME_cmp(X509_get_subject_name(x), m->spec->subject), 0);
	assert_int_equal(X509_verify(x, X509_get0_pubkey(m->ca->cert)), 1);
	X509_free(x);
}

static void
assert_failed(const struct batch *b, size_t i, int code)
{
	assert_int_equal(b->m[i].rc, code);
	assert_null(b->m[i].cert);
	assert_int_equal(b->m[i].cert_len, 0);
	assert_true(b->m[i].err.detail[0] != '\0');
}

static void
batch__each_gets_its_own(void **state)
{
	struct fixture *f = *state;

	for (size_t n = 1; n <= N; n += 5) {
		struct batch b;

		batch_open(&b, f, f->fast, n);
		if (n > 2)
			b.m[1].ca = f->slow;
		ca_sign_batch(f->client, b.m, n);
		for (size_t i = 0; i < n; i++)
			assert_signed(&b, i);
		batch_close(&b);
	}
}

static void
batch__refused_members_fail_alone(void **state)
{
	struct fixture *f = *state;
	struct ca disabled = *f->fast;
	struct batch b;

	disabled.state = CA_DISABLED;
	batch_open(&b, f, f->fast, 6);
	b.m[1].ca = &disabled;                       /* refused here */
	b.spec[3]->not_after = gh_now() + 500 * DAY; /* by the signer: beyond its limits */
	b.spec[4]->spki_len = 3;                     /* malformed */
	ca_sign_batch(f->client, b.m, b.n);
	assert_failed(&b, 1, GH_E_CA_UNAVAILABLE);
	assert_failed(&b, 3, GH_E_CA_POLICY);
	assert_failed(&b, 4, GH_E_SIGNER);
	assert_signed(&b, 0);
	assert_signed(&b, 2);
	assert_signed(&b, 5);
	batch_close(&b);
}

static int
lines_with(const struct signer_process *sp, const char *words)
{
	FILE *log = fopen(sp->log, "r");
	char line[4096];
	int n = 0;

	MUST(log != NULL);
	while (fgets(line, sizeof(line), log) != NULL)
		n += strstr(line, words) != NULL;
	fclose(log);
	return n;
}

static void
batch__restarted_signer_loads_each_ca_once(void **state)
{
	struct fixture *f = *state;
	struct ca keyless = *f->fast;
	struct batch b;
	int before, issued;

	assert_int_equal(signer_process_stop(&f->sp, SIGKILL), 256 + SIGKILL);
	signer_process_start(&f->sp, "8");
	keyless.sealed = NULL;
	keyless.ca_id[0] ^= 1;
	before = lines_with(&f->sp, "CA loaded");
	issued = lines_with(&f->sp, "certificate signed");
	batch_open(&b, f, f->fast, N);
	for (size_t i = 0; i < 4; i++)
		b.m[i].ca = f->slow;
	b.m[5].ca = b.m[9].ca = &keyless;
	ca_sign_batch(f->client, b.m, b.n);
	for (size_t i = 0; i < N; i++)
		if (i == 5 || i == 9)
			assert_failed(&b, i, GH_E_CA_UNAVAILABLE);
		else
			assert_signed(&b, i);
	/* the signer writes its log behind its answers */
	for (int i = 0; lines_with(&f->sp, "certificate signed") < issued + N - 2; i++) {
		assert_true(i < 500);
		pause_ms(10);
	}
	assert_int_equal(lines_with(&f->sp, "CA loaded") - before, 2);
	batch_close(&b);
}

/* More than the buffers of a socket take. */
static void
batch__large_questions(void **state)
{
	struct fixture *f = *state;
	char *uri = malloc(60000);
	struct batch b;

	MUST(uri != NULL);
	memset(uri, 'a', 59999);
	memcpy(uri, "URI:http://", 11);
	uri[59999] = '\0';
	batch_open(&b, f, f->fast, N);
	for (size_t i = 0; i < N; i++) {
		X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, "subjectAltName", uri);

		MUST(e != NULL && sk_X509_EXTENSION_push(b.spec[i]->extensions, e) > 0);
	}
	ca_sign_batch(f->client, b.m, b.n);
	for (size_t i = 0; i < N; i++)
		if (b.m[i].rc == 0)
			assert_signed(&b, i);
		else
			assert_failed(&b, i, b.m[0].rc);
	assert_int_equal(signer_client_ping(f->client, &b.m[0].err), 0);
	batch_close(&b);
	free(uri);
}

/* What stands in the socket together is answered together. */
static void
signer__answers_when_its_input_is_empty(void **state)
{
	static const unsigned char ping[5] = {0, 0, 0, 1, SIGNER_OP_PING};
	struct fixture *f = *state;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned char out[sizeof(ping) * 100 + 3], in[sizeof(out)];
	struct pollfd p = {fd, POLLIN, 0};

	MUST(fd >= 0 && strlen(f->sp.socket) < sizeof(addr.sun_path));
	strcpy(addr.sun_path, f->sp.socket);
	MUST(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	for (size_t i = 0; i < 101; i++)
		memcpy(out + i * sizeof(ping), ping, i < 100 ? sizeof(ping) : 3);
	MUST(send(fd, out, sizeof(out), 0) == (ssize_t)sizeof(out));
	MUST(poll(&p, 1, 10000) == 1);
	assert_int_equal(recv(fd, in, sizeof(in), 0), 100 * sizeof(ping));
	/* the rest of the last one */
	MUST(send(fd, ping + 3, 2, 0) == 2);
	MUST(poll(&p, 1, 10000) == 1);
	assert_int_equal(recv(fd, in, sizeof(in), 0), sizeof(ping));
	close(fd);
}

/* --- a signer that dies, or mixes up ---------------------------------------------------------- */

/* Takes connections in the place of the signer. Of the first one it passes on `answers` answers and
 * hangs up; with `swap` the first two of them in the other order. */
struct relay {
	char path[100];
	const char *signer;
	int listener;
	pthread_t thread;
	atomic_bool stop;
	atomic_int connections;
	int answers;
	bool swap, once; /* once: nobody answers after that */
};

static int
unix_socket(const char *path, struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	MUST(fd >= 0 && strlen(path) < sizeof(a->sun_path));
	strcpy(a->sun_path, path);
	return fd;
}

static bool
read_all(int fd, unsigned char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = recv(fd, p, n, 0);

		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* One frame, at most 64 kB; its size, or 0. */
static size_t
read_frame(int fd, unsigned char *p)
{
	size_t len;

	if (!read_all(fd, p, SIGNER_FRAME_HEAD))
		return 0;
	len = signer_frame_length(p);
	MUST(len > 0 && len < 65000);
	return read_all(fd, p + SIGNER_FRAME_HEAD, len) ? SIGNER_FRAME_HEAD + len : 0;
}

static void
pass_answers(struct relay *r, int client, int signer)
{
	static unsigned char first[65536], next[65536];
	size_t n = 0, k;

	for (int i = 0; i < r->answers && (k = read_frame(signer, next)) > 0; i++) {
		if (r->swap && i == 0) {
			memcpy(first, next, n = k);
			continue;
		}
		/* who is answered wrongly may have hung up */
		if (send(client, next, k, MSG_NOSIGNAL) != (ssize_t)k ||
		    (r->swap && i == 1 && send(client, first, n, MSG_NOSIGNAL) != (ssize_t)n))
			return;
	}
}

/* Bytes as they are, until one end is closed. */
static void
pass_all(struct relay *r, int client, int signer)
{
	struct pollfd p[2] = {{client, POLLIN, 0}, {signer, POLLIN, 0}};
	unsigned char buf[65536];
	ssize_t n = 1;

	while (n > 0 && !atomic_load(&r->stop)) {
		if (poll(p, 2, 20) <= 0)
			continue;
		for (int i = 0; i < 2 && n > 0; i++)
			if (p[i].revents != 0 && (n = recv(p[i].fd, buf, sizeof(buf), 0)) > 0)
				n = send(p[1 - i].fd, buf, (size_t)n, MSG_NOSIGNAL);
	}
}

static void
serve(struct relay *r, int client, bool is_first)
{
	struct sockaddr_un a;
	int signer = unix_socket(r->signer, &a);
	unsigned char buf[65536];
	ssize_t n;

	MUST(connect(signer, (struct sockaddr *)&a, sizeof(a)) == 0);
	if (!is_first) {
		pass_all(r, client, signer);
	} else if ((n = recv(client, buf, sizeof(buf), 0)) > 0) { /* the batch is sent at once */
		MUST(send(signer, buf, (size_t)n, MSG_NOSIGNAL) == n);
		pass_answers(r, client, signer);
	}
	close(signer);
}

static void *
run_relay(void *arg)
{
	struct relay *r = arg;

	while (!atomic_load(&r->stop)) {
		struct pollfd p = {r->listener, POLLIN, 0};
		int client, k;

		if (poll(&p, 1, 20) != 1)
			continue;
		MUST((client = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0);
		k = atomic_fetch_add(&r->connections, 1);
		if (k == 0 && r->once)
			close(r->listener);
		serve(r, client, k == 0);
		close(client);
		if (r->once)
			return NULL;
	}
	return NULL;
}

static void
relay_start(struct relay *r, const struct fixture *f, struct signer_client **c)
{
	struct sockaddr_un a;
	struct gh_error err;

	snprintf(r->path, sizeof(r->path), "%s/relay", f->sp.dir);
	unlink(r->path);
	r->signer = f->sp.socket;
	r->listener = unix_socket(r->path, &a);
	MUST(bind(r->listener, (struct sockaddr *)&a, sizeof(a)) == 0);
	MUST(listen(r->listener, 8) == 0);
	MUST(pthread_create(&r->thread, NULL, run_relay, r) == 0);
	assert_int_equal(signer_client_new(r->path, 5000, c, &err), 0);
}

static void
relay_stop(struct relay *r)
{
	atomic_store(&r->stop, true);
	pthread_join(r->thread, NULL);
	if (!r->once)
		close(r->listener);
	unlink(r->path);
}

/* All CAs are loaded; batch and client are the caller's. */
static void
run_relayed(struct fixture *f, struct relay *r, struct batch *b, const struct ca *ca, size_t n)
{
	struct signer_client *c;
	struct gh_error err;

	assert_int_equal(ca_load_key(ca, f->client, &err), 0);
	relay_start(r, f, &c);
	batch_open(b, f, ca, n);
	ca_sign_batch(c, b->m, n);
	signer_client_free(c);
	relay_stop(r);
}

static void
batch__signer_killed_in_the_middle(void **state)
{
	struct relay r = {.answers = 3, .once = true};
	struct batch b;

	run_relayed(*state, &r, &b, ((struct fixture *)*state)->fast, 8);
	for (size_t i = 0; i < 8; i++)
		if (i < 3)
			assert_signed(&b, i);
		else
			assert_failed(&b, i, GH_E_SIGNER_DOWN);
	batch_close(&b);
}

static void
batch__the_rest_is_asked_of_the_next_signer(void **state)
{
	struct relay r = {.answers = 3};
	struct batch b;

	run_relayed(*state, &r, &b, ((struct fixture *)*state)->fast, 8);
	for (size_t i = 0; i < 8; i++)
		assert_signed(&b, i);
	assert_int_equal(atomic_load(&r.connections), 2);
	batch_close(&b);
}

static void
batch__no_foreign_answer(void **state)
{
	struct relay r = {.answers = 8, .swap = true};
	struct batch b;

	run_relayed(*state, &r, &b, ((struct fixture *)*state)->fast, 8);
	for (size_t i = 0; i < 8; i++)
		assert_failed(&b, i, GH_E_SIGNER_DOWN);
	batch_close(&b);
}

static void
batch__silent_signer_fails_all_in_time(void **state)
{
	struct fixture *f = *state;
	struct signer_client *c;
	struct gh_error err;
	struct batch b;
	int64_t start;
	int status;

	assert_int_equal(signer_client_new(f->sp.socket, 300, &c, &err), 0);
	assert_int_equal(signer_client_ping(c, &err), 0);
	MUST(kill(f->sp.pid, SIGSTOP) == 0);
	/* it stops a moment after kill returns */
	MUST(waitpid(f->sp.pid, &status, WUNTRACED) == f->sp.pid && WIFSTOPPED(status));
	batch_open(&b, f, f->slow, 8);
	start = gh_now_us();
	ca_sign_batch(c, b.m, 8);
	assert_true(gh_now_us() - start < 30000000);
	MUST(kill(f->sp.pid, SIGCONT) == 0);
	for (size_t i = 0; i < 8; i++)
		assert_failed(&b, i, GH_E_SIGNER_DOWN);
	signer_client_free(c);
	batch_close(&b);
}

/* The signer's end of a connection that was closed lives on for a moment. */
static void
wait_for_connections(const char *path, int wanted)
{
	char command[256], text[32];
	int n = -1;

	snprintf(command, sizeof(command), "grep -c ' 03 .*%s$' /proc/net/unix", path);
	for (int tries = 0; tries < 200 && n != wanted; tries++) {
		FILE *f = popen(command, "r");

		MUST(f != NULL && fgets(text, sizeof(text), f) != NULL);
		pclose(f);
		n = atoi(text);
		if (n != wanted)
			pause_ms(10);
	}
	assert_int_equal(n, wanted);
}

static void
batch__slow_signatures_use_two_connections(void **state)
{
	struct fixture *f = *state;
	struct signer_client *c = signer_process_client(&f->sp);
	struct batch b;

	assert_int_equal(signer_process_stop(&f->sp, SIGKILL), 256 + SIGKILL);
	signer_process_start(&f->sp, "8");
	batch_open(&b, f, f->fast, 9);
	ca_sign_batch(c, b.m, 9);
	wait_for_connections(f->sp.socket, 1);
	batch_close(&b);
	for (int round = 0; round < 2; round++) {
		batch_open(&b, f, f->slow, 9);
		ca_sign_batch(c, b.m, 9);
		for (size_t i = 0; i < 9; i++)
			assert_signed(&b, i);
		wait_for_connections(f->sp.socket, 2);
		batch_close(&b);
	}
	signer_client_free(c);
}

/* The signer has no place for the second one: the first has all. */
static void
batch__one_connection_is_enough(void **state)
{
	struct fixture *f = *state;
	struct signer_client *c;
	struct gh_error err;
	struct batch b;

	signer_process_stop(&f->sp, SIGTERM);
	signer_process_start(&f->sp, "1");
	c = signer_process_client(&f->sp);
	for (int i = 0; signer_client_ping(c, &err) != 0; i++) { /* the start had a connection */
		assert_true(i < 500);
		pause_ms(10);
	}
	batch_open(&b, f, f->slow, N);
	ca_sign_batch(c, b.m, N);
	for (size_t i = 0; i < N; i++)
		assert_signed(&b, i);
	batch_close(&b);
	signer_client_free(c);
	signer_process_stop(&f->sp, SIGTERM);
	signer_process_start(&f->sp, "8");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(batch__each_gets_its_own),
	    cmocka_unit_test(batch__refused_members_fail_alone),
	    cmocka_unit_test(batch__restarted_signer_loads_each_ca_once),
	    cmocka_unit_test(batch__large_questions),
	    cmocka_unit_test(signer__answers_when_its_input_is_empty),
	    cmocka_unit_test(batch__signer_killed_in_the_middle),
	    cmocka_unit_test(batch__the_rest_is_asked_of_the_next_signer),
	    cmocka_unit_test(batch__no_foreign_answer),
	    cmocka_unit_test(batch__silent_signer_fails_all_in_time),
	    cmocka_unit_test(batch__slow_signatures_use_two_connections),
	    cmocka_unit_test(batch__one_connection_is_enough),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
