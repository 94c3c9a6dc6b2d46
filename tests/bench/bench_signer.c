/*
 * Signatures per second of a real signer through 1, 2, 4 and 8 connections:
 *	bench_signer [KEY_ALG [SECONDS]]
 * Built by `make build/tests/bench/bench_signer`. Prints one line for each number of connections,
 *with the signer's own CPU time for each signature.
 */
#include <pthread.h>
#include <stdbool.h>

#include "ca-backend/signer_process.h"

struct job {
	const struct signer_process *sp;
	const struct signer_cert_fields *fields;
	int64_t until; /* gh_now_us */
	unsigned long signatures;
	int64_t slowest_us;
};

static void *
sign_until(void *arg)
{
	struct job *job = arg;
	struct signer_client *c = signer_process_client(job->sp);
	int64_t begin = gh_now_us(), end;

	for (; begin < job->until; begin = end) {
		unsigned char *der;
		struct gh_error err;
		size_t len;

		MUST(sign_one(c, job->fields, &der, &len, &err) == 0);
		free(der);
		end = gh_now_us();
		job->signatures++;
		if (end - begin > job->slowest_us)
			job->slowest_us = end - begin;
	}
	signer_client_free(c);
	return NULL;
}

/* CPU time of the signer in ticks: user + system, fields 14 and 15 of /proc/PID/stat. */
static unsigned long
cpu_ticks(pid_t pid)
{
	unsigned long user = 0, system = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	MUST((f = fopen(path, "r")) != NULL);
	MUST(fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		 &system) == 2);
	fclose(f);
	return user + system;
}

static void
measure(const struct signer_process *sp, const struct signer_cert_fields *fields, int connections,
    int seconds)
{
	struct job job[8];
	pthread_t thread[8];
	unsigned long total = 0, ticks = cpu_ticks(sp->pid);
	int64_t begin = gh_now_us(), slowest = 0;
	int i;

	for (i = 0; i < connections; i++) {
		job[i] =
		    (struct job){.sp = sp, .fields = fields, .until = begin + seconds * 1000000LL};
		MUST(pthread_create(&thread[i], NULL, sign_until, &job[i]) == 0);
	}
	for (i = 0; i < connections; i++) {
		MUST(pthread_join(thread[i], NULL) == 0);
		total += job[i].signatures;
		slowest = job[i].slowest_us > slowest ? job[i].slowest_us : slowest;
	}
	ticks = cpu_ticks(sp->pid) - ticks;
	printf("%d connections: %8.0f per second, %6.1f us each, signer CPU %6.1f us each, slowest "
	       "%lld us\n",
	    connections, (double)total * 1e6 / (double)(gh_now_us() - begin),
	    (double)connections * (double)(gh_now_us() - begin) / (double)total,
	    (double)ticks * 1e6 / (double)sysconf(_SC_CLK_TCK) / (double)total, (long long)slowest);
}

/* An ordinary user certificate: key usage, two EKUs, SAN, CDP, AIA. */
static unsigned char *
usual_extensions(size_t *len)
{
	static const char *const conf[][2] = {
	    {"keyUsage", "critical,digitalSignature,keyEncipherment"},
	    {"extendedKeyUsage", "clientAuth,emailProtection"},
	    {"subjectAltName", "email:alice@example.com"},
	    {"crlDistributionPoints", "URI:http://pki.example.com/issuing.crl"},
	    {"authorityInfoAccess", "caIssuers;URI:http://pki.example.com/issuing.cer"},
	};
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	unsigned char *der = NULL;
	size_t i;
	int n;

	for (i = 0; i < sizeof(conf) / sizeof(conf[0]); i++) {
		X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, conf[i][0], conf[i][1]);

		MUST(e != NULL && sk_X509_EXTENSION_push(list, e) > 0);
	}
	MUST((n = i2d_X509_EXTENSIONS(list, &der)) > 0);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	*len = (size_t)n;
	return der;
}

int
main(int argc, char **argv)
{
	const char *key_alg = argc > 1 ? argv[1] : "P-256";
	int seconds = argc > 2 ? atoi(argv[2]) : 3, n;
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	struct signer_cert_fields f = {.not_before = gh_now() - 600,
	    .not_after = gh_now() + 365 * DAY};
	unsigned char *name = name_der("alice", &f.subject_len), *spki = NULL, *ext;
	struct made_ca ca = {0};
	struct signer_process sp;
	struct signer_client *c;
	struct gh_error err;

	signer_process_new(&sp);
	MUST(make_ca(&sp, "Bench", key_alg, NULL, &root_limits, &ca, &err) == 0);
	signer_process_start(&sp, "16");
	c = signer_process_client(&sp);
	MUST(signer_client_load_ca(c, ca.sealed, ca.sealed_len, f.ca_id, &err) == 0);
	f.subject = name;
	f.spki_len = (size_t)i2d_PUBKEY(key, &spki);
	f.spki = spki;
	ext = usual_extensions(&f.extensions_len);
	f.extensions = ext;
	printf("CA key %s, certificates for P-256 keys\n", key_alg);
	for (n = 1; n <= 8; n *= 2)
		measure(&sp, &f, n, seconds);
	signer_client_free(c);
	signer_process_free(&sp);
	made_ca_free(&ca);
	OPENSSL_free(name);
	OPENSSL_free(spki);
	OPENSSL_free(ext);
	EVP_PKEY_free(key);
	return 0;
}
