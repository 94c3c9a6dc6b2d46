/*
 * A CRL of N entries, built, signed and committed: bench_crl N [ROUNDS] [KEY-ALG] [SHARDS], with
 * PGCONNINFO of an empty database. With SHARDS the same entries once more, each in the CRL of its
 * shard, and a look that finds none due. Prints seconds of each round, the peak memory of this
 * process and what it grew by, and what a commit of one row costs on this disk. One JSON line at
 * the end.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "integration/crl_fixture.h"

static long
peak_kib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

/* Peak memory of the signer. */
static long
signer_peak_kib(const struct crl_world *w)
{
	char path[64], line[128];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)w->sp.pid);
	MUST((f = fopen(path, "r")) != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = atol(line + 6);
	fclose(f);
	return kib;
}

/* Milliseconds of a commit that waits for the disk; median of 21. */
static double
commit_ms(struct crl_world *w)
{
	struct store_audit a = {.event = "bench", .outcome = "success", .who = &crl_tester};
	double ms[21], t;

	for (int i = 0; i < 21; i++) {
		int64_t begin = gh_now_us();
		int j = i;

		MUST(store_audit(w->store, &a, NULL) == 0);
		t = (double)(gh_now_us() - begin) / 1000;
		for (; j > 0 && ms[j - 1] > t; j--)
			ms[j] = ms[j - 1];
		ms[j] = t;
	}
	return ms[10];
}

/* All shards one after the other; seconds. */
static double
issue_shards(struct crl_world *w, struct store_crl_maker *maker, struct crl_order order, int shards,
    bool is_forced)
{
	int64_t begin = gh_now_us();
	struct store_crl crl;
	struct gh_error err;

	order.is_forced = is_forced;
	for (order.shard = 0; order.shard < shards; order.shard++) {
		if (crl_issue(maker, w->signer, &order, &crl, &err) != 0) {
			fprintf(stderr, "bench_crl: %s\n", err.detail);
			exit(1);
		}
	}
	return (double)(gh_now_us() - begin) / 1e6;
}

int
main(int argc, char **argv)
{
	int shards = argc > 4 ? atoi(argv[4]) : 0;
	long n = argc > 1 ? atol(argv[1]) : 1000000, before, entries = 0, size = 0;
	int rounds = argc > 2 ? atoi(argv[2]) : 3;
	const struct crl_schedule schedule = {.interval = 86400, .grace = 86400};
	struct crl_order order = {.shard = STORE_CRL_COMPLETE,
	    .is_forced = true,
	    .schedule = &schedule,
	    .who = &crl_tester};
	double best = 1e9, worst = 0, disk;
	struct store_crl_maker *maker;
	struct crl_world w;
	struct gh_error err;

	crl_world_open(&w, argc > 3 ? argv[3] : "P-256");
	order.ca = w.ca;
	crl_sql(NULL, 0,
	    "INSERT INTO revocation (certificate_id, ca_id, serial, revoked_at, reason, invalidity_date, "
	    "not_after, revoked_by, shard) SELECT i, %lld, substr(sha256(i::text::bytea), 1, 16), "
	    "now() - i * interval '1 second', "
	    "(ARRAY[0,1,3,4,5])[1 + i %% 5], CASE WHEN i %% 10 = 0 THEN now() - i * interval '2 seconds' END, "
	    "now() + interval '1 year', 'bench', i %% %d FROM generate_series(1, %ld) AS i",
	    (long long)w.ca->id, shards > 0 ? shards : 1, n);
	crl_sql(NULL, 0, "ANALYZE revocation");
	disk = commit_ms(&w);
	MUST(store_crl_open(w.store, &maker, &err) == 0);
	before = peak_kib();
	for (int i = 0; i < rounds; i++) {
		int64_t begin = gh_now_us();
		struct store_crl crl;
		double s;

		if (crl_issue(maker, w.signer, &order, &crl, &err) != 0) {
			fprintf(stderr, "bench_crl: %s\n", err.detail);
			return 1;
		}
		s = (double)(gh_now_us() - begin) / 1e6;
		printf("number %lld: %lld entries, %lld bytes in %.2f s, %.0f entries per second\n",
		    (long long)crl.number, (long long)crl.entries, (long long)crl.size, s,
		    (double)crl.entries / s);
		best = s < best ? s : best;
		worst = s > worst ? s : worst;
		entries = (long)crl.entries;
		size = (long)crl.size;
	}
	if (shards > 0) {
		free(w.ca->cdp_urls[0]);
		MUST((w.ca->cdp_urls[0] = strdup("http://pki.test/crl/issuing-s{shard}.crl")) !=
		    NULL);
		printf("%d shards: %.2f s", shards, issue_shards(&w, maker, order, shards, true));
		printf(", none due: %.3f s\n", issue_shards(&w, maker, order, shards, false));
	}
	printf(
	    "{\"entries\":%ld,\"bytes\":%ld,\"best_s\":%.2f,\"worst_s\":%.2f,\"peak_kib\":%ld,\"grown_kib\":%ld,"
	    "\"signer_peak_kib\":%ld,\"commit_ms\":%.2f}\n",
	    entries, size, best, worst, peak_kib(), peak_kib() - before, signer_peak_kib(&w), disk);
	store_crl_close(maker);
	crl_world_close(&w);
	return 0;
}
