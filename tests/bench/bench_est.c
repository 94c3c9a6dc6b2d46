/*
 * Load for an EST server: clients with a certificate, each a thread with blocking sockets. wrk has
 * no client certificates.
 *
 *     bench_est HOST PORT CAFILE CERT KEY PATH SUBJECT CLIENTS SECONDS MODE
 *
 * MODE: "kept" posts PKCS#10 requests over connections that stay, "fresh" makes a connection for
 * each, "cmc" posts them in Full CMC requests that the client's certificate signs, over connections
 * that stay, "handshake" makes full handshakes and nothing else. Each request is for a new P-256
 * key, made before the clock starts. Writes {"requests", "us", "p50", "p99", "status", "errors"} as
 * JSON, times in us.
 */
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#define PER_SECOND_MAX 4000 /* of all clients: more than this machine can do */
#define ANSWER_MAX 65536

struct load {
	const char *host, *port, *path;
	int clients, seconds;
	bool posts, is_fresh, is_cmc;
	SSL_CTX *ctx;
	char **body; /* base64 */
	size_t bodies;
	atomic_size_t next;
	atomic_bool has_ended;
};

struct client {
	struct load *load;
	pthread_t thread;
	int64_t *us; /* of each request */
	size_t done, room, status, errors;
	SSL *ssl;
	int fd;
};

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
die(const char *what)
{
	fprintf(stderr, "bench_est: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

/* ---- requests ---- */

/* Append an element of DER. */
static size_t
put(unsigned char *out, unsigned char tag, const void *p, size_t n)
{
	size_t at = 0;

	out[at++] = tag;
	if (n < 0x80) {
		out[at++] = (unsigned char)n;
	} else {
		out[at++] = n < 0x100 ? 0x81 : 0x82;
		if (n >= 0x100)
			out[at++] = (unsigned char)(n >> 8);
		out[at++] = (unsigned char)n;
	}
	memcpy(out + at, p, n);
	return at + n;
}

/* PKIData (RFC 5272, 3.2.1) of a senderNonce, so that the answer is a signed PKIResponse, and one
 * PKCS#10. */
static size_t
make_pki_data(const unsigned char *csr, size_t len, unsigned char out[4096])
{
	static const unsigned char nonce[] = {2, 1, 1, 6, 8, 0x2b, 6, 1, 5, 5, 7, 7, 6, 0x31, 18, 4,
	    16};
	static const unsigned char request_id[] = {2, 1, 2};
	unsigned char one[2048], all[4096];
	size_t n;

	memcpy(one, nonce, sizeof(nonce));
	if (len > 1024 || RAND_bytes(one + sizeof(nonce), 16) != 1)
		die("PKIData");
	n = put(one + 100, 0x30, one, sizeof(nonce) + 16);
	n = put(all, 0x30, one + 100, n);
	memcpy(one, request_id, sizeof(request_id));
	memcpy(one + sizeof(request_id), csr, len);
	len = put(out, 0xa0, one, sizeof(request_id) + len);
	n += put(all + n, 0x30, out, len);
	n += put(all + n, 0x30, "", 0);
	n += put(all + n, 0x30, "", 0);
	return put(out, 0x30, all, n);
}

/* *der: replaced by the message; of the library, as before. */
static int
wrap_request(SSL_CTX *ctx, unsigned char **der, int n)
{
	unsigned flags = CMS_PARTIAL | CMS_BINARY | CMS_NOSMIMECAP;
	ASN1_OBJECT *type = OBJ_txt2obj("1.3.6.1.5.5.7.12.2", 1);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	unsigned char data[4096];
	size_t len = make_pki_data(*der, (size_t)n, data);
	BIO *in = BIO_new_mem_buf(data, (int)len);

	OPENSSL_free(*der);
	*der = NULL;
	if (cms == NULL || in == NULL || CMS_set1_eContentType(cms, type) != 1 ||
	    CMS_add1_signer(cms, SSL_CTX_get0_certificate(ctx), SSL_CTX_get0_privatekey(ctx),
		EVP_sha256(), flags) == NULL ||
	    CMS_final(cms, in, NULL, flags) != 1 || (n = i2d_CMS_ContentInfo(cms, der)) <= 0)
		die("CMC");
	BIO_free(in);
	CMS_ContentInfo_free(cms);
	ASN1_OBJECT_free(type);
	return n;
}

static char *
make_request(const struct load *l, const char *subject)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	X509_NAME *name = X509_NAME_new();
	unsigned char *der = NULL;
	char *text;
	int n;

	if (key == NULL || req == NULL || name == NULL ||
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)subject,
		-1, -1, 0) != 1 ||
	    X509_REQ_set_subject_name(req, name) != 1 || X509_REQ_set_pubkey(req, key) != 1 ||
	    X509_REQ_sign(req, key, EVP_sha256()) <= 0 || (n = i2d_X509_REQ(req, &der)) <= 0)
		die("PKCS#10");
	if (l->is_cmc)
		n = wrap_request(l->ctx, &der, n);
	text = malloc((size_t)n * 2);
	if (text == NULL || EVP_EncodeBlock((unsigned char *)text, der, n) <= 0)
		die("base64");
	OPENSSL_free(der);
	X509_NAME_free(name);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return text;
}

