/*
 * OCSP answers per second and CRLs of a million entries of a real signer:
 *	bench_signer_sign [KEY_ALG [SECONDS]]
 * Built by `make build/tests/bench/bench_signer_sign`. Answers are asked for one by one and in
 *batches, over one and over four connections; the signer's own CPU time stands beside.
 */
#include <pthread.h>
#include <stdbool.h>

#include "ca-backend/signer_process.h"
#include "der.h"

#define CRL_ENTRIES 1000000u

struct job {
	const struct signer_process *sp;
	const struct signer_ocsp_fields *fields;
	size_t batch;
	int64_t until; /* gh_now_us */
	unsigned long answers;
};

static void *
answer_until(void *arg)
{
	struct job *job = arg;
	struct signer_client *c = signer_process_client(job->sp);
	struct signer_ocsp_fields fields[SIGNER_OCSP_BATCH_MAX];
	struct signer_blob out[SIGNER_OCSP_BATCH_MAX];
	struct gh_error err;
	size_t i;

	for (i = 0; i < job->batch; i++)
		fields[i] = *job->fields;
	while (gh_now_us() < job->until) {
		MUST(signer_client_sign_ocsp(c, fields, job->batch, out, &err) == 0);
		for (i = 0; i < job->batch; i++)
			free(out[i].p);
		job->answers += job->batch;
	}
	signer_client_free(c);
	return NULL;
}

/* CPU time of the signer in seconds: user + system, fields 14 and 15 of /proc/PID/stat. */
static double
cpu_seconds(pid_t pid)
{
	unsigned long user = 0, system = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	MUST((f = fopen(path, "r")) != NULL);
	MUST(fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		 &system) == 2);
	fclose(f);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void
measure_ocsp(const struct signer_process *sp, const struct signer_ocsp_fields *fields, size_t batch,
    int connections, int seconds)
{
	struct job job[4];
	pthread_t thread[4];
	unsigned long total = 0;
	double cpu = cpu_seconds(sp->pid), took;
	int64_t begin = gh_now_us();
	int i;

	for (i = 0; i < connections; i++) {
		job[i] = (struct job){.sp = sp,
		    .fields = fields,
		    .batch = batch,
		    .until = begin + seconds * 1000000LL};
		MUST(pthread_create(&thread[i], NULL, answer_until, &job[i]) == 0);
	}
	for (i = 0; i < connections; i++) {
		MUST(pthread_join(thread[i], NULL) == 0);
		total += job[i].answers;
	}
	took = (double)(gh_now_us() - begin) / 1e6;
	cpu = cpu_seconds(sp->pid) - cpu;
	printf(
	    "OCSP, batches of %3zu, %d connections: %8.0f answers per second, signer CPU %5.1f us "
	    "each\n",
	    batch, connections, (double)total / took, cpu * 1e6 / (double)total);
}

/* An entry with a serial of 16 octets, a time and a reason: the usual one. */
static size_t
put_entry(unsigned char *p, uint32_t n)
{
	static const unsigned char entry[] =
	    "\x30\x2f\x02\x10\x11\x11\x11\x11\x11\x11\x11\x11\x11"
	    "\x11\x11\x11\x11\x11\x11\x11\x17\x0d"
	    "260921134640Z"
	    "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x01";
	int i;

	memcpy(p, entry, sizeof(entry) - 1);
	for (i = 0; i < 4; i++)
		p[16 + i] = (unsigned char)(n >> (8 * (3 - i)));
	return sizeof(entry) - 1;
}

static void
measure_crl(const struct signer_process *sp, struct signer_client *c, const unsigned char *id)
{
	static const unsigned char number[] = {0x30, 10, 6, 3, 0x55, 0x1d, 20, 4, 3, 2, 1, 1};
	struct signer_crl_fields f = {.this_update = gh_now(),
	    .next_update = gh_now() + DAY,
	    .extensions = number,
	    .extensions_len = sizeof(number)};
	unsigned char *piece = malloc(SIGNER_CRL_PIECE_MAX), *one, *two;
	size_t n, len, one_len, two_len;
	double cpu = cpu_seconds(sp->pid);
	struct gh_error err;
	int64_t begin = gh_now_us();
	uint32_t i;

	memcpy(f.ca_id, id, sizeof(f.ca_id));
	n = put_entry(piece, 0);
	f.entries_len = CRL_ENTRIES * (uint64_t)n;
	MUST(signer_client_crl_begin(c, &f, &one, &one_len, &err) == 0);
	free(one);
	for (i = 0, len = 0; i < CRL_ENTRIES; i++) {
		len += put_entry(piece + len, i);
		if (len + n > SIGNER_CRL_PIECE_MAX || i + 1 == CRL_ENTRIES) {
			MUST(signer_client_crl_entries(c, piece, len, &err) == 0);
			len = 0;
		}
	}
	MUST(signer_client_crl_end(c, &one, &one_len, &two, &two_len, &err) == 0);
	free(one);
	free(two);
	free(piece);
	printf("CRL of %u entries, %.1f MB: %.0f ms, signer CPU %.0f ms\n", CRL_ENTRIES,
	    (double)f.entries_len / 1e6, (double)(gh_now_us() - begin) / 1e3,
	    (cpu_seconds(sp->pid) - cpu) * 1e3);
}

int
main(int argc, char **argv)
{
	/* a SingleResponse: CertID with SHA-1, good, thisUpdate, nextUpdate; and a nonce */
	static const unsigned char single[] =
	    "\x30\x78\x30\x41\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"
	    "01234567890123456789\x04\x14"
	    "01234567890123456789\x02\x08\x11\x11\x11\x11\x11\x11\x11\x11\x80\x00"
	    "\x18\x0f"
	    "20260921134640Z\xa0\x11\x18\x0f"
	    "20260922134640Z\xa1\x0d\x30\x0b\x30\x09\x06\x03\x55\x1d\x15\x04\x02\x05\x00";
	const char *key_alg = argc > 1 ? argv[1] : "P-256";
	int seconds = argc > 2 ? atoi(argv[2]) : 2;
	struct signer_ocsp_fields f = {.produced_at = gh_now()};
	unsigned char ca_id[SIGNER_CA_ID_SIZE];
	struct made_ca ca = {0}, responder = {0};
	struct signer_process sp;
	struct signer_client *c;
	struct gh_error err;
	size_t batch;

	signer_process_new(&sp);
	MUST(make_ca(&sp, "Bench", key_alg, NULL, &root_limits, &ca, &err) == 0);
	signer_process_start(&sp, "16");
	c = signer_process_client(&sp);
	MUST(signer_client_load_ca(c, ca.sealed, ca.sealed_len, ca_id, &err) == 0);
	MUST(signer_client_create_ocsp_signer(c, ca_id, gh_now(), gh_now() + DAY, NULL,
		 &responder.cert, &responder.cert_len, &responder.sealed, &responder.sealed_len,
		 &err) == 0);
	MUST(signer_client_load_ca(c, responder.sealed, responder.sealed_len, f.id, &err) == 0);
	f.responses = single;
	f.responses_len = sizeof(single) - 1;
	printf("CA key %s\n", key_alg);
	for (batch = 1; batch <= SIGNER_OCSP_BATCH_MAX; batch *= 10) {
		measure_ocsp(&sp, &f, batch, 1, seconds);
		measure_ocsp(&sp, &f, batch, 4, seconds);
	}
	measure_crl(&sp, c, ca_id);
	signer_client_free(c);
	signer_process_free(&sp);
	made_ca_free(&ca);
	made_ca_free(&responder);
	return 0;
}
