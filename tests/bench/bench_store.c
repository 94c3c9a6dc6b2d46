/*
 * store_record per second: bench_store THREADS SECONDS, with PGCONNINFO of an empty or migrated
 * database. Leaves are made beforehand, so that only the store and PostgreSQL are measured.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "integration/store_fixture.h"

#define LEAVES 6000 /* of each thread, at most */
#define THREADS_MAX 64

struct worker {
	pthread_t t;
	struct store *s;
	struct enroll_outcome *leaf;
	struct enroll_request req;
	int done, failed;
	int64_t until, us;
};

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct store_decision d = {.req = &w->req, .ca = &fixture_ca, .template_id = 1};
	int64_t start = gh_now_us();

	while (w->done < LEAVES && gh_now_us() < w->until) {
		RAND_bytes(w->req.replay_mark, REPLAY_MARK_SIZE);
		w->failed += store_record(w->s, &d, &w->leaf[w->done++], &(int64_t){0}, NULL) != 0;
	}
	w->us = gh_now_us() - start;
	return NULL;
}

static void
prepare(struct worker *w, int leaves)
{
	struct gh_error err;

	fixture_request(&w->req);
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
	int n = argc > 1 ? atoi(argv[1]) : 1, seconds = argc > 2 ? atoi(argv[2]) : 3, applied,
	    failed = 0;
	static struct worker w[THREADS_MAX];
	struct gh_error err;
	double rate = 0, us = 0;
	long done = 0;

	if (n < 1 || n > THREADS_MAX || getenv("PGCONNINFO") == NULL || fixture_open("bench") != 0)
		return 2;
	fixture_ca.id = 1;
	for (int i = 0; i < n; i++)
		prepare(&w[i], LEAVES);
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
		enroll_request_clear(&w[i].req);
		store_free(w[i].s);
	}
	fixture_close();
	printf("%d threads: %.0f records/s, %.0f us each, %ld done, %d failed\n", n, rate, us, done,
	    failed);
	return failed != 0;
}