static void
make_requests(struct load *l, const char *subject)
{
	l->bodies = (size_t)l->seconds * PER_SECOND_MAX;
	l->body = calloc(l->bodies, sizeof(*l->body));
	if (l->body == NULL)
		die("memory");
	for (size_t i = 0; i < l->bodies; i++)
		l->body[i] = make_request(l, subject);
}

/* ---- one client ---- */

static int
connect_to(const struct load *l)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *a;
	int fd = -1, on = 1;

	if (getaddrinfo(l->host, l->port, &hints, &a) != 0)
		return -1;
	for (struct addrinfo *p = a; p != NULL && fd < 0; p = p->ai_next) {
		fd = socket(p->ai_family, p->ai_socktype, 0);
		if (fd >= 0 && connect(fd, p->ai_addr, p->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(a);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static bool
open_connection(struct client *c)
{
	c->fd = connect_to(c->load);
	c->ssl = c->fd >= 0 ? SSL_new(c->load->ctx) : NULL;
	return c->ssl != NULL && SSL_set_tlsext_host_name(c->ssl, c->load->host) == 1 &&
	    SSL_set_fd(c->ssl, c->fd) == 1 && SSL_connect(c->ssl) == 1;
}

static void
close_connection(struct client *c)
{
	if (c->ssl != NULL)
		SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	if (c->fd >= 0)
		close(c->fd);
	c->ssl = NULL;
	c->fd = -1;
}

/* The status; -1: no whole answer. */
static int
read_answer(SSL *ssl)
{
	static const char length[] = "content-length:";
	char buf[ANSWER_MAX + 1], *end = NULL, *line;
	size_t have = 0, want = 0;

	while (end == NULL || have < want) {
		int n = have < ANSWER_MAX ? SSL_read(ssl, buf + have, (int)(ANSWER_MAX - have)) : 0;

		if (n <= 0)
			return -1;
		have += (size_t)n;
		buf[have] = '\0';
		if (end == NULL && (end = strstr(buf, "\r\n\r\n")) != NULL) {
			line = strcasestr(buf, length);
			if (line == NULL || line > end)
				return -1;
			want = (size_t)(end + 4 - buf) + strtoul(line + strlen(length), NULL, 10);
		}
	}
	return atoi(buf + strlen("HTTP/1.1 "));
}

static int
post(struct client *c, const char *body)
{
	const struct load *l = c->load;
	char *text;
	int n = asprintf(&text,
	    "POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/%s\r\n"
	    "Content-Length: %zu\r\n%s\r\n%s",
	    l->path, l->host, l->port, l->is_cmc ? "pkcs7-mime" : "pkcs10", strlen(body),
	    l->is_fresh ? "Connection: close\r\n" : "", body);
	int status = n > 0 && SSL_write(c->ssl, text, n) == n ? read_answer(c->ssl) : -1;

	if (n > 0)
		free(text);
	return status;
}

/* false: the prepared requests are used up. */
static bool
one_turn(struct client *c)
{
	struct load *l = c->load;
	int64_t begin = now_us();
	bool ok = c->ssl != NULL || open_connection(c);
	int status = 200;
	size_t i;

	if (ok && l->posts) {
		if ((i = atomic_fetch_add(&l->next, 1)) >= l->bodies)
			return false;
		status = post(c, l->body[i]);
		ok = status > 0;
	}
	if (!ok || l->is_fresh)
		close_connection(c);
	if (!ok) {
		c->errors++;
		return true;
	}
	if (status != 200)
		c->status++;
	if (c->done < c->room)
		c->us[c->done++] = now_us() - begin;
	return true;
}

static void *
run_client(void *arg)
{
	struct client *c = arg;

	while (!atomic_load(&c->load->has_ended))
		if (!one_turn(c)) {
			fprintf(stderr, "bench_est: out of prepared requests\n");
			break;
		}
	close_connection(c);
	return NULL;
}

/* ---- all ---- */

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void
report(struct client *client, int clients, int64_t us)
{
	size_t n = 0, status = 0, errors = 0;
	int64_t *all;

	for (int i = 0; i < clients; i++)
		n += client[i].done;
	all = calloc(n + 1, sizeof(*all));
	if (all == NULL)
		die("memory");
	n = 0;
	for (int i = 0; i < clients; i++) {
		memcpy(all + n, client[i].us, client[i].done * sizeof(*all));
		n += client[i].done;
		status += client[i].status;
		errors += client[i].errors;
	}
	qsort(all, n, sizeof(*all), compare);
	printf(
	    "{\"requests\":%zu,\"us\":%lld,\"p50\":%lld,\"p99\":%lld,\"status\":%zu,\"errors\":%zu}\n",
	    n, (long long)us, (long long)all[n / 2], (long long)all[n * 99 / 100], status, errors);
	free(all);
}

static SSL_CTX *
make_context(const char *ca, const char *cert, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL || SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1 ||
	    SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		die("files");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	return ctx;
}

int
main(int argc, char **argv)
{
	struct load l = {0};
	struct client *client;
	int64_t begin;

	if (argc != 11)
		die("HOST PORT CAFILE CERT KEY PATH SUBJECT CLIENTS SECONDS MODE");
	l.host = argv[1];
	l.port = argv[2];
	l.ctx = make_context(argv[3], argv[4], argv[5]);
	l.path = argv[6];
	l.clients = atoi(argv[8]);
	l.seconds = atoi(argv[9]);
	l.posts = strcmp(argv[10], "handshake") != 0;
	l.is_cmc = strcmp(argv[10], "cmc") == 0;
	l.is_fresh = !l.is_cmc && strcmp(argv[10], "kept") != 0;
	if (l.posts)
		make_requests(&l, argv[7]);
	client = calloc((size_t)l.clients, sizeof(*client));
	if (client == NULL)
		die("memory");
	begin = now_us();
	for (int i = 0; i < l.clients; i++) {
		client[i] = (struct client){.load = &l, .fd = -1};
		client[i].room = (size_t)l.seconds * PER_SECOND_MAX;
		client[i].us = calloc(client[i].room, sizeof(int64_t));
		if (client[i].us == NULL ||
		    pthread_create(&client[i].thread, NULL, run_client, &client[i]) != 0)
			die("threads");
	}
	sleep((unsigned)l.seconds);
	atomic_store(&l.has_ended, true);
	for (int i = 0; i < l.clients; i++)
		pthread_join(client[i].thread, NULL);
	report(client, l.clients, now_us() - begin);
	return 0;
}
