/*
 * Records per second: bench_store THREADS SECONDS [BATCH], with PGCONNINFO of an empty or migrated
 * database. Leaves are made beforehand, so that only the store and PostgreSQL are measured. BATCH:
 * requests in one statement, 1 to STORE_BATCH_MAX; each batch looks up its marks first.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "integration/store_fixture.h"
#include "store/request/record_request.h"

#define LEAVES 6000 /* of each thread, at most */
#define THREADS_MAX 64

struct worker {
	pthread_t t;
	struct store *s;
	struct enroll_outcome *leaf;
	struct enroll_request req[STORE_BATCH_MAX];
	size_t batch;
	int done, failed;
	int64_t until, us;
};

static void
look_up(struct worker *w)
{
	struct store_replay m[STORE_BATCH_MAX];
	struct enroll_outcome none = {0};

	for (size_t i = 0; i < w->batch; i++) {
		RAND_bytes(w->req[i].replay_mark, REPLAY_MARK_SIZE);
		m[i] = (struct store_replay){.who = &w->req[i].requester,
		    .mark = w->req[i].replay_mark,
		    .out = &none};
	}
	store_find_replays_send(w->s, m, w->batch);
	store_find_replays_collect(w->s, m, w->batch);
	for (size_t i = 0; i < w->batch; i++)
		w->failed += m[i].rc != 0 || m[i].found;
}

static void
record(struct worker *w)
{
	struct store_recording m[STORE_BATCH_MAX];

	for (size_t i = 0; i < w->batch; i++)
		m[i] = (struct store_recording){.decision = {.req = &w->req[i],
						    .ca = &fixture_ca,
						    .template_id = 1},
		    .out = &w->leaf[w->done++]};
	store_record_batch(w->s, m, w->batch);
	for (size_t i = 0; i < w->batch; i++)
		w->failed += m[i].rc != 0;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	int64_t start = gh_now_us();

	while (w->done + (int)w->batch <= LEAVES && gh_now_us() < w->until) {
		look_up(w);
		record(w);
	}
	w->us = gh_now_us() - start;
	return NULL;
}

static void
prepare(struct worker *w, int leaves)
{
	struct gh_error err;

	for (size_t i = 0; i < STORE_BATCH_MAX; i++)
		fixture_request(&w->req[i]);
	w->leaf = calloc(LEAVES, sizeof(*w->leaf));
	for (int i = 0; i < leaves; i++)
		if (fixture_issue(&w->leaf[i], "bench") != 0)
			exit(1);
	if (store_new(getenv("PGCONNINFO"), 5000, &w->s, &err) != 0 ||
	    store_ping(w->s, &err) != 0) {
		fprintf(stderr, "%s\n", err.detail);
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1, seconds = argc > 2 ? atoi(argv[2]) : 3,
	    batch = argc > 3 ? atoi(argv[3]) : 1, applied, failed = 0;
	static struct worker w[THREADS_MAX];
	struct gh_error err;
	double rate = 0, us = 0;
	long done = 0;

	if (n < 1 || n > THREADS_MAX || batch < 1 || batch > STORE_BATCH_MAX ||
	    getenv("PGCONNINFO") == NULL || fixture_open("bench") != 0)
		return 2;
	fixture_ca.id = 1;
	for (int i = 0; i < n; i++) {
		w[i].batch = (size_t)batch;
		prepare(&w[i], LEAVES);
	}
	if (store_migrate(w[0].s, &applied, &err) != 0) {
		fprintf(stderr, "%s\n", err.detail);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		w[i].until = gh_now_us() + (int64_t)seconds * 1000000;
		pthread_create(&w[i].t, NULL, work, &w[i]);
	}
	for (int i = 0; i < n; i++) {
		pthread_join(w[i].t, NULL);
		done += w[i].done;
		failed += w[i].failed;
		rate += w[i].done * 1e6 / (double)w[i].us;
		us += (double)w[i].us / w[i].done / n;
	}
	for (int i = 0; i < n; i++) {
		for (int j = 0; j < LEAVES; j++)
			enroll_outcome_clear(&w[i].leaf[j]);
		free(w[i].leaf);
		for (size_t j = 0; j < STORE_BATCH_MAX; j++)
			enroll_request_clear(&w[i].req[j]);
		store_free(w[i].s);
	}
	fixture_close();
	printf("%d threads, batches of %d: %.0f records/s, %.0f us each, %ld done, %d failed\n", n,
	    batch, rate, us, done, failed);
	return failed != 0;
}
