/* See syslog_link.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "timestamp.h"

#include "syslog_link.h"

#define UNKNOWN "not known whether all was read"

struct link {
	const struct gh_conf *conf;
	SSL *ssl;
	int fd;
	int64_t end; /* when it must be over, in microseconds of gh_now_us */
};

static int
down(struct gh_error *err, const struct gh_conf *c, const char *what, const char *why)
{
	return gh_refuse(err, GH_E_BUSY, "%.100s port %d: %s: %.200s", c->syslog.host,
	    c->syslog.port, what, why);
}

static const char *
reason(int code)
{
	return code == ETIMEDOUT ? "no answer in time" : code != 0 ? strerror(code) : "it hung up";
}

/* Of the last call of OpenSSL. */
static const char *
tls_reason(const SSL *ssl)
{
	long verified = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;
	unsigned long code = ERR_peek_last_error();
	const char *text = code != 0 ? ERR_reason_error_string(code) : NULL;

	if (verified != X509_V_OK)
		return X509_verify_cert_error_string(verified);
	if (text != NULL)
		return text;
	return reason(errno);
}

/* ---- the socket ---- */

/* Wait for the socket, but never beyond the end of the connection: ETIMEDOUT. */
static int
wait_for(const struct link *l, short events)
{
	struct pollfd p = {.fd = l->fd, .events = events};
	int64_t left;
	int n;

	do {
		left = l->end - gh_now_us();
		n = left > 0 ? poll(&p, 1, (int)((left + 999) / 1000)) : 0;
	} while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : n < 0 ? errno : ETIMEDOUT;
}

static int
connect_in_time(const struct link *l, const struct addrinfo *to)
{
	socklen_t len = sizeof(int);
	int failure = 0;

	if (connect(l->fd, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if ((failure = wait_for(l, POLLOUT)) != 0)
		return failure;
	return getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0 ? failure : errno;
}

/* The time begins anew with each address: one that is silent must not take that of the next. */
static int
open_socket(struct link *l, struct gh_error *err)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	const struct gh_conf *c = l->conf;
	struct addrinfo *found = NULL;
	char port[12];
	int code, failure = 0;

	snprintf(port, sizeof(port), "%d", c->syslog.port);
	code = getaddrinfo(c->syslog.host, port, &hints, &found);
	if (code != 0)
		return down(err, c, "syslog.host", gai_strerror(code));
	for (const struct addrinfo *to = found; to != NULL && l->fd < 0; to = to->ai_next) {
		l->end = gh_now_us() + (int64_t)c->syslog.timeout * 1000000;
		l->fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    to->ai_protocol);
		failure = l->fd < 0 ? errno : connect_in_time(l, to);
		if (failure != 0 && l->fd >= 0) {
			close(l->fd);
			l->fd = -1;
		}
	}
	freeaddrinfo(found);
	return l->fd >= 0 ? 0 : down(err, c, "cannot connect", reason(failure));
}

/* ---- TLS ---- */

static bool
load_files(SSL_CTX *ctx, const struct gh_conf *c)
{
	const char *own = c->syslog.certificate;

	if (c->syslog.ca_file[0] != '\0' ? SSL_CTX_load_verify_file(ctx, c->syslog.ca_file) != 1
					 : SSL_CTX_set_default_verify_paths(ctx) != 1)
		return false;
	return own[0] == '\0' ||
	    (SSL_CTX_use_certificate_chain_file(ctx, own) == 1 &&
		SSL_CTX_use_PrivateKey_file(ctx, c->syslog.key, SSL_FILETYPE_PEM) == 1 &&
		SSL_CTX_check_private_key(ctx) == 1);
}

