/* Certificate and key in memory shared by a writer and many readers: a sequence lock over a
 * memfd. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "pem.h"
#include "tls_pair.h"

#define READ_TRIES 100

/* generation is odd while the writer is at work. Lengths include the NUL. */
struct shared {
	_Atomic uint64_t generation;
	uint32_t chain_len, key_len, client_ca_len;
	unsigned char ticket_key[TLS_PAIR_TICKET_KEY_SIZE];
	char chain[TLS_PAIR_CHAIN_MAX + 1];
	char key[TLS_PAIR_KEY_MAX + 1];
	char client_ca[TLS_PAIR_CLIENT_CA_MAX + 1];
};

struct tls_region {
	struct shared *shared;
	int write_fd, read_fd;
};
struct tls_view {
	const struct shared *shared;
};

/* ---- files ---- */

static int
read_file(const char *path, size_t max, char **out, struct gh_error *err)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t n;

	*out = NULL;
	if (f == NULL)
		return gh_refuse(err, GH_E_CONF, "%.120s: %s", path, strerror(errno));
	text = malloc(max + 2);
	if (text == NULL) {
		fclose(f);
		return gh_fail(err, GH_E_NOMEM, "%s", path);
	}
	n = fread(text, 1, max + 1, f);
	fclose(f);
	text[n] = '\0';
	if (n > max || strlen(text) != n) {
		OPENSSL_cleanse(text, n);
		free(text);
		return gh_refuse(err, GH_E_CONF, "%.120s: larger than %zu bytes, or not text", path,
		    max);
	}
	*out = text;
	return 0;
}

static X509 *
parse_cert(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return cert;
}

static EVP_PKEY *
parse_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key =
	    bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, gh_pem_no_password, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return key;
}

static int
check_pair(const char *chain_path, const char *key_path, const struct tls_pair *p,
    struct gh_error *err)
{
	X509 *cert = parse_cert(p->chain);
	EVP_PKEY *key = parse_key(p->key);
	int rc = 0;

	if (cert == NULL)
		rc = gh_refuse(err, GH_E_CONF, "%.120s: no PEM certificate", chain_path);
	else if (key == NULL)
		rc = gh_refuse(err, GH_E_CONF, "%.120s: no PEM private key without password",
		    key_path);
	else if (X509_check_private_key(cert, key) != 1)
		rc = gh_refuse(err, GH_E_CONF, "%.100s is not the key of %.100s", key_path,
		    chain_path);
	ERR_clear_error();
	X509_free(cert);
	EVP_PKEY_free(key);
	return rc;
}

static int
check_client_ca(const char *path, const char *pem, struct gh_error *err)
{
	X509 *cert = parse_cert(pem);

	if (cert == NULL)
		return gh_refuse(err, GH_E_CONF, "%.120s: no PEM certificate", path);
	X509_free(cert);
	return 0;
}

int
tls_pair_read(const char *chain, const char *key, const char *client_ca, struct tls_pair *out,
    struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = read_file(chain, TLS_PAIR_CHAIN_MAX, &out->chain, err);
	if (rc == 0)
		rc = read_file(key, TLS_PAIR_KEY_MAX, &out->key, err);
	if (rc == 0)
		rc = check_pair(chain, key, out, err);
	if (rc == 0 && client_ca[0] != '\0') {
		rc = read_file(client_ca, TLS_PAIR_CLIENT_CA_MAX, &out->client_ca, err);
		if (rc == 0)
			rc = check_client_ca(client_ca, out->client_ca, err);
	} else if (rc == 0 && (out->client_ca = strdup("")) == NULL) {
		rc = gh_fail(err, GH_E_NOMEM, "client CA");
	}
	if (rc == 0 && RAND_bytes(out->ticket_key, sizeof(out->ticket_key)) != 1)
		rc = gh_fail(err, GH_E_INTERNAL, "no random bytes");
	if (rc != 0)
		tls_pair_clear(out);
	return rc;
}

void
tls_pair_clear(struct tls_pair *p)
{
	if (p->key != NULL)
		OPENSSL_cleanse(p->key, strlen(p->key));
	/* one file may hold both */
	if (p->chain != NULL)
		OPENSSL_cleanse(p->chain, strlen(p->chain));
	free(p->chain);
	free(p->key);
	free(p->client_ca);
	OPENSSL_cleanse(p, sizeof(*p));
}

/* ---- writing ---- */

