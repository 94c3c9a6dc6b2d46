/* Certificate and key: read, checked, handed over. The files are made here. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cmocka.h>

#include "http/tls_pair.h"

static char dir[] = "/tmp/gatehouse-tls-XXXXXX";
static char path[4][64]; /* certificate and key a, certificate and key b */

static void
write_pair(const char *cert_path, const char *key_path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	FILE *f;

	assert_non_null(key);
	assert_non_null(cert);
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_non_null(f = fopen(cert_path, "w"));
	assert_int_equal(PEM_write_X509(f, cert), 1);
	fclose(f);
	assert_non_null(f = fopen(key_path, "w"));
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static int
make_files(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	for (int i = 0; i < 4; i++)
		snprintf(path[i], sizeof(path[i]), "%s/%d.pem", dir, i);
	write_pair(path[0], path[1]);
	write_pair(path[2], path[3]);
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		unlink(path[i]);
	return rmdir(dir);
}

static void
pair__fits(void **state)
{
	struct tls_pair p;

	(void)state;
	assert_int_equal(tls_pair_read(path[0], path[1], "", &p, NULL), 0);
	assert_string_equal(p.client_ca, "");
	assert_non_null(strstr(p.chain, "BEGIN CERTIFICATE"));
	tls_pair_clear(&p);
	assert_int_equal(tls_pair_read(path[0], path[1], path[2], &p, NULL), 0);
	assert_non_null(strstr(p.client_ca, "BEGIN CERTIFICATE"));
	tls_pair_clear(&p);
}

static void
assert_refused(const char *cert, const char *key, const char *ca, const char *word)
{
	struct tls_pair p;
	struct gh_error err;

	assert_int_equal(tls_pair_read(cert, key, ca, &p, &err), GH_E_CONF);
	assert_non_null(strstr(err.message, word));
	assert_null(p.chain);
	assert_null(p.key);
}

static void
pair__refused(void **state)
{
	(void)state;
	assert_refused(path[0], path[3], "", "is not the key of");
	assert_refused(path[1], path[1], "", "no PEM certificate");
	assert_refused(path[0], path[0], "", "no PEM private key");
	assert_refused(path[0], path[1], path[3], "no PEM certificate");
	assert_refused("/nonexistent", path[1], "", "/nonexistent");
	assert_refused(path[0], "/nonexistent", "", "/nonexistent");
	assert_refused("/dev/zero", path[1], "", "larger than");
}

static void
region__hands_over(void **state)
{
	struct tls_region *r;
	struct tls_view *v;
	struct tls_pair in, out;

	(void)state;
	assert_int_equal(tls_region_new(&r, NULL), 0);
	assert_int_equal(tls_view_new(dup(tls_region_fd(r)), &v, NULL), 0);
	assert_int_equal(tls_view_read(v, &out, NULL), GH_E_BUSY); /* nothing there yet */

	for (int i = 0; i < 4; i += 2) {
		assert_int_equal(tls_pair_read(path[i], path[i + 1], "", &in, NULL), 0);
		tls_region_publish(r, &in);
		assert_int_equal(tls_view_generation(v), in.generation);
		assert_int_equal(tls_view_read(v, &out, NULL), 0);
		assert_int_equal(out.generation, in.generation);
		assert_string_equal(out.chain, in.chain);
		assert_string_equal(out.key, in.key);
		assert_string_equal(out.client_ca, "");
		assert_memory_equal(out.ticket_key, in.ticket_key, sizeof(in.ticket_key));
		tls_pair_clear(&in);
		tls_pair_clear(&out);
	}
	tls_view_free(v);
	tls_region_free(r);
}

/* A worker that was taken over must not be able to give the others a certificate. */
static void
region__readers_cannot_write(void **state)
{
	struct tls_region *r;
	struct tls_view *v;
	int fd, other;

	(void)state;
	assert_int_equal(tls_region_new(&r, NULL), 0);
	fd = tls_region_fd(r);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_true(write(fd, "x", 1) < 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true((other = open("/dev/null", O_RDONLY)) >= 0);
	assert_int_equal(tls_view_new(other, &v, NULL), GH_E_CONF);
	assert_int_equal(tls_view_new(-1, &v, NULL), GH_E_CONF);
	tls_region_free(r);
}

static struct tls_region *busy_region;
static struct tls_pair two[2];

static void *
publish_often(void *arg)
{
	(void)arg;
	for (int i = 0; i < 4000; i++)
		tls_region_publish(busy_region, &two[i % 2]);
	return NULL;
}

/* Never half of one and half of the other. */
static void
region__reads_are_whole(void **state)
{
	struct tls_view *v;
	struct tls_pair p;
	pthread_t writer;

	(void)state;
	assert_int_equal(tls_region_new(&busy_region, NULL), 0);
	assert_int_equal(tls_view_new(dup(tls_region_fd(busy_region)), &v, NULL), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(tls_pair_read(path[2 * i], path[2 * i + 1], "", &two[i], NULL), 0);
	tls_region_publish(busy_region, &two[0]);
	assert_int_equal(pthread_create(&writer, NULL, publish_often, NULL), 0);
	for (int i = 0; i < 2000; i++) {
		int which;

		if (tls_view_read(v, &p, NULL) != 0)
			continue;
		which = strcmp(p.chain, two[0].chain) == 0 ? 0 : 1;
		assert_string_equal(p.chain, two[which].chain);
		assert_string_equal(p.key, two[which].key);
		assert_memory_equal(p.ticket_key, two[which].ticket_key, sizeof(p.ticket_key));
		tls_pair_clear(&p);
	}
	pthread_join(writer, NULL);
	for (int i = 0; i < 2; i++)
		tls_pair_clear(&two[i]);
	tls_view_free(v);
	tls_region_free(busy_region);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pair__fits),
	    cmocka_unit_test(pair__refused),
	    cmocka_unit_test(region__hands_over),
	    cmocka_unit_test(region__readers_cannot_write),
	    cmocka_unit_test(region__reads_are_whole),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