static bool
expect_name(SSL *ssl, const char *host)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* A call of OpenSSL returned rc: wait for what it waits for, and say whether to call it again. */
static bool
again(const struct link *l, int rc)
{
	int failure, code = SSL_get_error(l->ssl, rc);

	if (code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE)
		return false;
	failure = wait_for(l, code == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
	errno = failure;
	return failure == 0;
}

static int
open_tls(struct link *l, struct gh_error *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	const struct gh_conf *c = l->conf;
	int n, rc = 0;

	ERR_clear_error();
	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		rc = gh_fail(err, GH_E_NOMEM, "TLS");
	if (rc == 0 && !load_files(ctx, c))
		rc = down(err, c, "syslog.ca_file, syslog.certificate or syslog.key",
		    tls_reason(NULL));
	if (rc == 0) {
		/* whatever openssl.cnf says: an end that nobody has signed is none */
		SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		l->ssl = SSL_new(ctx);
		if (l->ssl == NULL || !expect_name(l->ssl, c->syslog.host) ||
		    SSL_set_fd(l->ssl, l->fd) != 1)
			rc = gh_fail(err, GH_E_NOMEM, "TLS");
	}
	while (rc == 0 && (n = SSL_connect(l->ssl)) != 1)
		if (!again(l, n))
			rc = down(err, c, "TLS", tls_reason(l->ssl));
	SSL_CTX_free(ctx);
	return rc;
}

/* ---- the stream ---- */

static int
write_all(const struct link *l, const unsigned char *p, size_t len, struct gh_error *err)
{
	size_t n;

	while (len > 0) {
		if (SSL_write_ex(l->ssl, p, len, &n) == 1)
			p += n, len -= n;
		else if (!again(l, 0))
			return down(err, l->conf, "sending", tls_reason(l->ssl));
	}
	return 0;
}

/* What the collector says is read until nothing is there (or, with wait, until its end), and
 * ignored: an answer of SSL_get_error. */
static int
read_on(const struct link *l, bool wait)
{
	char ignored[512];
	size_t n;
	int rc;

	do {
		errno = 0;
		rc = SSL_read_ex(l->ssl, ignored, sizeof(ignored), &n);
		if (rc == 1 && gh_now_us() > l->end) {
			errno = ETIMEDOUT;
			return SSL_ERROR_SYSCALL;
		}
	} while (rc == 1 || (wait && again(l, rc)));
	return SSL_get_error(l->ssl, rc);
}

/* Behind its end there is the end of its socket, and nothing else. A reset says that something was
 * not read. */
static int
await_hang_up(const struct link *l, struct gh_error *err)
{
	ssize_t n = 0;
	int failure;
	char c;

	if (shutdown(l->fd, SHUT_WR) != 0)
		return down(err, l->conf, "end of the stream", strerror(errno));
	failure = wait_for(l, POLLIN);
	if (failure == 0 && (n = recv(l->fd, &c, 1, 0)) < 0)
		failure = errno;
	if (n > 0)
		return down(err, l->conf, UNKNOWN, "bytes behind the end of TLS");
	return failure == 0 ? 0 : down(err, l->conf, UNKNOWN, reason(failure));
}

/* The end of the collector's side must come inside of TLS, and after ours: anybody on the way can
 * make that of a socket. */
static int
await_end(const struct link *l, struct gh_error *err)
{
	int n, code = read_on(l, false);

	if (code == SSL_ERROR_ZERO_RETURN)
		return down(err, l->conf, UNKNOWN, "it ended the stream before us");
	if (code != SSL_ERROR_WANT_READ)
		return down(err, l->conf, "sending", tls_reason(l->ssl));
	while ((n = SSL_shutdown(l->ssl)) < 0)
		if (!again(l, n))
			return down(err, l->conf, "end of the stream", tls_reason(l->ssl));
	if (read_on(l, true) != SSL_ERROR_ZERO_RETURN)
		return down(err, l->conf, UNKNOWN, tls_reason(l->ssl));
	return await_hang_up(l, err);
}

int
syslog_link_send(const struct gh_conf *conf, const void *data, size_t len, struct gh_error *err)
{
	struct link l = {.conf = conf, .fd = -1};
	int rc = open_socket(&l, err);

	if (rc == 0)
		rc = open_tls(&l, err);
	if (rc == 0)
		rc = write_all(&l, data, len, err);
	if (rc == 0)
		rc = await_end(&l, err);
	SSL_free(l.ssl);
	if (l.fd >= 0)
		close(l.fd);
	ERR_clear_error();
	return rc;
}
