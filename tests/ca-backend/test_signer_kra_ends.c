/* Questions to a real KRA that end badly: cut at each octet and closed, silent or followed by
 * garbage, while others are served; and a KRA that is killed while it answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/un.h>

#include "ca-backend/kra_fixture.h"

#define SLOTS "250"

/* --- one question of each kind ---------------------------------------------------------------- */

enum {
	CREATE_KEY,
	ARCHIVE,
	RECOVER,
	RECOVER_PKCS12,
	REWRAP,
	SHOW_POLICY,
	CHECK_APPROVAL,
	GENERATE,
	SEAL_POLICY,
	QUESTIONS
};

struct questions {
	struct fixture *f;
	struct gh_buf frame[QUESTIONS];
};

static void
put_archive(struct fixture *f, struct gh_buf *b)
{
	struct kra_archive q = {.facts = facts_of(f, "")};
	struct gh_buf iv, cipher;
	struct client_key c;

	client_key(&c, &f->transport, "AES-256-GCM");
	wrap_secret(&c, BUF(f->pkcs8), &iv, &cipher);
	memcpy(q.storage_id, f->storage.id, sizeof(q.storage_id));
	q.wrapping = c.wrapping;
	q.iv = BUF(iv);
	q.cipher = BUF(cipher);
	kra_put_archive(b, &q);
	gh_buf_free(&iv);
	gh_buf_free(&cipher);
	gh_buf_free(&c.parts);
}

static struct kra_generate
generate(const struct fixture *f)
{
	struct kra_generate q = {.facts = facts_of(f, ""), .key_alg = "P-256", .is_archived = true};

	memcpy(q.storage_id, f->storage.id, sizeof(q.storage_id));
	q.facts.forget_at = gh_now() + 3600;
	return q;
}

static void
put_recover(struct fixture *f, struct gh_buf *b)
{
	struct kra_recover q = {.facts = facts_of(f, ""), .requester = TEXT("bob")};
	struct signer_blob stored;
	struct client_key c;

	archive_key(f, "", &stored);
	client_key(&c, &f->transport, "AES-256-GCM");
	q.stored = BLOB(stored);
	q.release = (struct kra_release){.form = KRA_WRAPPED, .wrapping = c.wrapping};
	kra_put_recover(b, &q);
	gh_buf_free(&c.parts);
	free(stored.p);
}

static void
put_pkcs12(struct fixture *f, struct gh_buf *b)
{
	struct kra_generate g = generate(f);
	struct kra_recover q = {.facts = g.facts};
	struct kra_client_made m;
	struct gh_error err;
	unsigned char *der;
	size_t len;

	assert_int_equal(kra_client_generate(f->client, &g, &m, &err), 0);
	der = certify_spki(f, &BLOB(m.spki), &len);
	q.facts.spki = BLOB(m.spki);
	q.stored = BLOB(m.kept);
	q.release = (struct kra_release){.form = KRA_PKCS12,
	    .has_clear_password = true,
	    .password = TEXT("a password"),
	    .cert = {der, len},
	    .iterations = 2048};
	kra_put_recover(b, &q);
	OPENSSL_free(der);
	kra_client_made_free(&m);
}

static void
put_rewrap(struct fixture *f, struct gh_buf *b)
{
	struct kra_rewrap q;
	struct signer_blob stored;

	archive_key(f, "", &stored);
	memcpy(q.to_id, f->storage.id, sizeof(q.to_id));
	q.stored = BLOB(stored);
	kra_put_rewrap(b, &q);
	free(stored.p);
}

static void
seal_one(struct fixture *f, struct signer_blob *sealed)
{
	const struct kra_policy p = {.name = TEXT("one"),
	    .revision = 1,
	    .required = 1,
	    .agent = {{TEXT("anna"), {NULL, 0}}},
	    .agents = 1};
	struct gh_error err;

	MUST(kra_client_seal_policy(f->admin.client, &p, sealed, &err) == 0);
}