/* A second, read-only opening of the same memory: whoever inherits it cannot map it writable. */
static int
reopen_read_only(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int
tls_region_new(struct tls_region **out, struct gh_error *err)
{
	struct tls_region *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r == NULL)
		return gh_fail(err, GH_E_NOMEM, "TLS region");
	r->shared = MAP_FAILED;
	r->read_fd = -1;
	r->write_fd = memfd_create("gatehouse-tls", MFD_CLOEXEC);
	if (r->write_fd >= 0 && ftruncate(r->write_fd, sizeof(*r->shared)) == 0) {
		r->shared = mmap(NULL, sizeof(*r->shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		    r->write_fd, 0);
		r->read_fd = reopen_read_only(r->write_fd);
	}
	if (r->shared == MAP_FAILED || r->read_fd < 0) {
		int rc =
		    gh_fail(err, GH_E_INTERNAL, "memory for certificates: %s", strerror(errno));

		tls_region_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void
tls_region_free(struct tls_region *r)
{
	if (r == NULL)
		return;
	if (r->shared != MAP_FAILED) {
		OPENSSL_cleanse(r->shared->key, sizeof(r->shared->key));
		munmap(r->shared, sizeof(*r->shared));
	}
	if (r->read_fd >= 0)
		close(r->read_fd);
	if (r->write_fd >= 0)
		close(r->write_fd);
	free(r);
}

int
tls_region_fd(const struct tls_region *r)
{
	return r->read_fd;
}

static uint32_t
put_text(char *to, const char *text, size_t max)
{
	size_t n = strlen(text);

	/* tls_pair_read has checked this */
	if (n > max)
		n = max;
	memcpy(to, text, n);
	to[n] = '\0';
	return (uint32_t)n + 1;
}

void
tls_region_publish(struct tls_region *r, struct tls_pair *p)
{
	struct shared *s = r->shared;
	uint64_t generation = atomic_load(&s->generation);

	atomic_store(&s->generation, generation + 1);
	atomic_thread_fence(memory_order_seq_cst);
	s->chain_len = put_text(s->chain, p->chain, TLS_PAIR_CHAIN_MAX);
	s->key_len = put_text(s->key, p->key, TLS_PAIR_KEY_MAX);
	s->client_ca_len = put_text(s->client_ca, p->client_ca, TLS_PAIR_CLIENT_CA_MAX);
	memcpy(s->ticket_key, p->ticket_key, sizeof(s->ticket_key));
	atomic_thread_fence(memory_order_seq_cst);
	atomic_store(&s->generation, generation + 2);
	p->generation = generation + 2;
}

/* ---- reading ---- */

int
tls_view_new(int fd, struct tls_view **out, struct gh_error *err)
{
	struct tls_view *v = calloc(1, sizeof(*v));
	struct stat st;
	void *p = MAP_FAILED;

	*out = NULL;
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size == (off_t)sizeof(struct shared))
		p = mmap(NULL, sizeof(struct shared), PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (v == NULL || p == MAP_FAILED) {
		if (p != MAP_FAILED)
			munmap(p, sizeof(struct shared));
		free(v);
		return gh_fail(err, GH_E_CONF,
		    "descriptor %d is not the memory of `gatehouse run` (%s)", fd, TLS_PAIR_FD_ENV);
	}
	v->shared = p;
	*out = v;
	return 0;
}

uint64_t
tls_view_generation(const struct tls_view *v)
{
	return atomic_load(&v->shared->generation);
}

static char *
get_text(const char *from, uint32_t len, size_t max)
{
	char *text = len > 0 && len <= max + 1 ? malloc(len) : NULL;

	if (text == NULL)
		return NULL;
	memcpy(text, from, len);
	text[len - 1] = '\0';
	return text;
}

static int
copy_out(const struct shared *s, struct tls_pair *out)
{
	out->chain = get_text(s->chain, s->chain_len, TLS_PAIR_CHAIN_MAX);
	out->key = get_text(s->key, s->key_len, TLS_PAIR_KEY_MAX);
	out->client_ca = get_text(s->client_ca, s->client_ca_len, TLS_PAIR_CLIENT_CA_MAX);
	memcpy(out->ticket_key, s->ticket_key, sizeof(out->ticket_key));
	return out->chain != NULL && out->key != NULL && out->client_ca != NULL ? 0 : -1;
}

int
tls_view_read(const struct tls_view *v, struct tls_pair *out, struct gh_error *err)
{
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < READ_TRIES; i++) {
		uint64_t before = tls_view_generation(v);
		int rc;

		if (before == 0 || before % 2 != 0)
			continue;
		rc = copy_out(v->shared, out);
		atomic_thread_fence(memory_order_seq_cst);
		if (rc == 0 && tls_view_generation(v) == before) {
			out->generation = before;
			return 0;
		}
		tls_pair_clear(out);
	}
	return gh_fail(err, GH_E_BUSY, "certificates are being written");
}

void
tls_view_free(struct tls_view *v)
{
	if (v == NULL)
		return;
	munmap((void *)v->shared, sizeof(*v->shared));
	free(v);
}
