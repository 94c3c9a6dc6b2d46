/* See syslog_link.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "syslog_link.h"

static int
down(struct gh_error *err, const struct gh_conf *c, const char *what, const char *why)
{
	return gh_refuse(err, GH_E_BUSY, "%.100s port %d: %s: %.200s", c->syslog.host,
	    c->syslog.port, what, why);
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
	return errno == EAGAIN ? "no answer in time" : errno != 0 ? strerror(errno) : "it hung up";
}

/* ---- the socket ---- */

static int
connect_in_time(int fd, const struct addrinfo *to, int seconds)
{
	const struct timeval tv = {.tv_sec = seconds};
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int failure = 0;

	/* of connect(2), too: Linux ends it with EINPROGRESS then */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) != 0)
		return errno;
	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&p, 1, 0) != 1)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0 ? failure : errno;
}

static int
open_socket(const struct gh_conf *c, int *fd, struct gh_error *err)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char port[12];
	int code, failure = 0;

	*fd = -1;
	snprintf(port, sizeof(port), "%d", c->syslog.port);
	code = getaddrinfo(c->syslog.host, port, &hints, &found);
	if (code != 0)
		return down(err, c, "syslog.host", gai_strerror(code));
	for (const struct addrinfo *to = found; to != NULL && *fd < 0; to = to->ai_next) {
		*fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC, to->ai_protocol);
		failure = *fd < 0 ? errno : connect_in_time(*fd, to, c->syslog.timeout);
		if (failure != 0 && *fd >= 0) {
			close(*fd);
			*fd = -1;
		}
	}
	freeaddrinfo(found);
	return *fd >= 0 ? 0 : down(err, c, "cannot connect", strerror(failure));
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

static int
open_tls(const struct gh_conf *c, int fd, SSL **out, struct gh_error *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int rc = 0;

	*out = NULL;
	ERR_clear_error();
	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		rc = gh_fail(err, GH_E_NOMEM, "TLS");
	if (rc == 0 && !load_files(ctx, c))
		rc = down(err, c, "syslog.ca_file, syslog.certificate or syslog.key",
		    tls_reason(NULL));
	if (rc == 0) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		*out = SSL_new(ctx);
		if (*out == NULL || !expect_name(*out, c->syslog.host) || SSL_set_fd(*out, fd) != 1)
			rc = gh_fail(err, GH_E_NOMEM, "TLS");
		else if (SSL_connect(*out) != 1)
			rc = down(err, c, "TLS", tls_reason(*out));
	}
	SSL_CTX_free(ctx);
	return rc;
}

/* ---- the stream ---- */

static int
write_all(SSL *ssl, const struct gh_conf *c, const unsigned char *p, size_t len,
    struct gh_error *err)
{
	size_t n;

	for (; len > 0; p += n, len -= n)
		if (SSL_write_ex(ssl, p, len, &n) != 1)
			return down(err, c, "sending", tls_reason(ssl));
	return 0;
}

/* The end of the other side: orderly, or of its socket. A reset says that something was not read.
 */
static int
await_end(SSL *ssl, int fd, const struct gh_conf *c, struct gh_error *err)
{
	char ignored[512];
	ssize_t n;

	if (SSL_shutdown(ssl) < 0)
		return down(err, c, "end of the stream", tls_reason(ssl));
	if (shutdown(fd, SHUT_WR) != 0)
		return down(err, c, "end of the stream", strerror(errno));
	while ((n = recv(fd, ignored, sizeof(ignored), 0)) > 0)
		;
	if (n < 0)
		return down(err, c, "not known whether all was read",
		    errno == EAGAIN ? "no answer in time" : strerror(errno));
	return 0;
}

int
syslog_link_send(const struct gh_conf *conf, const void *data, size_t len, struct gh_error *err)
{
	SSL *ssl = NULL;
	int fd, rc = open_socket(conf, &fd, err);

	if (rc == 0)
		rc = open_tls(conf, fd, &ssl, err);
	if (rc == 0)
		rc = write_all(ssl, conf, data, len, err);
	if (rc == 0)
		rc = await_end(ssl, fd, conf, err);
	SSL_free(ssl);
	if (fd >= 0)
		close(fd);
	ERR_clear_error();
	return rc;
}