static void
put_show_policy(struct fixture *f, struct gh_buf *b)
{
	struct signer_blob sealed;

	seal_one(f, &sealed);
	kra_put_show_policy(b, &(struct kra_show_policy){TEXT("one"), BLOB(sealed)});
	free(sealed.p);
}

/* Of a policy whose approvals are not signed: refused, when it was read. */
static void
put_check_approval(struct fixture *f, struct gh_buf *b)
{
	struct kra_recover q = {.facts = facts_of(f, "one"),
	    .release = {.form = KRA_WRAPPED},
	    .requester = TEXT("alice"),
	    .approval = {TEXT("no CMS")},
	    .approvals = 1};
	struct signer_blob sealed;

	seal_one(f, &sealed);
	q.policy = BLOB(sealed);
	kra_put_recover(b, &q);
	free(sealed.p);
}

static void
put_question(struct fixture *f, int which, struct gh_buf *b)
{
	struct kra_policy policy = {.name = TEXT("p"),
	    .revision = 1,
	    .required = 1,
	    .agent = {{TEXT("anna"), {NULL, 0}}},
	    .agents = 1};
	struct kra_generate g = generate(f);

	switch (which) {
	case CREATE_KEY:
		signer_frame_begin(b, SIGNER_OP_KRA_CREATE_KEY);
		kra_put_create_key(b, &(struct kra_create_key){false, "P-256", NULL, NULL});
		break;
	case ARCHIVE:
		signer_frame_begin(b, SIGNER_OP_KRA_ARCHIVE);
		put_archive(f, b);
		break;
	case RECOVER:
		signer_frame_begin(b, SIGNER_OP_KRA_RECOVER);
		put_recover(f, b);
		break;
	case RECOVER_PKCS12:
		signer_frame_begin(b, SIGNER_OP_KRA_RECOVER);
		put_pkcs12(f, b);
		break;
	case REWRAP:
		signer_frame_begin(b, SIGNER_OP_KRA_REWRAP);
		put_rewrap(f, b);
		break;
	case SHOW_POLICY:
		signer_frame_begin(b, SIGNER_OP_KRA_SHOW_POLICY);
		put_show_policy(f, b);
		break;
	case CHECK_APPROVAL:
		signer_frame_begin(b, SIGNER_OP_KRA_CHECK_APPROVAL);
		put_check_approval(f, b);
		break;
	case GENERATE:
		signer_frame_begin(b, SIGNER_OP_KRA_GENERATE);
		kra_put_generate(b, &g);
		break;
	default:
		signer_frame_begin(b, SIGNER_OP_KRA_SEAL_POLICY);
		kra_put_policy(b, &policy);
	}
	assert_int_equal(signer_frame_end(b, NULL), 0);
}

static int
setup_questions(void **state)
{
	struct questions *q = calloc(1, sizeof(*q));
	void *fixture;

	MUST(q != NULL && setup(&fixture) == 0);
	q->f = fixture;
	assert_int_equal(signer_process_stop(&q->f->sp, SIGTERM), 0);
	signer_process_start(&q->f->sp, SLOTS);
	assert_int_equal(load(q->f, &q->f->storage), 0);
	assert_int_equal(load(q->f, &q->f->transport), 0);
	for (int i = 0; i < QUESTIONS; i++) {
		signer_frame_init(&q->frame[i]);
		put_question(q->f, i, &q->frame[i]);
	}
	*state = q;
	return 0;
}

static int
teardown_questions(void **state)
{
	struct questions *q = *state;
	void *fixture = q->f;

	for (int i = 0; i < QUESTIONS; i++)
		gh_buf_free(&q->frame[i]);
	free(q);
	return teardown(&fixture);
}

/* --- raw connections -------------------------------------------------------------------------- */

/* -1: nobody is there. */
static int
try_connect(const struct fixture *f)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval tv = {30, 0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0);
	strcpy(addr.sun_path, f->sp.socket);
	MUST(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
connect_raw(const struct fixture *f)
{
	int fd = try_connect(f);

	MUST(fd >= 0);
	return fd;
}

static int
send_part(const struct fixture *f, const struct gh_buf *frame, size_t n)
{
	int fd = connect_raw(f);

	MUST(send(fd, frame->data, n, MSG_NOSIGNAL) == (ssize_t)n);
	return fd;
}

/* What comes until the other side closes; -1: nothing in time. */
static ssize_t
read_all(int fd, unsigned char *out, size_t size)
{
	size_t got = 0;
	ssize_t n;

	while (got < size && (n = recv(fd, out + got, size - got, 0)) != 0) {
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return -1;
		if (n < 0)
			break; /* reset: it closed with some of ours unread */
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/* --- somebody else meanwhile ------------------------------------------------------------------ */

struct bystander {
	struct fixture *f;
	atomic_bool is_over;
	int served;
	pthread_t thread;
};

static void *
stand_by(void *arg)
{
	struct bystander *b = arg;
	struct fixture own = *b->f;
	struct signer_blob stored;
	struct gh_error err;

	own.client = signer_process_client(&own.sp);
	do {
		archive_key(&own, "", &stored);
		assert_int_equal(recover(&own, "", &stored, &err), 0);
		free(stored.p);
		b->served++;
	} while (!atomic_load(&b->is_over));
	signer_client_free(own.client);
	return NULL;
}

static void
stand_by_begin(struct bystander *b, struct fixture *f)
{
	memset(b, 0, sizeof(*b));
	b->f = f;
	assert_int_equal(pthread_create(&b->thread, NULL, stand_by, b), 0);
}

static void
stand_by_end(struct bystander *b)
{
	struct gh_error err;

	atomic_store(&b->is_over, true);
	assert_int_equal(pthread_join(b->thread, NULL), 0);
	assert_true(b->served > 0);
	assert_int_equal(signer_client_ping(b->f->client, &err), 0);
}

/* --- tests ------------------------------------------------------------------------------------ */

/* Half a question gets no answer. */
static void
ends__cut_at_each_octet(void **state)
{
	struct questions *q = *state;
	unsigned char answer[64];
	struct bystander b;

	stand_by_begin(&b, q->f);
	for (int i = 0; i < QUESTIONS; i++) {
		for (size_t n = 1; n < q->frame[i].len; n++) {
			int fd = send_part(q->f, &q->frame[i], n);

			if (n % 2 == 0) {
				MUST(shutdown(fd, SHUT_WR) == 0);
				assert_int_equal(read_all(fd, answer, sizeof(answer)), 0);
			}
			close(fd);
		}
	}
	stand_by_end(&b);
}

/* The length is right, what follows is not: one answer, or the end of the connection. */
static void
ends__garbage_from_each_octet_on(void **state)
{
	struct questions *q = *state;
	unsigned char *answer = malloc(SIGNER_FRAME_MAX + 4);
	struct bystander b;

	stand_by_begin(&b, q->f);
	for (int i = 0; i < QUESTIONS; i++) {
		struct gh_buf *frame = &q->frame[i];
		unsigned char garbage[8192];

		MUST(frame->len < sizeof(garbage));
		for (size_t n = 5; n < frame->len; n++) {
			int fd = send_part(q->f, frame, n);
			ssize_t got;

			MUST(RAND_bytes(garbage, (int)sizeof(garbage)) == 1);
			(void)send(fd, garbage, frame->len - n, MSG_NOSIGNAL);
			MUST(shutdown(fd, SHUT_WR) == 0);
			got = read_all(fd, answer, SIGNER_FRAME_MAX + 4);
			assert_true(got >= 5);
			assert_int_equal((size_t)got, 4 + signer_frame_length(answer));
			assert_true(answer[4] == SIGNER_OP_ERROR || answer[4] == frame->data[4]);
			close(fd);
		}
	}
	stand_by_end(&b);
	free(answer);
}

/* Who stops in the middle of a question is cut off, wherever that is. */
static void
ends__silence(void **state)
{
	struct questions *q = *state;
	struct pollfd silent[200];
	struct bystander b;
	unsigned char answer[64];
	size_t n = 0;

	stand_by_begin(&b, q->f);
	for (int i = 0; i < QUESTIONS; i++) {
		size_t len = q->frame[i].len;

		for (size_t k = 0; k < 22; k++, n++)
			silent[n] =
			    (struct pollfd){send_part(q->f, &q->frame[i], 1 + k * (len - 2) / 21),
				POLLIN, 0};
	}
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(read_all(silent[i].fd, answer, sizeof(answer)), 0);
		close(silent[i].fd);
	}
	stand_by_end(&b);
}

/* Nobody reads the answers: the connection ends, the others do not notice. */
static void
ends__answers_that_nobody_reads(void **state)
{
	struct questions *q = *state;
	int fd[QUESTIONS], flags;
	struct bystander b;

	stand_by_begin(&b, q->f);
	for (int i = 0; i < QUESTIONS; i++) {
		ssize_t n = 1;

		fd[i] = connect_raw(q->f);
		MUST((flags = fcntl(fd[i], F_GETFL)) >= 0 &&
		    fcntl(fd[i], F_SETFL, flags | O_NONBLOCK) == 0);
		/* until it takes no more, or closes */
		for (int k = 0; k < 2000 && n > 0; k++)
			n = send(fd[i], q->frame[i].data, q->frame[i].len, MSG_NOSIGNAL);
	}
	for (int i = 0; i < QUESTIONS; i++)
		close(fd[i]);
	stand_by_end(&b);
}

/* --- killed ----------------------------------------------------------------------------------- */

struct asker {
	const struct questions *q;
	int which;
	ssize_t got;
	unsigned char answer[65536];
};

static void *
ask(void *arg)
{
	struct asker *a = arg;
	const struct gh_buf *frame = &a->q->frame[a->which];
	int fd = try_connect(a->q->f);

	if (fd < 0)
		return NULL;
	(void)send(fd, frame->data, frame->len, MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	a->got = read_all(fd, a->answer, sizeof(a->answer));
	close(fd);
	return NULL;
}

/* The one who asks has a whole answer or none, and what was stored before is there after it. */
static void
ends__killed_while_it_answers(void **state)
{
	struct questions *q = *state;
	static struct asker a;
	struct signer_blob stored;
	struct gh_error err;
	int answered = 0;

	archive_key(q->f, "", &stored);
	for (int i = 0; i < 8 * QUESTIONS; i++) {
		struct timespec some = {0, (i / QUESTIONS) * 150000};
		pthread_t thread;

		a = (struct asker){.q = q, .which = i % QUESTIONS};
		assert_int_equal(pthread_create(&thread, NULL, ask, &a), 0);
		nanosleep(&some, NULL);
		assert_int_equal(signer_process_stop(&q->f->sp, SIGKILL), 256 + SIGKILL);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_true(a.got == 0 ||
		    (a.got > 5 && (size_t)a.got == 4 + signer_frame_length(a.answer)));
		answered += a.got > 0;
		signer_process_start(&q->f->sp, SLOTS);
		assert_int_equal(load(q->f, &q->f->storage), 0);
		assert_int_equal(load(q->f, &q->f->transport), 0);
		assert_int_equal(recover(q->f, "", &stored, &err), 0);
	}
	print_message("%d of %d were answered before\n", answered, 8 * QUESTIONS);
	free(stored.p);
}

#define each(test) cmocka_unit_test_setup_teardown(test, setup_questions, teardown_questions)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    each(ends__cut_at_each_octet),
	    each(ends__garbage_from_each_octet_on),
	    each(ends__silence),
	    each(ends__answers_that_nobody_reads),
	    each(ends__killed_while_it_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
